"""Each command of an erasure: its streams, and what it decides."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.accounts.account import Account
from domain.accounts.refusals import AccountNotFound
from domain.credits.credit_account import CreditAccount
from domain.erasure import commands
from domain.generations.generation import Generation
from domain.kernel.commands import CloseWork, Command, Decision, Handler, Need, Streams
from domain.kernel.ids import credit_stream

#: Stands in the ledger: new holds are refused from the request on.
REASON = "erasure"


def _needs_credits(command: commands.RequestErasure | commands.CancelForErasure) -> Need:
    return Need(CreditAccount, credit_stream(command.account_id))


def _request(command: commands.RequestErasure, streams: Streams, now: datetime) -> Decision:
    """In one commit: nobody enters any more, nothing new can be held, and address and tokens belong to nobody."""
    account = _account(streams, command.account_id)
    credits = CreditAccount.among(streams, command.account_id)
    freed = [f"email:{account.email_index}", *(f"api_token:{token['token_hash']}" for token in account.api_tokens.values())]
    begun = account.request_erasure(by=command.by, sealed_reason=command.sealed_reason, now=now)
    if begun:
        credits.suspend(reason=REASON, now=now)
    return Decision(
        account_id=command.account_id,
        saved=[credits, account],
        result={"account_id": str(command.account_id)},
        freed=freed if begun else [],
    )


def _cancel(command: commands.CancelForErasure, streams: Streams, now: datetime) -> Decision:
    generation = Generation.of(streams, command.generation_id, command.account_id)
    if generation.final:
        return Decision(account_id=command.account_id, saved=[generation])
    credits = CreditAccount.among(streams, command.account_id)
    generation.cancel(actor=REASON, charged=0, paid_by=[], now=now)
    if generation.quoted:
        credits.release(command.generation_id, now=now)
    work = [CloseWork(generation_id=command.generation_id)]
    return Decision(account_id=command.account_id, saved=[generation, credits], work=work)


def _complete(command: commands.CompleteErasure, streams: Streams, now: datetime) -> Decision:
    account = _account(streams, command.account_id)
    account.complete_erasure(requested_at=command.requested_at, now=now)
    return Decision(account_id=command.account_id, saved=[account])


def _account(streams: Streams, account_id: UUID) -> Account:
    account = streams.get(Account, account_id)
    if account is None:
        raise AccountNotFound()
    return account


def _needs_account(command: commands.CompleteErasure) -> Sequence[Need]:
    return [Need(Account, command.account_id)]


HANDLERS: dict[type[Command], Handler] = {
    commands.CancelForErasure: Handler(lambda c: [Need(Generation, c.generation_id), _needs_credits(c)], _cancel),
    commands.CompleteErasure: Handler(_needs_account, _complete),
    commands.RequestErasure: Handler(lambda c: [Need(Account, c.account_id), _needs_credits(c)], _request),
}
