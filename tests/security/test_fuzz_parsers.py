"""Whatever is sent, a parser reads it or refuses it by name: never another error, never a hang, never what it should not let through."""

import asyncio
import json
import time
import unicodedata
from base64 import urlsafe_b64encode
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote
from uuid import UUID

import msgspec
import pytest
from hypothesis import strategies as st
from sanic.compat import Header

from api.kit import cursors
from api.kit.addresses import address_reader, limit_subject
from api.kit.bodies import body_decoder, check_json_type
from api.kit.etags import matches
from api.kit.idempotency import read_key
from api.kit.places import Place
from api.kit.prefer import given_request_id, min_position, prefer_wait
from api.kit.queries import query_decoder
from api.kit.refusals import CursorInvalid
from api.kit.strict_json import FORBIDDEN, read_json
from api.objects import _span
from api.routes import ROUTES
from api.uploading import boundary_of, receive
from domain.access.refusals import InvalidToken, RefreshTokenInvalid
from domain.access.reset_tokens import account_of_reset, reset_token
from domain.accounts.refusals import ResetTokenInvalid
from domain.assets.storage import SignedUrlRefused
from domain.dispatch.callbacks import callback_path, called
from domain.kernel.limits import INTEGER_MAX, JSON_DEPTH_MAX
from domain.kernel.refusals import Refusal
from domain.outgoing.refusals import UrlRefused
from domain.payments.ports import SignatureRefused
from infra.access.access_tokens import AccessTokens
from infra.access.refresh_tokens import new_token, session_of
from infra.calendar import CronCalendar
from infra.objects.signed_urls import SignedUrl, make_url, read_url
from infra.outgoing.targets import check_url
from infra.payments.stripe.signature import check_signature
from tests.security.fuzzing import EVIL, TEXTS, TREES, damaged, fuzz
from tests.support.api_world import FakeVault
from workers.providers.wire.signatures import standard_webhook

LONG = pytest.mark.long
#: Examples for each parser: a few in every run, tens of thousands in the long form.
EXAMPLES = [25, pytest.param(10_000, marks=LONG)]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ALICE = UUID("01936b2e-0000-7000-8000-00000000a11c")
BODIES = [route for route in ROUTES if route.body is not None and not route.raw_body]
QUERIES = [route for route in ROUTES if route.query is not None]


def wholesome(node, depth: int = 0) -> None:
    """What a document may hold that was let through."""
    assert depth <= JSON_DEPTH_MAX
    match node:
        case str():
            assert unicodedata.is_normalized("NFC", node) and not FORBIDDEN.search(node)
        case dict():
            for name, value in node.items():
                wholesome(name, depth)
                wholesome(value, depth + 1)
        case list():
            for value in node:
                wholesome(value, depth + 1)
        case bool() | None:
            pass
        case int():
            assert abs(node) <= INTEGER_MAX
        case float():
            assert node == node and abs(node) != float("inf")


def documents() -> st.SearchStrategy[bytes]:
    written = TREES.map(lambda tree: json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    nested = st.tuples(st.sampled_from([b"[", b'{"a":', b'[{"a":']), st.integers(1, 3_000)).map(lambda each: each[0] * each[1])
    return st.one_of(
        st.binary(max_size=80), written, written.flatmap(damaged), nested, TEXTS.map(lambda text: text.encode("utf-8", "replace"))
    )


@pytest.mark.parametrize("examples", [100, pytest.param(30_000, marks=LONG)])
def test_json(examples):
    def check(data: bytes) -> None:
        try:
            tree = read_json(data)
        except Refusal:
            return
        wholesome(tree)

    fuzz(documents(), check, examples)


def trees_like(shape) -> st.SearchStrategy[object]:
    """Objects with the names of *shape*, and values of any kind; sometimes with a name too many."""
    names = sorted({name for each in shapes_of(shape) for name in (field.encode_name for field in msgspec.structs.fields(each))})
    values = st.one_of(TREES, st.sampled_from(["image", "text", str(ALICE), "2026-11-21T12:00:00Z", "a@example.com", "https://x.example/"]))
    like = st.fixed_dictionaries({}, optional=dict.fromkeys([*names, "params", "x/~y"], values))
    return st.one_of(like, like.flatmap(lambda outer: st.sampled_from(names or ["x"]).map(lambda name: {**outer, name: outer})), TREES)


def shapes_of(shape) -> list[type]:
    return [each for each in (shape, *getattr(shape, "__args__", ())) if isinstance(each, type) and issubclass(each, msgspec.Struct)]


@pytest.mark.parametrize("examples", [10, pytest.param(800, marks=LONG)])
@pytest.mark.parametrize(
    "shape", sorted({route.body for route in BODIES}, key=str), ids=lambda shape: getattr(shape, "__name__", str(shape))
)
def test_bodies(shape, examples):
    decode = body_decoder(shape)

    def check(tree) -> None:
        try:
            data = json.dumps(tree).encode()
            found, _ = decode(data, "application/json")
        except Refusal as refusal:
            # What is said of it can be written into an answer.
            json.dumps(refusal.members, default=str).encode()
            str(refusal).encode()
        else:
            assert found is None or isinstance(found, msgspec.Struct)

    fuzz(trees_like(shape), check, examples)


@pytest.mark.parametrize("examples", [10, pytest.param(800, marks=LONG)])
@pytest.mark.parametrize("shape", sorted({route.query for route in QUERIES}, key=str), ids=lambda shape: shape.__name__)
def test_queries(shape, examples):
    decode = query_decoder(shape)
    names = st.one_of(st.sampled_from([field.encode_name for field in msgspec.structs.fields(shape)]), TEXTS)
    written = st.lists(st.tuples(names, TEXTS), max_size=6).map(
        lambda pairs: "&".join(f"{quote(name, errors='replace')}={quote(value, errors='replace')}" for name, value in pairs)
    )

    def check(text: str) -> None:
        try:
            found, _ = decode(text)
        except Refusal as refusal:
            str(refusal).encode()
        else:
            assert isinstance(found, shape)

    fuzz(st.one_of(written, st.text("&=%;+0123456789abcdefABCDEF\xff", max_size=60)), check, examples)


def texts_like(good: str) -> st.SearchStrategy[str]:
    """*good* with a little of it changed, and whatever else."""
    return st.one_of(damaged(good.encode()).map(lambda data: data.decode("latin-1")), TEXTS, st.binary(max_size=80).map(bytes.hex))


@pytest.mark.parametrize("examples", EXAMPLES)
def test_cursors(examples):
    vault, scope = FakeVault(), cursors.scope_of("alice", "GET /v1/things", {})
    good = cursors.make(vault, scope, [5, "x"])
    assert cursors.read(vault, scope, good) == [5, "x"]

    def check(text: str) -> None:
        if text != good:
            with pytest.raises(CursorInvalid):
                cursors.read(vault, scope, text)

    fuzz(texts_like(good), check, examples)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_access_tokens(examples):
    tokens = AccessTokens([b"k" * 32], issuer="http://daybook.test")
    good = tokens.make(ALICE, ALICE, token_id=ALICE, now=NOW)
    head, claims, signature = good.split(".")
    parts = TREES.map(lambda tree: urlsafe_b64encode(json.dumps(tree).encode()).decode().rstrip("="))
    rebuilt = st.tuples(
        st.one_of(st.just(head), parts), st.one_of(st.just(claims), parts), st.one_of(st.just(signature), parts, st.just(""))
    )

    def check(text: str) -> None:
        if text != good:
            with pytest.raises(InvalidToken):
                tokens.read(text, now=NOW)

    fuzz(st.one_of(texts_like(good), rebuilt.map(".".join)), check, examples)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_refresh_and_reset_tokens(examples):
    def check(text: str) -> None:
        for read, refused in ((session_of, RefreshTokenInvalid), (account_of_reset, ResetTokenInvalid)):
            with suppress(refused):
                assert isinstance(read(text), UUID)

    fuzz(st.one_of(texts_like(new_token(ALICE)), texts_like(reset_token(ALICE, b"x" * 32))), check, examples)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_signed_urls(examples):
    promise = SignedUrl(key="assets/a/original.png", expires=int(NOW.timestamp()) + 60, content_type="image/png", filename="ü.png")
    query = dict(pair.split("=") for pair in make_url("", FakeVault(), promise).partition("?")[2].split("&"))
    good = {**query, "content_type": "image/png", "filename": "ü.png"}
    assert read_url(promise.key, good, FakeVault(), now=NOW) == promise
    changed = st.sampled_from([*good, "more"]).flatmap(lambda name: texts_like(good.get(name, "")).map(lambda text: {**good, name: text}))
    missing = st.sampled_from([*good]).map(lambda name: {other: value for other, value in good.items() if other != name})

    def check(query: dict[str, str]) -> None:
        if query != good:
            with pytest.raises(SignedUrlRefused):
                read_url(promise.key, query, FakeVault(), now=NOW)

    fuzz(st.one_of(changed, missing), check, examples)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_callback_tokens_and_signatures(examples):
    good = callback_path(FakeVault(), "kie", ALICE, 3).rpartition("/")[2]
    assert called(FakeVault(), "kie", good) == (ALICE, 3)
    values = st.one_of(TEXTS.filter(lambda text: text.encode("utf-8", "replace").decode() == text), texts_like("t=1795262400,v1=00"))
    headers = st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("webhook-id", "webhook-timestamp", "webhook-signature", "stripe-signature"), values)
    )

    def check(sent: tuple[str, dict[str, str], bytes]) -> None:
        token, headers, body = sent
        if token != good:
            assert called(FakeVault(), "kie", token) is None
        assert called(FakeVault(), "fal", token) is None
        assert standard_webhook(headers, body, secret="whsec_c2VjcmV0", now=NOW) is False
        with pytest.raises(SignatureRefused):
            check_signature(headers.get("stripe-signature"), body, secrets=["whsec_a", "whsec_b"], now=NOW)

    fuzz(st.tuples(texts_like(good), headers, st.binary(max_size=60)), check, examples)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_headers(examples):
    reader = address_reader(["10.0.0.0/8", "::1/128"])
    names = ["forwarded", "x-forwarded-for", "prefer", "daybook-min-position", "x-request-id", "idempotency-key", "range", "if-range"]
    goods = [
        "for=192.0.2.1;proto=https",
        'for="[2001:db8::1]:80"',
        "1.2.3.4, 10.0.0.1",
        "wait=5",
        "17",
        "bytes=0-5",
        "application/json; charset=utf-8",
    ]
    values = st.one_of(TEXTS, st.sampled_from(goods).flatmap(texts_like))

    def check(sent: list[tuple[str, str]]) -> None:
        headers = Header(sent)
        address = reader("10.0.0.1", headers)
        assert limit_subject(address)
        assert prefer_wait(headers) is None or 1 <= prefer_wait(headers) <= 60
        for read in (min_position, given_request_id, read_key, partial(_span, found=SimpleNamespace(bytes=10, etag='"x"'))):
            try:
                read(headers)
            except Refusal as refusal:
                str(refusal).encode()
        for _, value in sent:
            assert matches(value, '"x"', weak=True) in (True, False)
            with suppress(Refusal):
                check_json_type(value)

    fuzz(st.lists(st.tuples(st.sampled_from(names), values), max_size=4), check, examples)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_urls_that_others_name(examples):
    async def nowhere(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    parts = [
        "http",
        "https",
        "://",
        "//",
        "@",
        ":",
        "[",
        "]",
        "::1",
        "127.0.0.1",
        "0x7f.1",
        "localhost",
        "a.example",
        "%2e",
        "\\",
        "?",
        "#",
        "443",
        "ⓔ",
        "。",
    ]

    def check(url: str) -> None:
        with pytest.raises(UrlRefused):
            asyncio.run(check_url(url, resolve=nowhere))

    fuzz(
        st.one_of(st.lists(st.sampled_from(parts), max_size=8).map("".join), TEXTS, texts_like("https://hooks.example/path?x=y")),
        check,
        examples,
    )


@pytest.mark.parametrize("examples", EXAMPLES)
def test_cron_expressions(examples):
    fields = st.one_of(
        st.text("0123456789*/,-LW#?MONJAN ", max_size=8),
        st.sampled_from(["*", "*/1", "0", "31", "L", "2#5", "FEB", "99999999999", "1-0", "*/0"]),
    )
    zones = st.one_of(
        st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "right/UTC", "..", ""]),
        st.sampled_from(EVIL).map(lambda each: each[:64]),
    )

    def check(sent: tuple[list[str], str]) -> None:
        begun = time.process_time()
        try:
            assert CronCalendar().next(" ".join(sent[0])[:100], sent[1], after=NOW) > NOW
        except Refusal as refusal:
            str(refusal)
        assert time.process_time() - begun < 2

    fuzz(st.tuples(st.one_of(st.lists(fields, min_size=5, max_size=5), st.lists(fields, max_size=7)), zones), check, examples)


