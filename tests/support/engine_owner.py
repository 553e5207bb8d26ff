"""A process that owns the embedded engines of a data directory until its input closes; tests kill it.

    python -m tests.support.engine_owner DATA [--untied] [--as=UID] [--no-namespaces]

It counts its starts in both engines and prints one line: `ready <starts by PostgreSQL> <starts by Redis> <runtime directory>`.
`--untied` leaves out the parent-death signal, as on a system without one. `--as` makes it another account's process.
`--no-namespaces` is a kernel that forbids them.
"""

import os
import sys
from pathlib import Path

import psycopg
import redis

from daybook.engines import AlreadyRunning, EngineError, account, child, embedded


def main(data: Path, options: list[str]) -> int:
    child.LINUX = child.LINUX and "--untied" not in options
    if "--no-namespaces" in options:
        account.namespace = lambda: None
    for option in options:
        if option.startswith("--as="):
            become(int(option.removeprefix("--as=")))
    try:
        with embedded(data, runtime_parent=os.environ.get("XDG_RUNTIME_DIR")) as engines:
            with psycopg.connect(engines.database_url) as connection, redis.Redis.from_url(engines.redis_url) as client:
                connection.execute("CREATE TABLE IF NOT EXISTS starts (at timestamptz)")
                connection.execute("INSERT INTO starts VALUES (now())")
                connection.commit()
                row = connection.execute("SELECT count(*) FROM starts").fetchone()
                client.incr("starts")
                client.execute_command("WAITAOF", 1, 0, 5000)
                print("ready", row[0], int(client.get("starts")), (data / "runtime").read_text(), flush=True)
            sys.stdin.read()
    except (AlreadyRunning, EngineError) as refusal:
        print(f"{type(refusal).__name__}: {refusal}", flush=True)
        return 3
    return 0


def become(uid: int) -> None:
    """Gives up every right of root's for good."""
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
