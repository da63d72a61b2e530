"""The gate before moto: who asks, is the signature genuine, may they, and is AWS well today."""

from datetime import timedelta

from replies import EXPIRED_TOKEN, INVALID_TOKEN, WRONG_SIGNATURE, Refusal
from sigv4 import MalformedSignature, is_genuine, read_signature
from trust import may_assume

# AWS's allowance for clocks that differ.
CLOCK_SKEW = timedelta(minutes=5)


def authenticate(request, identities, faults, now=None):
    """The signature and the identity behind a request; a Refusal as AWS words it when there is none."""
    now = now or faults.now
    try:
        signature = read_signature(request)
    except MalformedSignature as error:
        kind = "missing" if "missing" in str(error) else "malformed"
        raise Refusal(kind, str(error), 403 if kind == "missing" else 400) from error
    identity = identities.find(signature.access_key_id)
    is_deleted = faults.usersDeleted and identity is not None and identity.expires_at is None
    if identity is None or is_deleted or identity.session_token != signature.session_token:
        raise Refusal("unknown-key", INVALID_TOKEN)
    if not is_genuine(request, signature, identity.secret):
        raise Refusal("signature", WRONG_SIGNATURE)
    _check_date(signature, faults, now)
    if identity.has_expired(now, faults.sessions_expired_before):
        raise Refusal("expired", EXPIRED_TOKEN)
    return signature, identity


def _check_date(signature, faults, now):
    lifetime = timedelta(seconds=faults.tokenLifetimeSeconds) if signature.presigned else CLOCK_SKEW
    signed_at = signature.signed_at
    if signed_at > now + CLOCK_SKEW:
        raise Refusal("signature", f"Signature not yet current: {_basic(signed_at)} is still later than {_basic(now)}")
    declared_void = signature.presigned and faults.tokens_expired_before
    if signed_at + lifetime < now or (declared_void and signed_at < declared_void):
        window = f"({_basic(now)} - {int(lifetime.total_seconds() // 60)} min.)"
        message = f"Signature expired: {_basic(signed_at)} is now earlier than {_basic(now - lifetime)} {window}"
        raise Refusal("signature", message)


def authorize(action, identity, faults, trust_policy, is_permitted=lambda identity, action: True):
    """A Refusal unless the identity may do this. `trust_policy` finds a role's policy by its ARN; None when there is no such role."""
    allowed = action.name not in faults.denied and is_permitted(identity, action)
    if action.name == "sts:AssumeRole":
        policy = trust_policy(action.resource)
        allowed = allowed and policy is not None and may_assume(policy, identity.arn, action.parameters)
    if not allowed:
        sentence = f"User: {identity.arn} is not authorized to perform: {action.name} on resource: {action.resource}"
        raise Refusal("denied", sentence)


def _basic(moment):
    return f"{moment:%Y%m%dT%H%M%SZ}"
