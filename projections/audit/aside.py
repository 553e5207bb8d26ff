"""The passes by stream and by account in a process of their own, beside that by position: two cores, and half the time."""

import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psycopg

from projections.audit.account_pass import AccountPass
from projections.audit.archived import spooled
from projections.audit.report import Difference, Differs
from projections.audit.source import Source, opened
from projections.audit.stream_pass import StreamPass

GARBAGE_OBJECTS = 200_000
POLL_SECONDS = 0.2

Models = dict[str, int]
Advance = Callable[[int], None]


class Aside:
    """What the other process tells."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._entries = 0
        self._outcome: Any = None

    def entries(self) -> int:
        """How many entries it has done so far."""
        self._hear(0)
        return self._entries

    def models(self, tell: Advance) -> Models:
        """Waits for its end; *tell* is told the entries done now and then. Returns model -> position.

        Raises Differs, psycopg.Error; ChildProcessError when the process came to its end without a word.
        """
        while self._outcome is None:
            self._hear(POLL_SECONDS)
            tell(self._entries)
        if isinstance(self._outcome, Difference):
            raise Differs(self._outcome)
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return Models(self._outcome)

    def _hear(self, seconds: float) -> None:
        try:
            while self._outcome is None and self._pipe.poll(seconds):
                told = self._pipe.recv()
                if isinstance(told, int):
                    self._entries, seconds = told, 0
                else:
                    self._outcome = told
        except EOFError:
            self._outcome = ChildProcessError("the process that reads stream by stream was stopped")


@contextmanager
def aside(dsn: str, spool: Path | None = None) -> Iterator[Aside]:
    """The other passes, running from now on; stopped when the block ends, however it ends."""
    # A fresh interpreter: whatever threads and connections the caller has stay his own.
    context = get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_pass, args=(dsn, spool, there), name="daybook verify", daemon=True)
    process.start()
    there.close()
    try:
        yield Aside(here)
    finally:
        process.terminate()
        process.join()
        here.close()


def other_passes(source: Source, advance: Advance) -> Models:
    """By stream, then by account. *advance* is told how many entries were done. Returns model -> position.   Raises Differs."""
    return StreamPass(source, advance).run() | AccountPass(source).run()


@contextmanager
def rare_collections() -> Iterator[None]:
    """Pages hold no cycles, so looking for them at the usual pace finds nothing and takes a quarter of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(GARBAGE_OBJECTS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _pass(dsn: str, spool: Path | None, pipe: Connection) -> None:
    # Ctrl-C reaches both; the first process decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    done = 0

    def advance(entries: int) -> None:
        nonlocal done
        done += entries
        pipe.send(done)

    outcome: Any
    try:
        with opened(dsn) as conn, spooled(spool) as archived, rare_collections():
            outcome = other_passes(Source(conn, archived), advance)
    except Differs as error:
        outcome = error.difference
    except psycopg.Error as error:
        outcome = error
    pipe.send(outcome)
