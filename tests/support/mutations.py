"""Random forgeries of any column of any checked table, and what the verifier must say of each."""

import random
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from projections.audit.guards import CHECKED_BUT_FOR
from projections.audit.recomputed import balances, ledger_entries, usage_daily
from projections.audit.report import Difference, Report
from projections.audit.stream_pass import BY_STREAMS
from tests.support.forging import Forger

LOG = "journal.events"
#: By which columns a row of a table is named.
KEYS: dict[str, tuple[str, ...]] = {
    LOG: ("position",),
    "proofs.checkpoints": ("size",),
    "proofs.keys": ("number",),
    "proofs.log": ("incarnation",),
    "proofs.nodes": ("level", "index"),
    "proofs.tree": ("single",),
    "read.models": ("name",),
    ledger_entries.TABLE: ledger_entries.KEY,
    usage_daily.TABLE: usage_daily.KEY,
    **{table: key for table, (key, _) in balances.TABLES.items()},
    **{model.table: model.key for model in BY_STREAMS},
}
#: What nobody misses, see projections/audit/guards.py: a checkpoint taken away, a key or an incarnation that has signed nothing.
ONLY_CHANGED = {"proofs.checkpoints", "proofs.keys", "proofs.log", "proofs.tree"}
COLUMNS = """
    SELECT table_schema || '.' || table_name, column_name, data_type, is_nullable = 'YES' FROM information_schema.columns
    WHERE table_schema || '.' || table_name = ANY(%s) ORDER BY 1, ordinal_position
"""
#: Type -> SQL for other values of the same type, from the column's own.
OTHER = {
    "ARRAY": ("array_append({0}, NULL)", "array_cat({0}, {0}[1:1] || '{{}}')", "{0}[2:]"),
    "bigint": ("{0} + 1", "{0} - 1", "-{0}", "{0} + 1099511627776", "0"),
    "boolean": ("NOT {0}",),
    "bytea": ("set_byte({0}, 0, 255 - get_byte({0}, 0))", "{0} || '\\x00'", "substr({0}, 2)", "set_bit({0}, mod({1}, bit_length({0})), 1)"),
    "date": ("{0} + 1", "{0} - 1000", "'infinity'"),
    "integer": ("{0} + 1", "{0} - 1", "0", "{0} + 65536"),
    "jsonb": ("'{{}}'", "'[]'", "jsonb_build_array({0})", "jsonb_build_object('x', {0})", "'null'"),
    "smallint": ("{0} + 1", "{0} - 1"),
    "text": ("{0} || 'x'", "left({0}, -1)", "upper({0})", "''", "reverse({0})", "{0} || chr(8203)"),
    "timestamp with time zone": (
        *("{0} + interval '1 microsecond'", "{0} - interval '1 day'", "'infinity'", "'-infinity'"),
        *("{0} - interval '4052 years'", "{0} + interval '9000 years'"),
    ),
    "uuid": ("md5({0}::text)::uuid", "'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"),
}
#: For a column that is NULL.
SOMETHING = {
    "bigint": "7",
    "bytea": "'\\x07'",
    "date": "'2026-03-01'",
    "integer": "7",
    "jsonb": "'{{}}'",
    "smallint": "200",
    "text": "'x'",
    "timestamp with time zone": "'2026-03-01Z'",
    "uuid": "md5('x')::uuid",
    "boolean": "true",
    "ARRAY": "'{{}}'",
}


class Column(NamedTuple):
    name: str
    kind: str
    nullable: bool


class Mutation(NamedTuple):
    """`rows`: by key, any of which may be named. `column` is None for whole rows."""

    table: str
    what: str
    rows: tuple[str, ...]
    column: str | None
    statements: list[tuple[str, tuple[Any, ...]]]


