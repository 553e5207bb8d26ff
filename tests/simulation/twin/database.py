"""The database in memory: its tables, its clock, and the statements of the writer that have names."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from infra.journal.append import PREPARED
from infra.journal.tails import TAILS
from infra.postgres.prepared import Statement
from tests.simulation.twin.append import Planned, plan
from tests.simulation.twin.arrays import decoded
from tests.simulation.twin.log import Log
from tests.simulation.twin.rows import Rows
from tests.simulation.twin.statements import Result, UnknownStatement, run


class Database:
    """`clock` is the server's; it may go backwards."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.log = Log()
        self.rows = Rows()

    def run(self, query: str, values: Mapping[str, Any]) -> Result:
        return run(self.log, self.rows, self.clock(), query, values)

    def run_prepared(self, statement: Statement, parameters: Mapping[str, Any]) -> Result:
        """The statements of `infra.postgres.prepared`, but for the append."""
        if statement is not TAILS:
            raise UnknownStatement(statement)
        found = self.log.tails(**{name: decoded(value) for name, value in parameters.items()}, now=self.clock())
        return Result(found, len(found))

    def plan(self, parameters: Mapping[str, Any]) -> Planned:
        """An append that has the lock.   Raises psycopg.Error."""
        return plan(self.log, self.rows, {name: decoded(value) for name, value in parameters.items()}, self.clock())

    def append(self, parameters: Mapping[str, Any]) -> Result:
        planned = self.plan(parameters)
        planned.commit()
        return Result([planned.answer], 1)


def is_append(statement: Statement) -> bool:
    return statement is PREPARED
