"""A route compiled into one Sanic handler: everything that can be known at the start is decided before the first request."""

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Any
from uuid import UUID

from sanic.response import HTTPResponse

from api.kit import cursors, limits
from api.kit.addresses import limit_subject
from api.kit.answer import Answer
from api.kit.bodies import body_decoder
from api.kit.call import Call
from api.kit.etags import etag_of, matches, quoted
from api.kit.idempotency import read_key
from api.kit.kit import Kit
from api.kit.prefer import given_request_id, min_position, prefer_wait
from api.kit.queries import query_decoder
from api.kit.refusals import (
    InternalError,
    NotFound,
    PreconditionFailed,
    RoleMissing,
    ScopeMissing,
    ServiceUnavailable,
    SessionRequired,
)
from api.kit.route import Route
from api.platform import Principal
from domain.access.refusals import InvalidToken
from domain.accounts.refusals import AccountSuspended
from domain.kernel.commands import Receipt
from domain.kernel.ids import command_of_key, text_of
from domain.kernel.journal_refusals import IdempotencyKeyReused
from domain.kernel.refusals import Gone, Refusal, Unauthenticated

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_WORD = re.compile(r"[A-Za-z0-9._-]{1,100}")
_KEY = re.compile(r"[a-z0-9][a-z0-9._/-]{0,511}")
Handler = Callable[..., Awaitable[HTTPResponse | None]]


