"""A server that speaks Stripe's language over real HTTP on loopback, and misbehaves on demand.

`book` is the account behind it. `behave` names what it does wrong with the next requests; MOODS lists all that it can do.
What it was sent stands in `requests`.
"""

import gzip
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.support.protocol_server import LoopbackHandler, LoopbackServer
from tests.support.stripe_book import Refused, StripeBook
from tests.support.stripe_forms import nested

SECRET_KEY = "sk_test_of_the_tests_0123456789"
WEBHOOK_SECRET = "whsec_of_the_tests_0123456789"
API_VERSION = "2026-06-24.dahlia"


@dataclass
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    form: dict[str, Any]
    sent: str


class StripeServer(LoopbackServer):
    """`base` is what STRIPE_API_BASE is set to."""

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    @property
    def base(self) -> str:
        return self.origin

    def reset(self) -> None:
        """A new account, and nothing remembered."""
        self.book = StripeBook()
        self.moods: deque[str] = deque()
        self.requests: list[Request] = []
        #: Idempotency-Key -> what was asked with it, and what was answered.
        self.remembered: dict[str, tuple[str, str, int, Any]] = {}

    def behave(self, *moods: str) -> None:
        """The next requests are met with these, one each; after that it is well again."""
        assert set(moods) <= MOODS.keys(), moods
        self.moods.extend(moods)


