"""`daybook up` on an empty data directory: from the command to `ready`, with engines made and started and all tables made."""

import shutil
import tempfile
import time
from pathlib import Path

from tests.bench.measure import Floor, Round, Row
from tests.bench.stand import Stand, free_port
from tests.support.daybook_command import Up


def measure(stand: Stand) -> Round:
    folder = Path(tempfile.mkdtemp(prefix="cold-", dir=stand.folder))
    began = time.perf_counter()
    up = Up(folder / "data", folder / "up.log", DAYBOOK_PORT=str(free_port()))
    try:
        up.wait_for("ready ")
        return {"ready after": time.perf_counter() - began}
    finally:
        up.stop()
        shutil.rmtree(folder, ignore_errors=True)


ROW = Row(
    key="cold-start",
    name="cold start: `daybook up` to ready, embedded engines, new data directory",
    beside="api, worker, dispatcher, notary, projector, scheduler, PostgreSQL, Redis: all of them starting",
    measure=measure,
    floors=[Floor("ready after", 6, least=False)],
    units={"ready after": "s"},
)
