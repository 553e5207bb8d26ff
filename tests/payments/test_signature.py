"""Whose message it is: the signature over the raw bytes, its time, and the exchange of secrets."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payments.ports import SignatureRefused
from infra.payments.stripe.signature import check_signature
from tests.support.stripe_courier import header

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
STAMP = int(NOW.timestamp())
SECRET = "whsec_test"
RAW = b'{"id":"evt_1"}'


def check(line: str | None, raw: bytes = RAW, *, secrets: tuple[str, ...] = (SECRET,), now: datetime = NOW) -> None:
    check_signature(line, raw, secrets=secrets, now=now)


def signed(raw: bytes = RAW, *, secret: str = SECRET, at: float = STAMP) -> str:
    return header(raw, secret=secret, at=at)


def refused(line: str | None, raw: bytes = RAW, **changes: Any) -> str:
    with pytest.raises(SignatureRefused) as refusal:
        check(line, raw, **changes)
    return str(refusal.value)


def test_a_known_vector_is_right():
    """Computed once by hand: the whole text of the secret is the key, not what it decodes to."""
    line = "t=1700000000,v1=c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925"
    moment = datetime.fromtimestamp(1_700_000_000, UTC)
    assert signed(at=1_700_000_000) == line
    check(line, now=moment)
    assert "no signature is right" in refused(line, RAW + b" ", now=moment)


@pytest.mark.parametrize("seconds", [-300, -299, 0, 1, 299, 300])
def test_a_clock_may_differ_by_five_minutes_in_both_directions(seconds):
    line = signed(at=STAMP + seconds)
    check(line)
    assert line.startswith("t=")


@pytest.mark.parametrize("seconds", [-86_400, -302, -301, 301, 302, 86_400])
def test_what_is_too_old_or_from_the_future_is_refused(seconds):
    assert "300 s away" in refused(signed(at=STAMP + seconds))


def test_fractions_of_a_second_count_too():
    check(signed(at=STAMP - 300))
    assert "300 s away" in refused(signed(at=STAMP - 300), now=NOW + timedelta(milliseconds=1))
    assert "300 s away" in refused(signed(at=STAMP + 300), now=NOW - timedelta(milliseconds=1))


def test_one_of_several_signatures_is_enough():
    own, other = signed(), signed(secret="whsec_of_before")
    both = f"{other},{own.partition(',')[2]}"
    assert both.count("v1=") == 2
    check(both)
    check(both, secrets=("whsec_of_before",))
    assert "no signature is right" in refused(both, secrets=("whsec_third",))


def test_while_one_secret_replaces_another_both_are_known():
    for secret in ("whsec_old", "whsec_new"):
        check(signed(secret=secret), secrets=("whsec_new", "whsec_old"))
    assert "no signature is right" in refused(signed(secret="whsec_old"), secrets=("whsec_new",))


def test_other_schemes_are_not_looked_at():
    line = signed()
    check(line + ",v0=" + "0" * 64 + ",v2=whatever,x")
    assert "signature v1" in refused(line.replace("v1=", "v0="))


@pytest.mark.parametrize(
    "line",
    [
        None, "", ",", "=", "t", "v1", "t=1700000000", "v1=aa", "t=,v1=aa", "t=x,v1=aa", "t=-1,v1=aa", "t=1.5,v1=aa", "t=1e9,v1=aa",
        "t=٣,v1=aa", "t=9999999999999,v1=aa", "T=1700000000,V1=aa", "t:1700000000,v1:aa", "t=1700000000;v1=aa", "{}", "t=1 2,v1=aa", "\x00",
        f"t={STAMP},t={STAMP},v1=aa", f"t={STAMP}," + ",".join(["v1=aa"] * 17),
    ],
)  # fmt: skip
def test_a_header_in_another_spelling_is_refused(line):
    assert refused(line).startswith("The signature does not fit the message: ")


@pytest.mark.parametrize("value", ["", "é", "zz", "C" * 64, "0" * 64, "0" * 63, "0" * 65, "whsec_test"])
def test_a_wrong_signature_is_refused_whatever_it_looks_like(value):
    assert "no signature is right" in refused(f"t={STAMP},v1={value}")


def test_the_signature_is_compared_as_it_was_sent():
    stamp, _, signature = signed().partition(",v1=")
    assert "no signature is right" in refused(f"{stamp},v1={signature.upper()}")
    assert "no signature is right" in refused(f"{stamp},v1={signature[:-1]}")


def test_blanks_between_the_parts_do_no_harm():
    check(signed().replace(",", ", "))
    assert "one time" in refused(signed().replace("t=", "t= "))


def test_the_time_is_signed_too():
    assert "no signature is right" in refused(signed().replace(f"t={STAMP}", f"t={STAMP + 1}"))
    assert "no signature is right" in refused(signed().replace(f"t={STAMP}", f"t=0{STAMP}"))


@given(st.binary(max_size=200), st.integers(0, 10_000), st.integers(1, 255))
def test_any_other_byte_is_another_message(raw, place, change):
    line = signed(raw)
    check(line, raw)
    altered = bytearray(raw or b"x")
    altered[place % len(altered)] ^= change
    if bytes(altered) != raw:
        assert "no signature is right" in refused(line, bytes(altered))


@given(st.text(max_size=80))
def test_no_header_breaks_it(line):
    assert refused(line).startswith("The signature")
