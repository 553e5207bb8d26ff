"""Messages from outside count by their sender's address in a bucket of their own, and in no other."""

import time

from api.kit.permission import PUBLIC
from api.kit.route import Route
from api.limits import INBOUND
from api.payments import Heard, stripe_webhook
from infra.payments.till import TestTill
from tests.support.api_world import bearer, fake_platform, served
from tests.support.stripe_courier import PATH, header

ROUTES = [Route(f"POST {PATH}", stripe_webhook, PUBLIC, {200: Heard}, limits=INBOUND, raw_body=True)]


def world(**limits: str):
    return fake_platform(rate_limits=limits, payments=Deaf("http://daybook.test"))


class Deaf(TestTill):
    """Bears Stripe's name, and hears nothing of importance."""

    name = "stripe"

    async def heard(self, headers, raw, *, now):
        assert headers["stripe-signature"] and raw
        return []


async def test_they_do_not_count_as_anonymous_requests_or_as_an_accounts():
    platform = world(anonymous="1/60", api="1/60", inbound="3/60")
    async with served(ROUTES, platform) as client:
        signed = {"Stripe-Signature": header(b"x", at=time.time())}
        answers = [await client.post(PATH, content=b"x", headers=signed | bearer(token)) for token in ("alice", "bob", "alice", "nobody")]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"inbound";q=3;w=60'
    assert answers[-1].json()["bucket"] == "inbound" and int(answers[-1].headers["retry-after"]) >= 1


async def test_by_default_six_hundred_a_minute():
    async with served(ROUTES, world()) as client:
        answer = await client.post(PATH, content=b"x", headers={"Stripe-Signature": header(b"x")})
    assert (answer.status_code, answer.headers["ratelimit-policy"]) == (200, '"inbound";q=600;w=60')
