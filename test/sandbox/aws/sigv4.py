"""Verification of AWS Signature Version 4, for presigned URLs and Authorization headers.

Nothing here reads a clock or a store: a request and a secret in, a verdict out.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import parse_qsl, quote

ALGORITHM = "AWS4-HMAC-SHA256"


class MalformedSignature(Exception):
    """The request carries no signature, or one that cannot be read."""


@dataclass(frozen=True)
class Request:
    """An HTTP request as it came over the wire. Header names are in lower case."""

    method: str
    path: str
    query: str
    headers: dict
    body: bytes = b""


@dataclass(frozen=True)
class Signature:
    """What a request says about who signed it, when and how."""

    access_key_id: str
    region: str
    service: str
    signed_at: datetime
    signed_headers: tuple
    value: str
    session_token: str | None
    presigned: bool

    @property
    def scope(self):
        return f"{self.signed_at:%Y%m%d}/{self.region}/{self.service}/aws4_request"


def read_signature(request):
    """The signature of a request, from its query (presigned) or its Authorization header."""
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    if "X-Amz-Signature" in query:
        fields = {
            "Credential": query.get("X-Amz-Credential", ""),
            "SignedHeaders": query.get("X-Amz-SignedHeaders", ""),
            "Signature": query["X-Amz-Signature"],
        }
        algorithm, date = query.get("X-Amz-Algorithm"), query.get("X-Amz-Date", "")
        token = query.get("X-Amz-Security-Token")
        return _signature(algorithm, fields, date, token, presigned=True)
    algorithm, _, rest = request.headers.get("authorization", "").partition(" ")
    if not rest:
        raise MalformedSignature("Request is missing Authentication Token")
    fields = dict(re.findall(r"(\w+)=([^,\s]+)", rest))
    date, token = request.headers.get("x-amz-date", ""), request.headers.get("x-amz-security-token")
    return _signature(algorithm, fields, date, token, presigned=False)


def _signature(algorithm, fields, date, token, presigned):
    scope = fields.get("Credential", "").split("/")
    if algorithm != ALGORITHM or len(scope) != 5 or scope[4] != "aws4_request" or "Signature" not in fields:
        raise MalformedSignature("Request signature is not a complete " + ALGORITHM)
    try:
        signed_at = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise MalformedSignature(f"Date must be in ISO-8601 'basic format'. Got '{date}'.") from error
    if scope[1] != f"{signed_at:%Y%m%d}":
        raise MalformedSignature("Date in Credential scope does not match the date of the request")
    headers = tuple(fields.get("SignedHeaders", "").split(";"))
    if "host" not in headers:
        raise MalformedSignature("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    return Signature(scope[0], scope[2], scope[3], signed_at, headers, fields["Signature"], token, presigned)


def is_genuine(request, signature, secret):
    """Whether the holder of `secret` signed exactly this request."""
    return hmac.compare_digest(_expected(request, signature, secret), signature.value)


def _expected(request, signature, secret):
    canonical = canonical_request(request, signature).encode()
    date = f"{signature.signed_at:%Y%m%dT%H%M%SZ}"
    text = "\n".join([ALGORITHM, date, signature.scope, hashlib.sha256(canonical).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in signature.scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def canonical_request(request, signature):
    """The text that both sides hash. Every service but S3 encodes the path a second time."""
    pairs = parse_qsl(request.query, keep_blank_values=True)
    encoded = sorted((_encode(k), _encode(v)) for k, v in pairs if k != "X-Amz-Signature")
    headers = "".join(f"{name}:{_header(request, name)}\n" for name in signature.signed_headers)
    return "\n".join(
        [
            request.method,
            quote(request.path or "/", safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in encoded),
            headers,
            ";".join(signature.signed_headers),
            hashlib.sha256(request.body).hexdigest(),
        ]
    )


def _encode(text):
    return quote(text, safe="-_.~")


def _header(request, name):
    return " ".join(request.headers.get(name, "").split())
