"""Request bodies that are read from disk while they are sent, so that memory stays flat."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path

from joborch.domain.errors import InvalidRequestError

CHUNK_BYTES = 256 * 1024

Progress = Callable[[int, int], None]
"""Told of the bytes that are done, and of all there are."""


class MultipartBody:
    """A ``multipart/form-data`` body of known length; it can be iterated again for a retry.

    Every file's name travels in its part's ``filename``, as browsers write it: UTF-8 in quotes,
    with the quote and line ends escaped, and nothing else.
    """

    def __init__(
        self,
        fields: Sequence[tuple[str, str]],
        files: Mapping[str, Path | bytes],
        *,
        boundary: str,
        on_progress: Progress | None = None,
    ) -> None:
        """Look at every file's size.

        Raises:
            OSError: if a file is not there.
            InvalidRequestError: if a name cannot be carried.
        """
        self._parts: list[tuple[str, Path | bytes, int]] = []
        self._boundary = boundary
        self._on_progress = on_progress
        for name, value in fields:
            self._add(f'name="{quoted(name)}"', value.encode())
        for name, content in files.items():
            self._add(f'name="file"; filename="{quoted(file_name(name))}"', content)

    @property
    def content_type(self) -> str:
        """The header that belongs to this body."""
        return f"multipart/form-data; boundary={self._boundary}"

    @property
    def size_bytes(self) -> int:
        """The length of the body that iterating yields, exactly."""
        heads = sum(len(head.encode()) + size + 2 for head, _, size in self._parts)
        return heads + len(self._end)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body; files are read in a thread.

        Raises:
            InvalidRequestError: if a file became shorter meanwhile.
        """
        sent, total = 0, self.size_bytes
        async for chunk in in_thread(self._chunks()):
            yield chunk
            sent += len(chunk)
            if self._on_progress:
                self._on_progress(sent, total)

    @property
    def _end(self) -> bytes:
        return f"--{self._boundary}--\r\n".encode()

    def _add(self, disposition: str, content: Path | bytes) -> None:
        head = f"--{self._boundary}\r\nContent-Disposition: form-data; {disposition}\r\n"
        if "filename=" in disposition:
            head += "Content-Type: application/octet-stream\r\n"
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        self._parts.append((head + "\r\n", content, size))

    def _chunks(self) -> Iterator[bytes]:
        for head, content, size in self._parts:
            yield head.encode()
            if isinstance(content, bytes):
                yield content
            else:
                yield from read_chunks(content, size_bytes=size)
            yield b"\r\n"
        yield self._end


def quoted(text: str) -> str:
    """Escape what may not stand in a quoted header parameter, the way browsers do."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def file_name(name: str) -> str:
    """Return ``name`` unless the receiver would read another name out of the header."""
    if any(escape in name.upper() for escape in ("%22", "%0D", "%0A")):
        raise InvalidRequestError(
            f"file name {name!r} cannot be sent: it has %22, %0D or %0A in it"
        )
    return name


def read_chunks(path: Path, *, offset: int = 0, size_bytes: int | None = None) -> Iterator[bytes]:
    """Read a file from ``offset``; with ``size_bytes``, exactly so many bytes.

    Raises:
        InvalidRequestError: if the file ends before that.
    """
    with path.open("rb") as file:
        file.seek(offset)
        left = size_bytes
        while left is None or left > 0:
            chunk = file.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
            if not chunk and left is None:
                return
            if not chunk:
                raise InvalidRequestError(f"{path} became shorter while it was sent")
            if left is not None:
                left -= len(chunk)
            yield chunk


async def in_thread(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Advance an iterator that reads from disk without holding up the event loop."""
    import asyncio

    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk
