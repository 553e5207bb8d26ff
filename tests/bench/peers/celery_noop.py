"""No-op jobs through Celery on Redis. usage: celery_noop.py REDIS_URL JOBS"""

import json
import os
import signal
import subprocess
import sys
import time

import redis
from celery import Celery

URL = os.environ.get("PEER_REDIS_URL", "")
client = redis.Redis.from_url(URL) if URL else None
app = Celery("celery_noop", broker=os.environ.get("PEER_CELERY_URL", "memory://"))
app.conf.update(task_ignore_result=True, task_acks_late=True, worker_prefetch_multiplier=4, task_default_queue="peer-celery")


@app.task(name="noop")
def noop() -> None:
    client.rpush("peer-celery-done", 1)


def celery_url(url: str) -> str:
    """Kombu spells a unix socket redis+socket:///path?…"""
    return url.replace("unix://", "redis+socket://", 1) if url.startswith("unix://") else url


def main(url: str, jobs: int) -> None:
    environment = {**os.environ, "PEER_REDIS_URL": url, "PEER_CELERY_URL": celery_url(url)}
    here = os.path.dirname(os.path.abspath(__file__))
    if "PEER_CELERY_URL" not in os.environ:
        sys.exit(subprocess.call([sys.executable, __file__, url, str(jobs)], env=environment))
    arguments = ["-m", "celery", "-A", "celery_noop", "worker", "--concurrency", "2", "--without-gossip", "--without-mingle"]
    worker = subprocess.Popen(
        [sys.executable, *arguments], cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        print(json.dumps(measure(jobs)))
    finally:
        os.killpg(worker.pid, signal.SIGTERM)
        worker.wait(30)


def measure(jobs: int) -> dict:
    client.delete("peer-celery-done")
    noop.delay()
    client.blpop("peer-celery-done", 60)
    began = time.perf_counter()
    for _ in range(jobs):
        noop.delay()
    while client.llen("peer-celery-done") < jobs:
        time.sleep(0.005)
    return {"per_second": jobs / (time.perf_counter() - began)}


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
