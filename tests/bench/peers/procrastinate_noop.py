"""No-op jobs through Procrastinate on PostgreSQL. usage: procrastinate_noop.py DSN JOBS"""

import asyncio
import json
import sys
import time

import procrastinate


async def main(dsn: str, jobs: int) -> None:
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=dsn, min_size=2, max_size=8))
    done = 0

    @app.task(queue="peer")
    async def noop() -> None:
        nonlocal done
        done += 1

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        worker = asyncio.create_task(app.run_worker_async(queues=["peer"], concurrency=16, wait=True, install_signal_handlers=False))
        began = time.perf_counter()
        # As a busy producer does: sixteen at a time, one row each, so that each is durable when its call returns.
        for _ in range(jobs // 16):
            await asyncio.gather(*(noop.defer_async() for _ in range(16)))
        while done < jobs // 16 * 16:
            await asyncio.sleep(0.005)
        rate = done / (time.perf_counter() - began)
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
    print(json.dumps({"per_second": rate}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
