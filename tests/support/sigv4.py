"""AWS Signature Version 4 as a server checks it, written from the specification and sharing nothing with the client library."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote

SKEW = timedelta(minutes=15)


class Refused(Exception):
    """The error code that S3 would answer with 403."""


def verify(method: str, target: str, headers: Mapping[str, str], body: bytes, *, secrets: Mapping[str, str], region: str) -> None:
    """Check the signature in the query or in the headers of one request.   Raises Refused."""
    path, _, raw_query = target.partition("?")
    query = parse_qsl(raw_query, keep_blank_values=True)
    fields = dict(query)
    if "X-Amz-Signature" in fields:
        _verify_presigned(method, path, query, headers, secrets, region)
    else:
        _verify_headers(method, path, query, headers, body, secrets, region)


def _verify_presigned(method, path, query, headers, secrets, region) -> None:
    fields = dict(query)
    signed_at = datetime.strptime(fields["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    expected = _signature(
        method,
        path,
        [(name, value) for name, value in query if name != "X-Amz-Signature"],
        {name: headers.get(name, "") for name in fields["X-Amz-SignedHeaders"].split(";")},
        "UNSIGNED-PAYLOAD",
        fields["X-Amz-Date"],
        fields["X-Amz-Credential"],
        secrets,
        region,
    )
    if not hmac.compare_digest(expected, fields["X-Amz-Signature"]):
        raise Refused("SignatureDoesNotMatch")
    if datetime.now(UTC) > signed_at + timedelta(seconds=int(fields["X-Amz-Expires"])):
        raise Refused("AccessDenied")


def _verify_headers(method, path, query, headers, body, secrets, region) -> None:
    given = headers.get("Authorization", "")
    if not given.startswith("AWS4-HMAC-SHA256 "):
        raise Refused("AccessDenied")
    parts = dict(part.strip().split("=", 1) for part in given.removeprefix("AWS4-HMAC-SHA256 ").split(","))
    digest = headers.get("x-amz-content-sha256", "")
    if digest != "UNSIGNED-PAYLOAD" and digest != hashlib.sha256(body).hexdigest():
        raise Refused("XAmzContentSHA256Mismatch")
    date = headers["x-amz-date"]
    if abs(datetime.now(UTC) - datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)) > SKEW:
        raise Refused("RequestTimeTooSkewed")
    signed = {name: headers.get(name, "") for name in parts["SignedHeaders"].split(";")}
    expected = _signature(method, path, query, signed, digest, date, parts["Credential"], secrets, region)
    if not hmac.compare_digest(expected, parts["Signature"]):
        raise Refused("SignatureDoesNotMatch")


def _signature(method, path, query, headers, digest, date, credential, secrets, region) -> str:
    access_key, day, named_region, service, ending = credential.split("/")
    if access_key not in secrets:
        raise Refused("InvalidAccessKeyId")
    if (named_region, service, ending) != (region, "s3", "aws4_request") or not date.startswith(day):
        raise Refused("AuthorizationHeaderMalformed")
    canonical = "\n".join(
        (
            method,
            quote(unquote(path), safe="/-_.~"),
            "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in sorted(query)),
            *(f"{name}:{' '.join(headers[name].split())}" for name in sorted(headers)),
            "",
            ";".join(sorted(headers)),
            digest,
        )
    )
    scope = f"{day}/{region}/s3/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{secrets[access_key]}".encode()
    for word in (day, region, "s3", "aws4_request"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
