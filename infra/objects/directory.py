"""The object store of a single machine: files in a directory, served by our own API under signed URLs."""

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from domain.assets.storage import ObjectMissing, SignedObject, StoreUnavailable
from domain.ports import ObjectInfo
from infra.objects import files
from infra.objects.disposition import content_disposition
from infra.objects.keys import check_key
from infra.objects.signed_urls import SignedUrl, Signer, expiry, make_url, read_url
from infra.objects.threads import Threads

RETRY_AFTER_SECONDS = 5
#: A staged file this old has no writer any more: uploads have a total deadline of ten minutes.
STAGED_SECONDS_MAX = 3_600

T = TypeVar("T")


class DirectoryStore:
    """Implements `domain.ports.ObjectStore`, and `ObjectServing` for the route that its URLs point to."""

    def __init__(self, root: Path, *, public_url: str, signer: Signer) -> None:
        self._root = root
        self._public_url = public_url.rstrip("/")
        self._signer = signer
        self._threads = Threads("objects-directory")

    async def prepare(self) -> list[str]:
        """Make the directory, and clean up after killed writers. What was done, for people."""
        await self._call(files.prepare_root)
        swept = await self.sweep(now=datetime.now(UTC))
        return [f"object directory {self._root}"] + ([f"{swept} unfinished files deleted"] if swept else [])

    async def put(self, key: str, data: bytes | Path, content_type: str) -> None:
        """The type is not kept: a URL carries it, signed."""
        check_key(key)
        await self._call(lambda root: files.write_object(root, key, data))

    async def get(self, key: str) -> bytes:
        check_key(key)
        try:
            return await self._call(lambda root: files.read_object(root, key))
        except FileNotFoundError as error:
            raise ObjectMissing() from error

    @asynccontextmanager
    async def staging(self) -> AsyncIterator[Path]:
        await self._call(files.make_staging)
        path = self._root / files.STAGING / files.new_name()
        try:
            yield path
        finally:
            files.remove(path)

    @asynccontextmanager
    async def file(self, key: str) -> AsyncIterator[Path]:
        if await self.stat(key) is None:
            raise ObjectMissing()
        yield self._root / key

    async def stat(self, key: str) -> ObjectInfo | None:
        check_key(key)
        try:
            return files.info(key, await self._call(lambda root: files.stat_object(root, key)))
        except FileNotFoundError:
            return None

    async def delete(self, keys: Sequence[str]) -> None:
        for key in map(check_key, keys):
            await self._call(partial(files.delete_object, key=key))

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        if prefix:
            check_key(prefix.rstrip("/"))
        try:
            async for found in self._threads.pages(files.list_objects(self._root, prefix)):
                yield found
        except OSError as error:
            raise _unavailable(error) from error

    def url(self, key: str, *, now: datetime, expires_seconds: int, content_type: str, filename: str | None = None) -> str:
        promise = SignedUrl(key=check_key(key), expires=expiry(now, expires_seconds), content_type=content_type, filename=filename)
        return make_url(self._public_url, self._signer, promise)

    async def check(self) -> None:
        await self._call(files.probe)

    async def verify(self, key: str, query: Mapping[str, str], *, now: datetime) -> SignedObject:
        """What the signed URL with these parts serves.   Raises SignedUrlRefused, ObjectMissing, StoreUnavailable."""
        promise = read_url(key, query, self._signer, now=now)
        try:
            status = await self._call(lambda root: files.stat_object(root, check_key(key)))
        except FileNotFoundError as error:
            raise ObjectMissing() from error
        version = f"{key}\n{status.st_ino}\n{status.st_size}\n{status.st_mtime_ns}"
        return SignedObject(
            path=str(self._root / key),
            bytes=status.st_size,
            etag=f'"{hashlib.sha256(version.encode()).hexdigest()[:32]}"',
            content_type=promise.content_type,
            content_disposition=content_disposition(promise.content_type, promise.filename),
            max_age_seconds=promise.expires - int(now.timestamp()),
        )

    async def sweep(self, *, now: datetime) -> int:
        """Delete unfinished files of killed writers. How many."""
        before = now - timedelta(seconds=STAGED_SECONDS_MAX)
        return await self._call(lambda root: files.sweep_staging(root, before=before))

    async def close(self) -> None:
        self._threads.close()

    async def _call(self, work: Callable[[Path], T]) -> T:
        """Disk full, read-only, unmounted, failing: all are one refusal. That a file is not there is the caller's to judge."""
        try:
            return await self._threads.call(work, self._root)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise _unavailable(error) from error


def _unavailable(error: OSError) -> StoreUnavailable:
    return StoreUnavailable(retry_after=RETRY_AFTER_SECONDS, reason=error.strerror or type(error).__name__)
