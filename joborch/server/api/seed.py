"""The original's routes, word for word, over the same operations as the native ones.

``compat`` chooses between the generations of the original where they differ; see
``docs/http-api.md``.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Request, Response, get, post, route
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from joborch.domain.errors import (
    InvalidRequestError,
    JobNotFoundError,
    JoborchError,
    NotFinishedError,
    NotFoundError,
    UnknownServiceError,
    WrongStateError,
)
from joborch.domain.jobs import Job, NewJob
from joborch.domain.states import JobState
from joborch.server.api.answers import Ours
from joborch.server.api.described import UploadOperation, ZipOperation
from joborch.server.api.files import answer_with, partial_of
from joborch.server.api.forms import MOST_ATTEMPTS
from joborch.server.api.health import database_state
from joborch.server.api.queries import LARGEST_ID
from joborch.server.api.streams import unless_gone
from joborch.server.api.uploads import BadMultipartError, receive_upload
from joborch.server.operations import cancel, fetch, query
from joborch.server.operations.submit import Order, submit
from joborch.server.parts import Parts
from joborch.wire.jobs import JobView
from joborch.wire.problems import status_of
from joborch.wire.seed import (
    CLEANED,
    NOT_TERMINATED,
    TERMINATED,
    HealthBody,
    Pong,
    StatusBody,
    UploadBody,
    not_found,
    word_for,
)
