"""The account: profile, roles, status, password and API tokens."""

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.accounts import events, refusals
from domain.kernel.facts import Root, when
from domain.kernel.limits import API_TOKENS_MAX

ROLES = ("auditor", "operator", "user")
STATUSES = ("active", "erased", "erasing", "suspended")


#: The account's limit that counts no requests, but what runs at once.
CONCURRENCY = "concurrency"


class Account(Root):
    """Stream id: the account's id. Times come from the facts."""

    TOPIC = "accounts.account"

    def __init__(self) -> None:
        self.sealed_profile = ""
        self.email_index = ""
        self.sealed_password_hash = ""
        self.password_changed_at: datetime | None = None
        self.roles: list[str] = []
        self.status = "active"
        self.limits: dict[str, str] = {}
        self.api_tokens: dict[str, dict[str, Any]] = {}
        self.reset: dict[str, Any] | None = None

    @classmethod
    def register(
        cls, account_id: UUID, *, sealed_profile: str, email_index: str, sealed_password_hash: str, roles: list[str], now: datetime
    ) -> "Account":
        account: Account = cls._create(
            events.AccountRegistered,
            id=account_id,
            timestamp=now,
            sealed_profile=sealed_profile,
            email_index=email_index,
            sealed_password_hash=sealed_password_hash,
            roles=sorted(roles),
        )
        return account

    def change_profile(self, sealed_profile: str, *, expected: str | None, now: datetime) -> None:
        if expected not in (None, self.sealed_profile):
            raise refusals.ProfileChangedMeanwhile()
        self.record(events.ProfileChanged, now=now, sealed_profile=sealed_profile)

    def change_roles(self, roles: list[str], *, reason: str, now: datetime) -> None:
        if sorted(roles) != self.roles:
            self.record(events.RolesChanged, now=now, roles=sorted(roles), reason=reason)

    def change_limits(self, limits: dict[str, str], *, reason: str, now: datetime) -> None:
        if limits != self.limits:
            self.record(events.LimitsChanged, now=now, limits=limits, reason=reason)

    def suspend(self, *, reason: str, now: datetime) -> None:
        if self.status == "active":
            self.record(events.AccountSuspended, now=now, reason=reason)

    def reactivate(self, *, reason: str, now: datetime) -> None:
        if self.status == "suspended":
            self.record(events.AccountReactivated, now=now, reason=reason)

    def change_password(self, sealed_password_hash: str, *, expected_hash: str, now: datetime) -> None:
        if expected_hash != self.sealed_password_hash:
            raise refusals.PasswordChangedMeanwhile()
        self.record(events.PasswordChanged, now=now, sealed_password_hash=sealed_password_hash, by="owner")

    def issue_password_reset(self, *, token_hash: str, expires_at: datetime, reason: str, now: datetime) -> None:
        self.record(events.PasswordResetIssued, now=now, token_hash=token_hash, expires_at=expires_at, reason=reason)

    def reset_password(self, sealed_password_hash: str, *, token_hash: str, now: datetime) -> None:
        if self.reset is None or self.reset["token_hash"] != token_hash or self.reset["expires_at"] <= now:
            raise refusals.ResetTokenInvalid(errors=[("/token", "wrong, used or expired")])
        self.record(events.PasswordChanged, now=now, sealed_password_hash=sealed_password_hash, by="reset")

    def issue_api_token(
        self, token_id: UUID, *, token_hash: str, sealed_name: str, scopes: list[str], expires_at: datetime | None, now: datetime
    ) -> None:
        if len(self.api_tokens) >= API_TOKENS_MAX:
            raise refusals.TooManyApiTokens(limit=API_TOKENS_MAX)
        self.record(
            events.ApiTokenIssued,
            now=now,
            token_id=token_id,
            token_hash=token_hash,
            sealed_name=sealed_name,
            scopes=sorted(scopes),
            expires_at=expires_at,
        )

    def revoke_api_token(self, token_id: UUID, *, now: datetime) -> str:
        """Returns the hash of the revoked token.   Raises ApiTokenNotFound."""
        token = self.api_tokens.get(str(token_id))
        if token is None:
            raise refusals.ApiTokenNotFound()
        self.record(events.ApiTokenRevoked, now=now, token_id=token_id)
        return str(token["token_hash"])

    @property
    def forgotten(self) -> bool:
        """Its erasure was requested: it only goes on to its end."""
        return self.status in ("erasing", "erased")

    def request_erasure(self, *, by: str, sealed_reason: str | None, now: datetime) -> bool:
        """False when that happened before."""
        if self.forgotten:
            return False
        self.record(events.AccountErasureRequested, now=now, by=by, sealed_reason=sealed_reason)
        return True

    def complete_erasure(self, *, requested_at: datetime, now: datetime) -> None:
        """Raises ErasureNotRequested."""
        if self.status == "erased":
            return
        if self.status != "erasing":
            raise refusals.ErasureNotRequested()
        self.record(events.AccountErased, now=now, requested_at=requested_at)

    @when(events.AccountRegistered)
    def _registered(self, fact: events.AccountRegistered) -> None:
        self.sealed_profile = fact.sealed_profile
        self.email_index = fact.email_index
        self.sealed_password_hash = fact.sealed_password_hash
        self.password_changed_at = fact.timestamp
        self.roles = list(fact.roles)

    @when(events.ProfileChanged)
    def _profile_changed(self, fact: events.ProfileChanged) -> None:
        self.sealed_profile = fact.sealed_profile

    @when(events.RolesChanged)
    def _roles_changed(self, fact: events.RolesChanged) -> None:
        self.roles = list(fact.roles)

    @when(events.LimitsChanged)
    def _limits_changed(self, fact: events.LimitsChanged) -> None:
        self.limits = dict(fact.limits)

    @when(events.AccountSuspended)
    def _suspended(self, fact: events.AccountSuspended) -> None:
        self.status = "suspended"

    @when(events.AccountReactivated)
    def _reactivated(self, fact: events.AccountReactivated) -> None:
        self.status = "active"

    @when(events.PasswordChanged)
    def _password_changed(self, fact: events.PasswordChanged) -> None:
        self.sealed_password_hash = fact.sealed_password_hash
        self.password_changed_at = fact.timestamp
        self.reset = None

    @when(events.PasswordResetIssued)
    def _password_reset_issued(self, fact: events.PasswordResetIssued) -> None:
        self.reset = {"token_hash": fact.token_hash, "expires_at": fact.expires_at}

    @when(events.ApiTokenIssued)
    def _api_token_issued(self, fact: events.ApiTokenIssued) -> None:
        self.api_tokens[str(fact.token_id)] = {
            "token_hash": fact.token_hash,
            "sealed_name": fact.sealed_name,
            "scopes": list(fact.scopes),
            "expires_at": fact.expires_at,
            "created_at": fact.timestamp,
        }

    @when(events.ApiTokenRevoked)
    def _api_token_revoked(self, fact: events.ApiTokenRevoked) -> None:
        self.api_tokens.pop(str(fact.token_id), None)

    @when(events.AccountErasureRequested)
    def _erasure_requested(self, fact: events.AccountErasureRequested) -> None:
        self.status = "erasing"
        self.api_tokens = {}
        self.reset = None

    @when(events.AccountErased)
    def _erased(self, fact: events.AccountErased) -> None:
        self.status = "erased"
        self.sealed_profile = self.email_index = self.sealed_password_hash = ""
