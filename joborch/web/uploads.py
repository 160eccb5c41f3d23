"""Submissions as they stream in: multipart parts with a filename become files, the rest fields.

Files go to the disk piece by piece; everything else is small by decree, so memory stays flat. A
submission that is refused leaves nothing behind.
"""

import errno
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import unquote

from litestar.types import Receive
from multipart import (  # type: ignore[import-untyped]  # it ships no annotations
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from joborch.domain.errors import DiskFullError, InvalidRequestError, TooLargeError
from joborch.domain.names import check_file_name, shown
from joborch.files.staging import Staged
from joborch.web.bodies import announced_bytes, pieces, too_large

T = TypeVar("T")

MAX_FIELD_BYTES = 64 * 1024
MAX_FIELDS_BYTES = 1024 * 1024
"""All fields of a submission together."""
MAX_BOUNDARY = 200

Naming = Callable[[MultipartSegment], str | None]
"""Says under which path a part is stored as a file; None makes it a field."""


class BadMultipartError(InvalidRequestError):
    """The body is not the multipart/form-data that it should be."""


@dataclass(slots=True)
class Upload:
    """A submission: its files on disk, and its fields, each with all its values."""

    staged: Staged
    fields: dict[str, list[str]] = field(default_factory=dict)

    async def or_discard(self, read: Callable[[], T]) -> T:
        """Return what ``read`` makes of the fields; if it raises, remove the files."""
        try:
            return read()
        except BaseException:
            await self.staged.discard()
            raise


async def receive_upload(
    headers: Mapping[str, str],
    receive: Receive,
    *,
    stage: Callable[[], Awaitable[Staged]],
    max_bytes: int,
    max_parts: int,
    name_of: Naming | None = None,
) -> Upload:
    """Read a submission to its end; its files go where ``stage`` says, named by ``name_of``.

    Raises:
        TooLargeError: the body, a field or the number of parts is over its limit.
        InvalidRequestError: it is no multipart, or has a file name that cannot be.
        DiskFullError: there is no room for it.
        Whatever is raised, nothing stays on disk.
    """
    boundary = _boundary(headers.get("content-type", ""))
    if (announced_bytes(headers) or 0) > max_bytes:
        raise too_large(max_bytes)
    upload = Upload(await stage())
    try:
        await _Reading(upload, max_parts, name_of or file_name).read(
            pieces(receive, most=max_bytes), boundary
        )
    except BaseException as error:
        await upload.staged.discard()
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError("the server's disk is full") from error
        raise
    return upload


def _boundary(content_type: str) -> str:
    kind, options = parse_options_header(content_type)
    boundary: str = options.get("boundary", "")
    if kind != "multipart/form-data":
        raise BadMultipartError("the body must be multipart/form-data", hint="curl -F file=@run.sh")
    if not boundary or len(boundary) > MAX_BOUNDARY or not boundary.isascii():
        raise BadMultipartError("multipart/form-data without a (proper) boundary")
    return boundary


class _Reading:
    """One submission being read: which part it stands in, and what was seen so far."""

    def __init__(self, upload: Upload, max_parts: int, name_of: Naming) -> None:
        self._upload = upload
        self._name_of = name_of
        self._max_parts = max_parts
        self._parts = 0
        self._fields_bytes = 0
        self._field: tuple[str, bytearray] | None = None
        self._files: set[str] = set()
        self._folders: set[str] = set()

    async def read(self, body: AsyncIterator[bytes], boundary: str) -> None:
        parser = PushMultipartParser(boundary)
        try:
            async for piece in body:
                for event in parser.parse(piece):
                    await self._take(event)
            parser.close()
        except ParserLimitReached as error:
            raise TooLargeError(f"multipart: {error}") from error
        except MultipartError as error:
            raise BadMultipartError(f"multipart: {error}") from error

    async def _take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        if isinstance(event, MultipartSegment):
            await self._begin(event)
        elif event is None:
            await self._end()
        elif self._field is None:
            await self._upload.staged.write(event)
        else:
            self._add_text(event)

    async def _begin(self, part: MultipartSegment) -> None:
        self._parts += 1
        if self._parts > self._max_parts:
            raise TooLargeError(f"more than {self._max_parts} parts", limit_parts=self._max_parts)
        filename = self._name_of(part)
        if filename is None:
            self._field = (part.name or "", bytearray())
        else:
            await self._upload.staged.begin(self._claim(filename))

    async def _end(self) -> None:
        if self._field is None:
            await self._upload.staged.end()
            return
        name, data = self._field
        self._field = None
        try:
            self._upload.fields.setdefault(name, []).append(data.decode())
        except UnicodeDecodeError:
            raise InvalidRequestError(f"field {shown(name)} is not UTF-8") from None

    def _add_text(self, data: bytes | bytearray) -> None:
        name, text = self._field or ("", bytearray())
        text += data
        self._fields_bytes += len(data)
        if len(text) > MAX_FIELD_BYTES:
            raise TooLargeError(
                f"field {shown(name)} is over {MAX_FIELD_BYTES} bytes",
                hint="only parts with a filename are files",
            )
        if self._fields_bytes > MAX_FIELDS_BYTES:
            raise TooLargeError(f"the fields are over {MAX_FIELDS_BYTES} bytes together")

    def _claim(self, filename: str) -> str:
        """Check a file's name, also against the names before it; letter case does not matter."""
        try:
            name = check_file_name(filename)
        except ValueError as error:
            raise InvalidRequestError(str(error)) from None
        folded = name.casefold()
        parts = folded.split("/")
        folders = {"/".join(parts[:depth]) for depth in range(1, len(parts))}
        if folded in self._files:
            raise InvalidRequestError(f"file name {shown(name)} is there twice")
        if folded in self._folders or not folders.isdisjoint(self._files):
            raise InvalidRequestError(f"file name {shown(name)} is a file's and a directory's")
        self._files.add(folded)
        self._folders |= folders
        return name


def file_name(part: MultipartSegment) -> str | None:
    """Return a part's filename, be it plain or extended; None for a field."""
    name: str | None = part.filename
    return extended(part, "filename") if name is None else name


def extended(part: MultipartSegment, parameter: str) -> str | None:
    """Return a parameter that was given as ``parameter*=utf-8''…``; None if there is none."""
    header = part.header("Content-Disposition") or ""
    pattern = rf";\s*{parameter}\*\s*=\s*utf-8'[^';]*'([^\s;]+)"
    found = re.search(pattern, header, re.IGNORECASE)
    try:
        return unquote(found[1], errors="strict") if found else None
    except UnicodeDecodeError:
        raise BadMultipartError("a file name is not UTF-8") from None
