"""Generations with bytes that must be kept: a catalogue of small pictures, and whether what the log says is stored lies there."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import psycopg

from tests.faults.stack import CATALOGUE

#: `sketch` waits for the store and tries again; `sketch-once` tries once.
PICTURES = (
    CATALOGUE
    + """
[[models]]
id = "sketch"
kind = "image"
provider = "builtin"
title = "A picture"
description = "A small picture."
price = 5
upstream = "sketch-1"
[[models]]
id = "sketch-once"
kind = "image"
provider = "builtin"
title = "A picture, tried once"
description = "A small picture."
price = 5
upstream = "sketch-1"
attempts_max = 1
"""
)
SKETCH: Mapping[str, Any] = {"kind": "image", "model": "sketch", "prompt": "a lighthouse", "params": {"size": "64x64"}}
SKETCH_ONCE: Mapping[str, Any] = {**SKETCH, "model": "sketch-once"}
# What the log says was stored as a result.
STORED = """
    SELECT s.state ->> 'object_key', s.state ->> 'sha256', s.state ->> 'thumbnail_key' FROM (
        SELECT convert_from(state, 'UTF8')::json AS state FROM journal.events WHERE topic = 'assets.stored') s
    WHERE s.state ->> 'source' = 'generation'
"""


def not_kept(database_url: str, read: Callable[[str], bytes | None], *, expected: int) -> tuple[str, ...]:
    """What is wrong with the results in a log: one original and one thumbnail each, the bytes that the log has the digest of."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(STORED).fetchall()
    wrong = [f"{len(rows)} assets are recorded for {expected} generations that succeeded"] if len(rows) != expected else []
    for key, sha256, thumbnail in rows:
        data = read(key)
        if data is None or hashlib.sha256(data).hexdigest() != sha256 or not read(thumbnail):
            wrong.append(f"{key} is not what was stored")
    return tuple(wrong)
