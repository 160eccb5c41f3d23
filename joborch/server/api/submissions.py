"""A submission on its way from the request to the queue; the same for both APIs."""

from collections.abc import Callable
from dataclasses import dataclass

from joborch.server.api.bodies import ApiRequest
from joborch.server.operations.submit import Accepted, Order, submit
from joborch.web.uploads import receive_upload

Fields = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Received:
    """Jobs that are durably queued, and what came with them."""

    accepted: Accepted
    files: int
    size_bytes: int


async def receive_submission(request: ApiRequest, read: Callable[[Fields], Order]) -> Received:
    """Take the files and queue what ``read`` makes of the fields.

    Whatever is raised, by ``read`` too, nothing stays on disk.
    """
    parts = request.parts
    upload = await receive_upload(
        request.headers,
        request.receive,
        stage=parts.blobs.stage,
        max_bytes=parts.settings.max_upload,
        max_parts=parts.settings.max_files,
    )
    files, size_bytes = len(upload.staged.names), upload.staged.size_bytes
    order = await upload.or_discard(lambda: read(upload.fields))
    accepted = await submit(
        order,
        upload.staged,
        database=parts.database,
        blobs=parts.blobs,
        catalog=parts.catalog,
        clock=parts.clock,
        wake=parts.wake,
    )
    return Received(accepted, files, size_bytes)
