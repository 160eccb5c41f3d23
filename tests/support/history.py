"""The disk of a server that has been used for a long time, written without a server."""

import hashlib
import io
import sqlite3
import time
import zipfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from joborch.server.blobs import Blobs
from joborch.server.store import schema

SCRIPT = b"#!/bin/bash\necho hello\n"
UNFINISHED = {"queued": 400, "assigned": 20, "running": 30}
"""The newest jobs; all before them have ended."""

JOBS = """
WITH RECURSIVE ids(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < :jobs),
stated AS (
  SELECT id, CASE
    WHEN id > :jobs - :queued THEN 'queued'
    WHEN id > :jobs - :queued - :assigned THEN 'assigned'
    WHEN id > :jobs - :queued - :assigned - :running THEN 'running'
    WHEN id % 20 = 0 THEN 'lost' WHEN id % 9 = 0 THEN 'failed' ELSE 'completed' END AS state
  FROM ids)
INSERT INTO jobs (id, user_id, service, name, state, payload_id, priority, attempt, max_attempts,
  losses, agent_id, last_agent_id, tags, env, demand, submitted_at, assigned_at, started_at,
  finished_at, exit_code, results_bytes, results_sha256, results_removed_at)
SELECT id, 'user-' || (id % 12), 'service-' || (id % 3), 'job ' || id, state,
  printf('%02x%030x', id % 256, id), 50, state <> 'queued', 1, state = 'lost',
  CASE WHEN state IN ('assigned', 'running') THEN 'a-' || (id % 5) END,
  CASE WHEN state <> 'queued' THEN 'a-' || (id % 5) END,
  '{"project": "ubiquitin"}', '{"SEED": "' || id || '"}', '{}', :began + id * 1000000,
  CASE WHEN state <> 'queued' THEN :began + id * 1000000 + 500 END,
  CASE WHEN state NOT IN ('queued', 'assigned') THEN :began + id * 1000000 + 900 END,
  CASE WHEN state IN ('completed', 'failed', 'lost') THEN :began + id * 1000000 + 9000 END,
  CASE state WHEN 'completed' THEN 0 WHEN 'failed' THEN 3 END,
  CASE WHEN state IN ('completed', 'failed') THEN :size END,
  CASE WHEN state IN ('completed', 'failed') THEN :sha256 END,
  CASE WHEN state IN ('completed', 'failed', 'lost') AND id <= :jobs - :kept
    THEN :began + id * 1000000 + 99000 END
FROM stated
"""
PAYLOADS = """
INSERT INTO payloads (id, files, size_bytes, created_at, removed_at)
SELECT payload_id, '[{"name": "run.sh", "size": ' || :script || '}]', :script, submitted_at,
  results_removed_at
FROM jobs
"""
EVENTS = """
WITH steps(event, from_state, to_state, attempt, states) AS (VALUES
  ('submit', NULL, 'queued', 0, ''),
  ('assign', 'queued', 'assigned', 1, 'assigned running completed failed lost'),
  ('start', 'assigned', 'running', 1, 'running completed failed lost'),
  ('complete', 'running', 'completed', 1, 'completed'),
  ('fail', 'running', 'failed', 1, 'failed'),
  ('lose', 'running', 'lost', 1, 'lost'),
  ('results_removed', NULL, NULL, 1, 'removed'))
INSERT INTO events (job_id, attempt, event, from_state, to_state, actor, at, detail)
SELECT jobs.id, steps.attempt, event, coalesce(from_state, CASE event WHEN 'submit' THEN NULL
  ELSE state END), coalesce(to_state, state), 'agent:compute-1', submitted_at, '{}'
FROM jobs CROSS JOIN steps
WHERE event = 'submit' OR instr(states, state) OR states = 'removed' AND results_removed_at > 0
"""
USAGE = """
INSERT INTO usage (service, user_id, active, queued)
SELECT service, user_id, sum(agent_id IS NOT NULL), sum(state = 'queued') FROM jobs
  GROUP BY service, user_id
UNION ALL
SELECT service, '', sum(agent_id IS NOT NULL), sum(state = 'queued') FROM jobs GROUP BY service
"""
AGENTS = """
INSERT INTO agents (id, name, key_hash, host, version, services, capacity, labels, incarnation,
  enrolled_at, seen_at)
SELECT DISTINCT agent_id, 'compute' || substr(agent_id, 2), x'00', 'host', '1', '{"service-0": 4}',
  '{"slots": 4}', '{}', 1, :began, :began FROM jobs WHERE agent_id IS NOT NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What there is on the disk."""

    data: Path
    jobs: int
    kept: int
    """Jobs, the newest, whose payloads and results are still there."""

    @property
    def database(self) -> Path:
        """The database's file."""
        return self.data / "joborch.db"


def a_history(data: Path, *, jobs: int, kept: int) -> History:
    """Write a server's disk: so many jobs with events, the newest ``kept`` with their files.

    There was a job a second, the last of them just now: for up to 172,800, none is due for removal.
    """
    Blobs(data)
    schema.prepare(data / "joborch.db")
    results = _results()
    facts = {
        "jobs": jobs,
        "kept": kept,
        "began": time.time_ns() // 1000 - jobs * 1_000_000,
        "size": len(results),
        "sha256": hashlib.sha256(results).hexdigest(),
        "script": len(SCRIPT),
        **UNFINISHED,
    }
    with closing(sqlite3.connect(data / "joborch.db")) as database, database:
        database.execute("PRAGMA synchronous = off")
        for statement in (JOBS, PAYLOADS, EVENTS, USAGE, AGENTS):
            database.execute(statement, facts)
    _write_files(data, results, first=jobs - kept + 1, last=jobs)
    return History(data=data, jobs=jobs, kept=kept)


def _results() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("out.txt", "hello\n" * 100)
    return buffer.getvalue()


def _write_files(data: Path, results: bytes, *, first: int, last: int) -> None:
    ended = last - sum(UNFINISHED.values())
    for number in range(first, last + 1):
        payload = data / "payloads" / f"{number % 256:02x}" / f"{number % 256:02x}{number:030x}"
        payload.mkdir()
        (payload / "run.sh").write_bytes(SCRIPT)
        if number <= ended and number % 20:
            thousand = data / "results" / f"{number // 1000:06}"
            thousand.mkdir(exist_ok=True)
            (thousand / f"{number}-1.zip").write_bytes(results)
