"""The original's server: ``server.py v1|v2 PORT``, with SERVICE_<NAME>_… and DATA_PATH.

It keeps its jobs in memory: nothing here is about an original server that is restarted. ``/jobs``
is a window for tests; all else is as the original has it.
"""

import os
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.support.originals.forms import BadFormError, parse
from tests.support.originals.peer import FIRST_WORDS, SECOND_WORDS, AwayError, Peer
from tests.support.originals.ticks import every_half_second
from tests.support.originals.web import ZIP, Answer, says, serve, text

DATA = Path(os.environ.get("DATA_PATH", "data")).absolute()
OCTETS = "application/octet-stream"
AT_A_TIME = 10


@dataclass
class Job:
    """A job, fields in the order of the first generation's JSON."""

    id: int
    user_id: int
    service: str
    status: str
    loc: str
    dest_id: int = 0

    @property
    def archive(self) -> Path:
        return Path(self.loc) / "output.zip"


class RefusedError(Exception):
    """An upload is not acceptable."""


class Server:
    """What both generations do alike."""

    no_user, bad_user, no_service = "Missing user_id", "Invalid user_id", "Missing service"
    occupied = frozenset({"Submitted"})
    """The states that count among those that a user may have."""
    polled = frozenset({"Submitted"})
    number = "i32"

    def __init__(self, peers: dict[str, Peer], per_user: int) -> None:
        self.peers = peers
        self.jobs: dict[int, Job] = {}
        self._per_user = per_user
        self._lock = threading.Lock()

    def answer(self, method: str, path: str, body: bytes, kind: str) -> Answer:
        first, _, rest = path.strip("/").partition("/")
        if path == "/":
            return says({"message": "pong"})
        if path == "/health":
            return says({"status": "ok", "database": "ok"})
        if path == "/jobs":
            return says([vars(job) for job in self.jobs.values()])
        if path == "/upload":
            return self.upload(body, kind)
        if not rest.isdigit():
            return text(f"Invalid URL: Cannot parse `{rest}` to a `{self.number}`", status=400)
        return self.about(first, self.jobs.get(int(rest)), int(rest))

    def upload(self, body: bytes, kind: str) -> Answer:
        folder = DATA / str(uuid.uuid4())
        folder.mkdir(parents=True)
        fields = {}
        try:
            for name, filename, data in parse(body, kind):
                if filename is None:
                    fields[name] = data.decode()
                else:
                    (folder / filename.rsplit("/", 1)[-1]).write_bytes(data)
            return self.accepted(self._add(fields, str(folder)))
        except BadFormError as error:
            return self.refused(f"Multipart error: {error}")
        except RefusedError as error:
            return self.refused(str(error))
        except ValueError as error:
            return text(str(error), status=400)

    def _add(self, fields: dict[str, str], folder: str) -> Job:
        user_id = fields.get("user_id")
        if user_id is None:
            raise RefusedError(self.no_user)
        if not user_id.lstrip("-").isdigit():
            raise RefusedError(self.bad_user)
        if "service" not in fields:
            raise RefusedError(self.no_service)
        if fields["service"] not in self.peers:
            raise RefusedError("Invalid service")
        with self._lock:
            job = Job(len(self.jobs) + 1, int(user_id), fields["service"], "Queued", folder)
            self.jobs[job.id] = job
        return job

    def send_due(self) -> None:
        """Send all that is due, at the same time, and wait for all of it."""
        due = list(self._due())
        for job in due:
            job.status = "Processing"
        if due:
            with ThreadPoolExecutor(len(due)) as pool:
                list(pool.map(self._send, due))

    def _due(self) -> Iterator[Job]:
        taken = Counter(
            (job.user_id, job.service) for job in self.jobs.values() if job.status in self.occupied
        )
        for job in list(self.jobs.values()):
            owner = (job.user_id, job.service)
            if job.status == "Queued" and taken[owner] < self._per_user:
                taken[owner] += 1
                yield job

    def _send(self, job: Job) -> None:
        try:
            job.dest_id = self.peers[job.service].submit(Path(job.loc))
            job.status = "Submitted"
        except (AwayError, ValueError):
            job.status = "Failed"

    def poll_all(self) -> None:
        """Ask about all jobs that were sent, a few at a time."""
        sent = [job for job in list(self.jobs.values()) if job.status in self.polled]
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            list(pool.map(self.poll, sent))

    def accepted(self, job: Job) -> Answer:
        raise NotImplementedError

    def refused(self, words: str) -> Answer:
        raise NotImplementedError

    def about(self, what: str, job: Job | None, job_id: int) -> Answer:
        raise NotImplementedError

    def poll(self, job: Job) -> None:
        raise NotImplementedError