class Mutations:
    """Chooses with *dice*; the same dice and book give the same forgeries."""

    def __init__(self, owner: Forger, dice: random.Random) -> None:
        self.owner = owner
        self.dice = dice
        self.columns: dict[str, list[Column]] = {table: [] for table in CHECKED_BUT_FOR if table in KEYS}
        self.names: dict[str, list[str]] = {table: [] for table in self.columns}
        for table, *column in owner.rows(COLUMNS, list(self.columns)):
            self.names[table].append(column[0])
            if column[0] not in CHECKED_BUT_FOR[table]:
                self.columns[table].append(Column(*column))
        self.tables = [table for table in sorted(self.columns) if owner.rows(f"SELECT FROM {table} LIMIT 1")]

    def any(self) -> Mutation:
        """One more. The log is chosen as often as all read models together."""
        table = LOG if self.dice.random() < 0.4 else self.dice.choice(self.tables)
        acts: list[Callable[[str], Mutation | None]] = [self.update]
        if table not in ONLY_CHANGED:
            acts = [self.update] * 6 + [self.swap] * 2 + [self.delete, self.insert]
        if table == LOG:
            acts += [self.rewrite] * 3
        while (made := self.dice.choice(acts)(table)) is None:
            """What would change nothing is no forgery."""
        return made

    def update(self, table: str, column: Column | None = None) -> Mutation | None:
        """Another value in one column."""
        row, values = self._row(table)
        column = column or self.dice.choice(self.columns[table])
        if values[column.name] is None:
            change = SOMETHING[column.kind]
        else:
            change = self.dice.choice([*OTHER[column.kind], *(["NULL"] if column.nullable else [])])
        change = change.format(f'"{column.name}"', self.dice.randrange(4_096))
        where = _where(table)
        keys = tuple(values[name] for name in KEYS[table])
        distinct = self.owner.rows(
            f'SELECT ({change}) IS DISTINCT FROM "{column.name}", ({change})::text FROM {table} WHERE {where}', *keys
        )
        if not distinct[0][0]:
            return None
        rows = [row]
        if column.name in KEYS[table]:
            rows.append(_named(table, {**values, column.name: distinct[0][1]}))
            if self.owner.rows(
                f"SELECT FROM {table} WHERE {where}", *(distinct[0][1] if n == column.name else values[n] for n in KEYS[table])
            ):
                return None
        statement = f'UPDATE {table} SET "{column.name}" = {change} WHERE {where}'
        return Mutation(table, f"{column.name} = {change}", tuple(rows), column.name, [(statement, keys)])

    def swap(self, table: str) -> Mutation | None:
        """The values of one column of two rows."""
        column = self.dice.choice(self.columns[table])
        (one, first), (two, second) = self._row(table), self._row(table)
        a, b = first[column.name], second[column.name]
        if a == b or (column.name in KEYS[table] and (len(KEYS[table]) > 1 or table != LOG)):
            return None
        where, name = _where(table), column.name
        keys = [tuple(values[key] for key in KEYS[table]) for values in (first, second)]
        if name in KEYS[table]:
            steps: list[tuple[str, tuple[Any, ...]]] = [(f"UPDATE {table} SET {name} = -77 WHERE {name} = %s", (a,))]
            steps += [(f"UPDATE {table} SET {name} = %s WHERE {name} = %s", pair) for pair in ((a, b), (b, -77))]
        else:
            taken = f'(SELECT "{name}" FROM {table} WHERE {where})'
            cast = f"CAST(%s AS {self._type(table, name)})"
            held = self.owner.rows(f"SELECT {taken}::text", *keys[0])[0][0]
            steps = [(f'UPDATE {table} SET "{name}" = {taken} WHERE {where}', (*keys[1], *keys[0]))]
            steps += [(f'UPDATE {table} SET "{name}" = {cast} WHERE {where}', (held, *keys[1]))]
        return Mutation(table, f"{name} swapped", (one, two), name, steps)

    def delete(self, table: str) -> Mutation:
        row, values = self._row(table)
        keys = tuple(values[name] for name in KEYS[table])
        return Mutation(table, "deleted", (row,), None, [(f"DELETE FROM {table} WHERE {_where(table)}", keys)])

    def insert(self, table: str) -> Mutation | None:
        """A copy of a row under a key of its own."""
        _, values = self._row(table)
        key = self.dice.choice(KEYS[table])
        forged: Any = {
            "bigint": self.dice.choice([-5, 0, 10**6]),
            "date": "1999-01-01",
            "integer": 99,
            "smallint": 3,
            "text": "forged",
            "uuid": str(UUID(int=self.dice.getrandbits(128))),
        }[next(column.kind for column in self.columns[table] if column.name == key)]
        names = self.names[table]
        taken = ", ".join(f"CAST(%s AS {self._type(table, name)})" if name == key else f'"{name}"' for name in names)
        listed = ", ".join(f'"{name}"' for name in names)
        keys = tuple(values[name] for name in KEYS[table])
        statement = f"INSERT INTO {table} ({listed}) SELECT {taken} FROM {table} WHERE {_where(table)}"
        return Mutation(
            table, f"a copy with {key} {forged}", (_named(table, {**values, key: forged}),), None, [(statement, (forged, *keys))]
        )

    def rewrite(self, table: str) -> Mutation | None:
        """A field inside of a fact, again in canonical form."""
        row, values = self._row(table)
        fact = msgspec.json.decode(values["state"])
        name = self.dice.choice(sorted(fact))
        before = fact[name]
        fact[name] = self.dice.choice(
            [0, -1, 7, None, "", "x", [], {}, [["x", 1]], "2030-01-01T00:00:00.000000Z", values["command_id"].hex]
        )
        if fact[name] == before:
            return None
        state = msgspec.json.encode(fact, order="sorted")
        return Mutation(
            LOG, f"{name} = {fact[name]!r}", (row,), "state", [(f"UPDATE {LOG} SET state = %s WHERE position = %s", (state, int(row)))]
        )

    def _row(self, table: str) -> tuple[str, dict[str, Any]]:
        names = self.names[table]
        listed, order = ", ".join(f'"{name}"' for name in names), ", ".join(f'"{key}"' for key in KEYS[table])
        ((count,),) = self.owner.rows(f"SELECT count(*) FROM {table}")
        (found,) = self.owner.rows(f"SELECT {listed} FROM {table} ORDER BY {order} OFFSET %s LIMIT 1", self.dice.randrange(count))
        values = dict(zip(names, found, strict=True))
        return _named(table, values), values

    def _type(self, table: str, column: str) -> str:
        sql = "SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s"
        return str(self.owner.rows(sql, table, column)[0][0])