class Pieces:
    """A body that arrives in pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = [piece for piece in pieces if piece]

    async def read(self) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


@pytest.mark.parametrize("examples", [40, pytest.param(10_000, marks=LONG)])
def test_forms(examples, tmp_path):
    part = b'--x\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
    good = part % (b"filename", b"", b"a.png") + part % (b"file", b'; filename="b.png"', b"\x89PNG" * 20) + b"--x--\r\n"
    types = st.one_of(st.just('multipart/form-data; boundary="x"'), texts_like('multipart/form-data; boundary="x"'))
    cuts = st.lists(st.integers(1, 60), max_size=6)

    def check(sent: tuple[str, bytes, list[int]]) -> None:
        kind, body, cut = sent
        path, pieces = Path(tmp_path / "staged"), list[bytes]()
        for size in cut:
            pieces, body = [*pieces, body[:size]], body[size:]
        try:
            boundary = boundary_of(Header([("content-type", kind), ("content-length", str(len(body)))]))
            received = asyncio.run(receive(Pieces([*pieces, body]), boundary, path, Place()))
            assert received.bytes == path.stat().st_size
            assert received.filename is None or received.filename.isprintable()
        except Refusal as refusal:
            str(refusal).encode()
        finally:
            path.unlink(missing_ok=True)

    fuzz(st.tuples(types, st.one_of(st.just(good), damaged(good), st.binary(max_size=200)), cuts), check, examples)
