"""What a submit costs the API, beside the program that only accepts."""

import base64
import json
import socket
import subprocess
import sys
import time
from statistics import median

from tests.bench.cpu import used_by
from tests.bench.rows.submit import CONNECTIONS, expect_accepted, submit_plan
from tests.bench.stand import Stand, free_port, load

SUBMITS, WARM_UP = 8_000, 400
SECONDS_MAX = 60


def compare(stand: Stand, rounds: int) -> None:
    """Print both, round by round, and the medians."""
    print("\nThe API, CPU µs of a submit, one process, 64 connections:")
    found: list[tuple[float, float]] = []
    for number in range(1, rounds + 1):
        ours, limit = _accepting(stand)
        found.append((ours, limit))
        print(f"{number}. ours {ours:.0f} µs a submit, the program that only accepts {limit:.0f} µs, ratio {ours / limit:.2f}", flush=True)
    ratios = [ours / limit for ours, limit in found]
    print(f"ours {median(ours for ours, _ in found):.0f}, the program {median(limit for _, limit in found):.0f}, ", end="")
    print(f"ratio {median(ratios):.2f} ({min(ratios):.2f} – {max(ratios):.2f})")


def _accepting(stand: Stand) -> tuple[float, float]:
    """CPU µs of a submit: the API's, and that of the program."""
    dsn, port = stand.house(), free_port()
    try:
        with stand.processes(dsn, "api", port=port) as pids:
            tokens = stand.tokens(dsn, port, CONNECTIONS)
            ours = _of_a_submit(pids["api"], port, tokens)
    finally:
        stand.drop(dsn)
    dsn, port = stand.house(), free_port()
    command = [sys.executable, "-m", "bench.limits.accepting", str(port), dsn]
    program = subprocess.Popen(command, stdin=subprocess.PIPE)
    try:
        assert program.stdin is not None
        program.stdin.write(json.dumps({token: _account_of(token) for token in tokens}).encode())
        program.stdin.close()
        _wait_for(program, port)
        return ours, _of_a_submit(program.pid, port, tokens)
    finally:
        program.kill()
        program.wait()
        stand.drop(dsn)


def _of_a_submit(pid: int, port: int, tokens: list[str]) -> float:
    expect_accepted(load({**submit_plan(port, tokens), "requests": WARM_UP}))
    before = used_by({"": pid})[""]
    expect_accepted(load({**submit_plan(port, tokens, seconds=SECONDS_MAX), "requests": SUBMITS}))
    return (used_by({"": pid})[""] - before) / SUBMITS * 1e6


def _account_of(token: str) -> str:
    """Whose access token it is, as the token says."""
    payload = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"])


def _wait_for(program: "subprocess.Popen[bytes]", port: int) -> None:
    """Raises RuntimeError when nobody listens in time."""
    until = time.monotonic() + SECONDS_MAX
    while time.monotonic() < until and program.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the program does not listen")
