"""ECR's front: a request with a token that ECR issued goes on to a real registry, every other one gets a challenge.

moto issues one token for all and accepts none.
"""

import base64
import binascii
import http.client
import re
import secrets
from datetime import timedelta
from urllib.parse import unquote

from replies import Reply, json_reply

HOST = re.compile(r"(\d{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com")
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
TOKEN_SECONDS = 12 * 3600
# Where the sandbox's registry listens, which knows no users.
UPSTREAM = ("127.0.0.1", 5000)
# What belongs to one connection and not to the message.
HOP_BY_HOP = ("connection", "transfer-encoding", "content-length", "authorization", "host")


class Registry:
    """The tokens that were given out, and the registry that they open."""

    def __init__(self, upstream=UPSTREAM):
        self._upstream = upstream
        self._tokens = {}

    def give_token(self, account, faults):
        """The reply to GetAuthorizationToken."""
        seconds = faults.registryTokenLifetimeSeconds or TOKEN_SECONDS
        password = secrets.token_urlsafe(48)
        expires_at = faults.now + timedelta(seconds=seconds)
        self._tokens[password] = expires_at
        data = {
            "authorizationToken": base64.b64encode(f"AWS:{password}".encode()).decode(),
            "expiresAt": expires_at.timestamp(),
            "proxyEndpoint": f"https://{account}.dkr.ecr.us-east-1.amazonaws.com",
        }
        return json_reply({"authorizationData": [data]})

    def answer(self, request, now):
        """The registry's reply to a request with a token, 401 to every other."""
        if not self._is_let_in(request.headers.get("authorization", ""), now):
            return _challenge(request.headers["host"])
        return self._forward(request)

    def _is_let_in(self, authorization, now):
        scheme, _, encoded = authorization.partition(" ")
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        expires_at = self._tokens.get(password)
        return scheme.lower() == "basic" and user == "AWS" and expires_at is not None and now < expires_at

    def _forward(self, request):
        headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP and value}
        headers.update({"Host": request.headers["host"], "X-Forwarded-Proto": "https"})
        connection = http.client.HTTPConnection(*self._upstream, timeout=30)
        query = f"?{request.query}" if request.query else ""
        try:
            connection.request(request.method, request.path + query, request.body or None, headers)
            response = connection.getresponse()
            body = response.read()
        except OSError as error:
            return Reply(503, (("content-type", "text/plain"),), f"the registry does not answer: {error}\n".encode())
        finally:
            connection.close()
        kept = tuple((name, value) for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP)
        # The answer to HEAD has a length and no body.
        length = response.getheader("content-length")
        if request.method == "HEAD" and length is not None:
            kept += (("content-length", length),)
        return Reply(response.status, kept, body)


def is_for_registry(request):
    """Whether a request is for a registry of ECR, and not for AWS's API."""
    return HOST.fullmatch(unquote(request.headers.get("host", "")).partition(":")[0]) is not None


def _challenge(host):
    error = {"errors": [{"code": "UNAUTHORIZED", "message": "Not Authorized"}]}
    challenge = ("www-authenticate", f'Basic realm="https://{host}/",service="ecr.amazonaws.com"')
    return json_reply(error, 401, (challenge, ("docker-distribution-api-version", "registry/2.0")))
