"""Who is at the other end: the socket's peer, or what trusted proxies say about it."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Network = IPv4Network | IPv6Network
_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*"?([^";]+)"?', re.IGNORECASE)
CHAIN_MAX = 32


def address_reader(trusted_proxies: Sequence[str]) -> Callable[[str, Any], str]:
    """A function of (peer, headers) -> client address. `Forwarded` and `X-Forwarded-For` count only from *trusted_proxies*."""
    networks = [ip_network(cidr, strict=False) for cidr in trusted_proxies]
    if not networks:
        return lambda peer, headers: peer

    def read(peer: str, headers: Any) -> str:
        address = peer
        # Right to left: each hop is believed only about the one before it.
        for said in reversed(_chain(headers)[-CHAIN_MAX:]):
            if not _within(address, networks) or said is None:
                break
            address = said
        return address

    return read


@lru_cache(maxsize=4096)
def limit_subject(address: str) -> str:
    """What anonymous limits count by: the address, for IPv6 its /64, because a household has all of it."""
    plain = address.partition("%")[0]
    try:
        parsed = ip_address(plain)
    except ValueError:
        return plain or "unix"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)


def is_loopback(peer: str) -> bool:
    """The socket's own peer is this machine; a Unix socket's peer is empty."""
    if not peer:
        return True
    try:
        return ip_address(peer.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _within(address: str, networks: Sequence[Network]) -> bool:
    if not address:
        return True
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return any(parsed in network or parsed.ipv4_mapped in network for network in networks)
    return any(parsed in network for network in networks)


def _chain(headers: Any) -> list[str | None]:
    """The addresses that the hops reported, client first; None where one reported something else (`unknown`, `_hidden`)."""
    if "forwarded" in headers:
        elements = ",".join(headers.getall("forwarded")).split(",")
        return [_parsed(match[1]) if (match := _FOR.search(element)) else None for element in elements]
    if "x-forwarded-for" in headers:
        return [_parsed(element) for element in ",".join(headers.getall("x-forwarded-for")).split(",")]
    return []


def _parsed(node: str) -> str | None:
    """`192.0.2.1`, `192.0.2.1:47011`, `[2001:db8::1]:80` or `2001:db8::1` as a bare address; None for anything else."""
    text = node.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return None
