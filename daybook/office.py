"""What an operator does from the machine itself: accounts and grants, by the same commands as over HTTP."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from daybook.bootstrap import Ground, ground
from daybook.settings import Settings
from domain.accounts.account import Account
from domain.accounts.commands import RegisterAccount
from domain.accounts.profile import Profile
from domain.accounts.refusals import AccountNotFound
from domain.credits.commands import AdjustCredits, GrantCredits
from domain.kernel.commands import Context
from infra.access.passwords import BcryptPasswords
from projections.accounts.registrations import welcomes_left

ROLE = "command"
GRANT_SOURCE = "operator"


async def create_account(settings: Settings, *, email: str, password: str, role: str) -> UUID:
    """An account with the welcome credits of everybody, while the day has some. Its id.

    Raises EmailTaken; the caller has checked the two words.
    """
    async with ground(settings, ROLE) as base:
        account_id = base.ids.new()
        passwords = BcryptPasswords()
        try:
            hashed = await passwords.hash(password)
        finally:
            passwords.close()
        key = await base.vault.create(account_id)
        email_index = base.vault.email_index(email)
        async with _welcome(base, email_index) as welcome_credits:
            command = RegisterAccount(
                account_id=account_id,
                sealed_profile=Profile(email=email).sealed(key),
                email_index=email_index,
                sealed_password_hash=key.seal(hashed),
                roles=sorted({"user", role}),
                welcome_grant_id=base.ids.new(),
                welcome_credits=welcome_credits,
            )
            await base.journal.execute(command, operator_context(base))
        return account_id


async def grant_credits(settings: Settings, account_id: UUID, *, amount: int, reason: str, days: int) -> UUID:
    """A grant that expires in *days* (0: never). Its id.   Raises AccountNotFound and what the ledger refuses."""
    async with ground(settings, ROLE) as base:
        now = base.clock.now()
        command = GrantCredits(
            account_id=account_id,
            grant_id=base.ids.new(),
            source=GRANT_SOURCE,
            amount=amount,
            priority=0,
            expires_at=now + timedelta(days=days) if days else None,
            reason=await _sealed(base, account_id, reason),
        )
        receipt = await base.journal.execute(command, operator_context(base))
        return UUID(receipt.result["grant_id"])


async def adjust_credits(settings: Settings, account_id: UUID, *, amount: int, reason: str) -> UUID:
    """A correction in either direction. Its id.   Raises AccountNotFound and what the ledger refuses."""
    async with ground(settings, ROLE) as base:
        sealed = await _sealed(base, account_id, reason)
        command = AdjustCredits(account_id=account_id, adjustment_id=base.ids.new(), amount=amount, reason=sealed)
        receipt = await base.journal.execute(command, operator_context(base))
        return UUID(receipt.result["adjustment_id"])


async def _sealed(base: Ground, account_id: UUID, reason: str) -> str:
    """Words about a person, under that person's key.   Raises AccountNotFound, Erased."""
    if await base.journal.load(Account, account_id) is None:
        raise AccountNotFound()
    return (await base.vault.key(account_id)).seal(reason)


@asynccontextmanager
async def _welcome(base: Ground, email_index: str) -> AsyncIterator[int]:
    """None when the address had its own or the day's share is used up, as over HTTP."""
    settings = base.settings
    if settings.welcome_credits == 0 or await base.journal.claimed(f"welcome:{email_index}") is not None:
        yield 0
        return
    async with welcomes_left(base.reads, now=base.clock.now(), limit=settings.welcome_per_day) as left:
        yield settings.welcome_credits if left else 0


def operator_context(base: Ground) -> Context:
    """The actor is the machine's user: the log says that it was nobody who came in over HTTP."""
    return Context(actor=f"operator:command-line:{os.getuid()}", now=base.clock.now(), command_id=base.ids.new())
