"""The variables a job sees: built from nothing, so that no secret of the agent can slip in."""

from collections.abc import Mapping
from pathlib import Path

from joborch.wire.agents import Lease

PREFIX = "JOBORCH_"


def job_environment(
    lease: Lease, *, work_dir: Path, tmp_dir: Path, agent_name: str, path: str
) -> Mapping[str, str]:
    """Return a job's whole environment; what joborch says wins over what the submitter set."""
    basics = {
        "PATH": path,
        "HOME": str(work_dir),
        "LANG": "C.UTF-8",
        "TMPDIR": str(tmp_dir),
    }
    facts = {
        "JOB_ID": lease.job_id,
        "BATCH_ID": lease.batch,
        "ARRAY_INDEX": lease.array_index,
        "ARRAY_COUNT": lease.array_count,
        "USER_ID": lease.user_id,
        "SERVICE": lease.service,
        "ATTEMPT": lease.attempt,
        "AGENT": agent_name,
        "SLOTS": 1,
        "WORKDIR": work_dir,
    }
    known = {PREFIX + name: str(value) for name, value in facts.items() if value is not None}
    return {**basics, **lease.env, **known}
