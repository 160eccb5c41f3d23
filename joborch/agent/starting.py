"""Starting an attempt, or finding out why it cannot or must not be started.

Which ending a hindrance becomes is decided here: ``invalid`` if no agent could ever run the job,
``lost``, so that it is tried elsewhere, if the hindrance is this host, and ``given_back``, which
does not count as a try, if it is only this moment.
"""

import asyncio
from collections.abc import Callable

from joborch.agent.attempts import Attempt
from joborch.agent.backends.base import BackendAwayError, BackendError, Handle, RunSpec
from joborch.agent.endings import Cause, Ending, given_back, lost, rejected
from joborch.agent.environment import job_environment
from joborch.agent.leases import StopRule, stop_rule
from joborch.agent.payload import InvalidPayloadError, check_files
from joborch.agent.site import Site
from joborch.agent.transfers import GivenUpError, PayloadGoneError
from joborch.domain.errors import JoborchError


async def start(
    attempt: Attempt,
    site: Site,
    *,
    objection: Callable[[], Ending | None],
    called_off: asyncio.Event,
) -> Handle | Ending:
    """Fetch what is missing and submit the attempt; or say how it ends without having run.

    ``objection`` is asked once everything is there, right before the attempt is submitted;
    ``called_off`` is set once there is one.
    """
    rule = rule_for(attempt, site)
    try:
        check_files(attempt.lease.files)
        await site.transfers.fetch_inputs(attempt, has_sense=lambda: _lease_holds(rule, site))
        if hindrance := objection() or _hindrance(attempt, rule, site):
            return hindrance
        return await site.backend.submit(_spec(attempt, rule, site, called_off))
    except (InvalidPayloadError, PayloadGoneError) as error:
        return rejected(error.message)
    except (BackendAwayError, GivenUpError) as error:
        return objection() or given_back(error.message)
    except JoborchError as error:
        what = error.code if isinstance(error, BackendError) else "inputs"
        return lost(f"{what}: {error.message}")
    except OSError as error:
        return lost(f"agent_disk: {error.strerror or error}")


def rule_for(attempt: Attempt, site: Site) -> StopRule:
    """Return what an attempt does when its lease is not renewed."""
    return stop_rule(lost_after_s=attempt.lease.lost_after_s, grace_s=site.settings.grace)


def _hindrance(attempt: Attempt, rule: StopRule, site: Site) -> Ending | None:
    if not attempt.is_of_this_boot:
        return lost(Cause.HOST_REBOOTED.value)
    return None if _lease_holds(rule, site) else given_back(Cause.LEASE_LOST.value)


def _lease_holds(rule: StopRule, site: Site) -> bool:
    return rule.allows_start(renewed_at=site.spool.renewed_at, now=site.clock.boottime())


def _spec(attempt: Attempt, rule: StopRule, site: Site, called_off: asyncio.Event) -> RunSpec:
    environment = job_environment(
        attempt.lease,
        work_dir=attempt.work_dir,
        tmp_dir=attempt.tmp_dir,
        agent_name=site.settings.name,
        path=site.settings.path,
    )
    return RunSpec(
        folder=attempt.folder,
        work_dir=attempt.work_dir,
        environment=environment,
        time_limit_s=attempt.lease.time_limit_s,
        grace_s=rule.grace_s,
        lease_path=site.spool.lease_path,
        stop_after_s=rule.stop_after_s,
        called_off=called_off,
    )
