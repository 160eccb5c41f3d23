from datetime import timedelta

from joborch.domain.quotas import Limits
from joborch.domain.services import Service
from joborch.server.live.catalog import Catalog


def test_a_reload_changes_quotas_and_adds_services() -> None:
    catalog = Catalog([Service(name="example")])

    catalog.reload([Service(name="example", limits=Limits(per_user=2)), Service(name="haddock")])

    assert catalog.get("example").limits.per_user == 2
    assert catalog.names() == ("example", "haddock")


def test_a_service_that_is_named_no_more_stays_for_its_jobs() -> None:
    catalog = Catalog([Service(name="example")])

    catalog.reload([])

    assert "example" in catalog


def test_a_reload_does_not_shorten_the_leases_that_agents_were_told_of() -> None:
    catalog = Catalog([Service(name="example", lost_after=timedelta(minutes=15))])
    catalog.discover(["haddock"])

    hasty = timedelta(seconds=30)
    catalog.reload([Service(name=name, lost_after=hasty) for name in ("example", "haddock")])

    assert catalog.shortest_patience_s() == 15 * 60
