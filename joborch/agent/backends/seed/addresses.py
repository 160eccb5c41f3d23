"""Where a client of the original is asked."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Address:
    """The URLs of one client."""

    submit: str
    retrieve: str
    kill: str | None = None

    @property
    def partial(self) -> str:
        """Where a directory can be had as it is now; only the second generation has that."""
        return f"{self.home}/retrieve_partial"

    @property
    def home(self) -> str:
        """Where every generation says pong."""
        return self.retrieve.rpartition("/")[0]

    @property
    def shown(self) -> str:
        """What people call it."""
        return urlsplit(self.submit).netloc


def address_of(url: str) -> Address:
    """Return the usual URLs of the client at ``url``."""
    base = url.rstrip("/")
    return Address(submit=f"{base}/submit", retrieve=f"{base}/retrieve", kill=f"{base}/kill")
