"""The base classes and field types of request and answer shapes. Shapes live in `api/shapes/<feature>.py`."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Protocol, overload

import msgspec
from msgspec import Meta

from domain.kernel.limits import INTEGER_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from domain.kernel.patterns import END

#: A canonical lower-case UUID, as text; `UUID(body.asset_id)` where the value is used.
Id = Annotated[
    str,
    Meta(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}" + END, extra_json_schema={"format": "uuid"}),
]
#: A moment in a request: needs an offset.
When = Annotated[datetime, Meta(tz=True)]
#: A moment in an answer, made by `moment`: UTC, six digits, `Z`.
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Count = Annotated[int, Meta(ge=0, le=INTEGER_MAX)]
_ENCODE = msgspec.json.Encoder().encode


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A request body. In PATCH an absent field is `UNSET`, null clears: `name: str | UnsetType | None = UNSET`."""


class Query(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The query parameters of a route. A `list[...]` field may be given more than once, any other may not."""


class ListQuery(Query):
    """What every list takes. `created_from`/`created_to` are half-open. The decoded cursor is `call.after`."""

    limit: Annotated[int, Meta(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT
    cursor: str | None = None
    order: Literal["asc", "desc"] = "desc"
    created_from: When | None = None
    created_to: When | None = None


class Shown(msgspec.Struct, kw_only=True):
    """An answer's object. Every key is always present."""


class Showing(Protocol):
    """Who shows an object to its owner: the call of a request, or whoever tells of an event."""

    @property
    def public_url(self) -> str:
        """Without a trailing slash."""

    @property
    def just_sealed(self) -> tuple[str, Any] | None:
        """A sealed text whose meaning is known already, and what it says."""


@overload
def moment(at: datetime) -> str: ...
@overload
def moment(at: datetime | None) -> str | None: ...
def moment(at: datetime | None) -> str | None:
    """RFC 3339, UTC, always six digits and `Z`."""
    if at is None:
        return None
    if at.tzinfo is UTC and at.microsecond:
        # msgspec writes the same, a dozen times as fast; but whole seconds without digits.
        return _ENCODE(at)[1:-1].decode()
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
