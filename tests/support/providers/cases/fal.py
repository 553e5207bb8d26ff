"""fal."""

import json
from collections.abc import Mapping

from domain.ports import Outgoing
from tests.support.protocol_server import PIXEL
from tests.support.providers.case import BODY_BYTES_MAX, LOST, NOON, Callbacks, Case, Long, Made, job_of
from tests.support.providers.fal_server import ID, SIGNER, STRANGER, FalServer, jwks, signed
from workers.providers.fal.provider import FalProvider

BODY = json.dumps({"request_id": ID, "gateway_request_id": ID, "status": "OK", "payload": {}}).encode()
AT = int(NOON.timestamp())
FIELDS = {"prompt": "prompt", "size": "image_size", "seed": "seed"}
Callback = tuple[Mapping[str, str], bytes]


def make(server: FalServer, *, outgoing: Outgoing, api_key: str | None, callback_secret: str | None = None) -> FalProvider:
    """There is no secret: it is checked by published keys, which are known here."""
    made = FalProvider(
        base_url=server.origin,
        api_key=api_key,
        outgoing=outgoing,
        jwks_url=f"{server.origin}/.well-known/jwks.json",
        body_bytes_max=BODY_BYTES_MAX,
    )
    made.keys.learn(jwks(STRANGER, SIGNER))
    made.keys.learn(jwks(SIGNER))
    return made


def forged() -> dict[str, Callback]:
    good = signed(SIGNER, AT, BODY)
    return {
        "another body": (good, BODY.replace(b"OK", b"NO")),
        "another key": (signed(STRANGER, AT, BODY), BODY),
        "another request": (good | {"X-Fal-Webhook-Request-Id": "another"}, BODY),
        "another time": (good | {"X-Fal-Webhook-Timestamp": str(AT + 1)}, BODY),
        "another user": (good | {"X-Fal-Webhook-User-Id": "another"}, BODY),
        "no headers": ({}, BODY),
        "no request": (signed(SIGNER, AT, b"[]"), b"[]"),
        "no signature": (good | {"X-Fal-Webhook-Signature": ""}, BODY),
        "odd signature": (good | {"X-Fal-Webhook-Signature": "zz é"}, BODY),
        "short signature": (good | {"X-Fal-Webhook-Signature": "00"}, BODY),
    }


CASES = [
    Case(
        name="fal",
        server=FalServer,
        make=make,
        job=job_of("image", upstream="owner/app/sub", params={"size": "1024x1024"}, adapter={"fields": FIELDS}),
        makes=Made(artefacts=[PIXEL], usage={"item": 1}),
        shows=lambda key: ("Authorization", f"Key {key}"),
        own={
            "blocked": ("content_rejected", False),
            "exhausted": ("insufficient_provider_credit", False),
            "faulty input": ("invalid_request", False),
            "faulty value": ("invalid_request", False),
            "no id": LOST,
            "policy in words": ("content_rejected", False),
            "timed out by header": ("timeout", True),
            "URLs of others": LOST,
        },
        lacks={"empty": "a response of its own: see test_fal"},
        long=Long(
            running={"in queue": None, "in progress": None, "in a state of the future": None},
            failed={
                "blocked in the end": ("content_rejected", False),
                "error in 200": ("provider_error", True),
                "failed": ("provider_error", True),
                "ran out of time": ("timeout", True),
            },
            callbacks=Callbacks(good=lambda: (signed(SIGNER, AT, BODY), BODY), forged=forged),
        ),
    ),
]
