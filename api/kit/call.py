"""One request, as an endpoint sees it."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from api.kit import cursors
from api.kit.answer import Answer, Page
from api.kit.bodies import canonical
from api.kit.etags import etag_of, matches
from api.kit.idempotency import fingerprinted
from api.kit.route import Render, Route
from api.platform import Platform, Policy, Principal
from domain.access.refusals import InvalidToken
from domain.kernel.commands import Command, Context, Receipt
from domain.kernel.ids import command_of_key

Value = TypeVar("Value")


class Call:
    """Made by the kit before the endpoint runs. `principal` is None only on public routes without a credential.

    `seen`: how far the read model of the route has seen; `behind`: it has not yet seen the account's last write, so a
    single resource is folded from its stream instead. `after`: the key in the cursor, as given to `page`. `prefer_wait`:
    seconds of `Prefer: wait=N` (1 to 60), None without. `secret`: see `execute`. `sent`: the body's plain tree, which
    the fingerprint is made of; an upload puts its field values and file hash here.
    """

    # What most requests leave as it is stands here once, and is not set for each.
    request_id = ""
    #: The caller's account as text, empty without a credential.
    account = ""
    address = ""
    subject_address = ""
    principal: Principal | None = None
    path: Mapping[str, Any] = {}
    filters: Mapping[str, Any] = {}
    sent: Any = None
    idempotency_key: str | None = None
    prefer_wait: int | None = None
    min_position: int | None = None
    seen: int | None = None
    behind = False
    after: list[Any] | None = None
    secret: str | None = None
    replayed = False
    #: The stream that `If-Match` was checked on, and its version: what is decided must be decided on this.
    bound_to: tuple[UUID, int] | None = None
    #: A sealed text that this request has made, and what it says: the first answer need not open it again.
    just_sealed: tuple[str, Any] | None = None
    #: A command has gone to the journal, whatever becomes of the caller.
    executed = False
    position: int | None = None
    #: When a stream of events began, which is all that there is to wait for in it.
    begun: float | None = None
    taken: Sequence[Policy] = ()

    def __init__(self, kit: Any, route: Route, request: Any) -> None:
        self.kit = kit
        self.platform: Platform = kit.platform
        self.route = route
        self.request = request
        self.now: datetime = self.platform.clock.now()

    @property
    def account_id(self) -> UUID:
        """The caller's account.   Raises InvalidToken on a public route without a credential."""
        if self.principal is None:
            raise InvalidToken()
        return self.principal.account_id

    @property
    def draining(self) -> bool:
        """The process is stopping: end waits and streams now."""
        return bool(self.kit.drain.is_set())

    @property
    def public_url(self) -> str:
        return self.platform.public_url

    def url(self, path: str) -> str:
        """*path* as an absolute URL below the public URL."""
        return self.platform.public_url + path if path.startswith("/") else path

    def meets(self, body: Any) -> bool:
        """Has *body* the version that `If-Match` names? Without that header any version will do."""
        lines = self.request.headers.getall("if-match", ())
        return not lines or matches(",".join(lines), etag_of(body), weak=False)

    async def context(self, *, status: int | None = None) -> Context:
        """Who asks, when and why. The command id follows from the Idempotency-Key when there is one, and is new otherwise."""
        fingerprint = None
        if self.idempotency_key is not None and self.principal is not None:
            command_id = command_of_key(self.principal.account_id, self.idempotency_key)
            fingerprint = await self.fingerprint()
        else:
            command_id = self.platform.ids.new()
        actor = f"account:{self.account}" if self.account else "anonymous"
        return Context(
            actor=actor,
            now=self.now,
            command_id=command_id,
            fingerprint=fingerprint,
            status=status,
            correlation=self.request_id,
            bound_to=self.bound_to,
        )

    async def fingerprint(self) -> bytes:
        """The keyed hash of this request: method, path and the document as sent."""
        key = await self.platform.vault.key(self.account_id)
        return key.fingerprint(fingerprinted(self.route.method, self.request.path, canonical(self.sent)))

    async def execute(self, command: Command, *, status: int | None, render: Render | None = None, secret: str | None = None) -> Answer:
        """Execute *command* and render its receipt with the route's `render` (or *render*), with its position and replay headers.

        *status* is kept with the command and answered again to a replay; None: what `render` says, where the outcome decides.
        A one-time *secret* is `call.secret` while the first answer is rendered, and None in a replay (`receipt.repeated`).
        """
        context = await self.context(status=status)
        self.executed = True
        if context.fingerprint is None:
            receipt = await self.platform.journal.execute(command, context)
        else:
            twins = self.kit.twins
            await twins.enter(context.command_id)
            try:
                receipt = await self.platform.journal.execute(command, context)
            finally:
                twins.leave(context.command_id)
        # What follows in the same request is decided on what this command left.
        self.bound_to = None
        self.secret = None if receipt.repeated else secret
        if self.principal is not None:
            self.kit.freshness.wrote(self.principal.account_id, receipt.position)
        return await self.rendered(receipt, render or self.route.render, status)

    async def rendered(self, receipt: Receipt, render: Render | None, status: int | None = None) -> Answer:
        """The answer that *receipt* stands for, the first time and every time."""
        self.replayed = receipt.repeated
        self.position = receipt.position
        if render is None:
            raise TypeError(f"{self.route.name} executes a command but has no render")
        answer = await render(self, receipt)
        kept = receipt.status if receipt.repeated else status
        if kept is not None:
            answer.status = kept
        # An answer that made more facts than its command's says so itself.
        answer.position = max(answer.position or 0, receipt.position)
        return answer

    def page(self, data: Sequence[Any], *, next_key: Sequence[Any] | None) -> Answer:
        """One page of a list: signs *next_key* (plain values; None: the last page) into the cursor and the Link header."""
        if next_key is None:
            return Answer(200, Page(list(data), None))
        cursor = cursors.make(self.platform.vault, self.cursor_scope(), next_key)
        query = self.kit.link_query(self.filters, cursor)
        link = f'<{self.url(self.request.path)}?{query}>; rel="next"'
        return Answer(200, Page(list(data), cursor), {"link": link})

    def cursor_scope(self) -> bytes:
        return cursors.scope_of(self.account, self.route.name + self.request.path, self.filters)

    async def wait(self, awaitable: Awaitable[Value], seconds: float) -> Value | None:
        """What *awaitable* gives, or None when it takes longer than *seconds* or the process begins to stop."""
        work = asyncio.ensure_future(awaitable)
        drained = asyncio.ensure_future(self.kit.drain.wait())
        try:
            await asyncio.wait({work, drained}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else None
        finally:
            work.cancel()
            drained.cancel()
