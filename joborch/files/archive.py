"""ZIP archives of a job's folder: made by the agent, unpacked by whoever fetches the results."""

from joborch.files.extract import UnsafeArchiveError, extract
from joborch.files.pack import PackedArchive, pack
from joborch.files.packing import Limits, Skipped

__all__ = ["Limits", "PackedArchive", "Skipped", "UnsafeArchiveError", "extract", "pack"]
