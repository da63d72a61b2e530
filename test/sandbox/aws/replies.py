"""Errors in the shape that each AWS service gives them, so that SDKs raise what they raise in production."""

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

REQUEST_ID = "5a7d0000-0000-4000-8000-000000000000"
INVALID_TOKEN = "The security token included in the request is invalid."
EXPIRED_TOKEN = "The security token included in the request is expired"
WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)

# The same refusal has a name of its own in each family of services.
NAMES = {
    "missing": {"query": "MissingAuthenticationToken", "json": "MissingAuthenticationTokenException"},
    "malformed": {"query": "IncompleteSignature", "json": "IncompleteSignatureException"},
    "unknown-key": {"query": "InvalidClientTokenId", "json": "UnrecognizedClientException", "ec2": "AuthFailure"},
    "signature": {"query": "SignatureDoesNotMatch", "json": "InvalidSignatureException"},
    "expired": {"query": "ExpiredToken", "json": "ExpiredTokenException", "ec2": "RequestExpired"},
    "denied": {"query": "AccessDenied", "json": "AccessDeniedException", "ec2": "UnauthorizedOperation"},
    "invalid": {"query": "ValidationError", "json": "ValidationException"},
    "invalid-parameter-value": {"query": "ValidationError", "ec2": "InvalidParameterValue", "json": "ValidationException"},
    "invalid-parameter": {"json": "InvalidParameterException"},
    "in-use": {"json": "ResourceInUseException"},
    "not-found": {"json": "ResourceNotFoundException"},
    "unavailable": {"query": "ServiceUnavailable", "json": "ServiceUnavailableException", "ec2": "Unavailable"},
}


class Refusal(Exception):
    """A request that AWS turns down. `kind` is a key of NAMES."""

    def __init__(self, kind, message, status=403):
        super().__init__(message)
        self.kind, self.message, self.status = kind, message, status


@dataclass(frozen=True)
class Reply:
    """An HTTP reply."""

    status: int
    headers: tuple
    body: bytes


def error_reply(refusal, service, wants_json):
    """The refusal as `service` words it; STS speaks JSON to who asks for it, as aws-iam-authenticator does."""
    if service == "ec2":
        code = NAMES[refusal.kind].get("ec2", NAMES[refusal.kind]["query"])
        return _xml(
            refusal.status,
            f"<Response><Errors><Error><Code>{code}</Code><Message>{escape(refusal.message)}</Message></Error></Errors>"
            f"<RequestID>{REQUEST_ID}</RequestID></Response>",
        )
    if service in ("sts", "iam"):
        code = NAMES[refusal.kind]["query"]
        if wants_json:
            error = {"Code": code, "Message": refusal.message, "Type": "Sender"}
            return json_reply({"Error": error, "RequestId": REQUEST_ID}, refusal.status)
        return _xml(
            refusal.status,
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(refusal.message)}</Message>"
            f"</Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>",
        )
    code = NAMES[refusal.kind]["json"]
    return json_reply({"__type": code, "message": refusal.message}, refusal.status, (("x-amzn-errortype", code),))


def caller_identity_reply(identity, wants_json):
    """GetCallerIdentity, in JSON too, which moto does not speak there."""
    if wants_json:
        result = {"Account": identity.account, "Arn": identity.arn, "UserId": identity.user_id}
        metadata = {"RequestId": REQUEST_ID}
        body = {"GetCallerIdentityResult": result, "ResponseMetadata": metadata}
        return json_reply({"GetCallerIdentityResponse": body})
    return _xml(
        200,
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Arn>{escape(identity.arn)}</Arn><UserId>{escape(identity.user_id)}</UserId>"
        f"<Account>{identity.account}</Account></GetCallerIdentityResult>"
        f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
    )


def session_token_reply(session):
    """GetSessionToken's answer: the keys of a session."""
    return _xml(
        200,
        '<GetSessionTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetSessionTokenResult><Credentials>'
        f"<AccessKeyId>{session.access_key_id}</AccessKeyId><SecretAccessKey>{session.secret}</SecretAccessKey>"
        f"<SessionToken>{session.session_token}</SessionToken><Expiration>{session.expires_at}</Expiration></Credentials>"
        f"</GetSessionTokenResult><ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata>"
        "</GetSessionTokenResponse>",
    )


def json_reply(body, status=200, headers=()):
    """A JSON reply."""
    return Reply(status, (("content-type", "application/json"), *headers), json.dumps(body).encode())


def _xml(status, body):
    return Reply(status, (("content-type", "text/xml"),), body.encode())
