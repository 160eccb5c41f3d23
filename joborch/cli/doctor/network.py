"""Checks of the way to the server: name, connection, encryption. They know nothing of HTTP."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import SplitResult, urlsplit

from joborch.cli.doctor.findings import Finding, failed, ok, skipped

PATIENCE_S = 5.0
SOON = timedelta(days=14)
ADDRESS = "compare the address: joborch config show-origin server"
TRUST = "export SSL_CERT_FILE=… if your site signs its own certificates"


def check_network(server: str) -> Iterator[Finding]:
    """Go the way to the server step by step; ends with the first step that fails."""
    parts = urlsplit(server)
    if proxy := _proxy(parts):
        yield skipped("dns", f"requests go through the proxy {proxy}")
        return
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    name, is_known = _resolve(parts.hostname or "", port)
    yield name
    if not is_known:
        return
    began = time.monotonic()
    try:
        connection = socket.create_connection((parts.hostname or "", port), timeout=PATIENCE_S)
    except OSError as error:
        yield _unconnected(parts.hostname, port, error)
        return
    with connection:
        took_ms = (time.monotonic() - began) * 1000
        yield ok("tcp", f"{parts.hostname} port {port} connected in {took_ms:.0f} ms")
        yield _encrypt(connection, parts)


def _proxy(parts: SplitResult) -> str | None:
    from urllib.request import getproxies, proxy_bypass

    if proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return urlsplit(proxy).hostname or "set in the environment" if proxy else None


def _resolve(host: str, port: int) -> tuple[Finding, bool]:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return skipped("dns", f"{host} is an address, no name"), True
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        return failed("dns", f"{host}: {reason}", ADDRESS), False
    addresses = ", ".join(dict.fromkeys(str(each[4][0]) for each in found))
    return ok("dns", f"{host} is {addresses}"), True


def _unconnected(host: str | None, port: int, error: OSError) -> Finding:
    if isinstance(error, ConnectionRefusedError):
        remedy = "start one with `joborch serve`, or name another: --server URL"
        return failed("tcp", f"nothing listens at {host} port {port}", remedy)
    remedy = "is the host up, and does a firewall let you through?"
    return failed("tcp", f"{host} port {port}: {error.strerror or error}", remedy)


def _encrypt(connection: socket.socket, parts: SplitResult) -> Finding:
    if parts.scheme != "https":
        return skipped("tls", "the address is http://, which is not encrypted")
    try:
        context = ssl.create_default_context()
        with context.wrap_socket(connection, server_hostname=parts.hostname) as secured:
            version, certificate = secured.version(), secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return failed("tls", f"the certificate is not trusted: {error.verify_message}", TRUST)
    except OSError as error:
        return failed("tls", str(error), "does this port speak https?")
    return _validity(str(version), str(certificate.get("notAfter", "")))


def _validity(version: str, not_after: str) -> Finding:
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(not_after), UTC)
    left = ends - datetime.now(UTC)
    if left < SOON:
        message = f"{version}, but the certificate ends in {left.days} days"
        return failed("tls", message, "renew it on the server")
    return ok("tls", f"{version}, certificate good for {left.days} days")
