"""Posts to places that others named: exactly the bytes, one answer, and no more of it than its status."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from domain.outgoing.answers import PostFailed
from infra.outgoing.http import PinnedHttp
from tests.support.webhook_receiver import CLOSE, HANG, Receiver


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def outgoing(receiver: Receiver) -> PinnedHttp:
    return PinnedHttp(allow=[receiver.authority])


async def test_the_bytes_arrive_as_they_are_with_their_headers(receiver: Receiver, outgoing: PinnedHttp):
    body = '{"ü": 1}\n'.encode()
    posted = await outgoing.post(receiver.script("/bytes?a=b"), body, {"content-type": "x/y", "webhook-id": "evt_1"}, seconds=5)
    (heard,) = receiver.at("/bytes")
    assert (posted.status, heard.sent, heard.headers["content-type"], heard.id) == (200, body, "x/y", "evt_1")
    assert heard.headers["host"] == receiver.authority
    assert heard.headers["user-agent"] == "daybook" and "cookie" not in heard.headers and "authorization" not in heard.headers


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("120", 120), ("0", 0), ("-1", None), ("soon", None), ("1e3", None), ("9" * 30, None), ("", None), ("Thu, 99 Jan 2026", None)],
)
async def test_retry_after_in_seconds(receiver: Receiver, outgoing: PinnedHttp, given: str, seconds: float | None):
    posted = await outgoing.post(receiver.script("/later", (503, {"Retry-After": given})), b"", {}, seconds=5)
    assert (posted.status, posted.retry_after) == (503, seconds)


async def test_retry_after_as_a_date(receiver: Receiver, outgoing: PinnedHttp):
    for away, least, most in ((timedelta(hours=1), 3_500, 3_600), (timedelta(hours=-1), 0, 0)):
        given = format_datetime(datetime.now(UTC) + away, usegmt=True)
        posted = await outgoing.post(receiver.script("/date", (429, {"Retry-After": given})), b"", {}, seconds=5)
        assert posted.retry_after is not None and least <= posted.retry_after <= most


async def test_a_redirect_is_an_answer_whatever_it_points_to(receiver: Receiver, outgoing: PinnedHttp):
    for location in ("/elsewhere", "https://127.0.0.1:1/", "data:,x", "https://[", "http://0177.0.0.1/"):
        posted = await outgoing.post(receiver.script("/moved", (302, {"Location": location})), b"", {}, seconds=5)
        assert posted.status == 302
    assert receiver.at("/elsewhere") == []


async def test_no_answer_is_told_by_one_of_two_words(receiver: Receiver, outgoing: PinnedHttp):
    with pytest.raises(PostFailed) as silent:
        await outgoing.post(receiver.script("/hang", HANG), b"", {}, seconds=0.2)
    with pytest.raises(PostFailed) as closed:
        await outgoing.post(receiver.script("/close", CLOSE), b"", {}, seconds=5)
    nobody = PinnedHttp(allow=["127.0.0.1:9"])
    with pytest.raises(PostFailed) as absent:
        await nobody.post("http://127.0.0.1:9/", b"", {}, seconds=5)
    assert [failure.value.timed_out for failure in (silent, closed, absent)] == [True, False, False]
    assert str(closed.value) == str(absent.value), "whether somebody listens there is not told"
    assert silent.value.ms >= 150
