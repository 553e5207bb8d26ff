"""`make clean`: stops what still runs in the data directories here, then removes them if the person says so.

    python -m daybook.engines.clean DATA_DIRECTORY [--yes]

Keeps to the standard library: it also runs when `.venv` is gone.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

from daybook.engines import child, runtime
from daybook.engines.lock import holder
from daybook.engines.postgres import Postgres
from daybook.engines.redis import Redis

DRAIN_SECONDS = 30.0


def stop_all(data: Path) -> list[str]:
    """Stops the Daybook that holds *data* and engines without one; says what it stopped."""
    stopped = []
    owner = holder(data)
    if owner:
        os.kill(owner, signal.SIGTERM)
        _wait_for_lock(data)
        stopped.append(f"Daybook (process {owner})")
    if child.stop_stray(data / "postgres" / "postmaster.pid", data / "postgres", *Postgres.STOP):
        stopped.append("PostgreSQL")
    if child.stop_stray(data / "redis" / "redis.pid", data / "redis", *Redis.STOP):
        stopped.append("Redis")
    if (data / "runtime").exists():
        runtime.remove(Path((data / "runtime").read_text()))
    return stopped


def main(arguments: list[str]) -> int:
    """Returns 1 when something would not stop."""
    data = Path(arguments[0])
    for directory in (data, data / "demo"):
        if (directory / "lock").exists():
            for what in stop_all(directory):
                print(f"stopped {what} in {directory}")
            if holder(directory) is not None:
                print(f"process {holder(directory)} still uses {directory}; stop it and run make clean again", file=sys.stderr)
                return 1
    if data.exists():
        if "--yes" in arguments or _agreed(data):
            shutil.rmtree(data)
            print(f"removed {data}")
        else:
            print(f"kept {data}")
    return 0


def _wait_for_lock(data: Path) -> None:
    end = time.monotonic() + DRAIN_SECONDS
    while holder(data) is not None and time.monotonic() < end:
        time.sleep(0.05)


def _agreed(data: Path) -> bool:
    """Without a terminal nobody can agree."""
    if not sys.stdin.isatty():
        return False
    return input(f"Remove {data} with all accounts, credits and images in it? [y/N] ").strip().lower() in ("y", "yes")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
