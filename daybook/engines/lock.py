"""One Daybook per data directory: an flock on `<data>/lock`, which the kernel drops with its holder, however that dies."""

import fcntl
import os
from pathlib import Path

from daybook.engines.errors import AlreadyRunning, EngineError


class DataLock:
    """Holds the data directory from `take` to `release`. The file keeps the holder's process id for messages and `make clean`."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._file: int | None = None

    def take(self) -> None:
        """Raises AlreadyRunning when somebody else has it. Not inherited by children."""
        prepare(self._data)
        file = os.open(self._data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise AlreadyRunning(
                f"another Daybook{_by(holder(self._data))} uses the data directory {self._data}; "
                "stop it, or name another directory with DAYBOOK_DATA_DIR"
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        self._file = file

    def release(self) -> None:
        """The file stays: removing it would let two newcomers hold two different files."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None


def prepare(data: Path) -> None:
    """Makes the data directory, mode 0700, or says in one sentence why that cannot be."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(f"the data directory {data} cannot be made ({error.strerror}); name another with DAYBOOK_DATA_DIR") from error
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        raise EngineError(f"the data directory {data} is not writable for this user; name another with DAYBOOK_DATA_DIR")


def holder(data: Path) -> int | None:
    """The process id of who holds the directory now, None when nobody does."""
    try:
        file = os.open(data / "lock", os.O_RDWR | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        # What is wrong with a directory that cannot be used is said by `prepare`.
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(file, 32, 0).decode()
        return int(text) if text.isdigit() else 0
    finally:
        os.close(file)
    return None


def _by(pid: int | None) -> str:
    return f" (process {pid})" if pid else ""
