"""A file that is there whole or not at all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

STDOUT = Path("-")


@contextmanager
def appearing(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    """Write into a temporary file beside *path*, which takes its name when the block ends well. `-` is stdout.

    Raises FileExistsError unless *force*, and other OSErrors.
    """
    if path == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    _refuse_existing(path, force)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # Somebody else may have made it meanwhile.
        _refuse_existing(path, force)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_directory(path.parent)


def _refuse_existing(path: Path, force: bool) -> None:
    if path.is_dir() or (path.exists() and not force):
        raise FileExistsError(17, "is there already", str(path))


def _sync_directory(directory: Path) -> None:
    """So that the name, too, outlives a loss of power."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
