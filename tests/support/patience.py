"""Patience with Redis: a hint or a count that is late by 20 ms is given up, and a busy test machine is late.

What is tested of an answer needs one; what happens without one is tested with servers that never answer.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from infra.limits import limiter
from infra.progress import ticks
from infra.telling import places, wire

PATIENT_SECONDS = 5.0


@contextmanager
def patient_with_redis() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (limiter, places, ticks, wire):
            patch.setattr(module, "BUDGET_SECONDS", PATIENT_SECONDS)
        yield
