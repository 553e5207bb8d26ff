"""No-op jobs through Dramatiq on Redis, as its documentation sets it up.

usage: dramatiq_noop.py rate REDIS_URL JOBS | dramatiq_noop.py idle REDIS_URL JOBS
`rate`: jobs a second from the first send to the last done. `idle`: milliseconds from send to done, one job at a time.
"""

import json
import os
import signal
import subprocess
import sys
import time

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker

URL = os.environ.get("PEER_REDIS_URL", "")
DONE = "peer-dramatiq-done"
client = redis.Redis.from_url(URL) if URL else None
if client:
    dramatiq.set_broker(RedisBroker(client=client, namespace="peer-dramatiq"))


@dramatiq.actor(max_retries=0, actor_name="noop")
def noop() -> None:
    client.rpush(DONE, 1)


def main(mode: str, url: str, jobs: int) -> None:
    if not URL:
        sys.exit(subprocess.call([sys.executable, __file__, mode, url, str(jobs)], env={**os.environ, "PEER_REDIS_URL": url}))
    here = os.path.dirname(os.path.abspath(__file__))
    arguments = ["-m", "dramatiq", "--processes", "1", "--threads", "8", "dramatiq_noop"]
    worker = subprocess.Popen(
        [sys.executable, *arguments], cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        print(json.dumps(idle(jobs) if mode == "idle" else rate(jobs)))
    finally:
        os.killpg(worker.pid, signal.SIGTERM)
        worker.wait(30)


def warm_up() -> None:
    client.delete(DONE)
    noop.send()
    if client.blpop(DONE, 30) is None:
        raise SystemExit("the worker did not start")


def idle(jobs: int) -> dict:
    warm_up()
    taken = []
    for _ in range(jobs):
        time.sleep(0.05)
        began = time.perf_counter()
        noop.send()
        client.blpop(DONE, 30)
        taken.append((time.perf_counter() - began) * 1000)
    return {"milliseconds": taken}


def rate(jobs: int) -> dict:
    warm_up()
    began = time.perf_counter()
    for _ in range(jobs):
        noop.send()
    while client.llen(DONE) < jobs:
        time.sleep(0.005)
    return {"per_second": jobs / (time.perf_counter() - began)}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
