"""fal's queue over real HTTP on loopback, its keys, and the files that results link to."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.protocol_server import PIXEL, Mood, ProtocolHandler, ProtocolServer, Request

ID = "764cabcf-b745-4b3e-ae38-1200304cf45b"
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


class FalServer(ProtocolServer):
    """The status of `owner/app/sub` lies under `owner/app`."""

    handler = ProtocolHandler

    def behave(self, mood: str, *, at: str = "submit") -> None:
        super().behave(mood, at=at)

    def step(self, request: Request) -> str:
        if request.path.endswith("/status"):
            return "poll"
        if request.path.endswith("/cancel"):
            return "cancel"
        if request.path.endswith("/jwks.json"):
            return "keys"
        if "/requests/" in request.path:
            return "response"
        return "submit" if request.method == "POST" else "file"

    def known_moods(self) -> dict[str, Mood]:
        return dict(super().known_moods()) | MOODS

    def well(self, handler: Any) -> None:
        match self.step(handler.asked):
            case "submit":
                handler.json(200, self.taken())
            case "poll":
                handler.json(200, self.status("COMPLETED", metrics={"inference_time": 3.7}))
            case "response":
                picture = {"url": f"{self.origin}/out.png", "content_type": "image/png", "width": 1, "height": 1}
                handler.json(200, {"images": [picture], "prompt": f"a cat, not {self.origin}/lure.png", "has_nsfw_concepts": [False]})
            case "cancel":
                handler.json(202, {"status": "CANCELLATION_REQUESTED"})
            case "keys":
                handler.json(200, jwks(SIGNER))
            case _:
                handler.send(200, PIXEL, {"Content-Type": "image/png"})

    def taken(self, **fields: Any) -> dict[str, Any]:
        base = f"{self.origin}/owner/app/requests/{ID}"
        urls = {"status_url": f"{base}/status", "response_url": base, "cancel_url": f"{base}/cancel"}
        return {"request_id": ID, "status": "IN_QUEUE", "queue_position": 0} | urls | fields

    def status(self, status: str, **fields: Any) -> dict[str, Any]:
        return self.taken(status=status) | fields

    def failing(self, status: int) -> Any:
        return {"detail": "secret words of the provider"}


def jwks(*keys: Ed25519PrivateKey) -> dict[str, Any]:
    return {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": _packed(key.public_key().public_bytes_raw())} for key in keys]}


def _packed(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(key: Ed25519PrivateKey, timestamp: int, body: bytes) -> dict[str, str]:
    words = [ID, "user_1", str(timestamp)]
    signature = key.sign("\n".join([*words, hashlib.sha256(body).hexdigest()]).encode()).hex()
    names = ("X-Fal-Webhook-Request-Id", "X-Fal-Webhook-User-Id", "X-Fal-Webhook-Timestamp", "X-Fal-Webhook-Signature")
    return dict(zip(names, [*words, signature], strict=True))


def stands(status: str, **fields: Any) -> Mood:
    return lambda h: h.json(200, h.owner.status(status, **fields))


def detailed(status: int, *kinds: str) -> Mood:
    return lambda h: h.json(status, {"detail": [{"loc": ["body", "prompt"], "msg": "secret", "type": kind} for kind in kinds]})


MOODS: dict[str, Mood] = {
    "blocked": detailed(422, "content_policy_violation"),
    "blocked in the end": stands("COMPLETED", error="secret", error_type="content_policy_violation"),
    "error in 200": stands("COMPLETED", error="secret", error_type="internal_server_error"),
    "exhausted": lambda h: h.json(403, {"detail": "User is locked. Reason: Exhausted balance. secret"}),
    "failed": stands("COMPLETED", error="secret"),
    "faulty input": detailed(422, "image_too_large"),
    "faulty value": detailed(422, "value_error.missing"),
    "in a state of the future": stands("DREAMING"),
    "in progress": stands("IN_PROGRESS", logs=[]),
    "in queue": stands("IN_QUEUE", queue_position=4),
    "no id": lambda h: h.json(200, {"status": "IN_QUEUE"}),
    "policy in words": lambda h: h.json(422, {"detail": "Your request was flagged by the content policy, secret"}),
    "ran out of time": stands("COMPLETED", error="secret", error_type="request_timeout"),
    "timed out by header": lambda h: h.json(504, {"detail": "secret"}, {"X-Fal-Error-Type": "request_timeout"}),
    "URLs of others": lambda h: h.json(200, h.owner.taken(status_url="https://elsewhere.example/status")),
    # In the place of the response.
    "all black": lambda h: h.json(200, {"images": [{"url": f"{h.owner.origin}/out.png"}], "has_nsfw_concepts": [True]}),
    "empty": lambda h: h.json(200, {"images": []}),
}