class Pipeline:
    """One route, ready to serve. `current` is the GET route of the same template, against which `If-Match` is checked."""

    def __init__(self, kit: Kit, route: Route, current: Route | None = None) -> None:
        self.kit = kit
        self.route = route
        self.current = current
        names = list(inspect.signature(route.endpoint).parameters)[1:]
        unknown = set(names) - {"body", "query", *route.path_names}
        if unknown:
            raise TypeError(f"{route.name}: the endpoint takes {', '.join(sorted(unknown))}, which the route does not have")
        self.names = names
        self.ids = {name: route.path_type(name) is UUID for name in route.path_names}
        self.patterns = {name: _KEY if name == "key" else _UUID if self.ids[name] else _WORD for name in self.ids}
        self.read_body = None if route.stream_body or route.raw_body or route.method == "GET" else body_decoder(route.body)
        self.read_query = query_decoder(route.query)
        self.lists = "cursor" in getattr(route.query, "__struct_fields__", ())
        # Accepted or not -> the buckets in which that does not count.
        self.uncounted = {accepted: _counting(route, "refused" if accepted else "accepted") for accepted in (True, False)}
        self.conditional = current is not None and route.method in ("PATCH", "PUT", "DELETE")

    async def serve(self, request: Any, **path: str) -> HTTPResponse | None:
        started = perf_counter()
        call = Call(self.kit, self.route, request)
        extra: dict[str, str] = {}
        code = ""
        try:
            answer = await self._answer(call, path, extra)
            if answer.stream is not None:
                await self._stream(call, answer, extra)
                response = None
            else:
                response = self.kit.responder.answer(call, answer, extra)
            status = answer.status if response is None else response.status
        except Refusal as refusal:
            response = self.kit.responder.refusal(request, call.request_id, refusal, extra)
            status, code = response.status, refusal.code
        except asyncio.CancelledError:
            if not call.executed:
                self._give_back(call, accepted=False)
            self._finish(call, started, 499, "client_left")
            raise
        except Exception as error:  # noqa: BLE001 - the last resort: logged in full, told as a plain 500 or 503
            broken = self._broken(call, error)
            response = self.kit.responder.refusal(request, call.request_id, broken, extra)
            status, code = response.status, broken.code
        self._finish(call, started, status, code)
        return response

    async def _answer(self, call: Call, path: Mapping[str, str], extra: dict[str, str]) -> Answer:
        """Credential, decoding, limits, conditions, endpoint: in this order."""
        request = call.request
        refused: Refusal | None = None
        values: dict[str, Any] = {}
        try:
            self._identify(call)
            await self._authenticate(call)
            values = self._decode(call, path)
        except Refusal as refusal:
            refused = refusal
        earlier = await self._count(call, values.get("body"), refused, extra)
        try:
            if refused is not None:
                raise refused
            if self.conditional and "if-match" in request.headers:
                await self._check_version(call)
            if self.route.reads is not None:
                await self._wait_for_reads(call)
            answer = await self.route.endpoint(call, **{name: values[name] for name in self.names})
        except Refusal as refusal:
            self._give_back(call, accepted=False)
            if refused is not None or (replay := await self._replay(call, refusal, earlier)) is None:
                raise
            return replay
        self._give_back(call, accepted=not call.replayed)
        return answer

    def _identify(self, call: Call) -> None:
        """Request id and address first, because refusals need them too."""
        headers = call.request.headers
        given = given_request_id(headers)
        call.request_id = given if given is not None else self.kit.platform.ids.new().hex
        info = call.request.conn_info
        call.address = self.kit.address(info.client_ip if info is not None else "", headers)
        call.subject_address = limit_subject(call.address)

    async def _authenticate(self, call: Call) -> None:
        permission = self.route.permission
        lines = call.request.headers.getall("authorization", ())
        if permission.public:
            if lines and not self.route.free:
                call.principal = await self._optional(lines[0])
                call.account = "" if call.principal is None else str(call.principal.account_id)
            return
        if not lines and self.route.events and (ticket := call.request.args.get("ticket")) is not None:
            principal = call.principal = await self._redeemed(ticket)
        elif len(lines) != 1:
            raise InvalidToken()
        else:
            principal = call.principal = await self.kit.platform.credentials.authenticate(bearer_of(lines[0]))
        call.account = text_of(principal.account_id)
        if principal.suspended and not permission.while_suspended:
            raise AccountSuspended()
        if permission.session_only and principal.scopes is not None:
            raise SessionRequired()
        if permission.role is not None and permission.role not in principal.roles:
            raise RoleMissing(role=permission.role)
        if permission.scope is not None and not principal.may(permission.scope):
            raise ScopeMissing(scope=permission.scope)

    async def _redeemed(self, ticket: str) -> Principal:
        """Who asked for *ticket*, as that credential stands now."""
        platform = self.kit.platform
        return await platform.credentials.renewed(await platform.telling.tickets.redeem(ticket))

    async def _optional(self, line: str) -> Principal | None:
        """On a public route a bad credential is none."""
        try:
            return await self.kit.platform.credentials.authenticate(bearer_of(line))
        except (Unauthenticated, Gone):
            return None

    def _decode(self, call: Call, path: Mapping[str, str]) -> dict[str, Any]:
        """The endpoint's arguments; also reads the headers that every route understands."""
        request, route = call.request, self.route
        values: dict[str, Any] = {name: _path_value(value, self.patterns[name]) for name, value in path.items()}
        values["query"], call.filters = self.read_query(request.query_string)
        if self.lists and values["query"].cursor is not None:
            call.after = cursors.read(self.kit.platform.vault, call.cursor_scope(), values["query"].cursor)
        if self.read_body is not None:
            values["body"], call.sent = self.read_body(request.body, request.headers.getone("content-type", None))
        headers = request.headers
        if route.waits:
            call.prefer_wait = prefer_wait(headers)
        if route.reads is not None:
            call.min_position = min_position(headers)
        if route.render is not None and call.principal is not None:
            call.idempotency_key = read_key(headers)
        call.path = values
        return values

    async def _count(self, call: Call, body: Any, refused: Refusal | None, extra: dict[str, str]) -> Receipt | None:
        """Count the request; a refused one only in its base bucket. A replay is answered over the route's own limits."""
        kit, route = self.kit, self.route
        if kit.limits.off or route.free:
            return None
        further = [] if refused is not None else kit.limits.further(call, route.limits, body)
        policies = (kit.limits.base(call), *further)
        verdict = await kit.limits.limiter.take(policies)
        extra.update(limits.headers(policies, verdict))
        if verdict.refused is None:
            call.taken = further
            return None
        if verdict.refused and call.idempotency_key is not None and (earlier := await self._earlier(call)) is not None:
            return earlier
        raise limits.refusal(policies, verdict)

    def _give_back(self, call: Call, *, accepted: bool) -> None:
        """Undo what this outcome does not count for."""
        uncounted = self.uncounted[accepted]
        if uncounted and call.taken:
            back = [policy for policy in call.taken if policy.bucket in uncounted]
            if back:
                self.kit.limits.limiter.give_back(back)

    async def _earlier(self, call: Call) -> Receipt | None:
        """What became of the first request with this key."""
        assert call.idempotency_key is not None
        return await self.kit.platform.journal.receipt(command_of_key(call.account_id, call.idempotency_key))

    async def _replay(self, call: Call, refusal: Refusal, earlier: Receipt | None) -> Answer | None:
        """A repeat is answered like the first, also when the world has changed so that it would be refused today."""
        if call.idempotency_key is None or isinstance(refusal, IdempotencyKeyReused):
            return None
        earlier = earlier or await self._earlier(call)
        if earlier is None or earlier.fingerprint != await call.fingerprint():
            return None
        return await call.rendered(earlier, self.route.render)

    async def _wait_for_reads(self, call: Call) -> None:
        assert self.route.reads is not None
        reader = None if call.principal is None else call.principal.account_id
        call.seen, call.behind = await self.kit.freshness.reach(self.route.reads, reader=reader, min_position=call.min_position)

    async def _check_version(self, call: Call) -> None:
        """Read the resource as its GET would show it and compare.   Raises PreconditionFailed, and what the GET refuses.

        The command that follows is bound to the version of the stream that was there before the look.
        """
        assert self.current is not None
        stream = call.path.get("id")
        if isinstance(stream, UUID):
            call.bound_to = stream, await self.kit.platform.journal.version(stream)
        lines = call.request.headers.getall("if-match")
        shown = Call(self.kit, self.current, call.request)
        shown.principal, shown.account, shown.request_id, shown.path = call.principal, call.account, call.request_id, call.path
        if self.current.reads is not None:
            reach = self.kit.freshness.reach
            shown.seen, shown.behind = await reach(self.current.reads, reader=call.account_id, min_position=None)
            # Folded from the stream: a read model may not have seen what others wrote.
            shown.behind = True
        names = [name for name in inspect.signature(self.current.endpoint).parameters if name in self.ids]
        answer = await self.current.endpoint(shown, **{name: call.path[name] for name in names})
        etag = quoted(answer.etag) if answer.etag else etag_of(answer.body)
        if not matches(",".join(lines), etag, weak=False):
            raise PreconditionFailed()

    async def _stream(self, call: Call, answer: Answer, extra: dict[str, str]) -> None:
        headers = {**self.kit.responder.complete(call.request, call.request_id), **extra, **answer.headers}
        call.begun = perf_counter() if self.route.events else None
        try:
            response = await call.request.respond(status=answer.status, headers=headers, content_type=answer.content_type)
            assert answer.stream is not None
            await answer.stream(response)
            await response.eof()
        finally:
            if answer.ended is not None:
                answer.ended()

    def _broken(self, call: Call, error: Exception) -> Refusal:
        """What the client is told about *error*: nothing of it. The log is told all."""
        fields = {"log": "error", "request_id": call.request_id, "route": self.route.name}
        if isinstance(error, self.kit.platform.unavailable):
            self.kit.log.warning("dependency away", **fields, error=type(error).__name__)
            return ServiceUnavailable(retry_after=1)
        self.kit.log.error("request broke", **fields, exc_info=error)
        return InternalError()

    def _finish(self, call: Call, started: float, status: int, code: str) -> None:
        seconds = perf_counter() - started
        waited = seconds if call.begun is None else call.begun - started
        self.kit.platform.metrics.request(self.route.template, call.request.method, status, waited)
        self.kit.logged(call, status, code, seconds)
        tracing = self.kit.platform.tracing
        if tracing.on:
            failed = code or str(status) if status >= 500 else None
            tracing.ended(self.route.name, trace=call.request_id, seconds=seconds, place="", within=None, failed=failed, status=str(status))


def bearer_of(line: str) -> str:
    """The token of an Authorization header.   Raises InvalidToken."""
    scheme, _, token = line.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise InvalidToken()
    return token.strip()


def _counting(route: Route, what: str) -> frozenset[str]:
    """The buckets of *route* that count only *what*."""
    return frozenset(limit.bucket for limit in route.limits if limit.counts == what)


def _path_value(text: str, pattern: re.Pattern[str]) -> UUID | str:
    """A value of the path. What cannot be one names nothing, so it is a 404."""
    if not pattern.fullmatch(text):
        raise NotFound()
    return UUID(text) if pattern is _UUID else text
