"""The short directory of the sockets. A data directory may lie deep; a Unix socket's path may not (107 bytes, on macOS 103)."""

import hashlib
import os
import shutil
import stat
from pathlib import Path

from daybook.engines.errors import EngineError

#: Longest path of a socket, with room for what libpq and others append.
SOCKET_PATH_MAX_BYTES = 90
LONGEST_SOCKET_NAME = "pg/.s.PGSQL.5432"


def claim(data: Path, parent: str | None) -> Path:
    """The runtime directory of *data*: mode 0700, ours, no symlink. *parent* is `$XDG_RUNTIME_DIR`, else it is `/tmp`."""
    for base in (parent, "/tmp"):
        if not base or not os.access(base, os.W_OK | os.X_OK):
            continue
        directory = Path(base, name_of(data))
        if len(os.fsencode(directory / LONGEST_SOCKET_NAME)) <= SOCKET_PATH_MAX_BYTES:
            _own(directory)
            return directory
    raise EngineError("neither XDG_RUNTIME_DIR nor /tmp is a writable directory with a short path; set XDG_RUNTIME_DIR to one")


def name_of(data: Path) -> str:
    """One name per user and data directory, however the directory is spelled."""
    return f"daybook-{os.getuid()}-{hashlib.sha256(os.fsencode(os.path.realpath(data))).hexdigest()[:10]}"


def remove(directory: Path) -> None:
    """Takes the directory and the sockets in it away; one that is gone already is fine."""
    shutil.rmtree(directory, ignore_errors=True)


def _own(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise EngineError(
                f"{directory} exists and is not our own directory; remove it, or set XDG_RUNTIME_DIR to another place"
            ) from None
    directory.chmod(0o700)
