"""Whose address counts: the peer's, or what trusted proxies say, right to left."""

import pytest
from sanic.compat import Header

from api.kit.addresses import address_reader, is_loopback, limit_subject

PROXIES = ("10.0.0.0/8", "2001:db8:ffff::/48")

CHAINS = {
    "nobody reports": ("10.0.0.1", {}, "10.0.0.1"),
    "one proxy": ("10.0.0.1", {"x-forwarded-for": "192.0.2.7"}, "192.0.2.7"),
    "two proxies": ("10.0.0.1", {"x-forwarded-for": "192.0.2.7, 10.0.0.2"}, "192.0.2.7"),
    "a lie before the truth": ("10.0.0.1", {"x-forwarded-for": "1.2.3.4, 192.0.2.7"}, "192.0.2.7"),
    "an untrusted peer": ("192.0.2.9", {"x-forwarded-for": "192.0.2.7"}, "192.0.2.9"),
    "a port": ("10.0.0.1", {"x-forwarded-for": "192.0.2.7:4711"}, "192.0.2.7"),
    "an IPv6 proxy": ("2001:db8:ffff::1", {"x-forwarded-for": "2001:db8::7"}, "2001:db8::7"),
    "Forwarded": ("10.0.0.1", {"forwarded": "for=192.0.2.7;proto=https"}, "192.0.2.7"),
    "Forwarded, IPv6 with port": ("10.0.0.1", {"forwarded": 'for="[2001:db8::7]:4711"'}, "2001:db8::7"),
    "Forwarded, two hops": ("10.0.0.1", {"forwarded": "for=192.0.2.7, For=10.0.0.2;by=10.0.0.1"}, "192.0.2.7"),
    "Forwarded counts before X-Forwarded-For": ("10.0.0.1", {"forwarded": "for=192.0.2.7", "x-forwarded-for": "1.2.3.4"}, "192.0.2.7"),
    "an obfuscated hop": ("10.0.0.1", {"forwarded": "for=1.2.3.4, for=_hidden"}, "10.0.0.1"),
    "garbage": ("10.0.0.1", {"x-forwarded-for": "garbage"}, "10.0.0.1"),
    "an endless chain": ("10.0.0.1", {"x-forwarded-for": "1.2.3.4, " + "10.0.0.2, " * 100 + "10.0.0.3"}, "10.0.0.2"),
}


@pytest.mark.parametrize(("peer", "headers", "address"), CHAINS.values(), ids=CHAINS.keys())
def test_hops_are_believed_right_to_left_as_far_as_they_are_trusted(peer, headers, address):
    assert address_reader(PROXIES)(peer, Header(headers)) == address


def test_without_proxies_the_peer_is_the_address():
    assert address_reader(())("192.0.2.1", Header({"x-forwarded-for": "1.2.3.4"})) == "192.0.2.1"


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unix"),
    ],
)
def test_limits_count_ipv6_by_the_household(address, subject):
    assert limit_subject(address) == subject


@pytest.mark.parametrize(("peer", "local"), [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("", True), ("192.0.2.1", False)])
def test_which_peers_are_this_machine(peer, local):
    assert is_loopback(peer) is local
