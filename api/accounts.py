"""Your own account."""

from msgspec import UNSET
from msgspec.structs import replace

from api.kit.answer import Answer, ok
from api.kit.call import Call
from api.kit.shapes import moment
from api.reading import read_account
from api.shapes.accounts import Account as Shown
from api.shapes.accounts import ProfilePatch, shown_account
from domain.accounts.account import Account
from domain.accounts.commands import ChangeProfile
from domain.accounts.profile import opened
from domain.accounts.refusals import AccountNotFound
from domain.kernel.commands import Receipt
from projections.accounts.accounts import AccountRow, row_of


async def me(call: Call) -> Answer:
    """Who you are here."""
    return ok(await _shown(call, await read_account(call, call.account_id)))


async def change_me(call: Call, body: ProfilePatch) -> Answer:
    """Change your names. An absent field stays, null clears."""
    account = await call.platform.journal.load(Account, call.account_id)
    if account is None:
        raise AccountNotFound()
    key = await call.platform.vault.key(account.id)
    given = {name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not UNSET}
    before = opened(key, account.sealed_profile)
    profile = replace(before, **given)
    if profile == before:
        return ok(await _shown(call, row_of(account)))
    command = ChangeProfile(account_id=account.id, sealed_profile=profile.sealed(key))
    return await call.execute(command, status=200, render=_changed)


async def _changed(call: Call, receipt: Receipt) -> Answer:
    account = await call.platform.journal.load(Account, call.account_id, until=receipt.position)
    if account is None:
        raise AccountNotFound()
    return ok(await _shown(call, row_of(account)))


async def _shown(call: Call, row: AccountRow) -> Shown:
    key = await call.platform.vault.key(row.id)
    return shown_account(row, opened(key, row.sealed_profile), moment(await call.platform.sessions.last_begun(row.id)))
