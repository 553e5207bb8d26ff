"""What can be asked of an account."""

from datetime import datetime
from uuid import UUID

from domain.kernel.commands import Command


class RegisterAccount(Command):
    """`welcome_credits` of 0 grants nothing. Ids are made by the caller."""

    account_id: UUID
    sealed_profile: str
    email_index: str
    sealed_password_hash: str
    roles: list[str]
    welcome_grant_id: UUID
    welcome_credits: int


class ChangeProfile(Command):
    """`expected_profile` is what the new one was made from; another change in between refuses this one. None: whatever it is."""

    account_id: UUID
    sealed_profile: str
    expected_profile: str | None = None


class ChangeRights(Command):
    """What an account may: its roles, and its own rate limits. None: that stays as it is."""

    account_id: UUID
    reason: str
    roles: list[str] | None = None
    limits: dict[str, str] | None = None


class SuspendAccount(Command):
    account_id: UUID
    reason: str


class ReactivateAccount(Command):
    account_id: UUID
    reason: str


class ChangePassword(Command):
    """The caller has verified the current password against the stream at `version`; a later change makes this stale."""

    account_id: UUID
    sealed_password_hash: str
    expected_hash: str


class IssuePasswordReset(Command):
    account_id: UUID
    token_hash: str
    expires_at: datetime
    reason: str


class ResetPassword(Command):
    account_id: UUID
    token_hash: str
    sealed_password_hash: str


class IssueApiToken(Command):
    account_id: UUID
    token_id: UUID
    token_hash: str
    sealed_name: str
    scopes: list[str]
    expires_at: datetime | None


class RevokeApiToken(Command):
    account_id: UUID
    token_id: UUID
