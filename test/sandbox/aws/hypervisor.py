"""What AWS says to the runner of instances alone, over a socket of root's: HTTP with JSON.

    PUT /instances/ID   {"state": "running"}       what an instance has become
    GET /instances/ID/credentials                  keys for its role, as its metadata service hands them out; 404 without a role
"""

import json
import os
import re
import socketserver
import threading
from http.server import BaseHTTPRequestHandler

from moto.core.exceptions import ServiceException

PATHS = re.compile(r"/instances/(i-[0-9a-f]+)(/credentials)?")
MAX_BODY = 1024


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def serve(path, report, credentials):
    """Listens in a thread of its own. `report` takes an id and a state, `credentials` gives those of an id, or None."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_PUT(self):
            self._answer(lambda id: report(id, json.loads(self._body())["state"]) or {}, wants_credentials=False)

        def do_GET(self):
            self._answer(credentials, wants_credentials=True)

        def _answer(self, work, wants_credentials):
            found = PATHS.fullmatch(self.path)
            try:
                if found is None or bool(found[2]) != wants_credentials:
                    raise KeyError(self.path)
                reply = work(found[1])
            except (KeyError, ServiceException) as error:
                reply = None
                print("hypervisor:", error, flush=True)
            self._send(404 if reply is None else 200, reply or {})

        def _body(self):
            return self.rfile.read(min(int(self.headers.get("content-length", 0)), MAX_BODY))

        def _send(self, status, reply):
            body = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):
            pass

        def address_string(self):
            return "runner"

    if os.path.exists(path):
        os.unlink(path)
    mask = os.umask(0o077)
    server = _Server(path, Handler)
    os.umask(mask)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