class First(Server):
    """v1."""

    def accepted(self, job: Job) -> Answer:
        return says(vars(job))

    def refused(self, words: str) -> Answer:
        return text(words, status=400)

    def about(self, what: str, job: Job | None, job_id: int) -> Answer:
        if what != "download" or job is None:
            return Answer(404)
        if job.status == "Completed":
            return Answer(200, job.archive.read_bytes(), OCTETS)
        return Answer(204 if job.status in {"Failed", "Cleaned"} else 202)

    def poll(self, job: Job) -> None:
        """Believe any 200 to be the results, and ask no more after anything but a 202."""
        try:
            status, _ = self.peers[job.service].retrieve(job.dest_id, job.archive)
        except AwayError:
            status = 0
        job.status = {200: "Completed", 202: "Submitted"}.get(status, "Unknown")


class Second(Server):
    """v2."""

    no_user, no_service = "Missing user_id field", "Missing service field"
    bad_user = "Invalid user_id, should be a number"
    occupied = frozenset({"Processing", "Submitted", "Running"})
    polled = frozenset({"Submitted", "Prepared", "Running"})
    number = "u32"

    def accepted(self, job: Job) -> Answer:
        return _body(job.id, "Queued", "Job successfully uploaded", status=201)

    def refused(self, words: str) -> Answer:
        return _body(0, "Unknown", words, status=400)

    def about(self, what: str, job: Job | None, job_id: int) -> Answer:
        if job is None:
            return _body(0, "Unknown", f"Job {job_id} not found in the database", status=404)
        if what == "download" and job.status == "Completed":
            return Answer(200, job.archive.read_bytes(), ZIP)
        if what == "download":
            return _body(job.id, job.status, "")
        peer = self.peers[job.service]
        if what == "terminate":
            return self._terminate(job, peer)
        archive = peer.partial(job.dest_id) if job.dest_id else None
        words = "Job payload not found on client"
        return Answer(200, archive, ZIP) if archive else _body(0, "Unknown", words, status=404)

    def _terminate(self, job: Job, peer: Peer) -> Answer:
        before, job.status = job.status, "Locked"
        if peer.kill(job.dest_id):
            job.status = "Killed"
            return _body(job.id, "Unknown", "job terminated")
        job.status = before
        return _body(job.id, "Unknown", "could not terminate job", status=500)

    def poll(self, job: Job) -> None:
        """Take over the word of an answer that is no archive; never give up."""
        try:
            status, word = self.peers[job.service].retrieve_or_word(job.dest_id, job.archive)
        except (AwayError, ValueError, KeyError):
            return
        if 200 <= status < 300 and job.status in self.polled:
            job.status = word


def _body(job_id: int, word: str, message: str, *, status: int = 200) -> Answer:
    return says({"id": job_id, "status": word, "message": message}, status=status)


def peers(words: frozenset[str]) -> dict[str, Peer]:
    """Read where the clients are."""
    names = {name.split("_")[1] for name in os.environ if name.startswith("SERVICE_")}

    def url(name: str, what: str) -> str:
        return os.environ.get(f"SERVICE_{name}_{what}_URL", "")

    return {
        name.lower(): Peer(
            url(name, "UPLOAD"), url(name, "DOWNLOAD"), url(name, "TERMINATE"), words=words
        )
        for name in names
    }


def main(generation: str, port: int) -> None:
    DATA.mkdir(parents=True, exist_ok=True)
    per_user = int(os.environ.get("RUNS_PER_USER", "5"))
    kind, words = {"v1": (First, FIRST_WORDS), "v2": (Second, SECOND_WORDS)}[generation]
    server = kind(peers(words), per_user)
    for turn in (server.send_due, server.poll_all):
        threading.Thread(target=every_half_second, args=(turn,), daemon=True).start()
    serve(port, server.answer)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
