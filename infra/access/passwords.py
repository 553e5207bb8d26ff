"""bcrypt in a few threads of its own."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import bcrypt

from domain.access.refusals import PasswordsBusy
from domain.kernel.limits import PASSWORD_BYTES_MAX

ROUNDS = 12
#: bcrypt lets go of the interpreter while it works, so threads use cores; one is left to the event loop.
THREADS = 2
#: About ten seconds of work. Whoever comes later is told so at once.
WAITING_MAX = 64
RETRY_AFTER_SECONDS = 2

Value = TypeVar("Value")


class BcryptPasswords:
    """Implements `domain.ports.Passwords`. At most *waiting_max* passwords wait; the event loop never does."""

    def __init__(self, *, rounds: int = ROUNDS, threads: int = THREADS, waiting_max: int = WAITING_MAX) -> None:
        self._rounds = rounds
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._waiting_max = waiting_max
        self._waiting = 0
        self._dummy: bytes | None = None
        self._making = threading.Lock()

    async def hash(self, password: str) -> str:
        """Raises PasswordsBusy. The caller has checked the password's length."""
        hashed = await self._run(lambda: bcrypt.hashpw(password.encode(), bcrypt.gensalt(self._rounds)))
        return hashed.decode()

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Over-long passwords, which bcrypt refuses, are wrong ones: found so in the same time.   Raises PasswordsBusy."""
        given = password.encode()
        fits = len(given) <= PASSWORD_BYTES_MAX

        def check() -> bool:
            # Asked for whoever comes first, known or not, so that its making tells nothing.
            nobody = self._nobody()
            against = nobody if hashed is None or not fits else hashed.encode()
            return bcrypt.checkpw(given if fits else b"too long", against)

        return await self._run(check) and hashed is not None and fits

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _nobody(self) -> bytes:
        """Made once, with the same number of rounds, so that checking against it takes as long as against a real one."""
        with self._making:
            if self._dummy is None:
                self._dummy = bcrypt.hashpw(b"nobody", bcrypt.gensalt(self._rounds))
            return self._dummy

    async def _run(self, work: Callable[[], Value]) -> Value:
        if self._waiting >= self._waiting_max:
            raise PasswordsBusy(retry_after=RETRY_AFTER_SECONDS)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
