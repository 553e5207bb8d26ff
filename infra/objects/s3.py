"""The object store on S3 and what speaks its language: AWS, MinIO, R2, GCS with interoperability keys."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeVar

from domain.assets.storage import ObjectMissing
from domain.ports import ObjectInfo
from infra.objects.disposition import content_disposition
from infra.objects.keys import check_key
from infra.objects.s3_bucket import prepare_bucket
from infra.objects.s3_client import S3Settings, connect, presigner, prober, refusals
from infra.objects.s3_staging import Staging
from infra.objects.threads import Threads

#: Bigger files go up in parts, so that an upload of 100 MiB holds 16 MiB of memory.
PART_BYTES = 16 << 20
COPY_BYTES = 1 << 20

T = TypeVar("T")


class S3Store:
    """Implements `domain.ports.ObjectStore`. The minio client is synchronous: it works in threads of its own."""

    def __init__(self, settings: S3Settings, *, cors_origins: Sequence[str] = (), staging: Path | None = None) -> None:
        """*staging*: a directory of this machine for files on their way; None: one in the system's own for temporary files."""
        self._settings = settings
        self._bucket = settings.bucket
        self._cors_origins = tuple(cors_origins)
        self._client = connect(settings)
        self._public = presigner(settings)
        self._probe = prober(settings)
        self._threads = Threads("objects-s3")
        self._staging = Staging(staging)

    async def prepare(self) -> list[str]:
        """Bucket, CORS and lifecycle rules. What was done or not offered by this store, for people.   Raises StoreUnavailable."""
        return await self._call(lambda: prepare_bucket(self._client, self._settings, self._cors_origins))

    async def put(self, key: str, data: bytes | Path, content_type: str) -> None:
        check_key(key)
        if isinstance(data, Path):
            await self._call(lambda: self._put_file(key, data, content_type))
        else:
            await self._call(lambda: self._put(key, BytesIO(data), len(data), content_type))

    async def get(self, key: str) -> bytes:
        check_key(key)
        return await self._call(lambda: self._get(key))

    @asynccontextmanager
    async def staging(self) -> AsyncIterator[Path]:
        path = await self._threads.call(self._staging.new)
        try:
            yield path
        finally:
            self._staging.remove(path)

    @asynccontextmanager
    async def file(self, key: str) -> AsyncIterator[Path]:
        check_key(key)
        async with self.staging() as path:
            await self._call(lambda: self._get_file(key, path))
            yield path

    async def stat(self, key: str) -> ObjectInfo | None:
        check_key(key)
        try:
            found = await self._call(lambda: self._client.stat_object(self._bucket, key))
        except ObjectMissing:
            return None
        assert found.size is not None and found.last_modified is not None
        return ObjectInfo(key=key, bytes=found.size, modified_at=found.last_modified)

    async def delete(self, keys: Sequence[str]) -> None:
        # One by one: GCS and older gateways do not know the call that deletes many.
        for key in map(check_key, keys):
            await self._call(partial(self._client.remove_object, self._bucket, key))

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        if prefix:
            check_key(prefix.rstrip("/"))
        async for found in self._threads.pages(self._list(prefix)):
            yield found

    def url(self, key: str, *, now: datetime, expires_seconds: int, content_type: str, filename: str | None = None) -> str:
        return self._public.presigned_get_object(
            self._bucket,
            check_key(key),
            expires=timedelta(seconds=expires_seconds),
            request_date=now,
            response_headers={
                "response-content-type": content_type,
                "response-content-disposition": content_disposition(content_type, filename),
            },
        )

    async def sweep(self, *, now: datetime) -> int:
        """Files on their way that a killed process of this machine left. In the bucket, a lifecycle rule ends unfinished uploads."""
        return await self._threads.call(self._staging.sweep, now)

    async def check(self) -> None:
        await self._call(lambda: next(iter(self._probe.list_objects(self._bucket, prefix="check-")), None))

    async def close(self) -> None:
        self._threads.close()

    def _put_file(self, key: str, path: Path, content_type: str) -> None:
        with path.open("rb") as file:
            self._put(key, file, path.stat().st_size, content_type)

    def _put(self, key: str, stream: BinaryIO, length: int, content_type: str) -> None:
        self._client.put_object(self._bucket, key, stream, length, content_type=content_type, part_size=PART_BYTES, num_parallel_uploads=1)

    def _get(self, key: str) -> bytes:
        answer = self._client.get_object(self._bucket, key)
        try:
            return answer.read()
        finally:
            answer.close()
            answer.release_conn()

    def _get_file(self, key: str, path: Path) -> None:
        answer = self._client.get_object(self._bucket, key)
        try:
            with path.open("xb") as file:
                for piece in answer.stream(COPY_BYTES):
                    file.write(piece)
        finally:
            answer.close()
            answer.release_conn()

    def _list(self, prefix: str) -> Iterator[ObjectInfo]:
        with refusals():
            for found in self._client.list_objects(self._bucket, prefix=prefix, recursive=True):
                assert found.object_name is not None and found.size is not None and found.last_modified is not None
                yield ObjectInfo(key=found.object_name, bytes=found.size, modified_at=found.last_modified)

    async def _call(self, work: Callable[[], T]) -> T:
        def typed() -> T:
            with refusals():
                return work()

        return await self._threads.call(typed)
