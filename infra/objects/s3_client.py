"""The minio clients of a bucket: addresses, timeouts, and the store's errors as our refusals."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import msgspec
import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from domain.assets.storage import ObjectMissing, StoreUnavailable

CONNECT_SECONDS = 3
READ_SECONDS = 20
RETRIES = 2
RETRY_AFTER_SECONDS = 5
CONNECTIONS_MAX = 16
MISSING = frozenset({"NoSuchKey", "NoSuchObject"})


class S3Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bucket is. AWS: the region's endpoint; MinIO: any; R2: region `auto`; GCS: storage.googleapis.com with HMAC keys."""

    endpoint: str
    access_key: str
    secret_key: str
    bucket: str
    region: str = "us-east-1"
    #: The address clients reach the store under, when it is another one. The host is signed, so it cannot be changed later.
    public_endpoint: str | None = None


def connect(settings: S3Settings) -> Minio:
    """For our own calls. A lost connection or a 5xx is tried again: every call here may be repeated."""
    retries = urllib3.Retry(
        total=RETRIES,
        backoff_factor=0.2,
        status_forcelist=(500, 502, 503, 504),
        # A store that asks for an hour's pause must not hold a thread for an hour.
        respect_retry_after_header=False,
        raise_on_status=False,
    )
    return _client(settings, settings.endpoint, retries)


def presigner(settings: S3Settings) -> Minio:
    """For URLs only: built on the public address, never connects."""
    return _client(settings, settings.public_endpoint or settings.endpoint, urllib3.Retry(total=0))


def prober(settings: S3Settings) -> Minio:
    """For health: one try, so that the answer comes soon."""
    return _client(settings, settings.endpoint, urllib3.Retry(total=0), read_seconds=CONNECT_SECONDS)


@contextmanager
def refusals() -> Iterator[None]:
    """The store's errors as ours. The reason stays in the refusal for the log; the client sees one sentence."""
    try:
        yield
    except S3Error as error:
        if error.code in MISSING:
            raise ObjectMissing() from error
        raise StoreUnavailable(retry_after=RETRY_AFTER_SECONDS, reason=error.code or "S3Error") from error
    except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
        raise StoreUnavailable(retry_after=RETRY_AFTER_SECONDS, reason=type(error).__name__) from error


def _client(settings: S3Settings, endpoint: str, retries: urllib3.Retry, *, read_seconds: int = READ_SECONDS) -> Minio:
    address = urlsplit(endpoint)
    if address.scheme not in ("http", "https") or not address.netloc or address.path.strip("/"):
        raise ValueError(f"not an S3 endpoint (scheme://host[:port]): {endpoint!r}")
    pool = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds), retries=retries, maxsize=CONNECTIONS_MAX
    )
    return Minio(
        address.netloc,
        access_key=settings.access_key,
        secret_key=settings.secret_key,
        secure=address.scheme == "https",
        # Without a region presigning would make a call.
        region=settings.region,
        http_client=pool,
    )
