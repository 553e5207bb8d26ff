"""Name look-ups that cannot hold up anything else: in threads of their own, and not for longer than a few seconds."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

THREADS = 64
SECONDS = 5

#: host, port -> addresses.   Raises OSError.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class SystemResolver:
    """The system's resolver. Names are judged after it only: it reads `2130706433`, `0x7f.1` and `127.1` as loopback."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="resolve")

    async def __call__(self, host: str, port: int) -> list[str]:
        """Raises OSError, also when it takes too long."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(SECONDS):
            found = await loop.run_in_executor(self._threads, _look_up, host, port)
        return list(dict.fromkeys(found))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    return [str(address[0]) for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
