"""How the original packs a directory: links followed, itself included, all in one go."""

import io
import os
import zipfile
from pathlib import Path
from typing import BinaryIO

MODE = 0o100755


def zip_into_itself(folder: Path) -> bytes:
    """Return ``output.zip`` of the directory, which is made if there is none: also by the job.

    The archive contains itself, as far as it had come. After an OSError, half of one remains.
    """
    archive = folder / "output.zip"
    if not archive.exists():
        with archive.open("wb", buffering=0) as file:
            _pack(folder, file, follows_out=True)
    return archive.read_bytes()


def zip_now(folder: Path, *, follows_out: bool = False) -> bytes:
    """Return an archive of the directory as it is."""
    buffer = io.BytesIO()
    _pack(folder, buffer, follows_out=follows_out)
    return buffer.getvalue()


def _pack(folder: Path, into: "BinaryIO | io.FileIO", *, follows_out: bool) -> None:
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, folders, files in os.walk(folder):
            for name in folders:
                archive.mkdir(str((Path(place) / name).relative_to(folder)))
            for name in files:
                path = Path(place) / name
                if not follows_out and not path.resolve(strict=True).is_relative_to(folder):
                    raise OSError(f"{name} leads out of the directory")
                entry = zipfile.ZipInfo(str(path.relative_to(folder)))
                entry.external_attr = MODE << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
