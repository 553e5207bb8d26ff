"""Each command of an account: its streams, and one domain call."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.refusals import Erased
from domain.accounts import commands, refusals
from domain.accounts.account import CONCURRENCY, Account
from domain.credits.credit_account import CreditAccount
from domain.kernel.commands import Command, Decision, Handler, LimitWork, Need, Streams, Work
from domain.kernel.ids import credit_stream


def _account(streams: Streams, account_id: UUID) -> Account:
    account = streams.get(Account, account_id)
    if account is None:
        raise refusals.AccountNotFound()
    if account.forgotten:
        raise Erased()
    return account


def _needs_account(command: commands.ChangeProfile) -> Sequence[Need]:
    return [Need(Account, command.account_id)]


def _needs_both(command: commands.SuspendAccount) -> Sequence[Need]:
    return [Need(Account, command.account_id), Need(CreditAccount, credit_stream(command.account_id))]


def _register(command: commands.RegisterAccount, streams: Streams, now: datetime) -> Decision:
    account = Account.register(
        command.account_id,
        sealed_profile=command.sealed_profile,
        email_index=command.email_index,
        sealed_password_hash=command.sealed_password_hash,
        roles=command.roles,
        now=now,
    )
    credits = CreditAccount.open(command.account_id, now=now)
    claims = ["email"]
    if command.welcome_credits:
        # Stays when the account is erased: an address is welcomed once.
        claims.append("welcome")
        credits.grant(command.welcome_grant_id, source="welcome", amount=command.welcome_credits, priority=0, expires_at=None, now=now)
    return Decision(
        account_id=command.account_id,
        saved=[account, credits],
        result={"account_id": str(command.account_id)},
        taken=[(f"{claim}:{command.email_index}", command.account_id) for claim in claims],
        when_taken=refusals.EmailTaken,
    )


def _change(act: Callable[[Account, Any, datetime], None]) -> Handler:
    """A handler that changes nothing but the account."""

    def decide(command: commands.ChangeProfile, streams: Streams, now: datetime) -> Decision:
        account = _account(streams, command.account_id)
        act(account, command, now)
        return Decision(account_id=command.account_id, saved=[account], result={"account_id": str(command.account_id)})

    return Handler(_needs_account, decide)


def _suspend(command: commands.SuspendAccount, streams: Streams, now: datetime) -> Decision:
    account = _account(streams, command.account_id)
    credits = CreditAccount.among(streams, command.account_id)
    account.suspend(reason=command.reason, now=now)
    credits.suspend(reason=command.reason, now=now)
    return Decision(account_id=command.account_id, saved=[account, credits])


def _reactivate(command: commands.ReactivateAccount, streams: Streams, now: datetime) -> Decision:
    account = _account(streams, command.account_id)
    credits = CreditAccount.among(streams, command.account_id)
    account.reactivate(reason=command.reason, now=now)
    credits.resume(reason=command.reason, now=now)
    return Decision(account_id=command.account_id, saved=[account, credits])


def _issue_api_token(command: commands.IssueApiToken, streams: Streams, now: datetime) -> Decision:
    account = _account(streams, command.account_id)
    account.issue_api_token(
        command.token_id,
        token_hash=command.token_hash,
        sealed_name=command.sealed_name,
        scopes=command.scopes,
        expires_at=command.expires_at,
        now=now,
    )
    return Decision(
        account_id=command.account_id,
        saved=[account],
        result={"token_id": str(command.token_id)},
        taken=[(f"api_token:{command.token_hash}", command.account_id)],
    )


def _revoke_api_token(command: commands.RevokeApiToken, streams: Streams, now: datetime) -> Decision:
    account = _account(streams, command.account_id)
    token_hash = account.revoke_api_token(command.token_id, now=now)
    return Decision(account_id=command.account_id, saved=[account], freed=[f"api_token:{token_hash}"])


def _change_rights(command: commands.ChangeRights, streams: Streams, now: datetime) -> Decision:
    account = _account(streams, command.account_id)
    if command.roles is not None:
        account.change_roles(command.roles, reason=command.reason, now=now)
    work: list[Work] = []
    if command.limits is not None:
        account.change_limits(command.limits, reason=command.reason, now=now)
        concurrency = command.limits.get(CONCURRENCY)
        work.append(LimitWork(account_id=command.account_id, most=None if concurrency is None else int(concurrency)))
    return Decision(account_id=command.account_id, saved=[account], result={"account_id": str(command.account_id)}, work=work)


HANDLERS: dict[type[Command], Handler] = {
    commands.ChangePassword: _change(
        lambda account, c, now: account.change_password(c.sealed_password_hash, expected_hash=c.expected_hash, now=now)
    ),
    commands.ChangeProfile: _change(lambda account, c, now: account.change_profile(c.sealed_profile, expected=c.expected_profile, now=now)),
    commands.ChangeRights: Handler(_needs_account, _change_rights),
    commands.IssueApiToken: Handler(_needs_account, _issue_api_token),
    commands.IssuePasswordReset: _change(
        lambda account, c, now: account.issue_password_reset(token_hash=c.token_hash, expires_at=c.expires_at, reason=c.reason, now=now)
    ),
    commands.ReactivateAccount: Handler(_needs_both, _reactivate),
    commands.RegisterAccount: Handler(lambda command: [], _register),
    commands.ResetPassword: _change(
        lambda account, c, now: account.reset_password(c.sealed_password_hash, token_hash=c.token_hash, now=now)
    ),
    commands.RevokeApiToken: Handler(_needs_account, _revoke_api_token),
    commands.SuspendAccount: Handler(_needs_both, _suspend),
}
