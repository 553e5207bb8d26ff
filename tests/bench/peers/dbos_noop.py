"""No-op durable workflows through DBOS on PostgreSQL. usage: dbos_noop.py DSN JOBS"""

import json
import sys
import time

from dbos import DBOS, DBOSConfig

config: DBOSConfig = {"name": "peer", "system_database_url": sys.argv[1], "run_admin_server": False, "log_level": "ERROR"}
DBOS(config=config)


@DBOS.step()
def provider() -> int:
    return 1


@DBOS.workflow()
def noop() -> int:
    return provider()


def main(jobs: int) -> None:
    DBOS.launch()
    queue = DBOS.register_queue("peer", polling_interval_sec=0.01)
    queue.enqueue(noop).get_result()
    began = time.perf_counter()
    handles = [queue.enqueue(noop) for _ in range(jobs)]
    for handle in handles:
        handle.get_result(polling_interval_sec=0.01)
    rate = jobs / (time.perf_counter() - began)
    print(json.dumps({"per_second": rate}), flush=True)
    DBOS.destroy()


if __name__ == "__main__":
    main(int(sys.argv[2]))
