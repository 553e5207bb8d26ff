"""One request, as an endpoint sees it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from api.kit.answer import Answer
from api.kit.route import Render, Route
from api.platform import Platform, Principal
from domain.kernel.commands import Command, Context


class Call:
    """Made by the kit before the endpoint runs. `principal` is None only on public routes without a credential.

    `seen`: how far the read model of the route has seen; `behind`: it has not yet seen the account's last write (or the
    position asked for), so a single resource is folded from its stream instead. `after`: the key in the cursor, as given
    to `page`. `prefer_wait`: seconds of `Prefer: wait=N` (1 to 60), None without. `secret`: see `execute`.
    """

    platform: Platform
    route: Route
    principal: Principal | None
    request: Any
    request_id: str
    now: datetime
    address: str
    idempotency_key: str | None
    prefer_wait: int | None
    min_position: int | None
    seen: int | None
    behind: bool
    after: list[Any] | None
    secret: str | None

    @property
    def account_id(self) -> UUID:
        """The caller's account. Only on routes that need a credential."""
        raise NotImplementedError

    @property
    def draining(self) -> bool:
        """The process is stopping: end waits and streams now."""
        raise NotImplementedError

    def url(self, path: str) -> str:
        """*path* as an absolute URL below the public URL."""
        raise NotImplementedError

    async def context(self, *, status: int | None = None) -> Context:
        """Who asks, when and why. The command id follows from the Idempotency-Key when there is one, and is new otherwise."""
        raise NotImplementedError

    async def execute(self, command: Command, *, status: int, render: Render | None = None, secret: str | None = None) -> Answer:
        """Execute *command* and render its receipt with the route's `render` (or *render*), with its position and replay headers.

        A one-time *secret* is `call.secret` while the first answer is rendered, and None in a replay (`receipt.repeated`).
        """
        raise NotImplementedError

    def page(self, data: Sequence[Any], *, next_key: Sequence[Any] | None) -> Answer:
        """One page of a list: signs *next_key* (plain values; None: the last page) into the cursor and the Link header."""
        raise NotImplementedError
