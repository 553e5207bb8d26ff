"""The installation that is soaked: the real processes of tests/faults, two workers, and a vendor on loopback."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.bench.cpu import family, parents
from tests.faults.stack import DAYBOOK, ROLES, Stack

PASSWORD = "a long soak in the evening"
#: Model -> its price. Quotes and charges are compared with these.
PRICES = {"soak/at-once": 5, "soak/brief": 3, "soak/slow": 7, "soak/vendor": 4, "soak/parked": 6}
CATALOGUE = """
price_version = 1
{% noop %}
[[models]]
id = "soak/vendor"
kind = "image"
provider = "openai-compatible"
title = "The vendor"
description = "Pictures of a vendor on loopback."
price = 4
upstream = "pixel"
[models.adapter]
endpoint = "images"
sends = ["count"]

[[models]]
id = "soak/parked"
kind = "image"
provider = "replicate"
title = "The vendor, slowly"
description = "A job that is parked at a vendor on loopback."
price = 6
upstream = "soak/slow"
long = true
[models.adapter]
fields = { prompt = "prompt" }
"""
NOOP = """
[[models]]
id = "{id}"
kind = "image"
provider = "noop"
title = "Nothing"
description = "Makes nothing in {ms} ms."
price = {price}
upstream = "noop"
[models.adapter]
sleep_ms = {ms}
"""
SLEEPS = {"soak/at-once": 0, "soak/brief": 50, "soak/slow": 200}


def catalogue() -> str:
    return CATALOGUE.replace("{% noop %}", "".join(NOOP.format(id=name, ms=ms, price=PRICES[name]) for name, ms in SLEEPS.items()))


class Town(Stack):
    """The processes, with the vendor's address and the port of the client's receiver of webhooks."""

    def __init__(self, folder: Path, *, database_url: str, redis_url: str, vendor_port: int, receiver_port: int) -> None:
        super().__init__(folder, database_url=database_url, redis_url=redis_url)
        self.vendor_port, self.receiver_port = vendor_port, receiver_port
        (folder / "catalogue.toml").write_text(catalogue())

    def environment(self) -> dict[str, str]:
        return {
            **super().environment(),
            # Counted as everywhere, and never reached: what is refused here is refused for other reasons.
            "DAYBOOK_RATE_LIMITS": "api=60000000/60,generations=60000000/3600,auth=60000000/3600,anonymous=60000000/60",
            "DAYBOOK_CHECKPOINT_EVENTS": "1000",
            "DAYBOOK_CHECKPOINT_SECONDS": "10",
            "DAYBOOK_WEBHOOK_RETRIES": "1,2,4,8,16",
            "DAYBOOK_OUTGOING_ALLOW": f"127.0.0.1:{self.vendor_port},127.0.0.1:{self.receiver_port}",
            "OPENAI_COMPATIBLE_BASE_URL": f"http://127.0.0.1:{self.vendor_port}/v1",
            "REPLICATE_BASE_URL": f"http://127.0.0.1:{self.vendor_port}/v1",
            "REPLICATE_API_KEY": "key-of-the-soak",
        }

    def operator(self) -> dict[str, str]:
        """An account that may grant: its e-mail and password."""
        who = {"email": "operator@soak.example.com", "password": PASSWORD}
        words = [DAYBOOK, "accounts", "create", "--email", who["email"], "--role", "operator", "--password-stdin"]
        made = subprocess.run(words, input=PASSWORD, env=self.environment(), capture_output=True, text=True, timeout=60)
        if made.returncode:
            raise RuntimeError(f"daybook accounts create failed: {made.stderr[-2000:]}")
        return who

    def families(self) -> dict[str, list[int]]:
        """Process ids by role, and of the engines that this process has started; each with its children."""
        found: dict[str, list[int]] = {}
        for pid, words in children():
            if (name := called(words)) is not None:
                found[name if name not in found else f"{name} 2"] = family(pid)
        return found


@contextmanager
def vendor() -> Iterator[int]:
    """The vendor's process; its port."""
    process = subprocess.Popen([sys.executable, "-m", "tests.soak.vendor"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(10)


@contextmanager
def town(folder: Path, *, database_url: str, redis_url: str, receiver_port: int) -> Iterator[Town]:
    """Everything, until the block ends."""
    with ExitStack() as stack:
        port = stack.enter_context(vendor())
        running = Town(folder, database_url=database_url, redis_url=redis_url, vendor_port=port, receiver_port=receiver_port)
        running.start()
        stack.callback(running.stop)
        stack.enter_context(running.another("worker"))
        yield running


def children() -> Iterator[tuple[int, list[str]]]:
    """Those of this process, in the order in which they began, with their words."""
    for pid in sorted(pid for pid, parent in parents().items() if parent == os.getpid()):
        try:
            yield pid, Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        except OSError:
            continue


def called(words: list[str]) -> str | None:
    """What a child with this command line is, or None: it is nobody who is looked at."""
    line = " ".join(words)
    if words and words[-1] in ROLES and "daybook" in line:
        return words[-1]
    engines = {"postgres": "PostgreSQL", "redis": "Redis", "valkey": "Redis"}
    return next((name for word, name in engines.items() if word in line), None)


def errors_logged(running: Town) -> list[str]:
    """The lines of the processes' log that say that something went wrong."""
    return [line for line in running.log.splitlines() if _level(line) in ("error", "critical")]


def _level(line: str) -> str:
    try:
        said: Any = json.loads(line)
    except ValueError:
        return "error" if line.startswith("Traceback") else ""
    return str(said.get("level", "")) if isinstance(said, dict) else ""
