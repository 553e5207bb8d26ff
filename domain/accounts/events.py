"""Facts of an account's own stream. Fields named `sealed_*` are ciphertext under the account's data key."""

from datetime import datetime
from uuid import UUID

from domain.kernel.facts import Fact, FirstFact


class AccountRegistered(FirstFact):
    """`sealed_profile` is JSON {email, name, first_name, last_name}; `email_index` the keyed hash that keeps e-mail unique."""

    TOPIC = "accounts.registered"
    sealed_profile: str
    email_index: str
    sealed_password_hash: str
    roles: list[str]


class ProfileChanged(Fact):
    TOPIC = "accounts.profile_changed"
    sealed_profile: str


class RolesChanged(Fact):
    TOPIC = "accounts.roles_changed"
    roles: list[str]
    reason: str


class LimitsChanged(Fact):
    """`limits` overrides the default limits: bucket -> "count/seconds", and "concurrency" -> how many generations run at once."""

    TOPIC = "accounts.limits_changed"
    limits: dict[str, str]
    reason: str


class AccountSuspended(Fact):
    TOPIC = "accounts.suspended"
    reason: str


class AccountReactivated(Fact):
    TOPIC = "accounts.reactivated"
    reason: str


class PasswordChanged(Fact):
    """`by` is "owner" or "reset". Every session of the account ends with it."""

    TOPIC = "accounts.password_changed"
    sealed_password_hash: str
    by: str


class PasswordResetIssued(Fact):
    """An operator made a one-time token; only its SHA-256 (hex) is kept."""

    TOPIC = "accounts.password_reset_issued"
    token_hash: str
    expires_at: datetime
    reason: str


class ApiTokenIssued(Fact):
    """`token_hash` is the SHA-256 (hex) of the token, which is shown once."""

    TOPIC = "accounts.api_token_issued"
    token_id: UUID
    token_hash: str
    sealed_name: str
    scopes: list[str]
    expires_at: datetime | None


class ApiTokenRevoked(Fact):
    TOPIC = "accounts.api_token_revoked"
    token_id: UUID


class AccountErasureRequested(Fact):
    """The person is to be forgotten: from now on nobody enters, and address and API tokens belong to nobody.

    `by` is "owner", "operator" (with a reason) or "restore": asked before, and applied again to an older copy of the log.
    """

    TOPIC = "accounts.erasure_requested"
    by: str
    sealed_reason: str | None = None


class AccountErased(Fact):
    """The data key is destroyed: everything `sealed_*` of this person is noise for ever. `requested_at` is when it was asked for."""

    TOPIC = "accounts.erased"
    requested_at: datetime
