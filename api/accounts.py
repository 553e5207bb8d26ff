"""Your own account."""

from contextlib import suppress

from msgspec import UNSET
from msgspec.structs import replace

from api.kit.answer import Answer, ok
from api.kit.call import Call
from api.kit.refusals import PreconditionFailed
from api.kit.shapes import moment
from api.own_subscription import own_subscription
from api.reading import read_account
from api.shapes.accounts import Account as Shown
from api.shapes.accounts import ProfilePatch, shown_account
from domain.accounts.account import Account
from domain.accounts.commands import ChangeProfile
from domain.accounts.profile import opened
from domain.accounts.refusals import AccountNotFound, ProfileChangedMeanwhile
from domain.kernel.commands import Receipt
from projections.accounts.accounts import AccountRow, row_of

#: How often a change is made again because another request was faster.
ATTEMPTS = 10


async def me(call: Call) -> Answer:
    """Who you are here."""
    return ok(await shown_me(call, await read_account(call, call.account_id)))


async def change_me(call: Call, body: ProfilePatch) -> Answer:
    """Change your names. An absent field stays, null clears."""
    for _ in range(ATTEMPTS):
        with suppress(ProfileChangedMeanwhile):
            return await _change(call, body)
        # Another request was faster: the change is made again on what that one left.
    return await _change(call, body)


async def _change(call: Call, body: ProfilePatch) -> Answer:
    """Raises PreconditionFailed, ProfileChangedMeanwhile."""
    account = await call.platform.journal.load(Account, call.account_id)
    if account is None:
        raise AccountNotFound()
    current = await shown_me(call, row_of(account))
    # Looked at again here, because what follows is bound to this very profile.
    if not call.meets(current):
        raise PreconditionFailed()
    key = await call.platform.vault.key(account.id)
    given = {name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not UNSET}
    before = opened(key, account.sealed_profile)
    profile = replace(before, **given)
    if profile == before:
        return ok(current)
    command = ChangeProfile(account_id=account.id, sealed_profile=profile.sealed(key), expected_profile=account.sealed_profile)
    return await call.execute(command, status=200, render=_changed)


async def _changed(call: Call, receipt: Receipt) -> Answer:
    account = await call.platform.journal.load(Account, call.account_id, until=receipt.position)
    if account is None:
        raise AccountNotFound()
    return ok(await shown_me(call, row_of(account)))


async def shown_me(call: Call, row: AccountRow) -> Shown:
    key = await call.platform.vault.key(row.id)
    last_begun = moment(await call.platform.sessions.last_begun(row.id))
    return shown_account(row, opened(key, row.sealed_profile), last_begun, await own_subscription(call, row.id))
