"""What happens in one run, drawn from its seed: how much of what is asked for, which processes there are, and what goes wrong when."""

import random
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.simulation.server import Troubles
from tests.simulation.upstream import Habits


class Event(NamedTuple):
    """Something goes wrong at `at`: `what` happens to `whom`, for `seconds`."""

    at: float
    what: str
    whom: str = ""
    seconds: float = 0.0
    amount: float = 0.0


@dataclass
class Plan:
    seed: int
    accounts: int
    generations: int
    apis: int
    workers: int
    dispatchers: int
    schedulers: int
    slots: int
    account_concurrency: int | None
    #: From here on nothing goes wrong any more.
    calm_at: float
    troubles: Troubles
    habits: Habits
    objects_failing: float
    children_dying: float
    events: list[Event] = field(default_factory=list)
    #: Process name -> it dies when it has asked the database so often.
    dies_at_ask: dict[str, int] = field(default_factory=dict)


def plan_of(seed: int) -> Plan:
    dice = random.Random(f"plan {seed}")
    plan = Plan(
        seed=seed,
        accounts=dice.choice([1, 1, 2]),
        generations=dice.choice([1, 2, 3, 3, 4, 5]),
        apis=dice.choice([1, 2]),
        workers=dice.choice([1, 2, 2]),
        dispatchers=dice.choice([1, 1, 2]),
        schedulers=dice.choice([1, 1, 2]),
        slots=dice.choice([1, 2, 4]),
        account_concurrency=dice.choice([None, None, None, 2]),
        calm_at=dice.uniform(1.0, 9.0),
        troubles=_troubles(dice),
        habits=_habits(dice),
        objects_failing=dice.choice([0.0, 0.0, 0.0, 0.4]),
        children_dying=dice.choice([0.0, 0.0, 0.0, 0.0, 0.4]),
    )
    roles = _roles(plan)
    for _ in range(dice.choice([0, 0, 1, 1, 2, 3])):
        plan.events.append(_event(dice, plan, roles))
    if dice.random() < 0.35:
        victim = dice.choice([name for name in roles if name.startswith(("worker", "worker", "api"))])
        plan.dies_at_ask[victim] = dice.randrange(1, 60)
    plan.events.sort()
    return plan


def _roles(plan: Plan) -> list[str]:
    counts = {"api": plan.apis, "worker": plan.workers, "dispatcher": plan.dispatchers, "scheduler": plan.schedulers}
    return [f"{kind}-{number}" for kind, count in counts.items() for number in range(count)]


def _troubles(dice: random.Random) -> Troubles:
    troubles = Troubles()
    for name in dice.sample(list(vars(troubles)), dice.choice([0, 0, 1, 2, 3])):
        setattr(troubles, name, dice.choice([0.01, 0.05, 0.15]))
    return troubles


def _habits(dice: random.Random) -> Habits:
    habits = Habits(seconds_max=dice.choice([0.1, 1.0, 4.0, 10.0]))
    for name in dice.sample(["refuse", "lose_answer", "hang", "fail_later", "look_fails"], dice.choice([0, 1, 2])):
        setattr(habits, name, dice.choice([0.1, 0.3, 0.7]))
    return habits


def _event(dice: random.Random, plan: Plan, roles: list[str]) -> Event:
    at = dice.uniform(0.0, plan.calm_at)
    workers = [name for name in roles if name.startswith("worker")]
    kind = dice.choice(
        [
            "kill",
            "kill",
            "stop",
            "stop",
            "zombie",
            "zombie",
            "cut off",
            "cut off",
            "drain",
            "restart",
            "redis",
            "bells",
            "clock",
            "database clock",
            "pause",
        ]
    )
    if kind in ("kill", "stop"):
        whom = dice.choice([*roles, *workers, *workers])
        return Event(at, kind, whom, dice.uniform(0.1, 12.0 if kind == "stop" else 2.0))
    if kind == "cut off":
        return Event(at, kind, dice.choice(workers), dice.uniform(7.0, 14.0))
    if kind == "zombie":
        # Long enough to lose every lease, and to come back while somebody else has the work.
        return Event(at, "stop", dice.choice(workers), dice.uniform(7.0, 14.0))
    if kind == "drain":
        return Event(at, kind, dice.choice(workers), dice.uniform(0.1, 2.0))
    if kind == "clock":
        return Event(at, kind, dice.choice(roles), dice.uniform(0.5, 4.0), dice.uniform(-8.0, 8.0))
    if kind == "database clock":
        return Event(at, kind, "", dice.uniform(0.5, 4.0), dice.uniform(-20.0, 20.0))
    return Event(at, kind, dice.choice(["image", "video"]), dice.uniform(0.1, 4.0))
