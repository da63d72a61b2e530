"""Who is let through to the registry, and what reaches it."""

import base64
import json
import threading
import unittest
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

from faults import Faults
from registry import Registry, is_for_registry
from sigv4 import Request

ACCOUNT = "123456789012"
HOST = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"


class _Upstream(BaseHTTPRequestHandler):
    def _answer(self):
        length = int(self.headers.get("content-length") or 0)
        self.server.seen.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"layer")

    do_GET = do_HEAD = do_PUT = _answer

    def log_message(self, *_):
        pass


def request(authorization="", method="GET", host=HOST, body=b""):
    headers = {"host": host, "authorization": authorization, "content-length": str(len(body))}
    return Request(method, "/v2/team/app/blobs/sha256:00", "digest=x", headers, body)


class Front(unittest.TestCase):
    def setUp(self):
        self.upstream = HTTPServer(("127.0.0.1", 0), _Upstream)
        self.upstream.seen = []
        threading.Thread(target=self.upstream.serve_forever, daemon=True).start()
        self.addCleanup(self.upstream.server_close)
        self.addCleanup(self.upstream.shutdown)
        self.registry = Registry(self.upstream.server_address)

    def token(self, faults=Faults()):
        return json.loads(self.registry.give_token(ACCOUNT, faults).body)["authorizationData"][0]

    def test_a_token_opens_the_registry(self):
        token = self.token()["authorizationToken"]
        reply = self.registry.answer(request(f"Basic {token}", "PUT", body=b"bytes"), Faults().now)
        self.assertEqual((reply.status, reply.body), (200, b"layer"))
        method, path, headers, body = self.upstream.seen[0]
        self.assertEqual((method, path, body), ("PUT", "/v2/team/app/blobs/sha256:00?digest=x", b"bytes"))
        self.assertEqual((headers["Host"], headers["X-Forwarded-Proto"]), (HOST, "https"))
        self.assertNotIn("authorization", {name.lower() for name in headers})

    def test_the_answer_to_head_keeps_its_length(self):
        reply = self.registry.answer(request(f"Basic {self.token()['authorizationToken']}", "HEAD"), Faults().now)
        self.assertIn(("content-length", "5"), reply.headers)
        self.assertEqual(reply.body, b"")

    def test_every_other_request_gets_a_challenge(self):
        real = self.token()["authorizationToken"]
        password = base64.b64decode(real).decode().partition(":")[2]
        other = base64.b64encode(b"AWS:made-up").decode()
        unknown = base64.b64encode(f"me:{password}".encode()).decode()
        for authorization in ("", "Basic", "Basic %%%", f"Basic {other}", f"Basic {unknown}", f"Bearer {real}"):
            reply = self.registry.answer(request(authorization), Faults().now)
            self.assertEqual(reply.status, 401, authorization)
            self.assertTrue(dict(reply.headers)["www-authenticate"].startswith("Basic realm="))
        self.assertEqual(self.upstream.seen, [])

    def test_a_token_lives_for_twelve_hours_unless_it_is_configured_otherwise(self):
        now = Faults().now
        token = f"Basic {self.token()['authorizationToken']}"
        self.assertEqual(self.registry.answer(request(token), now + timedelta(hours=11)).status, 200)
        self.assertEqual(self.registry.answer(request(token), now + timedelta(hours=13)).status, 401)
        short = self.token(Faults(registryTokenLifetimeSeconds=20))
        self.assertLess(short["expiresAt"], (now + timedelta(seconds=30)).timestamp())
        late = self.registry.answer(request(f"Basic {short['authorizationToken']}"), now + timedelta(seconds=40))
        self.assertEqual(late.status, 401)

    def test_a_registry_that_is_not_there_is_told(self):
        registry = Registry(("127.0.0.1", 1))
        token = json.loads(registry.give_token(ACCOUNT, Faults()).body)["authorizationData"][0]["authorizationToken"]
        self.assertEqual(registry.answer(request(f"Basic {token}"), Faults().now).status, 503)


class Names(unittest.TestCase):
    def test_a_registry_is_known_by_its_name(self):
        self.assertTrue(is_for_registry(request()))
        self.assertTrue(is_for_registry(request(host=f"{HOST}:443")))
        self.assertFalse(is_for_registry(request(host="api.ecr.us-east-1.amazonaws.com")))


if __name__ == "__main__":
    unittest.main()
