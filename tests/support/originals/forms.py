"""multipart/form-data as the original writes and reads it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

PIECE_BYTES = 1 << 20
_PLAIN = "!$&'()*+,;=:@[]\\^|~-._"
"""What stays as it is in a field's name, besides letters and digits."""


class BadFormError(Exception):
    """The body is no form."""


def parse(body: bytes, content_type: str) -> Iterator[tuple[str, str | None, bytes]]:
    """Yield each part's name, filename (None for a field) and data.

    Raises:
        ValueError: there is no boundary.
        BadFormError: the body ends too early.
    """
    found = re.search(r'boundary="?([^";]+)"?', content_type)
    if not content_type.startswith("multipart/form-data") or not found:
        raise ValueError("Invalid `boundary` for `multipart/form-data` request")
    line = b"--" + found[1].encode()
    at = body.find(line)
    if at < 0:
        raise BadFormError("no part")
    while body[at + len(line) : at + len(line) + 2] != b"--":
        head_end = body.find(b"\r\n\r\n", at)
        following = body.find(b"\r\n" + line, head_end)
        if head_end < 0 or following < 0:
            raise BadFormError("incomplete")
        head = body[at + len(line) : head_end].decode()
        yield _said(head, "name") or "", _said(head, "filename"), body[head_end + 4 : following]
        at = following + 2


def _said(head: str, what: str) -> str | None:
    found = re.search(rf'[; ]{what}="((?:\\.|[^"\\])*)"', head)
    return re.sub(r"\\(.)", r"\1", found[1]) if found else None


def head_of(boundary: str, path: str) -> bytes:
    """Return what comes before a file: its path as the field's name, no type."""
    coded = quote(path, safe=_PLAIN)
    name = f'name="{path}"' if coded == path else f"name*=utf-8''{coded}"
    last = re.sub(r'([\\"\r\n])', r"\\\1", path.rsplit("/", 1)[-1])
    head = f'--{boundary}\r\nContent-Disposition: form-data; {name}; filename="{last}"\r\n\r\n'
    return head.encode()


def form_of(folder: Path) -> tuple[str, int, Iterator[bytes]]:
    """Return the content type, the size and the pieces of a form with a directory's files."""
    boundary = "-".join(os.urandom(8).hex() for _ in range(4))
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    heads = [head_of(boundary, str(path.relative_to(folder))) for path in files]
    end = f"--{boundary}--\r\n".encode() if files else b""
    size = sum(len(head) + path.stat().st_size + 2 for head, path in zip(heads, files, strict=True))

    def pieces() -> Iterator[bytes]:
        for head, path in zip(heads, files, strict=True):
            yield head
            with path.open("rb") as file:
                yield from iter(lambda: file.read(PIECE_BYTES), b"")
            yield b"\r\n"
        yield end

    return f"multipart/form-data; boundary={boundary}", size + len(end), pieces()
