"""Erasing an account from the machine itself: the same request as over HTTP, and its end awaited."""

from collections.abc import Callable
from uuid import UUID

from daybook.bootstrap import Ground, ground
from daybook.office import operator_context
from daybook.settings import Settings
from domain.accounts.account import Account
from domain.accounts.refusals import AccountNotFound
from domain.erasure.commands import RequestErasure
from infra.erasure.erasures import PostgresErasures
from workers.erasure.eraser import Eraser

ROLE = "command"


async def erase_account(settings: Settings, account_id: UUID, *, reason: str, told: Callable[[str], None] = lambda step: None) -> None:
    """Ask for it and carry it out. Nothing happens to somebody who was erased before.

    Raises AccountNotFound, Unavailable.
    """
    async with ground(settings, ROLE) as base:
        await _request(base, account_id, reason)
        erasures = PostgresErasures(base.reads)
        due = await erasures.of(account_id)
        if due is not None:
            await Eraser(base, erasures, "eraser", told).erase(due)


async def _request(base: Ground, account_id: UUID, reason: str) -> None:
    account = await base.journal.load(Account, account_id)
    if account is None:
        raise AccountNotFound()
    if not account.forgotten:
        sealed = (await base.vault.key(account_id)).seal(reason)
        await base.journal.execute(RequestErasure(account_id=account_id, by="operator", sealed_reason=sealed), operator_context(base))
