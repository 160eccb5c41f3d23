"""Checks of what this client was told: its files, its token."""

from collections.abc import Iterator

from joborch.cli.doctor.findings import Finding, failed, ok, skipped
from joborch.client.credentials import goes_in_the_clear
from joborch.client.settings import ClientSettings
from joborch.domain.errors import JoborchError


def broken_settings(error: JoborchError) -> Finding:
    """Report settings that cannot be read."""
    return failed("config", error.message, error.hint or "joborch config edit")


def check_settings(settings: ClientSettings) -> Iterator[Finding]:
    """Look at the configuration and the token."""
    origin = settings.known["server"].origin
    profile = f", profile {settings.profile}" if settings.profile else ""
    if settings.unknown:
        yield failed("config", "; ".join(settings.unknown), "joborch config edit")
    else:
        yield ok("config", f"server {settings.server} ({origin}{profile})")
    yield _token(settings)


def _token(settings: ClientSettings) -> Finding:
    token = settings.token
    if token is None:
        return skipped("token", "none is sent")
    if goes_in_the_clear(settings.server):
        return failed(
            "token",
            f"from {token.origin}, and anybody on the way to {settings.server} can read it",
            "use an address with https://",
        )
    return ok("token", f"from {token.origin}")
