"""The sums for more load than was measured: plain proportion, from what one generation costs each engine and process."""

from math import ceil
from typing import NamedTuple

from tests.bench.table import number

DAY_SECONDS = 86_400
#: Nothing is planned fuller than this: the rest is for peaks, and for a process that is away.
BUSY_MOST = 0.7
#: A log at more than half of what one writer could append is a log to be divided.
LOG_BUSY_MOST = 0.5
#: What S3 promises for one prefix of keys, by its documentation.
S3_PUTS_PER_PREFIX = 3_500
LARGE_LOG_BYTES = 10**12


class Measured(NamedTuple):
    """`generations` a second end to end; `cpu` in µs by process, `commands`, `events` and bytes of one; `appends` in commands a second."""

    generations: float
    cpu: dict[str, float]
    appends: float
    commands: float
    events: float
    database_bytes: float
    log_bytes: float
    objects: float
    object_bytes: float

    def one_core(self, process: str) -> float:
        """Generations a second that one core of *process* serves."""
        return BUSY_MOST * 1e6 / self.cpu[process]

    @property
    def one_log(self) -> float:
        """Generations a second that one log takes: its appends, or what its one projector folds."""
        return min(LOG_BUSY_MOST * self.appends / self.commands, self.one_core("projector"))


def at_factor(measured: Measured, factor: int) -> dict[str, str]:
    """What *factor* times the measured load takes, as cells of a column."""
    rate = measured.generations * factor
    return {
        "generations a second": number(rate),
        "generations a day": number(rate * DAY_SECONDS),
        "events a second": number(rate * measured.events),
        "api processes": number_of(rate / measured.one_core("api")),
        "worker processes, without what providers take": number_of(rate / measured.one_core("worker")),
        "cores of PostgreSQL": number_of(rate / measured.one_core("PostgreSQL")),
        "cores of Redis": number_of(rate / measured.one_core("Redis")),
        "logs, each with dispatcher, notary and projector": number_of(rate / measured.one_log),
        "growth of PostgreSQL a day": bytes_of(rate * DAY_SECONDS * measured.database_bytes),
        "a log of 1 TB is reached after": days_of(LARGE_LOG_BYTES / (rate * DAY_SECONDS * measured.log_bytes)),
        "objects put a second, one picture each": number(rate * measured.objects),
        "growth of the object store a day": bytes_of(rate * DAY_SECONDS * measured.object_bytes),
    }


def points_of_change(measured: Measured) -> list[str]:
    """At how many generations a second something has to change, and into what."""
    one = measured.generations
    api, worker, postgres, redis = (rate(measured.one_core(name), one) for name in ("api", "worker", "PostgreSQL", "Redis"))
    full = days_of(LARGE_LOG_BYTES / (one * DAY_SECONDS * measured.log_bytes))
    return [
        f"**API.** Every {api} one more process, behind a balancer; they share nothing.",
        f"**Workers.** Every {worker} one more process. What a provider takes costs slots, not cores: where it takes a second, one "
        "slot for each generation a second. Queues divide them: `daybook worker --queues image` on machines of their own, and "
        "[keda.yml](keda.yml) starts them by what waits.",
        f"**PostgreSQL, one server.** A core for every {postgres}. Lists, usage and exports read only read models, so replicas can "
        "answer them first (there is no setting for it yet); commands read the ends of their own streams and stay with the primary.",
        f"**The log in parts.** A log of 1 TB after {full} of this load. Only its newest part is ever written, a follower never asks "
        "again for what it has seen, and long streams begin at their snapshot: old positions "
        "can lie on slower disks, or in the archive with their proofs.",
        f"**More than one log.** From {rate(measured.one_log, one)} on, which is half of what one writer appends, or what one projector "
        "folds. A command of the ledger or of a generation touches one account, so accounts can be divided: a database for each range "
        "of them, or Citus with the account as distribution column, whose keys would have to name it. Each log then has positions, "
        "dispatcher, notary and projector of its own.",
        f"**Redis.** One core carries {redis}. Then Redis Cluster: windows of rate limits are keyed by account, ticks by generation, bells "
        "by queue. Nothing in it decides, so it is divided without moving anything.",
        f"**Objects.** {rate(S3_PUTS_PER_PREFIX / measured.objects, one)}, with one picture each, is what S3 promises for one prefix. "
        "A directory serves one machine only; from the second on it is a bucket.",
    ]


def rate(generations: float, one: float) -> str:
    return f"{number(generations)} generations/s ({number(generations / one)} × this load)"


def number_of(needed: float) -> str:
    return f"{max(1, ceil(needed)):,}"


def bytes_of(count: float) -> str:
    for unit, size in (("PB", 10**15), ("TB", 10**12), ("GB", 10**9)):
        if count >= size:
            return f"{number(count / size)} {unit}"
    return f"{number(count / 10**6)} MB"


def days_of(days: float) -> str:
    return f"{number(days)} days" if days >= 1 else f"{number(days * 24)} hours"
