"""Files on their way to or from a bucket, on this machine's disk."""

import os
import secrets
import tempfile
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

#: A file this old has no writer any more: uploads have a total deadline of ten minutes.
STAGED_SECONDS_MAX = 3_600


class Staging:
    """A directory, made when it is first needed, readable by us alone."""

    def __init__(self, root: Path | None) -> None:
        self._root = root or Path(tempfile.gettempdir()) / f"daybook-{os.getuid()}"

    def new(self) -> Path:
        """A path at which nothing is yet.   Raises OSError, also when the directory is somebody else's."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._root.stat(follow_symlinks=False).st_uid != os.getuid():
            raise PermissionError(f"{self._root} belongs to somebody else")
        return self._root / secrets.token_hex(16)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def sweep(self, now: datetime) -> int:
        """Delete what killed processes left. How many."""
        before, swept = (now - timedelta(seconds=STAGED_SECONDS_MAX)).timestamp(), 0
        for path in self._root.glob("*") if self._root.is_dir() else ():
            with suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_mtime < before:
                    path.unlink()
                    swept += 1
        return swept
