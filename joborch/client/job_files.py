"""What the SDK brings home of a job: what it writes, its files, its results."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from joborch.client import streams
from joborch.client.results import Source, download, is_whole, unpack
from joborch.client.site import get
from joborch.client.transport import Transport, segment
from joborch.client.upload import Progress
from joborch.wire.events import LogText
from joborch.wire.jobs import FileList, JobView

PARTIAL_S = 120.0
"""An agent may take a while to pack a running job's directory."""


class JobFiles:
    """The part of :class:`~joborch.client.Orchestrator` that reads what jobs write and leave."""

    _transport: Transport
    _pause_s: float

    async def job(self, job_id: int) -> JobView:
        """Return one job as it is now."""
        call = get(f"/jobs/{job_id}", is_repeatable=True)
        return await self._transport.ask(call, JobView)

    async def log(
        self,
        job_id: int,
        *,
        stream: str = "stdout",
        offset: int | None = None,
        tail: int | None = None,
    ) -> bytes:
        """Return what a job has written, from byte ``offset`` or the last ``tail`` lines."""
        query: dict[str, object] = {"stream": stream, "offset": offset, "tail": tail}
        call = get(f"/jobs/{job_id}/logs", query=query, accept="text/plain")
        return await self._transport.ask_bytes(call)

    def follow_log(
        self, job_id: int
    ) -> AsyncGenerator[LogText | streams.LogRestarted | JobView, None]:
        """Yield what a job writes as it writes it; the last item is the job as it ended."""
        return streams.follow_log(self._transport, job_id, pause_s=self._pause_s)

    async def files(self, job_id: int) -> FileList:
        """Return the names and sizes of a job's input files and results."""
        call = get(f"/jobs/{job_id}/files", is_repeatable=True)
        return await self._transport.ask(call, FileList)

    async def download(
        self, job_id: int, archive: Path, *, on_progress: Progress | None = None
    ) -> None:
        """Download a job's results as the ZIP file ``archive``, resuming an earlier attempt.

        Raises:
            NotFinishedError: if it still runs or waits.
            ResultsGoneError: if there are none, or no more.
        """
        results = (await self.job(job_id)).results
        source = Source(
            path=f"/api/v1/jobs/{job_id}/results",
            size_bytes=results.size_bytes if results else None,
            sha256=results.sha256 if results else None,
            is_resumable=results is not None,
            headers={"Accept": "application/zip"},
        )
        await download(self._transport, source, archive, on_progress=on_progress)

    async def download_partial(self, job_id: int, archive: Path) -> None:
        """Download a running job's directory as it is now, as a ZIP file."""
        source = Source(
            path=f"/api/v1/jobs/{job_id}/partial",
            is_resumable=False,
            headers={"Accept": "application/zip"},
            read_s=PARTIAL_S,
        )
        await download(self._transport, source, archive)

    async def fetch(
        self,
        job_id: int,
        into: Path,
        *,
        include: tuple[str, ...] = (),
        exclude: tuple[str, ...] = (),
        overwrite: bool = False,
        on_progress: Progress | None = None,
    ) -> list[str]:
        """Download a job's results and unpack them into a directory.

        A directory that is new appears with all files in it. ``include`` and ``exclude`` are glob
        patterns. What is there already is left alone, and nothing is downloaded if that is all.

        Returns:
            the names of the files that were written.

        Raises:
            ServerBrokenError: if the archive is damaged or would write outside of ``into``.
            FileExistsError: if a file of other content is in the way; nothing was written.
        """
        import asyncio

        choice = {"include": include, "exclude": exclude}
        is_there = await asyncio.to_thread(into.is_dir)
        if is_there and not overwrite:
            files = [each for each in (await self.files(job_id)).items if each.kind == "result"]
            if await asyncio.to_thread(is_whole, into, files, **choice):
                return []
        archive = _beside(into, job_id, is_there=is_there)
        await self.download(job_id, archive, on_progress=on_progress)
        return await asyncio.to_thread(_unpack, archive, into, overwrite=overwrite, **choice)

    async def fetch_partial(
        self,
        job_id: int,
        into: Path,
        *,
        include: tuple[str, ...] = (),
        exclude: tuple[str, ...] = (),
        overwrite: bool = False,
    ) -> list[str]:
        """Unpack a running job's directory, as it is now, into a directory; as :meth:`fetch`."""
        import asyncio

        archive = _beside(into, job_id, is_there=await asyncio.to_thread(into.is_dir))
        await self.download_partial(job_id, archive)
        choice = {"include": include, "exclude": exclude}
        return await asyncio.to_thread(_unpack, archive, into, overwrite=overwrite, **choice)

    def read_file(
        self, job_id: int, name: str, *, kind: str = "result"
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open one file, an ``input`` or a ``result``, to be read piece by piece."""
        call = get(f"/jobs/{job_id}/files/{kind}/{segment(name)}", accept="*/*")
        return self._transport.open_body(call)


def _beside(into: Path, job_id: int, *, is_there: bool) -> Path:
    """Return where an archive waits to be unpacked: in a directory that is there, or beside it."""
    into.parent.mkdir(parents=True, exist_ok=True)
    return (into if is_there else into.parent) / f".joborch-{job_id}.zip"


def _unpack(
    archive: Path,
    into: Path,
    *,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    overwrite: bool,
) -> list[str]:
    """Unpack an archive and remove it, unless it is one that cannot be unpacked."""
    try:
        names = unpack(archive, into, include=include, exclude=exclude, overwrite=overwrite)
    except FileExistsError:
        archive.unlink()
        raise
    archive.unlink()
    return names
