"""Parts of the API's description that no annotation tells: forms, files and streams."""

from dataclasses import dataclass
from typing import ClassVar

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Reference,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from joborch.server.api.forms import FIELDS

TEXT = Schema(type=OpenAPIType.STRING)
BINARY = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
_REPEATED = ("tag", "env", "after", "after_any")


def another(body: type[msgspec.Struct] | None, description: str) -> ResponseSpec:
    """Describe an answer beside the one that the handler's annotation tells of."""
    return ResponseSpec(body, description=description, generate_examples=False)


def _form(names: tuple[str, ...], *, required: tuple[str, ...]) -> RequestBody:
    properties: dict[str, Schema | Reference] = {
        name: Schema(type=OpenAPIType.STRING, description=FIELDS[name])
        if name not in _REPEATED
        else Schema(type=OpenAPIType.ARRAY, items=TEXT, description=FIELDS[name])
        for name in names
    }
    properties["file"] = Schema(
        type=OpenAPIType.ARRAY,
        items=BINARY,
        description="The job's files, run.sh among them; the field's name does not matter.",
    )
    schema = Schema(type=OpenAPIType.OBJECT, properties=properties, required=[*required])
    content = {"multipart/form-data": OpenAPIMediaType(schema=schema)}
    return RequestBody(content=content, required=True)


@dataclass
class SubmitOperation(Operation):
    """A submission's form."""

    def __post_init__(self) -> None:
        self.request_body = _form(tuple(FIELDS), required=("service", "user_id", "file"))


@dataclass
class UploadOperation(Operation):
    """The original's upload form."""

    def __post_init__(self) -> None:
        self.request_body = _form(("service", "user_id"), required=("service", "user_id"))


@dataclass
class BytesOperation(Operation):
    """Raw bytes as the request's body."""

    def __post_init__(self) -> None:
        content = {"application/octet-stream": OpenAPIMediaType(schema=BINARY)}
        self.request_body = RequestBody(content=content, required=True)


@dataclass
class FileOperation(Operation):
    """A file, or a part of it, as the answer."""

    media_type: ClassVar[str] = "application/octet-stream"

    def __post_init__(self) -> None:
        _answer_with(self, self.media_type)
        if self.responses:
            content = {self.media_type: OpenAPIMediaType(schema=BINARY)}
            self.responses["206"] = OpenAPIResponse(
                "The range that was asked for.", content=content
            )
            self.responses["304"] = OpenAPIResponse("If-None-Match names what there is.")


@dataclass
class ZipOperation(FileOperation):
    """A ZIP, or a part of it, as the answer."""

    media_type: ClassVar[str] = "application/zip"


@dataclass
class TextOperation(Operation):
    """Plain text as the answer."""

    def __post_init__(self) -> None:
        _answer_with(self, "text/plain", schema=TEXT)


@dataclass
class EventsOperation(Operation):
    """Server-sent events as the answer."""

    def __post_init__(self) -> None:
        _answer_with(self, "text/event-stream", schema=TEXT)


def _answer_with(operation: Operation, media_type: str, *, schema: Schema = BINARY) -> None:
    response = (operation.responses or {}).get("200")
    if isinstance(response, OpenAPIResponse):
        response.content = {media_type: OpenAPIMediaType(schema=schema)}