class _Handler(LoopbackHandler):
    owner: StripeServer

    def do_GET(self) -> None:
        self._meet(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._meet(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def _meet(self, sent: str) -> None:
        owner = self.owner
        with owner.lock:
            self.asked = Request(self.command, urlsplit(self.path).path, dict(self.headers.items()), nested(sent), sent)
            owner.requests.append(self.asked)
            mood = owner.moods.popleft() if owner.moods else "well"
        MOODS[mood](self)

    def answer(self) -> tuple[int, Any, dict[str, str]]:
        """What Stripe answers when it is well."""
        with self.owner.lock:
            try:
                return self._checked()
            except Refused as refused:
                return refused.status, refused.body, {}

    def _checked(self) -> tuple[int, Any, dict[str, str]]:
        asked, owner = self.asked, self.owner
        if self.headers.get("Authorization") != f"Bearer {SECRET_KEY}":
            raise Refused(401, "api_key_invalid")
        assert self.headers.get("Stripe-Version") == API_VERSION, "the version is pinned"
        if asked.method == "GET":
            return 200, answer_to(owner.book, asked), {}
        assert not asked.sent or self.headers.get("Content-Type") == "application/x-www-form-urlencoded"
        key = self.headers["Idempotency-Key"]
        assert 0 < len(key) <= 255
        if key in owner.remembered:
            path, sent, status, body = owner.remembered[key]
            if (path, sent) != (asked.path, asked.sent):
                raise Refused(400, "idempotency_key_in_use", "idempotency_error")
            return status, body, {"Idempotent-Replayed": "true"}
        body = answer_to(owner.book, asked)
        owner.remembered[key] = (asked.path, asked.sent, 200, body)
        return 200, body, {}

    def well(self) -> None:
        status, body, headers = self.answer()
        self.json(status, body, headers)

    def json(self, status: int, document: Any, headers: Mapping[str, str] | None = None) -> None:
        super().json(status, document, {"Request-Id": "req_1"} | dict(headers or {}))

    def cut(self, *, after: bool) -> None:
        """The connection goes: before anything was done, or when it was done and only the answer is lost."""
        if after:
            self.answer()
        self.close_connection = True


StripeServer.handler = _Handler


def answer_to(book: StripeBook, asked: Request) -> Any:
    """Raises Refused."""
    expand = asked.form.get("expand", [])
    parts = asked.path.removeprefix("/v1/").split("/")
    match asked.method, parts:
        case "POST", ["checkout", "sessions"]:
            return book.shown(book.open_session(asked.form), [])
        case "POST", ["checkout", "sessions", id, "expire"]:
            return book.shown(book.close_session(id), [])
        case "POST", ["subscriptions", id]:
            subscription = _found(book, id, "subscription")
            subscription["cancel_at_period_end"] = asked.form["cancel_at_period_end"] == "true"
            return book.shown(subscription, [])
        case "GET", ["refunds"]:
            return _page(book, book.of_kind("refund", charge=asked.form["charge"]), asked.form)
        case "GET", ["invoice_payments"]:
            wanted = {"type": "payment_intent", "payment_intent": asked.form["payment"]["payment_intent"]}
            return _page(book, book.of_kind("invoice_payment", payment=wanted), asked.form)
        case "GET", ["checkout", "sessions", id]:
            return book.shown(_found(book, id, "checkout.session"), expand)
        case "GET", [("disputes" | "invoices" | "refunds" | "subscriptions") as kind, id]:
            return book.shown(_found(book, id, kind.removesuffix("s")), expand)
    raise Refused(404, "resource_missing")


def _found(book: StripeBook, id: str, kind: str) -> dict[str, Any]:
    thing = book.things.get(id)
    if thing is None or thing["object"] != kind:
        raise Refused(404, "resource_missing")
    return thing


def _page(book: StripeBook, rows: list[dict[str, Any]], form: dict[str, Any]) -> Any:
    after = form.get("starting_after")
    ids = [row["id"] for row in rows]
    rows = rows[ids.index(after) + 1 :] if after else rows
    limit = int(form.get("limit", 10))
    inner = [name.removeprefix("data.") for name in form.get("expand", [])]
    return {"object": "list", "data": [book.shown(row, inner) for row in rows[:limit]], "has_more": len(rows) > limit}


def error(code: str, kind: str = "api_error") -> dict[str, Any]:
    return {"error": {"type": kind, "code": code, "message": f"secret words, and the key {SECRET_KEY}"}}


Mood = Callable[[_Handler], None]
#: After these the same request may be made again, and is.
PASSING: dict[str, Mood] = {
    "409 in use": lambda h: h.json(409, error("idempotency_key_in_use", "idempotency_error")),
    "429": lambda h: h.json(429, error("rate_limit", "rate_limit_error"), {"Retry-After": "0"}),
    "500": lambda h: h.json(500, error("internal")),
    "500 done": lambda h: (h.answer(), h.json(500, error("internal")))[1],
    "503": lambda h: h.send(503, b"<html>secret words</html>"),
    "cut": lambda h: h.cut(after=False),
    "cut done": lambda h: h.cut(after=True),
    "truncated": lambda h: h.send(200, json.dumps(h.answer()[1]).encode()[:-20], declared=9_999),
}
#: These are not repeated, or repeating does not help.
LASTING: dict[str, Mood] = {
    "200 with a list": lambda h: h.json(200, [1, 2]),
    "200 with html": lambda h: h.send(200, b"<html>secret words</html>"),
    "200 with odd types": lambda h: h.json(200, {"id": 7, "livemode": "no", "secret words": 1}),
    "400": lambda h: h.json(400, error("parameter_unknown", "invalid_request_error")),
    "401": lambda h: h.json(401, error("api_key_expired", "invalid_request_error")),
    "402": lambda h: h.json(402, error("card_declined", "card_error")),
    "403": lambda h: h.json(403, error("account_invalid", "invalid_request_error")),
    "404": lambda h: h.json(404, error("resource_missing", "invalid_request_error")),
    "500 for good": lambda h: h.json(500, error("internal"), {"Stripe-Should-Retry": "false"}),
    "deep": lambda h: h.send(200, b"[" * 100_000),
    "not utf-8": lambda h: h.send(200, b'{"id": "\xff"}'),
    "redirect": lambda h: h.send(307, b"", {"Location": h.owner.elsewhere}),
    "silent": lambda h: h.silence(),
    "too late": lambda h: h.json(429, error("rate_limit", "rate_limit_error"), {"Retry-After": "900"}),
}
#: Bodies that are not read to their end.
BROKEN: dict[str, Mood] = {
    "endless": lambda h: h.send(200, b" " * 5_000_000),
    "packed unasked": lambda h: h.send(200, gzip.compress(b" " * 5_000_000), {"Content-Encoding": "gzip"}),
}
MOODS: dict[str, Mood] = {"well": _Handler.well} | PASSING | LASTING | BROKEN
