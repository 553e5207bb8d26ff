"""A program that is stopped takes the processes that it has started with it."""

import os
import signal
import subprocess
import sys

import pytest

from tests.support.taking_along import STOPPING

PROGRAM = """
import asyncio, signal, subprocess, sys
from contextlib import contextmanager
import uvloop
from tests.support.taking_along import take_all_along

@contextmanager
def child():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        try:
            yield process
        finally:
            process.kill()

async def work():
    with child() as process:
        print(process.pid, flush=True)
        await asyncio.sleep(60)

# As in a program that a shell has put into the background.
signal.signal(signal.SIGINT, signal.SIG_IGN)
take_all_along()
uvloop.run(work())
"""


@pytest.mark.parametrize("number", STOPPING)
def test_whatever_stops_a_program_stops_what_it_has_started(number: signal.Signals):
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        child = int(program.stdout.readline())
        program.send_signal(number)
        _, said = program.communicate(timeout=20)
    assert program.returncode == 128 + number, said
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
