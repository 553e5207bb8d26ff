"""An account as its owner sees it."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from api.kit.shapes import Body, Id, Moment, Shown, moment
from api.shapes.subscriptions import OwnSubscription
from domain.accounts.profile import Profile
from domain.kernel.limits import NAME_CHARS_MAX
from projections.accounts.accounts import AccountRow

Name = Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
Role = Literal["auditor", "operator", "user"]


class Account(Shown):
    """`subscription`: the one that has not ended."""

    id: Id
    email: str
    name: str | None
    first_name: str | None
    last_name: str | None
    roles: list[Role]
    status: Literal["active", "suspended"]
    subscription: OwnSubscription | None
    last_login_at: Moment | None
    created_at: Moment
    updated_at: Moment


class ProfilePatch(Body):
    """An absent field stays, null clears."""

    name: Name | None | UnsetType = UNSET
    first_name: Name | None | UnsetType = UNSET
    last_name: Name | None | UnsetType = UNSET


def shown_account(row: AccountRow, profile: Profile, last_login_at: str | None, subscription: OwnSubscription | None) -> Account:
    return Account(
        id=str(row.id),
        email=profile.email,
        name=profile.name,
        first_name=profile.first_name,
        last_name=profile.last_name,
        roles=row.roles,  # type: ignore[arg-type]
        status=row.status,  # type: ignore[arg-type]
        subscription=subscription,
        last_login_at=last_login_at,
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
    )
