"""A user of the original: its four routes, and the words in which they answer."""

import io
import zipfile
from collections.abc import Mapping

import httpx

from tests.support.site import Site

Files = Mapping[str, bytes | str]


class OriginalUser:
    """Somebody whose scripts were written for the original, at a site of joborch."""

    def __init__(self, site: Site, number: int) -> None:
        self._site = site
        self.number = number

    def uploads(self, script: str, *, service: str = "work", files: Files | None = None) -> int:
        """Upload ``run.sh`` and further files; returns the job's id."""
        answer = self._site.post(
            "/upload",
            data={"user_id": self.number, "service": service},
            files=[("file", part) for part in {"run.sh": script, **(files or {})}.items()],
        )
        assert answer.status_code == 200, answer.text
        return int(answer.json()["id"])

    def downloads(self, job_id: int) -> httpx.Response:
        return self._site.get(f"/download/{job_id}")

    def terminates(self, job_id: int) -> str:
        """Ask for the end of a job; returns what was said."""
        return str(self._site.post(f"/terminate/{job_id}").json()["message"])

    def word(self, job_id: int) -> str:
        """Where a job is, as the original calls it."""
        return self.downloads(job_id).headers["x-job-status"]

    def waits(self, job_id: int, until: str = "done") -> str:
        """Wait for the end of a job; returns what the original calls it."""
        self._site.wait(job_id, until)
        return self.word(job_id)

    def results(self, job_id: int) -> dict[str, bytes]:
        """Wait for a completed job and return the files in its ZIP."""
        assert self.waits(job_id) == "Completed"
        return unpacked(self.downloads(job_id).content)


def unpacked(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}
