"""The database server of the simulation: sessions with latency, one lock, transactions, and everything that can go wrong on the way.

An append holds the journal's lock until its commit. Connections break before a statement, after it, or in the middle of its
commit, which then happens later or not at all; what was sent arrives whatever becomes of the sender.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from infra.postgres.prepared import Statement
from tests.simulation.twin.database import Database, is_append
from tests.simulation.twin.statements import Result
from tests.simulation.virtual_loop import PROCESS, Process, VirtualLoop

#: A client that stops while it holds the lock is thrown out; see infra/journal/contest.py.
IDLE_SECONDS_MAX = 0.25
#: Readers are cut off; see infra/postgres/pool.py.
STATEMENT_SECONDS_MAX = 15.0
NOTHING = Result([], 0)


@dataclass
class Troubles:
    """Chances for each statement, while trouble lasts."""

    lost_before: float = 0.0
    lost_after: float = 0.0
    #: The answer never comes; whoever waits for it has to give up by himself.
    silent: float = 0.0
    #: The connection breaks at once, and the append happens later all the same.
    delayed: float = 0.0
    #: The flush takes long, and everybody waits for the lock.
    slow_commit: float = 0.0


class Server:
    """`away`: nobody is answered. `told` hears of every append that committed."""

    def __init__(self, loop: VirtualLoop, database: Database, dice: random.Random, troubles: Troubles) -> None:
        self.loop = loop
        self.database = database
        self.process = Process("postgresql")
        self.troubles = troubles
        self.away = False
        #: Appends on their way whose senders have given them up.
        self.late = 0
        #: How often it was started: a session of an earlier life is nothing any more.
        self.life = 0
        self.told: list[Callable[[], None]] = []
        self.asked: Callable[[Process, str], None] = lambda process, what: None
        self._dice = dice
        self._holder: Session | None = None
        self._queue: deque[tuple[Session, Callable[[], None]]] = deque()
        self.sessions: set[Session] = set()
        #: Processes whose leases cannot be renewed just now, while all else of them can.
        self.cut_off: set[Process] = set()

    def connect(self) -> "Session":
        """Raises psycopg.OperationalError while the server is away."""
        if self.away:
            raise lost("connection refused")
        return Session(self, PROCESS.get(self.loop.outside))

    def later(self, seconds: float, act: Callable[..., None], *arguments: Any) -> None:
        self.loop.call_later(seconds, act, *arguments, context=self.process.context)

    def latency(self) -> float:
        return 0.0002 + self._dice.random() * 0.002

    def hits(self, chance: float) -> bool:
        return chance > 0.0 and self._dice.random() < chance

    def pause(self, low: float, high: float) -> float:
        return self._dice.uniform(low, high)

    def lock(self, session: "Session", then: Callable[[], None]) -> None:
        """*then* runs when the session has the lock."""
        if self._holder is None or self._holder is session:
            self._holder = session
            then()
        else:
            self._queue.append((session, then))

    def unlock(self, session: "Session") -> None:
        if self._holder is not session:
            return
        self._holder = None
        if self._queue:
            self._holder, then = self._queue.popleft()
            self.later(0.0, then)

    def restart(self, seconds: float) -> None:
        """Everybody is disconnected. What has not committed has not happened."""
        self.away = True
        self.life += 1
        self._queue.clear()
        self._holder = None
        for session in list(self.sessions):
            session.sever(lost("the server was shut down"))
        self.later(seconds, self._come_back)

    def _come_back(self) -> None:
        self.away = False

    def committed(self) -> None:
        for tell in self.told:
            tell()


def lost(why: str) -> psycopg.OperationalError:
    """A broken connection carries no SQLSTATE."""
    return psycopg.OperationalError(why)


class Session:
    """One connection as both ends see it. Implements `tests.simulation.twin.connection.Session`."""

    def __init__(self, server: Server, process: Process) -> None:
        self._server = server
        self._process = process
        self.closed = False
        #: Why the next use of it fails.
        self._broken: psycopg.Error | None = None
        self._waiting: asyncio.Future[Result] | None = None
        self._transaction = False
        self._staged: Callable[[], None] | None = None
        #: Grows with each statement: an idle timer of an earlier one means nothing.
        self._turn = 0
        #: The server threw the session out: what it still has of it is not done.
        self._thrown_out = False
        #: A COMMIT is on its way, which no broken connection calls back.
        self._committing = False
        self._life = server.life
        server.sessions.add(self)
        process.on_death.append(self._client_died)

    @property
    def _gone(self) -> bool:
        return self._thrown_out or self._life != self._server.life

    async def ask(self, query: str, values: Mapping[str, Any]) -> Result:
        return await self._send("statement", lambda: self._server.database.run(query, values))

    async def ask_prepared(self, statement: Statement, parameters: Mapping[str, Any]) -> Result:
        if is_append(statement):
            return await self._send("append", lambda: self._plan(parameters))
        return await self._send("statement", lambda: self._server.database.run_prepared(statement, parameters))

    @property
    def in_transaction(self) -> bool:
        return self._transaction

    async def begin_locked(self) -> None:
        self._transaction = True
        await self._send("lock", lambda: NOTHING)

    async def commit(self) -> None:
        await self._send("commit", lambda: NOTHING)

    async def roll_back(self) -> None:
        self._staged, self._transaction = None, False
        self._server.unlock(self)

    def close(self) -> None:
        """The server notices a moment later."""
        self.closed = True
        self._server.sessions.discard(self)
        self._server.later(self._server.latency(), self._end)

    def cut(self) -> None:
        """Whoever waits on it is told that it broke; the server goes on with what it has."""
        self.sever(lost("cut off"), server_too=False)

    def sever(self, error: psycopg.Error, *, server_too: bool = True) -> None:
        self._broken, self.closed = error, True
        self._server.sessions.discard(self)
        if server_too:
            self._thrown_out = True
            self._end()
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)

    async def _send(self, what: str, act: Callable[[], Result]) -> Result:
        server = self._server
        if self._broken is not None or self.closed or server.away:
            self.closed = True
            raise self._broken or lost("the connection is closed")
        self._turn += 1
        answer = self._waiting = server.loop.create_future()
        troubles = server.troubles
        server.asked(self._process, what)
        if server.hits(troubles.lost_before):
            server.later(server.latency(), self.sever, lost("lost before"))
        elif what in ("append", "commit") and server.hits(troubles.delayed):
            self._committing = what == "commit"
            server.late += 1
            server.later(server.pause(0.01, 6.0), self._arrive, what, act, answer, "late")
            server.later(server.latency(), self._break, answer)
        else:
            fate = "lost" if server.hits(troubles.lost_after) else "silent" if server.hits(troubles.silent) else "told"
            server.later(server.latency(), self._arrive, what, act, answer, fate)
        return await answer

    def _arrive(self, what: str, act: Callable[[], Result], answer: "asyncio.Future[Result]", fate: str) -> None:
        """At the server."""
        self._server.late -= fate == "late"
        if self._gone:
            return
        if what == "append" and not self._transaction:
            self._server.lock(self, lambda: self._append_alone(act, answer, fate))
        elif what == "lock":
            self._server.lock(self, lambda: self._locked(answer, fate))
        elif what == "commit":
            self._commit(answer, fate)
        else:
            self._answer(act, answer, fate)

    def _locked(self, answer: "asyncio.Future[Result]", fate: str) -> None:
        """Its turn has come; whoever left meanwhile lets the next one in."""
        if self._gone:
            self._server.unlock(self)
        else:
            self._answer(lambda: NOTHING, answer, fate)

    def _append_alone(self, act: Callable[[], Result], answer: "asyncio.Future[Result]", fate: str) -> None:
        if self._gone:
            self._server.unlock(self)
            return
        slow = self._server.hits(self._server.troubles.slow_commit)
        self._server.later(self._server.pause(0.5, 5.0) if slow else self._server.latency(), self._flushed, act, answer, fate)

    def _flushed(self, act: Callable[[], Result], answer: "asyncio.Future[Result]", fate: str) -> None:
        """The commit of an append that is a transaction of its own."""
        if not self._gone:
            self._answer(lambda: self._committed_at_once(act), answer, fate)
        self._server.unlock(self)

    def _committed_at_once(self, act: Callable[[], Result]) -> Result:
        result = act()
        self._apply()
        return result

    def _plan(self, parameters: Mapping[str, Any]) -> Result:
        planned = self._server.database.plan(parameters)
        self._staged = planned.commit
        return Result([planned.answer], 1)

    def _apply(self) -> None:
        staged, self._staged = self._staged, None
        if staged is not None:
            staged()
            self._server.committed()

    def _commit(self, answer: "asyncio.Future[Result]", fate: str) -> None:
        self._apply()
        self._transaction = False
        self._server.unlock(self)
        self._answer(lambda: NOTHING, answer, fate)

    def _answer(self, act: Callable[[], Result], answer: "asyncio.Future[Result]", fate: str) -> None:
        server = self._server
        try:
            result: Result | None = act()
            error: psycopg.Error | None = None
        except psycopg.Error as refused:
            result, error = None, refused
        if self._transaction:
            turn = self._turn
            server.later(IDLE_SECONDS_MAX, self._idle, turn)
        if fate == "told":
            server.later(server.latency(), self._tell, answer, result, error)
        elif fate == "lost":
            server.later(server.latency(), self._break, answer)
        elif fate == "silent":
            server.later(STATEMENT_SECONDS_MAX, self._break, answer)

    def _tell(self, answer: "asyncio.Future[Result]", result: Result | None, error: psycopg.Error | None) -> None:
        if answer.done() or self._broken is not None:
            return
        if result is None:
            answer.set_exception(error or lost("no answer"))
        else:
            answer.set_result(result)

    def _break(self, answer: "asyncio.Future[Result]") -> None:
        if not answer.done():
            self.sever(lost("lost after"), server_too=False)
            self._server.later(0.05, self._end)

    def _idle(self, turn: int) -> None:
        """Whoever holds the lock and says nothing is thrown out."""
        if self._transaction and self._turn == turn and not self._gone:
            self._thrown_out = True
            self._end()
            self._broken = psycopg.errors.IdleInTransactionSessionTimeout("idle in transaction")

    def _client_died(self) -> None:
        self._server.sessions.discard(self)
        self._server.later(self._server.latency(), self._end)

    def _end(self) -> None:
        """A transaction that is open is rolled back. An append that has arrived goes on: nobody tells the server."""
        if self._transaction and not self._committing:
            self._thrown_out = True
            self._staged, self._transaction = None, False
            self._server.unlock(self)
