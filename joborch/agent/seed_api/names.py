"""How an original server names the files that it sends."""

from multipart import MultipartSegment  # type: ignore[import-untyped]  # it ships no annotations

from joborch.web.uploads import extended, file_name


def path_of(part: MultipartSegment) -> str | None:
    """Return a file's path inside the job; None for a field.

    The field's name is the path, the filename only its last part. A path with characters that are
    special in URLs comes as ``name*=utf-8''…`` in place of ``name``. From others, such as curl, the
    field's name means nothing.
    """
    filename = file_name(part)
    if filename is None:
        return None
    path: str = extended(part, "name") or part.name or ""
    return path if path.rsplit("/", 1)[-1] == filename else filename
