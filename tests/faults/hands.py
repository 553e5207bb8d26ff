"""One thread that lives as long as we do: whoever starts an engine must not end before it (see daybook/engines/child.py)."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_HANDS = ThreadPoolExecutor(1, "hands")

T = TypeVar("T")


async def by_hand(work: Callable[[], T]) -> T:
    """What blocks, without holding up the loop; also for what starts an engine again."""
    return await asyncio.get_running_loop().run_in_executor(_HANDS, work)
