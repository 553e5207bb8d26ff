"""Which URLs of others we may call, and at which addresses: never our own network.

Names are judged after resolution only, because resolvers read `2130706433`, `0x7f.1` and `127.1` as loopback.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import idna
import msgspec

URL_CHARS_MAX = 2_048
PORTS = frozenset({80, 443, 8443})
#: Addresses of IPv4 inside IPv6 that Python calls global.
NAT64 = IPv6Network("64:ff9b::/96")

#: host, port -> addresses
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class UrlRefused(Exception):
    """A rule forbids this URL. The reason is for the log: told to a caller it would answer questions about our network."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A URL that was allowed, with the addresses that were checked: connect to those and to no others."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]

    @property
    def authority(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == {"http": 80, "https": 443}[self.scheme] else f"{name}:{self.port}"


async def system_resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def check_url(url: str, *, allow: Sequence[str] = (), resolve: Resolve = system_resolve) -> Target:
    """The target of *url*.   Raises UrlRefused.

    https on the usual ports, no user information, every resolved address public. A `host:port` in *allow* is exempt from all
    of that and may be http; it exists for tests and demonstrations.
    """
    if len(url) > URL_CHARS_MAX or any(ord(char) <= 32 or ord(char) == 127 for char in url) or "\\" in url:
        raise UrlRefused("not a URL")
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
        host = _normal(parts.hostname or "")
    except ValueError as error:
        raise UrlRefused("not a URL") from error
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or parts.password is not None:
        raise UrlRefused("scheme, host or user information")
    allowed = f"{host}:{port}" in allow
    if not allowed and (parts.scheme != "https" or port not in PORTS):
        raise UrlRefused("scheme or port")
    try:
        addresses = tuple(await resolve(host, port))
    except (OSError, UnicodeError) as error:
        raise UrlRefused("the name does not resolve") from error
    if not addresses or not (allowed or all(map(is_public, addresses))):
        raise UrlRefused("an address is not public")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=port, path=path, addresses=addresses)


def is_public(address: str) -> bool:
    """Globally reachable and not multicast, also when it is an IPv4 address in one of its IPv6 wrappings."""
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if parsed in NAT64 or parsed.is_site_local:
            return False
        if inner is not None:
            return is_public(str(inner))
    return parsed.is_global and not parsed.is_multicast


def _normal(host: str) -> str:
    """Lower case, without the root's dot, international names in ASCII.   Raises ValueError."""
    host = host.rstrip(".").lower()
    if host.isascii():
        return host
    return idna.encode(host, uts46=True).decode("ascii")
