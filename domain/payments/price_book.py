"""The price book: packages, plans, and what models cost. Every version ever used is kept, so that what was sold can be explained."""

from collections.abc import Mapping, Sequence

import msgspec

from domain.orders.refusals import PackageNotFound
from domain.subscriptions.refusals import PlanNotFound


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """`credits` for `amount` minor units of `currency`, once; the credits last `valid_days` from the payment."""

    id: str
    title: str
    credits: int
    amount: int
    currency: str
    valid_days: int


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`credits` for `amount` minor units of `currency` each month; they last until its end."""

    id: str
    title: str
    credits: int
    amount: int
    currency: str


class PriceBook(msgspec.Struct, frozen=True, kw_only=True):
    """One version. `models`: model id -> credits for each of its units, over what the catalogue says.

    `own_key`: model id, or kind, or `*` -> credits for each item on the caller's own provider key; the first that is there.
    """

    version: int
    packages: list[Package] = []
    plans: list[Plan] = []
    models: dict[str, int] = {}
    own_key: dict[str, int] = msgspec.field(default_factory=lambda: {"*": 1})

    def package(self, package_id: str) -> Package:
        """Raises PackageNotFound."""
        for package in self.packages:
            if package.id == package_id:
                return package
        raise PackageNotFound(package=package_id, errors=[("/package", "no such package")])

    def plan(self, plan_id: str) -> Plan:
        """Raises PlanNotFound."""
        for plan in self.plans:
            if plan.id == plan_id:
                return plan
        raise PlanNotFound(plan=plan_id, errors=[("/plan", "no such plan")])

    def own_key_rate(self, *, model: str, kind: str) -> int:
        """Credits for each item of a generation on the caller's own key."""
        return next(self.own_key[name] for name in (model, kind, "*") if name in self.own_key)


class PriceBooks:
    """All versions; the highest is in force."""

    def __init__(self, books: Sequence[PriceBook]) -> None:
        self._books: Mapping[int, PriceBook] = {book.version: book for book in books}

    @property
    def now(self) -> PriceBook:
        return self._books[max(self._books)]

    @property
    def versions(self) -> list[int]:
        return sorted(self._books)

    def version(self, number: int) -> PriceBook | None:
        """As it was sold by then; None when there never was such a version."""
        return self._books.get(number)
