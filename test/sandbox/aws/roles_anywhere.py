"""IAM Roles Anywhere: a session for who signs the request with the key of a certificate that the trust anchor has issued.

https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html
"""

import base64
import hashlib
import json
import re
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from replies import Refusal, json_reply
from sigv4 import Signature, canonical_request

HOST = "rolesanywhere."
ALGORITHM = "AWS4-X509-ECDSA-SHA256"
CLOCK_SKEW = timedelta(minutes=5)


def is_for_roles_anywhere(request):
    """Whether a request is for this service: it is signed with no access key, so the gate cannot recognize it."""
    return request.headers.get("host", "").startswith(HOST)


def read_session_request(request, settings, now):
    """What the bearer of a certificate asks for: role, session name and seconds. A Refusal unless all of it is in order.

    `settings` has the anchor's PEM, its ARN, the profile's ARN, and whether the profile accepts a role session name.
    """
    certificate = x509.load_der_x509_certificate(base64.b64decode(request.headers.get("x-amz-x509", "")))
    _check_certificate(certificate, settings["trustAnchor"], now)
    _check_signature(request, certificate, now)
    wanted = {**dict(parse_qsl(request.query)), **json.loads(request.body or b"{}")}
    if wanted.get("trustAnchorArn") != settings["trustAnchorArn"] or wanted.get("profileArn") != settings["profileArn"]:
        raise Refusal("denied", "Unable to find the trust anchor or the profile")
    if wanted.get("roleArn") != settings["roleArn"]:
        raise Refusal("denied", f"Unable to assume role for {wanted.get('roleArn')}")
    name = wanted.get("roleSessionName") or f"{certificate.serial_number:x}"
    return wanted["roleArn"], name, int(wanted.get("durationSeconds", 3600))


def session_reply(identity):
    """CreateSession's answer, https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html"""
    credentials = {
        "accessKeyId": identity.access_key_id,
        "secretAccessKey": identity.secret,
        "sessionToken": identity.session_token,
        "expiration": datetime.fromisoformat(identity.expires_at).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return json_reply({"credentialSet": [{"assumedRoleUser": {"arn": identity.arn}, "credentials": credentials}]}, 201)


def _check_certificate(certificate, anchor_pem, now):
    anchor = x509.load_pem_x509_certificate(anchor_pem.encode())
    try:
        certificate.verify_directly_issued_by(anchor)
    except (ValueError, InvalidSignature) as error:
        raise Refusal("denied", "Untrusted certificate. Insufficient certificate") from error
    if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
        raise Refusal("denied", "Untrusted certificate. Certificate is not valid now")


def _check_signature(request, certificate, now):
    algorithm, _, rest = request.headers.get("authorization", "").partition(" ")
    fields = dict(re.findall(r"(\w+)=([^,\s]+)", rest))
    scope = fields.get("Credential", "").split("/")
    headers = tuple(fields.get("SignedHeaders", "").split(";"))
    date = request.headers.get("x-amz-date", "")
    if algorithm != ALGORITHM or len(scope) != 5 or not {"host", "x-amz-date", "x-amz-x509"} <= set(headers):
        raise Refusal("malformed", "Request signature is not a complete " + ALGORITHM, 400)
    signed_at = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    if abs(now - signed_at) > CLOCK_SKEW or scope[0] != str(certificate.serial_number):
        raise Refusal("denied", "Signature expired, or of another certificate")
    signature = Signature(scope[0], scope[2], scope[3], signed_at, headers, fields["Signature"], None, False)
    canonical = hashlib.sha256(canonical_request(request, signature).encode()).hexdigest()
    text = "\n".join([ALGORITHM, date, signature.scope, canonical]).encode()
    try:
        certificate.public_key().verify(bytes.fromhex(signature.value), text, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise Refusal("denied", "The request signature does not match the certificate's key") from error
