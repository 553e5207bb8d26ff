"""What an order and a subscription share: what was asked for at which price, by whom, and the page on which it is paid."""

from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from domain.kernel.commands import Command, Streams
from domain.kernel.facts import FirstFact, Root
from domain.kernel.refusals import Missing
from domain.payments.ports import TEST

Self = TypeVar("Self", bound="Bought")


class Bought(Root):
    """The command that asks, the first fact and the aggregate call the fields `ASKED` the same."""

    ASKED: ClassVar[tuple[str, ...]]
    NOT_FOUND: ClassVar[type[Missing]]
    #: What the ledger calls the source of its credits, where money was paid.
    SOURCE: ClassVar[str]

    account_id: UUID
    credits: int
    amount: int
    currency: str
    price_version: int
    provider: str
    livemode: bool
    sealed_urls: str

    def __init__(self) -> None:
        self.sealed_url: str | None = None
        self.checkout_expires_at: datetime | None = None
        self.reference: str | None = None

    @classmethod
    def _asked(cls: type[Self], first: type[FirstFact], id: UUID, command: Command, *, now: datetime) -> Self:
        values = {name: getattr(command, name) for name in cls.ASKED}
        made: Self = cls._create(first, id=id, timestamp=now, **values)
        return made

    @classmethod
    def of(cls: type[Self], streams: Streams, id: UUID, account_id: UUID) -> Self:
        """The one out of *streams*, if it belongs to *account_id*.   Raises its `NOT_FOUND`."""
        found = streams.get(cls, id)
        if found is None or found.account_id != account_id:
            raise cls.NOT_FOUND()
        return found

    @property
    def source(self) -> str:
        """What the ledger calls the source of its credits."""
        return TEST if self.provider == TEST else self.SOURCE

    def _keep_asked(self, fact: Any) -> None:
        for name in self.ASKED:
            setattr(self, name, getattr(fact, name))
