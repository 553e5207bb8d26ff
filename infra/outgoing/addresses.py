"""Which addresses are the public's: never our own network, in no spelling and no wrapping."""

import socket
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

#: IPv4 inside IPv6 that Python calls global: the well-known prefix of NAT64, and its local one.
NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
#: IPv4 behind a prefix of zeros ("IPv4-compatible"), long deprecated and still dialled by some systems.
COMPATIBLE = IPv6Network("::/96")
#: Documentation's newer prefix and the segment-routing one; older Pythons call them global.
UNROUTED = (IPv6Network("3fff::/20"), IPv6Network("5f00::/16"))
#: The machine service of Azure, public by number; what Oracle's answers at, and the relays of 6to4: some Pythons call them global.
INSIDE = (IPv4Network("168.63.129.16/32"), IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
#: Can be bound only where anything can be: an address that documentation keeps for itself.
NOBODYS = "192.0.2.1"


def is_public(address: str) -> bool:
    """Globally reachable, not multicast and not this machine's own, also when it is an IPv4 address in an IPv6 wrapping."""
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        if parsed.is_site_local or any(parsed in network for network in (*NAT64, *UNROUTED, COMPATIBLE)):
            return False
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if inner is not None:
            return is_public(str(inner))
    elif any(parsed in network for network in INSIDE):
        return False
    return parsed.is_global and not parsed.is_multicast and not is_own(str(parsed))


def is_own(address: str) -> bool:
    """Whether this machine itself has *address*: only then a socket can be bound to it."""
    return _bound(address) and not _everything_binds()


@cache
def _everything_binds() -> bool:
    """Some gateways let a program take addresses that they do not have; then binding says nothing."""
    return _bound(NOBODYS)


def _bound(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
