"""Files under one root, reached only through directory descriptors: a symbolic link planted inside is never followed."""

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from domain.ports import ObjectInfo

#: Unfinished files live here. No key begins with a dot, so no object can be in the way.
STAGING = ".staging"
COPY_BYTES = 1 << 20
#: What the kernel says when a link, a file or a directory stands where a key leads.
NOT_AN_OBJECT = frozenset({errno.EISDIR, errno.ELOOP, errno.ENOTDIR})


def prepare_root(root: Path) -> None:
    """Make the root and its staging directory, readable by us alone."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_staging(root)


def make_staging(root: Path) -> None:
    """Make the staging directory, where somebody has cleaned it away."""
    with _directory(root, STAGING, make=True):
        pass


def write_object(root: Path, key: str, data: bytes | Path) -> None:
    """Durable and whole, or not there at all: staged, flushed, renamed, and the directory flushed. A file that is staged already moves."""
    with _directory(root, STAGING, make=True) as staging:
        name = new_name()
        try:
            if isinstance(data, Path) and data.parent == root / STAGING:
                name = data.name
                _flush_file(staging, name)
            else:
                _write_file(staging, name, data)
            parent, _, leaf = key.rpartition("/")
            with _directory(root, parent, make=True) as target:
                os.rename(name, leaf, src_dir_fd=staging, dst_dir_fd=target)
                os.fsync(target)
        except BaseException:
            # Gone already when only the last flush failed.
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=staging)
            raise


def new_name() -> str:
    return secrets.token_hex(16)


def remove(path: Path) -> None:
    """An unfinished file; none there is fine."""
    path.unlink(missing_ok=True)


def read_object(root: Path, key: str) -> bytes:
    """Raises FileNotFoundError, also where something else than a regular file stands."""
    with _opened(root, key) as descriptor, open(descriptor, "rb", closefd=False) as file:
        return file.read()


def stat_object(root: Path, key: str) -> os.stat_result:
    """Raises FileNotFoundError, also where something else than a regular file stands."""
    with _opened(root, key) as descriptor:
        return os.fstat(descriptor)


def delete_object(root: Path, key: str) -> None:
    parent, _, leaf = key.rpartition("/")
    with suppress(FileNotFoundError), _not_found(), _directory(root, parent, make=False) as directory:
        os.unlink(leaf, dir_fd=directory)


def list_objects(root: Path, prefix: str) -> Iterator[ObjectInfo]:
    """Sorted by key, as S3 does. Links and unfinished files are not listed."""
    if not root.is_dir():
        raise OSError(errno.EIO, "the object directory is gone", str(root))
    parent, _, _ = prefix.rpartition("/")
    yield from _walk(root / parent, f"{parent}/" if parent else "", prefix)


def sweep_staging(root: Path, *, before: datetime) -> int:
    """Delete unfinished files last written *before*: their writer was killed. How many."""
    swept = 0
    make_staging(root)
    for entry in os.scandir(root / STAGING):
        if entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mtime < before.timestamp():
            with suppress(FileNotFoundError):
                os.unlink(entry.path)
                swept += 1
    return swept


def probe(root: Path) -> None:
    """Raises OSError when nothing can be written here now."""
    with _directory(root, STAGING, make=True) as staging:
        name = new_name()
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=staging))
        os.unlink(name, dir_fd=staging)


def _write_file(directory: int, name: str, data: bytes | Path) -> None:
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=directory)
    with open(descriptor, "wb") as file:
        if isinstance(data, Path):
            with data.open("rb") as source:
                while piece := source.read(COPY_BYTES):
                    file.write(piece)
        else:
            file.write(data)
        file.flush()
        _flush(file.fileno())


def _flush_file(directory: int, name: str) -> None:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=directory)
    try:
        _flush(descriptor)
    finally:
        os.close(descriptor)


def _flush(descriptor: int) -> None:
    # On macOS fsync leaves the data in the drive's cache.
    if hasattr(fcntl, "F_FULLFSYNC"):
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


@contextmanager
def _opened(root: Path, key: str) -> Iterator[int]:
    parent, _, leaf = key.rpartition("/")
    with _not_found(), _directory(root, parent, make=False) as directory:
        descriptor = os.open(leaf, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileNotFoundError(errno.ENOENT, "not an object", key)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _directory(root: Path, path: str, *, make: bool) -> Iterator[int]:
    """A descriptor of the directory *path* under *root*, walked word by word without following links."""
    try:
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError as error:
        # Not a missing object: the disk under the store is gone.
        raise OSError(errno.EIO, "the object directory is gone", str(root)) from error
    try:
        for word in filter(None, path.split("/")):
            if make:
                _make_directory(descriptor, word)
            inner = os.open(word, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _make_directory(parent: int, name: str) -> None:
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        return
    os.fsync(parent)


@contextmanager
def _not_found() -> Iterator[None]:
    """A link or a file where a directory should be means that no such object was ever stored."""
    try:
        yield
    except OSError as error:
        if error.errno in NOT_AN_OBJECT:
            raise FileNotFoundError(errno.ENOENT, "not an object", error.filename) from error
        raise


def _walk(directory: Path, above: str, prefix: str) -> Iterator[ObjectInfo]:
    try:
        entries = list(os.scandir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in sorted(entries, key=lambda entry: entry.name + "/" * entry.is_dir(follow_symlinks=False)):
        key = above + entry.name
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            if key.startswith(prefix) or prefix.startswith(f"{key}/"):
                yield from _walk(Path(entry.path), f"{key}/", prefix)
        elif entry.is_file(follow_symlinks=False) and key.startswith(prefix):
            # Deleted between the scan and now: it is simply not listed.
            with suppress(FileNotFoundError):
                yield info(key, entry.stat(follow_symlinks=False))


def info(key: str, status: os.stat_result) -> ObjectInfo:
    return ObjectInfo(key=key, bytes=status.st_size, modified_at=datetime.fromtimestamp(status.st_mtime, UTC))
