"""What operators send and see."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from api.kit.shapes import Body, Count, Id, ListQuery, Moment, Shown, When, moment
from api.shapes.accounts import Role
from domain.accounts.account import CONCURRENCY
from domain.accounts.profile import Profile
from domain.kernel.limits import CREDITS_MAX, REASON_CHARS_MAX
from domain.kernel.patterns import END
from projections.accounts.accounts import AccountRow

#: Sealed with the key of the person it is about: erased with him.
Reason = Annotated[str, Meta(min_length=1, max_length=REASON_CHARS_MAX, pattern=r"\S")]
Bucket = Literal["anonymous", "api", "auth", "concurrency", "generations", "inbound", "purchases", "refresh", "sensitive", "video"]
#: "count/seconds"; of `concurrency` only a count, for it says how many generations run at once.
Rate = Annotated[str, Meta(pattern="^([1-9][0-9]{0,8}/[1-9][0-9]{0,6}|[1-9][0-9]{0,3})" + END)]
Amount = Annotated[int, Meta(ge=1, le=CREDITS_MAX)]
AccountStatus = Literal["active", "erased", "erasing", "suspended"]


class AdminAccount(Shown):
    """`email` and names are null for a person who was erased. "erasing": that was asked for and is under way."""

    id: Id
    email: str | None
    name: str | None
    first_name: str | None
    last_name: str | None
    roles: list[Role]
    status: AccountStatus
    limits: dict[str, str]
    password_changed_at: Moment
    created_at: Moment
    updated_at: Moment
    position: Count


class AccountCredits(Shown):
    """Whole credits: free, bound by holds, and owed (never positive)."""

    available: Count
    held: Count
    owed: int


class AdminAccountRow(AdminAccount):
    """With its credits as of the list."""

    credits: AccountCredits


class OpenHold(Shown):
    generation_id: Id
    kind: str
    amount: Count


class AdminBalance(Shown):
    """The account's credits as of the end of the log, with every hold that binds some of them."""

    account_id: Id
    available: Count
    held: Count
    owed: int
    holds: list[OpenHold]
    position: Count


class AdminAccountQuery(ListQuery):
    """`email` is compared whole."""

    email: Annotated[str, Meta(max_length=254)] | None = None
    role: list[Role] = []
    status: list[AccountStatus] = []


class AdminAccountPatch(Body):
    """`limits` replaces the account's own limits; an empty object gives it the defaults again."""

    reason: Reason
    roles: Annotated[list[Role], Meta(min_length=1, max_length=3)] | UnsetType = UNSET
    limits: dict[Bucket, Rate] | UnsetType = UNSET

    def __post_init__(self) -> None:
        for bucket, rate in {} if self.limits is UNSET else self.limits.items():
            if ("/" in rate) == (bucket == CONCURRENCY):
                raise ValueError(f"the limit {bucket} is written {'count' if bucket == CONCURRENCY else 'count/seconds'}")


class Because(Body):
    reason: Reason


class NewGrant(Body):
    """Lower `priority` burns first. A goodwill grant is a gift of the house, an operator's is not explained further."""

    amount: Amount
    reason: Reason
    source: Literal["goodwill", "operator"] = "operator"
    priority: Annotated[int, Meta(ge=-100, le=100)] = 0
    expires_at: When | None = None
    #: When it counts from: lately, or now (None).
    effective_at: When | None = None


class Grant(Shown):
    id: Id
    account_id: Id
    amount: Count
    source: str
    priority: int
    expires_at: Moment | None
    reason: str
    effective_at: Moment
    created_at: Moment
    position: Count


class NewAdjustment(Body):
    """Above 0 credits are given. Below 0 free ones are taken in burn order, and what is missing is owed."""

    amount: Annotated[int, Meta(ge=-CREDITS_MAX, le=CREDITS_MAX)]
    reason: Reason


class Adjustment(Shown):
    """A correction of the book. `amount` = `given` - `taken` - `owed`."""

    id: Id
    account_id: Id
    amount: int
    given: Count
    taken: Count
    owed: Count
    reason: str
    created_at: Moment
    position: Count


class NewRevocation(Body):
    reason: Reason


class Revocation(Shown):
    """Of a grant `taken` was free; `deferred` is held, and is taken when its holds end, or owed if they spend it."""

    grant_id: Id
    account_id: Id
    taken: Count
    deferred: Count
    reason: str
    created_at: Moment
    position: Count


class NewRefund(Body):
    """Without `amount`: all that is left of the charge."""

    reason: Reason
    amount: Amount | None = None


class Refund(Shown):
    """A refund is a new grant that names the charge; the charge stays in the book."""

    id: Id
    account_id: Id
    charge_id: Id
    generation_id: Id
    grant_id: Id
    amount: Count
    expires_at: Moment | None
    reason: str
    created_at: Moment
    position: Count


class ResetToken(Shown):
    """`token` is shown once: in a replay it is null and `secret_shown` is true."""

    account_id: Id
    token: str | None
    secret_shown: bool
    expires_at: Moment


def shown_admin_account(row: AccountRow, profile: Profile | None) -> AdminAccount:
    return AdminAccount(
        id=str(row.id),
        email=profile.email if profile else None,
        name=profile.name if profile else None,
        first_name=profile.first_name if profile else None,
        last_name=profile.last_name if profile else None,
        roles=row.roles,  # type: ignore[arg-type]
        status=row.status,  # type: ignore[arg-type]
        limits=dict(sorted(row.limits.items())),
        password_changed_at=moment(row.password_changed_at),
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
        position=row.position,
    )