def _where(table: str) -> str:
    return " AND ".join(f'"{key}" = %s' for key in KEYS[table])


def _named(table: str, values: dict[str, Any]) -> str:
    return "/".join(str(values[key]).lower() if values[key] is True else str(values[key]) for key in KEYS[table])


def is_named(mutation: Mutation, report: Report) -> bool:
    """Whether the report says where: the row and the column of a table, or a position of the log, or the sixteen around it."""
    difference = report.first_difference
    if report.ok or difference is None:
        return False
    if mutation.table == LOG:
        return any(_covers(difference, int(row)) for row in mutation.rows)
    if difference.where != mutation.table or difference.row not in mutation.rows:
        return False
    whole = mutation.column is None or mutation.table == "read.models" or mutation.column in KEYS[mutation.table]
    return whole or f"column {mutation.column}" in difference.what or "columns" in difference.what


def _covers(difference: Difference, position: int) -> bool:
    if difference.where != "log":
        # The row of a read model that says something else than the log, and where the log was altered.
        return difference.altered is not None and difference.altered[0] <= position <= difference.altered[1]
    first, last = difference.altered or (difference.position, difference.last_position or difference.position)
    # What is missing is missed by the entry that follows.
    return first is not None and last is not None and (first <= position <= last or difference.position in (position, position + 1))
