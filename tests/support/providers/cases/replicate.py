"""Replicate."""

import base64
import json
from collections.abc import Mapping

from domain.ports import Outgoing
from tests.support.protocol_server import PIXEL
from tests.support.providers.case import BODY_BYTES_MAX, LOST, NOON, Callbacks, Case, Long, Made, job_of
from tests.support.providers.replicate_server import ID, ReplicateServer, signed
from workers.providers.replicate.provider import ReplicateProvider

#: A secret of the form that Replicate issues.
WHSEC = "whsec_" + base64.b64encode(b"a secret of the tests, 24 bytes+").decode()
BODY = json.dumps({"id": ID, "status": "succeeded", "output": []}).encode()
AT = int(NOON.timestamp())
FIELDS = {"prompt": "prompt", "aspect_ratio": "aspect_ratio", "count": "num_outputs", "seed": "seed"}
Callback = tuple[Mapping[str, str], bytes]


def make(server: ReplicateServer, *, outgoing: Outgoing, api_key: str | None, callback_secret: str | None = None) -> ReplicateProvider:
    """Any secret of the suite stands for WHSEC: its own is none that Replicate would issue."""
    secret = None if callback_secret is None else WHSEC
    return ReplicateProvider(
        base_url=server.url, api_key=api_key, outgoing=outgoing, callback_secret=secret, body_bytes_max=BODY_BYTES_MAX
    )  # fmt: skip


def forged() -> dict[str, Callback]:
    good = signed(WHSEC, "msg_1", AT, BODY)
    return {
        "another body": (good, BODY.replace(b"succeeded", b"failed")),
        "another id": (good | {"Webhook-Id": "msg_2"}, BODY),
        "another secret": (signed("whsec_" + base64.b64encode(b"another").decode(), "msg_1", AT, BODY), BODY),
        "another time": (good | {"Webhook-Timestamp": str(AT + 1)}, BODY),
        "another version": (good | {"Webhook-Signature": good["Webhook-Signature"].replace("v1,", "v2,")}, BODY),
        "no headers": ({}, BODY),
        "no prediction": (signed(WHSEC, "msg_1", AT, b"[]"), b"[]"),
        "no signature": (good | {"Webhook-Signature": ""}, BODY),
        "odd signature": (good | {"Webhook-Signature": "v1 v1,a,b é"}, BODY),
    }


def good() -> Callback:
    headers = signed(WHSEC, "msg_1", AT, BODY)
    # While a secret is changed there are two signatures.
    return headers | {"Webhook-Signature": f"v1,bm90IHRoaXM= {headers['Webhook-Signature']}"}, BODY


CASES = [
    Case(
        name="replicate",
        server=ReplicateServer,
        make=make,
        job=job_of("image", upstream="owner/name", params={"size": "1344x768", "count": 2}, adapter={"fields": FIELDS}),
        makes=Made(artefacts=[PIXEL, PIXEL], usage={"item": 2}),
        own={"no id": LOST, "odd id": LOST},
        lacks={"error in 200": "a refusal has a status of its own"},
        long=Long(
            running={"starting": None, "processing": 0.45, "processing in silence": None, "in a state of the future": None},
            failed={
                "aborted": LOST,
                "blocked": ("content_rejected", False),
                "canceled": LOST,
                "deleted": LOST,
                "empty": ("no_output", True),
                "failed": ("provider_error", True),
                "failed without words": ("provider_error", True),
                "nothing came of it": ("no_output", True),
                "out of memory": ("overloaded", True),
                "wrong input": ("invalid_request", False),
            },
            callbacks=Callbacks(good=good, forged=forged),
        ),
    ),
]
