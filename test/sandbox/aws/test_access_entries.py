"""Access entries, and the file by which aws-iam-authenticator learns of them."""

import json
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from access_entries import AccessEntries
from actions import read_action
from replies import Refusal
from sigv4 import Request

ROLE = "arn:aws:iam::123456789012:role/team/nodes"
PATH = "/clusters/sandbox/access-entries"


class Entries(unittest.TestCase):
    def setUp(self):
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "access-entries.json"
        self.entries = AccessEntries(self.file, lambda arn: arn == ROLE)

    def ask(self, method, path, body=None):
        request = Request(method, path, "", {}, json.dumps(body or {}).encode())
        return json.loads(self.entries.answer(read_action(request, "eks", "us-east-1", "1"), request).body)

    def create(self, **changes):
        return self.ask("POST", PATH, {"principalArn": ROLE, "type": "HYBRID_LINUX", **changes})

    def mappings(self):
        return json.loads(self.file.read_text())["mapRoles"]

    def test_an_entry_of_a_node_maps_the_role_without_its_path_to_the_sessions_name(self):
        self.assertEqual(self.mappings(), [])
        self.create()
        username = "system:node:{{SessionName}}"
        role = "arn:aws:iam::123456789012:role/nodes"
        self.assertEqual(self.mappings(), [{"rolearn": role, "username": username, "groups": ["system:nodes"]}])
        one = f"{PATH}/{quote(ROLE, safe='')}"
        self.assertEqual(self.ask("GET", one)["accessEntry"]["type"], "HYBRID_LINUX")
        self.assertEqual(self.ask("GET", PATH), {"accessEntries": [ROLE]})
        self.ask("DELETE", one)
        self.assertEqual(self.mappings(), [])
        with self.assertRaisesRegex(Refusal, "could not be found"):
            self.ask("GET", one)

    def test_one_entry_a_principal_and_only_for_roles_that_are(self):
        self.create()
        with self.assertRaisesRegex(Refusal, "already in use"):
            self.create()
        with self.assertRaisesRegex(Refusal, "invalid principal"):
            self.create(principalArn=ROLE.replace("team/", ""))


if __name__ == "__main__":
    unittest.main()
