"""Signatures of callbacks against vectors that were computed elsewhere."""

from datetime import UTC, datetime, timedelta

import pytest

from workers.providers.kie.callbacks import heard
from workers.providers.openrouter_videos import callbacks as openrouter_videos
from workers.providers.wire.signatures import is_recent, standard_webhook

AT = datetime.fromtimestamp(1_700_000_000, UTC)


def test_the_rule_of_kie():
    headers = {"X-Webhook-Timestamp": "1700000000", "X-Webhook-Signature": "saLJs/nnSiYOiAwKa/iD+hoc3VklVtpO3afgrk5VIx4="}
    assert heard(headers, b'{"data": {"task_id": "ee60"}}', now=AT, secret="key")
    assert not heard(headers, b'{"data": {"task_id": "ee61"}}', now=AT, secret="key")
    # The body is not signed: other words over the same task are believed as much, which is to look at the job.
    assert heard(headers, b'{"data": {"taskId": "ee60", "video_url": "https://evil.example"}}', now=AT, secret="key")


def test_the_rule_of_standard_webhooks():
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    now = datetime.fromtimestamp(1_614_265_330, UTC)
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert standard_webhook(headers, b'{"test": 2432232314}', secret=secret, now=now)
    assert not standard_webhook(headers, b'{"test": 2432232315}', secret=secret, now=now)
    assert not standard_webhook(headers, b'{"test": 2432232314}', secret="whsec_not base64!", now=now)


def test_the_rule_of_openrouter():
    """Time and body are joined with a comma."""
    signature = "637c48ef386ee9f112d0c98ed0d833f54c5f11d0268203bf2a9dc946892fd7b0"
    headers = {"X-OpenRouter-Signature": f"t=1700000000,v1={signature}"}
    assert openrouter_videos.heard(headers, b'{"a":1}', now=AT, secret="secret")
    assert openrouter_videos.heard({"x-openrouter-signature": f"v1={signature}, t=1700000000"}, b'{"a":1}', now=AT, secret="secret")
    assert not openrouter_videos.heard(headers, b'{"a":2}', now=AT, secret="secret")
    assert not openrouter_videos.heard(headers, b'{"a":1}', now=AT + timedelta(seconds=301), secret="secret")


@pytest.mark.parametrize(
    ("timestamp", "recent"),
    [
        ("1700000000", True),
        ("1700000300", True),
        ("1699999700", True),
        ("1700000301", False),
        ("1699999699", False),
        ("", False),
        ("-1700000000", False),
        ("1700000000.0", False),
        ("9" * 5_000, False),
        ("١٧٠٠٠٠٠٠٠٠", False),
    ],
)
def test_a_signed_time_is_not_far_from_now(timestamp, recent):
    assert is_recent(timestamp, AT) is recent


def test_time_goes_on():
    assert not is_recent("1700000000", AT + timedelta(minutes=6))
