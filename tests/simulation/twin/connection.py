"""A connection to the database in memory, with the part of psycopg's face that the adapters use."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from psycopg.pq import TransactionStatus

from infra.journal.contest import DONE, LOCKED
from infra.postgres.prepared import Statement
from tests.simulation.twin.database import Database, is_append
from tests.simulation.twin.statements import Result


class Session(Protocol):
    """How what a client asks reaches the server, and what comes back."""

    @property
    def closed(self) -> bool: ...

    async def ask(self, query: str, values: Mapping[str, Any]) -> Result: ...

    async def ask_prepared(self, statement: Statement, parameters: Mapping[str, Any]) -> Result: ...

    @property
    def in_transaction(self) -> bool: ...

    async def begin_locked(self) -> None: ...

    async def commit(self) -> None: ...

    async def roll_back(self) -> None: ...

    def close(self) -> None: ...


class DirectSession:
    """The server answers at once. One client at a time: transactions are not kept apart."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.closed = False

    async def ask(self, query: str, values: Mapping[str, Any]) -> Result:
        return self._database.run(query, values)

    async def ask_prepared(self, statement: Statement, parameters: Mapping[str, Any]) -> Result:
        return self._database.append(parameters) if is_append(statement) else self._database.run_prepared(statement, parameters)

    @property
    def in_transaction(self) -> bool:
        return False

    async def begin_locked(self) -> None:
        raise NotImplementedError("only the simulation has transactions")

    async def commit(self) -> None:
        raise NotImplementedError("only the simulation has transactions")

    async def roll_back(self) -> None:
        raise NotImplementedError("only the simulation has transactions")

    def close(self) -> None:
        self.closed = True


class TwinCursor:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: list[tuple[Any, ...]] = []
        self.rowcount = 0

    async def __aenter__(self) -> "TwinCursor":
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def execute(self, query: str, values: Mapping[str, Any] | None = None, *, prepare: bool | None = None) -> "TwinCursor":
        result = await self._session.ask(query, values or {})
        self._rows, self.rowcount = result.rows, result.changed
        return self

    async def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows[0] if self._rows else None

    async def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows


class TwinConnection:
    """In autocommit, unless a transaction is open."""

    #: Set by `infra.journal.link`; prepared statements are of no interest here.
    prepare_threshold: int | None = None

    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def closed(self) -> bool:
        return self.session.closed

    def cursor(self, *, binary: bool = False) -> TwinCursor:
        return TwinCursor(self.session)

    async def execute(self, query: str, values: Mapping[str, Any] | None = None, *, prepare: bool | None = None) -> TwinCursor:
        return await TwinCursor(self.session).execute(query, values)

    @property
    def info(self) -> "TwinConnection":
        return self

    @property
    def transaction_status(self) -> TransactionStatus:
        return TransactionStatus.INTRANS if self.session.in_transaction else TransactionStatus.IDLE

    async def rollback(self) -> None:
        await self.session.roll_back()

    async def close(self) -> None:
        self.session.close()


_real_rows = Statement.rows


async def rows(
    statement: Statement, connection: Any, parameters: Mapping[str, Any], *, before: Sequence[str] = (), after: Sequence[str] = ()
) -> list[tuple[Any, ...]]:
    """In place of `Statement.rows`: what it was for real connections, the twin's own for others.

    What a real one sends in one flush goes here in messages of their own, so that more can happen between them.
    """
    if not isinstance(connection, TwinConnection):
        return await _real_rows(statement, connection, parameters, before=before, after=after)
    session = connection.session
    if before:
        assert tuple(before) == LOCKED, "no other transaction is known here"
        await session.begin_locked()
    result = await session.ask_prepared(statement, parameters)
    if after:
        assert tuple(after) == DONE, "no other end is known here"
        await session.commit()
    return result.rows
