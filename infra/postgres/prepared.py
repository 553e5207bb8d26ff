"""Statements whose parameters are packed already: prepared once per connection, sent as they are.

psycopg's cursor looks for a dumper for every parameter of every execution, rewrites the query and asks whether to
prepare it. For the few statements that every batch of the writer sends, that costs more than sending them.
"""

import re
from collections.abc import Generator, Mapping, Sequence
from functools import partial
from typing import Any
from weakref import WeakSet

import psycopg
from psycopg import AsyncConnection
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.generators import execute, fetch_many, send
from psycopg.pq import ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGresult

from infra.postgres.arrays import OIDS

_PARAMETER = re.compile(r"%\((\w+)\)s")
_GOOD = frozenset((ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK))


class Statement:
    """*query* names its parameters as psycopg's do, `%(name)s`; each must be an array of `infra.postgres.arrays`."""

    def __init__(self, name: str, query: str) -> None:
        self._name = name.encode()
        self._names = list(dict.fromkeys(_PARAMETER.findall(query)))
        numbers = {each: number for number, each in enumerate(self._names, 1)}
        self._query = _PARAMETER.sub(lambda found: f"${numbers[found[1]]}", query).encode()
        self._formats = [Format.BINARY] * len(self._names)
        self._prepared: WeakSet[AsyncConnection[Any]] = WeakSet()

    async def rows(
        self, connection: AsyncConnection[Any], parameters: Mapping[str, Any], *, before: Sequence[str] = (), after: Sequence[str] = ()
    ) -> list[tuple[Any, ...]]:
        """Execute and fetch all.   Raises psycopg.Error. The connection must have no other user meanwhile.

        *before* and *after* are plain statements that go to the server with it: one round trip for all, each on a snapshot of its own.
        What follows a failed one is not executed; ending a transaction that *before* began is then left to the caller.
        """
        values = [parameters[name] for name in self._names]
        run = partial(self._run_among, before, after) if before or after else self._run
        try:
            result = await connection.wait(run(connection, values))
        except psycopg.errors.InvalidSqlStatementName:
            # After a rollback psycopg deallocates all statements of a connection, its own and ours.
            self._prepared.discard(connection)
            if connection.info.transaction_status != TransactionStatus.IDLE:
                raise
            result = await connection.wait(run(connection, values))
        loader = Transformer(connection)
        loader.set_pgresult(result)
        return loader.load_rows(0, result.ntuples, tuple)

    def _run(self, connection: AsyncConnection[Any], values: list[Any]) -> PQGen[PGresult]:
        wire = connection.pgconn
        if connection not in self._prepared:
            wire.send_prepare(self._name, self._query, [OIDS[type(value)] for value in values])
            yield from self._answer(connection)
            self._prepared.add(connection)
        wire.send_query_prepared(self._name, values, self._formats, result_format=Format.BINARY)
        return (yield from self._answer(connection))

    def _run_among(
        self, before: Sequence[str], after: Sequence[str], connection: AsyncConnection[Any], values: list[Any]
    ) -> PQGen[PGresult]:
        """In libpq's pipeline mode (PostgreSQL's manual, 34.5): all is sent, then all answers are read."""
        wire = connection.pgconn
        known = connection in self._prepared
        wire.enter_pipeline_mode()
        try:
            for query in before:
                wire.send_query_params(query.encode(), None)
            if not known:
                wire.send_prepare(self._name, self._query, [OIDS[type(value)] for value in values])
            wire.send_query_prepared(self._name, values, self._formats, result_format=Format.BINARY)
            for query in after:
                wire.send_query_params(query.encode(), None)
            wire.pipeline_sync()
            yield from send(wire)
            answers = []
            for _ in range(len(before) + (not known) + 1 + len(after)):
                [answer] = yield from fetch_many(wire)
                answers.append(answer)
            yield from fetch_many(wire)
        finally:
            try:
                wire.exit_pipeline_mode()
            except psycopg.OperationalError:
                # It is lost, or was given up between two answers: nobody can go on with it.
                wire.finish()
        if not known and answers[len(before)].status in _GOOD:
            # What is prepared stays so, also when its transaction is undone.
            self._prepared.add(connection)
        for answer in answers:
            # Those after a failed one are only said to be skipped.
            if answer.status not in _GOOD:
                raise psycopg.errors.error_from_result(answer, encoding=connection.info.encoding)
        return answers[len(answers) - len(after) - 1]

    def _answer(self, connection: AsyncConnection[Any]) -> Generator[Any, Any, PGresult]:
        [result] = yield from execute(connection.pgconn)
        if result.status not in _GOOD:
            raise psycopg.errors.error_from_result(result, encoding=connection.info.encoding)
        return result
