"""Everything that an installation keeps, as bytes: every column of every table, Redis, files of logs and objects."""

import base64
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import redis
from psycopg import sql

#: Columns of every table of ours, and materialised or not: what a dump would hold.
COLUMNS = """
    SELECT c.table_schema, c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.tables t
    USING (table_schema, table_name)
    WHERE t.table_type = 'BASE TABLE' AND c.table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2, 3
"""


class Kept(NamedTuple):
    """A piece of what is kept, and where."""

    where: str
    data: bytes


def kept_in_database(url: str) -> Iterator[Kept]:
    """Every value; binary columns as their bytes, all others as text."""
    with psycopg.connect(url, autocommit=True) as connection:
        for schema, table, column in connection.execute(COLUMNS).fetchall():
            query = sql.SQL("SELECT DISTINCT {0} FROM {1}.{2} WHERE {0} IS NOT NULL").format(
                sql.Identifier(column), sql.Identifier(schema), sql.Identifier(table)
            )
            try:
                rows = connection.execute(query).fetchall()
            except psycopg.errors.UndefinedFunction:
                # json has no equality.
                rows = connection.execute(query.as_string(connection).replace("DISTINCT ", "")).fetchall()
            for (value,) in rows:
                data = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                yield Kept(f"{schema}.{table}.{column}", data)
        # Statistics hold samples of values.
        for attribute, values in connection.execute("SELECT attname, most_common_vals::text FROM pg_stats WHERE schemaname !~ '^pg_'"):
            yield Kept(f"pg_stats {attribute}", (values or "").encode())


def kept_in_redis(url: str) -> Iterator[Kept]:
    with redis.Redis.from_url(url) as client:
        for key in client.scan_iter():
            yield Kept("redis key", key)
            yield Kept(f"redis value of {key!r}", client.dump(key) or b"")


def kept_in_files(folder: Path, but: Iterable[str] = ()) -> Iterator[Kept]:
    """Every file below *folder*, but those whose path has one of the words of *but*."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not set(but) & set(path.relative_to(folder).parts):
            yield Kept(str(path.relative_to(folder)), str(path.relative_to(folder)).encode() + b"\n" + path.read_bytes())


def forms_of(marker: str) -> list[bytes]:
    """A marker as it could stand somewhere: plain, upside its case, in hexadecimal, in base64 at each of the three offsets, in UTF-16."""
    plain = marker.encode()
    forms = [plain, plain.upper(), plain.hex().encode(), marker.encode("utf-16-le")]
    for shift in range(3):
        # The first and last letters depend on what stands beside.
        forms.append(base64.b64encode(b"\0" * shift + plain)[4:-4])
    return forms


def found_in(kept: Iterable[Kept], markers: Iterable[str]) -> list[tuple[str, str]]:
    """(marker, where) of each marker that stands anywhere in any form."""
    forms = {form: marker for marker in markers for form in forms_of(marker)}
    any_of = re.compile(b"|".join(map(re.escape, forms)))
    return sorted({(forms[hit.group()], piece.where) for piece in kept for hit in any_of.finditer(piece.data)})
