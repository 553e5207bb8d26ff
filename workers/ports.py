"""What workers need ready-made, beside the ports of the domain."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from domain.ports import LongProvider, Provider
from domain.provider_keys.terms import KeyRules
from domain.schedules.ports import Calendar, SchedulesDue

Answer = TypeVar("Answer")


class Wake(Protocol):
    """Rings whenever the log may have grown."""

    async def wait(self, seconds: float) -> bool: ...


Listen = Callable[[], AbstractAsyncContextManager[Wake]]


class Run(Protocol):
    """Runs a plain function where it can do no harm to the event loop."""

    async def __call__(self, work: Callable[..., Answer], *arguments: Any) -> Answer: ...


class Counts(Protocol):
    """What a role counts; `infra/metrics/roles.py` has the names."""

    def count(self, name: str, amount: int = 1, **labels: str) -> None: ...

    def level(self, name: str, value: float) -> None: ...

    def observe(self, name: str, value: float) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """What schedules are made of: which are due, when they come next, and on whose key they run."""

    due: SchedulesDue
    calendar: Calendar
    key_rules: KeyRules


class Uncounted:
    """Implements `Counts` where nobody asks."""

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        return None

    def level(self, name: str, value: float) -> None:
        return None

    def observe(self, name: str, value: float) -> None:
        return None


class MakeProviders(Protocol):
    """Makes a process's provider adapters by name.

    It is sent to child processes, so it must be picklable: a function of a module, or a `functools.partial` of one. Heavy
    work of an adapter goes through the `Run` it is given.
    """

    def __call__(self, *, run_in_child: Run) -> Mapping[str, Provider | LongProvider]: ...
