"""Makes a bucket ready: the bucket itself, who may read it from a browser, and what it throws away by itself.

minio-py knows no CORS, and its lifecycle classes drop what they do not know; so both documents are sent as XML, and rules that
an operator made stay as they are.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import urllib3
from minio import Minio
from minio.credentials import Credentials
from minio.error import S3Error
from minio.signer import sign_v4_s3

from domain.assets.storage import StoreUnavailable
from infra.objects.s3_client import CONNECT_SECONDS, READ_SECONDS, RETRY_AFTER_SECONDS, S3Settings

XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"
EXPOSED = ("Accept-Ranges", "Content-Length", "Content-Range", "Content-Type", "ETag", "Last-Modified")
CORS_SECONDS = 3_600
#: Both throw away only what no reader can know of: parts of uploads that never ended, and objects under `tmp/`.
RULES = {
    "daybook-unfinished-uploads": "<Filter><Prefix></Prefix></Filter>"
    "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>",
    "daybook-temporary": "<Filter><Prefix>tmp/</Prefix></Filter><Expiration><Days>1</Days></Expiration>",
}
#: Answers of a store that does not have this document at all, or keeps it to its owner.
NOT_OFFERED = frozenset({400, 403, 405, 501})

#: method, sub-resource, body -> status, body
Send = Callable[[str, str, bytes], tuple[int, bytes]]


def prepare_bucket(client: Minio, settings: S3Settings, cors_origins: Sequence[str]) -> list[str]:
    """One line for each thing done or not offered.   Raises S3Error, StoreUnavailable."""
    done = [_make_bucket(client, settings)]
    send = _sender(settings)
    if cors_origins:
        done.append(_put_cors(send, cors_origins))
    done.append(_put_lifecycle(send))
    return done


def _make_bucket(client: Minio, settings: S3Settings) -> str:
    if client.bucket_exists(settings.bucket):
        return f"bucket {settings.bucket} is there"
    try:
        client.make_bucket(settings.bucket)
    except S3Error as error:
        # Another process was faster; its bucket is ours too.
        if error.code != "BucketAlreadyOwnedByYou":
            raise
    return f"bucket {settings.bucket} made"


def _put_cors(send: Send, origins: Sequence[str]) -> str:
    status, _ = send("GET", "cors", b"")
    if status == 200:
        return "CORS is set already and left as it is"
    allowed = "".join(f"<AllowedOrigin>{_escaped(origin)}</AllowedOrigin>" for origin in origins)
    exposed = "".join(f"<ExposeHeader>{name}</ExposeHeader>" for name in EXPOSED)
    methods = "<AllowedMethod>GET</AllowedMethod><AllowedMethod>HEAD</AllowedMethod>"
    rule = f"<CORSRule>{allowed}{methods}<AllowedHeader>*</AllowedHeader>{exposed}<MaxAgeSeconds>{CORS_SECONDS}</MaxAgeSeconds></CORSRule>"
    status, _ = send("PUT", "cors", f'<CORSConfiguration xmlns="{XMLNS}">{rule}</CORSConfiguration>'.encode())
    return _outcome("CORS", status)


def _put_lifecycle(send: Send) -> str:
    status, body = send("GET", "lifecycle", b"")
    kept = _foreign_rules(body) if status == 200 else ""
    ours = [f"<Rule><ID>{name}</ID><Status>Enabled</Status>{rule}</Rule>" for name, rule in RULES.items()]
    for rules in ("".join(ours), ours[-1]):
        # MinIO refuses the whole document for the rule on parts, which it cleans up without being told.
        document = f'<LifecycleConfiguration xmlns="{XMLNS}">{kept}{rules}</LifecycleConfiguration>'
        status, _ = send("PUT", "lifecycle", document.encode())
        if status in (200, 204):
            break
    return _outcome("lifecycle rules", status)


def _foreign_rules(document: bytes) -> str:
    """The rules that are not ours, as they stand."""
    ElementTree.register_namespace("", XMLNS)
    rules = []
    for rule in ElementTree.fromstring(document):
        name = rule.findtext(f"{{{XMLNS}}}ID") or rule.findtext("ID") or ""
        if not name.startswith("daybook-"):
            rules.append(ElementTree.tostring(rule, encoding="unicode"))
    return "".join(rules)


def _outcome(what: str, status: int) -> str:
    if status in (200, 204):
        return f"{what} set"
    if status in NOT_OFFERED:
        return f"{what} not offered by this store (HTTP {status})"
    raise StoreUnavailable(retry_after=RETRY_AFTER_SECONDS, reason=f"{what}: HTTP {status}")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _sender(settings: S3Settings) -> Send:
    """Signed requests on the bucket's sub-resources."""
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS), retries=urllib3.Retry(total=0))
    credentials = Credentials(settings.access_key, settings.secret_key)

    def send(method: str, resource: str, body: bytes) -> tuple[int, bytes]:
        url = urlsplit(f"{settings.endpoint.rstrip('/')}/{settings.bucket}?{resource}=")
        now = datetime.now(UTC)
        digest = hashlib.sha256(body).hexdigest()
        headers: dict[str, Any] = {
            "Host": url.netloc,
            "Content-MD5": b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),
            "x-amz-content-sha256": digest,
            "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
        }
        signed = sign_v4_s3(
            method=method, url=url, region=settings.region, headers=headers, credentials=credentials, content_sha256=digest, date=now
        )
        answer = pool.request(method, url.geturl(), body=body, headers={name: str(value) for name, value in signed.items()})
        return answer.status, answer.data

    return send
