"""`daybook audit verify`: replays the log from position 1 with code of its own, and compares every read model with what follows.

It shares nothing with the domain's aggregates and the read models' folding, so that a mistake there shows here. What is
compared with a read model is the log up to that model's own position, in one snapshot; no transaction lasts longer than a page.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from projections.audit.archived import spooled
from projections.audit.aside import Aside, Models, aside, other_passes, rare_collections
from projections.audit.log_pass import LogPass
from projections.audit.models import positions_of
from projections.audit.report import Difference, Differs, Report
from projections.audit.sealed.checkpoints import NOTHING, Checkpoints, Remembered
from projections.audit.sealed.seals import Salt
from projections.audit.source import Source, opened

__all__ = ["Difference", "Means", "Report", "verify", "verify_now"]

Progress = Callable[[int, int], None]

#: A second process takes half a second to begin.
ASIDE_FROM_EVENTS = 30_000


class Means(NamedTuple):
    """What the verifier has beside the database: what was kept elsewhere, the secret of balances' salts, a second core."""

    remembered: Remembered = NOTHING
    salt: Salt | None = None
    aside_from: int = ASIDE_FROM_EVENTS
    #: The folder of a spool that holds what the archive has; None: nothing was archived.
    spool: Path | None = None


ALONE = Means()


async def verify(dsn: str, on_progress: Progress = lambda done, total: None) -> Report:
    """`verify_now` in a thread."""
    return await asyncio.to_thread(verify_now, dsn, on_progress)


def verify_now(dsn: str, on_progress: Progress = lambda done, total: None, *, means: Means = ALONE) -> Report:
    """Check everything; stop at the first difference. A long log is read by two processes.

    *on_progress* is told (steps done, steps in all); each entry of the log is two steps, one by position, one by stream.
    """
    with opened(dsn) as conn, spooled(means.spool) as spool:
        source = Source(conn, spool)
        if source.head() < means.aside_from:
            return checked(source, on_progress, means=means)
        with aside(dsn, means.spool) as other:
            return checked(source, on_progress, other, means=means)


def checked(
    source: Source, on_progress: Progress = lambda done, total: None, other: Aside | None = None, *, means: Means = ALONE
) -> Report:
    """What is to say of everything that *source* reads; *other* does the pass by stream meanwhile."""
    checkpoints = Checkpoints(source, means.remembered)

    def tell(position: int, head: int) -> None:
        on_progress(position + (min(other.entries(), head) if other else 0), 2 * head)

    log_pass = LogPass(source, checkpoints, tell, means.salt)
    with rare_collections():
        try:
            events = log_pass.run()
            # Before anything that would only miss what stood at an end that was cut off.
            sealed = checkpoints.finish(log_pass.seals.restores, log_pass.seals.counted)
            models = {"ledger_entries": log_pass.finish()}
            models |= _by_stream(source, other, lambda done: on_progress(events + min(done, events), 2 * events))
            models |= {"balances": log_pass.balances.compare(source)}
        except Differs as error:
            difference = checkpoints.explained(error.difference)
            return Report(ok=False, events=log_pass.form.position, models=_positions(source), first_difference=difference)
    return Report(
        ok=True,
        events=events,
        models=dict(sorted(models.items())),
        sealed=sealed,
        unsealed=events - (sealed.size if sealed else 0),
        balance_seals=log_pass.seals.count,
        balance_roots=log_pass.seals.remade,
    )


def _by_stream(source: Source, other: Aside | None, tell: Callable[[int], None]) -> Models:
    if other:
        return other.models(tell)
    done = 0

    def advance(entries: int) -> None:
        nonlocal done
        done += entries
        tell(done)

    return other_passes(source, advance)


def _positions(source: Source) -> Models:
    try:
        return positions_of(source)
    except Differs:
        # The difference that is reported is about the models themselves.
        return {}
