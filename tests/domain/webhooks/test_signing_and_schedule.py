"""Standard Webhooks' own example, and when a delivery is tried again."""

import pytest

from domain.webhooks.schedule import AGE_MAX, JITTER, RETRY_AFTER_SECONDS_MAX, RETRY_SECONDS, pause
from domain.webhooks.signing import PREFIX, secret_of, signature_of

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EXAMPLE = {"id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "timestamp": 1614265330, "body": b'{"test": 2432232314}'}
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_example_of_the_specification():
    assert signature_of([SECRET], **EXAMPLE) == SIGNED


def test_during_an_overlap_each_secret_has_a_signature_of_its_own():
    other = secret_of(bytes(range(32)))
    assert other.startswith(PREFIX) and len(other) == len(PREFIX) + 44
    first, second = signature_of([other, SECRET], **EXAMPLE).split(" ")
    assert second == SIGNED != first == signature_of([other], **EXAMPLE)


def test_any_other_byte_is_another_signature():
    for changed in ({"id": "msg_x"}, {"timestamp": 1614265331}, {"body": b'{"test":2432232314}'}):
        assert signature_of([SECRET], **{**EXAMPLE, **changed}) != SIGNED


def test_ten_tries_in_a_little_more_than_three_days():
    assert [pause(tries, chance=0.5) for tries in range(1, 11)] == [*RETRY_SECONDS, None]
    assert 3 * 86_400 < AGE_MAX.total_seconds() < 4 * 86_400


@pytest.mark.parametrize("chance", [0.0, 0.25, 1.0])
def test_the_pauses_vary_a_little(chance):
    for tries, seconds in enumerate(RETRY_SECONDS, 1):
        assert pause(tries, chance=chance) == pytest.approx(seconds * (1 - JITTER + 2 * JITTER * chance))


def test_retry_after_makes_a_pause_longer_and_never_shorter_and_not_endless():
    assert pause(1, chance=0.5, retry_after=60) == 60
    assert pause(2, chance=0.5, retry_after=60) == 300
    assert pause(1, chance=0.5, retry_after=10**9) == RETRY_AFTER_SECONDS_MAX
    assert pause(10, chance=0.5, retry_after=60) is None
