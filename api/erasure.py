"""Being forgotten: asked for by the owner with his password, or by an operator with a reason. The eraser does the rest."""

from uuid import UUID

from api.kit.answer import Answer, accepted
from api.kit.call import Call
from api.kit.shapes import moment
from api.reasons import sealed_reason
from api.shapes.admin import Because
from api.shapes.erasure import Erasure, ErasureRequest
from domain.accounts.account import Account
from domain.accounts.events import AccountErasureRequested
from domain.accounts.refusals import AccountNotFound, CurrentPasswordWrong
from domain.erasure.commands import RequestErasure
from domain.kernel.commands import Receipt


async def request(call: Call, body: ErasureRequest) -> Answer:
    """Have everything about you erased. It cannot be undone.

    From this moment you are logged out everywhere and your address and API tokens are unknown. Open generations are
    canceled and cost nothing, your files are deleted, and then the key is destroyed without which nothing you wrote can be
    read again. Amounts, kinds and times stay in the book. Get `GET /v1/me/export` first.
    """
    platform = call.platform
    account = await platform.journal.load(Account, call.account_id)
    if account is None:
        raise AccountNotFound()
    key = await platform.vault.key(account.id)
    if not await platform.passwords.verify(body.password, key.open(account.sealed_password_hash)):
        raise CurrentPasswordWrong(errors=[("/password", "is wrong")])
    return await call.execute(RequestErasure(account_id=account.id, by="owner"), status=202)


async def request_by_deleting(call: Call, body: ErasureRequest) -> Answer:
    """The same as `POST /v1/me/erasure`."""
    return await request(call, body)


async def request_for(call: Call, id: UUID, body: Because) -> Answer:
    """Have an account erased, on its owner's behalf. It cannot be undone; the reason is erased with the rest."""
    account = await call.platform.journal.load(Account, id)
    if account is None:
        raise AccountNotFound()
    # What was asked for before is answered as before, also when there is no key any more to seal a reason with.
    reason = None if account.forgotten else await sealed_reason(call, id, body.reason)
    return await call.execute(RequestErasure(account_id=id, by="operator", sealed_reason=reason), status=202)


async def requested(call: Call, receipt: Receipt) -> Answer:
    """The request as the log has it."""
    account_id = UUID(receipt.result["account_id"])
    events = await call.platform.journal.stream(account_id)
    asked = next(event for event in events if isinstance(event.fact, AccountErasureRequested))
    # This process's own door is shut before anybody is told.
    call.platform.credentials.forget(account_id)
    shape = Erasure(account_id=str(account_id), requested_at=moment(asked.recorded_at), position=asked.position)
    return accepted(shape, "/v1/me" if call.route.path_names == [] else f"/v1/admin/accounts/{account_id}")
