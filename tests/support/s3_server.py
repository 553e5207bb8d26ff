"""An S3 server over real HTTP on loopback, in memory: enough of the protocol to prove a client against it, with every signature checked.

It also misbehaves on demand: `failing` answers that status to everything, `refusing` names sub-resources it does not offer,
`stalling` accepts and never answers, `slow` says how long each answer takes, in seconds.
"""

import hashlib
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote
from xml.etree import ElementTree

from tests.support.sigv4 import Refused, verify

ACCESS_KEY, SECRET_KEY = "access-key-of-the-tests", "secret-key-of-the-tests"
XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"
STATUS = {"NoSuchKey": 404, "NoSuchBucket": 404, "NoSuchUpload": 404, "NotImplemented": 501, "InvalidRange": 416}


class Stored:
    def __init__(self, data: bytes, content_type: str, *, etag: str | None = None) -> None:
        self.data = data
        self.content_type = content_type
        self.etag = etag or hashlib.md5(data).hexdigest()
        self.modified_at = datetime.now(UTC)


class S3Server:
    """Context manager. `url` is its address; `other_url` the same server under another host name."""

    def __init__(self, region: str = "us-east-1") -> None:
        self.region = region
        self.buckets: dict[str, dict[str, Stored]] = {}
        self.documents: dict[tuple[str, str], bytes] = {}
        self.uploads: dict[str, dict[int, Stored]] = {}
        self.requests: list[str] = []
        self.failing: int | None = None
        self.refusing: set[str] = set()
        self.stalling = threading.Event()
        self.slow: Callable[[], float] = lambda: 0.0
        self.released = threading.Event()

    def __enter__(self) -> "S3Server":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"store": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.other_url = f"http://localhost:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: S3Server

    def log_message(self, format: str, *args: object) -> None:
        """Silence: the tests look at `requests`."""

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.store.requests.append(f"{self.command} {self.path}")
        if self.store.stalling.is_set():
            self.store.released.wait(30)
        self.store.released.wait(self.store.slow())
        path, _, raw_query = self.path.partition("?")
        query = dict(parse_qsl(raw_query, keep_blank_values=True))
        bucket, _, key = unquote(path).lstrip("/").partition("/")
        try:
            if self.store.failing:
                return self._error("ServiceUnavailable", self.store.failing)
            headers = {name.lower(): value for name, value in self.headers.items()} | dict(self.headers.items())
            verify(self.command, self.path, headers, body, secrets={ACCESS_KEY: SECRET_KEY}, region=self.store.region)
            self._object(bucket, key, query, body) if key else self._bucket(bucket, query, body)
        except Refused as refused:
            self._error(str(refused), STATUS.get(str(refused), 403))

    def _bucket(self, bucket: str, query: dict[str, str], body: bytes) -> None:
        resource = next((name for name in ("cors", "lifecycle", "location") if name in query), None)
        if self.command == "PUT" and resource is None:
            self.store.buckets.setdefault(bucket, {})
            return self._send(200)
        if bucket not in self.store.buckets:
            raise Refused("NoSuchBucket")
        if resource is not None:
            return self._document(bucket, resource, body)
        if self.command == "HEAD":
            return self._send(200)
        return self._list(bucket, query)

    def _document(self, bucket: str, resource: str, body: bytes) -> None:
        if resource in self.store.refusing or any(word.encode() in body for word in self.store.refusing):
            raise Refused("NotImplemented")
        if self.command == "PUT":
            ElementTree.fromstring(body)
            self.store.documents[bucket, resource] = body
            return self._send(200)
        if (bucket, resource) not in self.store.documents:
            return self._error(f"NoSuch{resource.title()}Configuration", 404)
        return self._send(200, self.store.documents[bucket, resource], {"Content-Type": "application/xml"})

    def _list(self, bucket: str, query: dict[str, str]) -> None:
        prefix, after = query.get("prefix", ""), query.get("continuation-token") or query.get("start-after", "")
        page = int(query.get("max-keys") or 1000)
        found = sorted(key for key in self.store.buckets[bucket] if key.startswith(prefix) and key > after)
        more = len(found) > page
        rows = "".join(
            f"<Contents><Key>{quote(key)}</Key><LastModified>{stored.modified_at:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f'<ETag>"{stored.etag}"</ETag><Size>{len(stored.data)}</Size><StorageClass>STANDARD</StorageClass></Contents>'
            for key in found[:page]
            for stored in (self.store.buckets[bucket][key],)
        )
        token = f"<NextContinuationToken>{found[page - 1]}</NextContinuationToken>" if more else ""
        self._xml(
            f'<ListBucketResult xmlns="{XMLNS}"><Name>{bucket}</Name><Prefix>{quote(prefix)}</Prefix><EncodingType>url</EncodingType>'
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{rows}</ListBucketResult>"
        )

    def _object(self, bucket: str, key: str, query: dict[str, str], body: bytes) -> None:
        objects = self.store.buckets.get(bucket)
        if objects is None:
            raise Refused("NoSuchBucket")
        if "uploadId" in query or "uploads" in query:
            return self._multipart(objects, key, query, body)
        if self.command == "PUT":
            objects[key] = Stored(body, self.headers.get("Content-Type", ""))
            return self._send(200, headers={"ETag": f'"{objects[key].etag}"'})
        if self.command == "DELETE":
            objects.pop(key, None)
            return self._send(204)
        if key not in objects:
            raise Refused("NoSuchKey")
        return self._read(objects[key], query)

    def _read(self, stored: Stored, query: dict[str, str]) -> None:
        headers = {
            "ETag": f'"{stored.etag}"',
            "Last-Modified": format_datetime(stored.modified_at, usegmt=True),
            "Accept-Ranges": "bytes",
            "Content-Type": query.get("response-content-type", stored.content_type),
        }
        if "response-content-disposition" in query:
            headers["Content-Disposition"] = query["response-content-disposition"]
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if asked is None:
            return self._send(200, stored.data, headers)
        size = len(stored.data)
        first, last = asked.groups()
        start = int(first) if first else max(0, size - int(last))
        end = min(int(last), size - 1) if first and last else size - 1
        if start >= size:
            raise Refused("InvalidRange")
        return self._send(206, stored.data[start : end + 1], headers | {"Content-Range": f"bytes {start}-{end}/{size}"})

    def _multipart(self, objects: dict[str, Stored], key: str, query: dict[str, str], body: bytes) -> None:
        if "uploads" in query:
            upload = f"upload-{len(self.store.uploads)}"
            self.store.uploads[upload] = {0: Stored(b"", self.headers.get("Content-Type", ""))}
            return self._xml(
                f'<InitiateMultipartUploadResult xmlns="{XMLNS}"><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>'
            )
        parts = self.store.uploads.get(query["uploadId"])
        if parts is None:
            raise Refused("NoSuchUpload")
        if self.command == "PUT":
            part = parts[int(query["partNumber"])] = Stored(body, "")
            return self._send(200, headers={"ETag": f'"{part.etag}"'})
        content_type = parts.pop(0).content_type
        del self.store.uploads[query["uploadId"]]
        if self.command == "DELETE":
            return self._send(204)
        whole = b"".join(parts[number].data for number in sorted(parts))
        objects[key] = Stored(whole, content_type, etag=f"{hashlib.md5(whole).hexdigest()}-{len(parts)}")
        return self._xml(
            f'<CompleteMultipartUploadResult xmlns="{XMLNS}"><Bucket>b</Bucket><Key>{quote(key)}</Key>'
            f'<Location>here</Location><ETag>"{objects[key].etag}"</ETag></CompleteMultipartUploadResult>'
        )

    def _error(self, code: str, status: int) -> None:
        text = f"<Error><Code>{code}</Code><Message>{code}</Message><Resource>{quote(self.path)}</Resource><RequestId>1</RequestId></Error>"
        self._send(status, text.encode(), {"Content-Type": "application/xml"})

    def _xml(self, text: str) -> None:
        self._send(200, text.encode(), {"Content-Type": "application/xml"})

    def _send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
