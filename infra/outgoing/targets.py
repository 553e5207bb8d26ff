"""From a URL to the addresses that were checked for it."""

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

import idna
import msgspec

from domain.kernel.limits import URL_CHARS_MAX
from domain.outgoing.refusals import DOWNGRADE, FORM, HOST, PORT, SCHEME, USER, UrlRefused
from infra.outgoing.addresses import is_public
from infra.outgoing.resolving import Resolve

PORTS = frozenset({80, 443, 8443})
DEFAULT_PORTS = {"http": 80, "https": 443}
HOST_CHARS_MAX = 253
NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
ADDRESS_6 = re.compile(r"[0-9a-f:.]+")
#: What a cloud tells a machine about itself, its keys included, and what only a local resolver knows.
INSIDE_NAMES = frozenset({"instance-data", "localhost", "metadata", "metadata.goog"})
INSIDE_SUFFIXES = (".home.arpa", ".internal", ".lan", ".local", ".localdomain", ".localhost")


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
        return name if self.port == DEFAULT_PORTS[self.scheme] else f"{name}:{self.port}"

    def at(self, address: str) -> str:
        """The URL with *address* in place of the name."""
        place = f"[{address}]" if ":" in address else address
        return f"{self.scheme}://{place}:{self.port}{self.path}"


async def check_url(url: str, *, resolve: Resolve, allow: Sequence[str] = (), before: str = "") -> Target:
    """The target of *url*.   Raises UrlRefused.

    https on the usual ports, no user information, every resolved address public. A `host:port` in *allow* is exempt from all
    of that and may be http; it exists for tests and demonstrations. *before* is the scheme that a redirect comes from.
    """
    parts, host, port = _read(url)
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    allowed = place in allow
    if before == "https" and parts.scheme != "https":
        raise UrlRefused(rule=DOWNGRADE)
    if not allowed and parts.scheme != "https":
        raise UrlRefused(rule=SCHEME)
    if not allowed and port not in PORTS:
        raise UrlRefused(rule=PORT)
    if not allowed and (host in INSIDE_NAMES or host.endswith(INSIDE_SUFFIXES)):
        raise UrlRefused(rule=HOST)
    try:
        addresses = tuple(await resolve(host, port))
    except (OSError, UnicodeError) as error:
        raise UrlRefused(rule=HOST) from error
    if not addresses or not (allowed or all(map(is_public, addresses))):
        raise UrlRefused(rule=HOST)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=port, path=path, addresses=addresses)


def _read(url: str) -> tuple[SplitResult, str, int]:
    """The URL's parts, its host as one name, and its port: what needs no resolver to be judged.   Raises UrlRefused."""
    if len(url) > URL_CHARS_MAX or "\\" in url or any(ord(char) <= 32 or 127 <= ord(char) <= 160 for char in url):
        raise UrlRefused(rule=FORM)
    try:
        parts = urlsplit(url)
        given = parts.port
        host = _normal(parts.hostname or "")
    except ValueError as error:
        raise UrlRefused(rule=FORM) from error
    if parts.scheme not in DEFAULT_PORTS:
        raise UrlRefused(rule=SCHEME)
    if parts.username is not None or parts.password is not None:
        raise UrlRefused(rule=USER)
    if not host:
        raise UrlRefused(rule=FORM)
    return parts, host, DEFAULT_PORTS[parts.scheme] if given is None else given


def _normal(host: str) -> str:
    """Lower case, without the root's dot, international names in ASCII; empty when it is no host name.   Raises ValueError."""
    host = host.lower()
    if not host.isascii():
        host = idna.encode(host, uts46=True).decode("ascii").lower()
    host = host.removesuffix(".")
    rule = ADDRESS_6 if ":" in host else NAME
    return host if len(host) <= HOST_CHARS_MAX and rule.fullmatch(host) else ""
