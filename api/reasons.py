"""Why an operator did something: words about a person, sealed with that person's key, so that they go with it."""

from uuid import UUID

from api.kit.call import Call
from domain.accounts.account import Account
from domain.accounts.refusals import AccountNotFound
from domain.kernel.sealed_text import opened_text


async def sealed_reason(call: Call, account_id: UUID, reason: str) -> str:
    """Raises AccountNotFound, Erased."""
    if await call.platform.journal.load(Account, account_id, fresh=False) is None:
        raise AccountNotFound()
    return (await call.platform.vault.key(account_id)).seal(reason)


async def opened_reason(call: Call, account_id: UUID | None, reason: str | None) -> str:
    """The reason of a fact about *account_id*.   Raises Erased."""
    if account_id is None:
        return reason or ""
    return opened_text(await call.platform.vault.key(account_id), reason or "")
