"""Operators and accounts: find, change roles and limits, suspend, reset passwords. Each write is a fact with its reason."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from msgspec import UNSET

from api.kit.answer import Answer, created, ok
from api.kit.call import Call
from api.kit.shapes import moment
from api.listing import page_of_all
from api.reading import read_account
from api.reasons import sealed_reason
from api.shapes.admin import (
    AccountCredits,
    AdminAccount,
    AdminAccountPatch,
    AdminAccountQuery,
    AdminAccountRow,
    AdminBalance,
    Because,
    OpenHold,
    ResetToken,
    shown_admin_account,
)
from domain.access.reset_tokens import SECRET_BYTES, hash_of, reset_token
from domain.accounts.account import Account
from domain.accounts.commands import ChangeRights, IssuePasswordReset, ReactivateAccount, SuspendAccount
from domain.accounts.profile import opened
from domain.accounts.refusals import AccountNotFound, OwnSuspension
from domain.credits.credit_account import CreditAccount
from domain.kernel.commands import Receipt
from domain.kernel.ids import credit_stream
from domain.kernel.refusals import Gone
from projections.accounts.accounts import AccountRow, page_of_accounts, row_of
from projections.credits.everybodys import credits_of

RESET_LIFE = timedelta(hours=24)


async def listed(call: Call, query: AdminAccountQuery) -> Answer:
    """All accounts, newest first."""

    async def show_all(rows: Sequence[AccountRow]) -> list[AdminAccountRow]:
        async with call.platform.reads.connection() as connection:
            credits = await credits_of(connection, [row.id for row in rows])
        return [await _with_credits(call, row, credits.get(row.id, (0, 0, 0))) for row in rows]

    return await page_of_all(
        call,
        query,
        page_of_accounts,
        show_all,
        statuses=query.status,
        roles=query.role,
        email_index=None if query.email is None else call.platform.vault.email_index(query.email),
    )


async def show(call: Call, id: UUID) -> Answer:
    """One account."""
    return ok(await shown(call, await read_account(call, id)))


async def balance(call: Call, id: UUID) -> Answer:
    """What an account has, what is bound by holds and by which."""
    await read_account(call, id)
    credits = await call.platform.journal.load(CreditAccount, credit_stream(id))
    if credits is None:
        raise AccountNotFound()
    grants = credits.grants.values()
    available, held = sum(grant["free"] for grant in grants), sum(grant["held"] for grant in grants)
    holds = [OpenHold(generation_id=key, kind=hold["kind"], amount=hold["amount"]) for key, hold in sorted(credits.holds.items())]
    return ok(AdminBalance(account_id=str(id), available=available, held=held, owed=credits.owed, holds=holds, position=credits.position))


async def change(call: Call, id: UUID, body: AdminAccountPatch) -> Answer:
    """Change roles or the account's own rate limits. An absent field stays."""
    if body.roles is UNSET and body.limits is UNSET:
        return await show(call, id)
    command = ChangeRights(
        account_id=id,
        roles=None if body.roles is UNSET else sorted(set(body.roles)),
        limits=None if body.limits is UNSET else {str(bucket): rate for bucket, rate in body.limits.items()},
        reason=await sealed_reason(call, id, body.reason),
    )
    return await call.execute(command, status=200, render=changed)


async def suspend(call: Call, id: UUID, body: Because) -> Answer:
    """Suspend an account: it accepts no new work. What is under way ends as it would have."""
    if id == call.account_id:
        raise OwnSuspension()
    return await call.execute(SuspendAccount(account_id=id, reason=await sealed_reason(call, id, body.reason)), status=200)


async def reactivate(call: Call, id: UUID, body: Because) -> Answer:
    """End a suspension."""
    return await call.execute(ReactivateAccount(account_id=id, reason=await sealed_reason(call, id, body.reason)), status=200)


async def changed(call: Call, receipt: Receipt) -> Answer:
    """The account as of the command."""
    account = await call.platform.journal.load(Account, call.path["id"], until=receipt.position)
    if account is None:
        raise AccountNotFound()
    # Whoever changed it sees it in force, also at this process's door.
    call.platform.credentials.forget(call.path["id"])
    return ok(await shown(call, row_of(account)))


async def issue_reset(call: Call, id: UUID, body: Because) -> Answer:
    """A one-time token with which the account's owner sets a new password. It is shown once and works for a day."""
    token = reset_token(id, secrets.token_bytes(SECRET_BYTES))
    reason = await sealed_reason(call, id, body.reason)
    command = IssuePasswordReset(account_id=id, token_hash=hash_of(token), expires_at=call.now + RESET_LIFE, reason=reason)
    return await call.execute(command, status=201, secret=token)


async def reset_issued(call: Call, receipt: Receipt) -> Answer:
    account = await call.platform.journal.load(Account, call.path["id"], until=receipt.position)
    if account is None or account.reset is None:
        raise AccountNotFound()
    shape = ResetToken(
        account_id=str(account.id),
        token=call.secret,
        secret_shown=call.secret is None,
        expires_at=moment(account.reset["expires_at"]),
    )
    return created(shape, f"/v1/admin/accounts/{account.id}")


async def _with_credits(call: Call, row: AccountRow, credits: tuple[int, int, int]) -> AdminAccountRow:
    account = await shown(call, row)
    available, held, owed = credits
    values = {name: getattr(account, name) for name in AdminAccount.__struct_fields__}
    return AdminAccountRow(**values, credits=AccountCredits(available=available, held=held, owed=owed))


async def shown(call: Call, row: AccountRow) -> AdminAccount:
    try:
        profile = opened(await call.platform.vault.key(row.id), row.sealed_profile)
    except Gone:
        profile = None
    return shown_admin_account(row, profile)
