"""The object store that the settings ask for: S3, or a directory beside the data."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from daybook.settings import Settings
from infra.archive.shelf import Shelf
from infra.objects.directory import DirectoryStore
from infra.objects.signed_urls import Signer

if TYPE_CHECKING:
    from infra.objects.s3 import S3Store


@asynccontextmanager
async def object_store(settings: Settings, signer: Signer | None = None) -> "AsyncIterator[DirectoryStore | S3Store]":
    """The store, until the block ends. *signer* is the vault; without one the directory makes no URLs that would be served."""
    store = _s3(settings) if settings.s3_endpoint else _directory(settings, signer or NoUrls())
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def archive(settings: Settings) -> AsyncIterator[Shelf]:
    """Where the words of old events are, for what reads the log and needs nothing else of the store."""
    async with object_store(settings) as store:
        yield Shelf(store)


def _directory(settings: Settings, signer: Signer) -> DirectoryStore:
    return DirectoryStore(settings.data_dir / "objects", public_url=settings.public_url, signer=signer)


def _s3(settings: Settings) -> "S3Store":
    # The minio client takes as long to load as the rest of a command; without S3 nobody needs it.
    from infra.objects.s3 import S3Store
    from infra.objects.s3_client import S3Settings

    assert settings.s3_endpoint and settings.s3_access_key and settings.s3_secret_key and settings.s3_bucket, (
        "settings.py checks them together"
    )
    where = S3Settings(
        endpoint=settings.s3_endpoint,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key,
        bucket=settings.s3_bucket,
        region=settings.s3_region,
        public_endpoint=settings.s3_public_endpoint,
    )
    return S3Store(where, cors_origins=settings.cors_origins, staging=settings.data_dir / "staging")


class NoUrls:
    """For commands that never make a URL."""

    def sign(self, purpose: str, data: bytes) -> bytes:
        raise RuntimeError(f"this process has no key for {purpose}")

    def verify(self, purpose: str, data: bytes, signature: bytes) -> bool:
        raise RuntimeError(f"this process has no key for {purpose}")
