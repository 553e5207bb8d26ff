"""Beginning sessions, and their answers."""

from uuid import UUID

from api.kit.answer import Answer, ok
from api.kit.call import Call
from api.kit.shapes import moment
from api.own_subscription import own_subscription
from api.shapes.access import Session
from api.shapes.accounts import shown_account
from domain.accounts.account import Account
from domain.accounts.profile import opened
from domain.accounts.refusals import AccountNotFound
from domain.kernel.commands import Command
from projections.accounts.accounts import row_of


async def begun(call: Call, account_id: UUID) -> Session:
    """A new session of the account, which is answered as the log has it now."""
    account = await call.platform.journal.load(Account, account_id)
    if account is None:
        raise AccountNotFound()
    key = await call.platform.vault.key(account_id)
    issued = await call.platform.sessions.begin(account_id, now=call.now)
    return Session(
        account=shown_account(
            row_of(account), opened(key, account.sealed_profile), moment(call.now), await own_subscription(call, account_id)
        ),
        access_token=issued.access_token,
        refresh_token=issued.refresh_token,
        token_type="Bearer",
        expires_in=issued.expires_in,
    )


async def logged_in(call: Call, command: Command, account_id: UUID) -> Answer:
    """After a *command* that ends all sessions: a new one."""
    receipt = await call.platform.journal.execute(command, await call.context(status=200))
    await call.platform.sessions.end_all(account_id, now=call.now)
    call.platform.credentials.forget(account_id)
    answer = ok(await begun(call, account_id))
    answer.position = receipt.position
    return answer
