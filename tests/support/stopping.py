"""Something that is cut off after so many of its calls, as a killed process is."""

import inspect
from typing import Any


class Killed(BaseException):
    """Nobody catches it, as nobody catches SIGKILL."""


class Fuse:
    """Burns down by one with each call through what it guards."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def burn(self) -> None:
        """Raises Killed when nothing is left."""
        if self.left == 0:
            raise Killed
        self.left -= 1


class Guarded:
    """*inner*, each call of which burns *fuse*, before it is made."""

    def __init__(self, inner: Any, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not inspect.ismethod(found):
            return found

        def call(*args: Any, **options: Any) -> Any:
            self._fuse.burn()
            return found(*args, **options)

        return call
