"""AWS for one sandbox: STS, EKS, EC2, IAM and ECR behind TLS under AWS's own host names.

moto has the services; in front of it stands what moto does not do: signatures, expiry and trust policies are checked,
STS answers in JSON too, and DescribeCluster shows the sandbox's real endpoint and CA.

    server.py ADDRESS FOLDER      FOLDER holds account.json, faults.json, sessions.json, aws.crt and aws.key
"""

import io
import json
import re
import ssl
import sys
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlencode

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

import moto.backends
from access_entries import ACTIONS as ACCESS_ENTRY_ACTIONS
from access_entries import AccessEntries
from account import REGION, create_account, trust_policy
from actions import read_action
from faults import read_faults
from gate import authenticate, authorize
from hypervisor import serve
from identities import Identities, Identity, session_of
from infrastructure import Infrastructure
from registry import Registry, is_for_registry
from replies import Refusal, Reply, caller_identity_reply, error_reply, json_reply, session_token_reply
from roles_anywhere import is_for_roles_anywhere, read_session_request, session_reply
from sigv4 import MalformedSignature, Request, read_signature

# STS's own limits, and the role's maximum, https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
SESSION_SECONDS = range(900, 3600 + 1)
INSTANCE_SECONDS = 6 * 3600


class Aws:
    """The WSGI application."""

    def __init__(self, folder):
        self._faults_file = folder / "faults.json"
        self._account = create_account(folder / "account.json")
        (folder / "network.json").write_text(json.dumps(self._account.vpc.ids))
        self._infrastructure = Infrastructure(self._account, folder / "cloud.json")
        self._identities = Identities(folder / "sessions.json")
        for user in self._account.users:
            self._identities.add_user(user)
        self._entries = AccessEntries(folder / "access-entries.json", lambda arn: self._trust_policy(arn) is not None)
        self._registry = Registry()
        self._moto = DomainDispatcherApplication(create_backend_app)
        if self._account.hypervisor is not None:
            serve(self._account.hypervisor, self._infrastructure.report_instance, self._give_instance_credentials)

    def __call__(self, environ, start_response):
        request = _read_request(environ)
        wants_json = "json" in request.headers.get("accept", "")
        faults = read_faults(self._faults_file)
        try:
            reply = self._answer(request, environ, wants_json, faults)
        except Refusal as refusal:
            print("refused:", refusal.message, flush=True)
            reply = error_reply(refusal, _service(request), wants_json)
        date = format_datetime(faults.now, usegmt=True)
        names = {name.lower() for name, _ in reply.headers}
        length = [] if "content-length" in names else [("content-length", str(len(reply.body)))]
        headers = [*((name, value) for name, value in reply.headers if name.lower() != "date"), *length, ("date", date)]
        start_response(f"{reply.status} {'OK' if reply.status < 400 else 'Error'}", headers)
        return [reply.body]

    def _answer(self, request, environ, wants_json, faults):
        if faults.unavailable:
            raise Refusal("unavailable", "Service is unable to handle request.", 503)
        if is_for_registry(request):
            return self._registry.answer(request, faults.now)
        if is_for_roles_anywhere(request):
            return self._create_session(request, faults)
        signature, identity = authenticate(request, self._identities, faults)
        action = read_action(request, signature.service, signature.region, self._account.number)
        print(action.name, action.resource, "by", identity.arn, flush=True)
        if action.name == "sts:GetCallerIdentity":
            return caller_identity_reply(identity, wants_json)
        authorize(action, identity, faults, self._trust_policy, self._infrastructure.is_permitted)
        if action.name in ACCESS_ENTRY_ACTIONS:
            return self._entries.answer(action, request)
        if action.name == "sts:AssumeRole":
            return self._assume_role(action, environ, faults)
        if action.name == "sts:GetSessionToken":
            return self._get_session_token(action, identity, faults)
        if action.name == "ecr:GetAuthorizationToken":
            return self._registry.give_token(self._account.number, faults)
        return self._infrastructure.answer(action, request, faults, lambda body: self._forward(environ, body))

    def _give_instance_credentials(self, instance_id):
        """Keys of the instance's role for six hours, as AWS gives them; None where it has no role."""
        role = self._infrastructure.role_of(instance_id)
        if role is None:
            return None
        faults = read_faults(self._faults_file)
        sts = moto.backends.get_backend("sts")[self._account.number]["aws"]
        session = sts.assume_role(REGION, instance_id, role.arn, None, INSTANCE_SECONDS, None)
        kept = self._keep(session, faults.sessionLifetimeSeconds or INSTANCE_SECONDS)
        keys = {"AccessKeyId": kept.access_key_id, "SecretAccessKey": kept.secret, "Token": kept.session_token}
        return {"role": role.name, **keys, "LastUpdated": kept.issued_at, "Expiration": kept.expires_at}

    def _trust_policy(self, role_arn):
        return trust_policy(self._account.number, role_arn)

    def _assume_role(self, action, environ, faults):
        asked = int(action.parameters.get("DurationSeconds", 3600))
        if asked not in SESSION_SECONDS:
            message = f"The requested DurationSeconds {asked} is not between 900 and the role's MaxSessionDuration 3600."
            raise Refusal("invalid", message, 400)
        seconds = faults.sessionLifetimeSeconds or asked
        form = urlencode({**action.parameters, "DurationSeconds": seconds}).encode()
        reply = self._forward(environ, form)
        if reply.status == 200:
            self._remember_session(reply, seconds)
        return reply

    def _create_session(self, request, faults):
        role, name, seconds = read_session_request(request, self._account.roles_anywhere, faults.now)
        print("rolesanywhere:CreateSession", role, "as", name, flush=True)
        sts = moto.backends.get_backend("sts")[self._account.number]["aws"]
        session = sts.assume_role(REGION, name, role, None, seconds, None)
        return session_reply(self._keep(session, faults.sessionLifetimeSeconds or seconds))

    def _get_session_token(self, action, identity, faults):
        if identity.session_token is not None:
            raise Refusal("denied", "Cannot call GetSessionToken with session credentials")
        seconds = faults.sessionLifetimeSeconds or int(action.parameters.get("DurationSeconds", 43200))
        session = session_of(identity, seconds)
        self._identities.add_session(session)
        return session_token_reply(session)

    def _remember_session(self, reply, seconds):
        key = re.search(rb"<AccessKeyId>(\w+)</AccessKeyId>", reply.body)[1].decode()
        sts = moto.backends.get_backend("sts")[self._account.number]["aws"]
        self._keep(sts.get_assumed_role_from_access_key(key), seconds)

    def _keep(self, session, seconds):
        now = datetime.now(timezone.utc)
        identity = Identity(
            access_key_id=session.access_key_id,
            secret=session.secret_access_key,
            arn=session.arn,
            user_id=session.user_id,
            account=self._account.number,
            session_token=session.session_token,
            issued_at=now.isoformat(),
            expires_at=(now + timedelta(seconds=seconds)).isoformat(),
        )
        self._identities.add_session(identity)
        return identity

    def _forward(self, environ, body):
        seen = {}

        def keep(status, headers, _exc_info=None):
            seen.update(status=int(status.split()[0]), headers=headers)
            return lambda _bytes: None

        inner = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        content = b"".join(self._moto(inner, keep))
        headers = tuple((name, value) for name, value in seen["headers"] if name.lower() != "content-length")
        return Reply(seen["status"], headers, content)


def _read_request(environ):
    path, _, query = environ["RAW_URI"].partition("?")
    headers = {k[5:].lower().replace("_", "-"): v for k, v in environ.items() if k.startswith("HTTP_")}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    headers["content-length"] = environ.get("CONTENT_LENGTH", "")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return Request(environ["REQUEST_METHOD"], path, query, headers, body)


def _service(request):
    try:
        return read_signature(request).service
    except MalformedSignature:
        return request.headers.get("host", "").split(".")[0]


class _Handler(WSGIRequestHandler):
    """Logs paths without their queries, which hold signatures; the Date of a reply is AWS's, not this process's."""

    def send_response(self, code, message=None):
        self.log_request(code)
        self.send_response_only(code, message)

    def log_request(self, code="-", size="-"):
        self.log("info", "%s %s", self.path.partition("?")[0], code)


def main(address, folder):
    """Serves until it is ended."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "aws.crt", folder / "aws.key")
    server = make_server(address, 443, Aws(folder), threaded=True, request_handler=_Handler, ssl_context=context)
    # Handshakes in the connection's own thread: a client that goes silent in the middle of one holds up no other.
    server.socket.do_handshake_on_connect = False
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
