"""EKS's access entries, which moto does not have; aws-iam-authenticator reads them from a file, as EKS's own does."""

import json
import os
import time
from pathlib import Path
from urllib.parse import unquote

from replies import Refusal, json_reply

NODE_TYPES = ("HYBRID_LINUX", "FARGATE_LINUX")
ACTIONS = ("eks:CreateAccessEntry", "eks:DescribeAccessEntry", "eks:DeleteAccessEntry", "eks:ListAccessEntries")


class AccessEntries:
    """The entries of one cluster."""

    def __init__(self, file, role_exists):
        self._file = Path(file)
        self._role_exists = role_exists
        self._entries = {}
        self._publish()

    def answer(self, action, request):
        """The reply to one of ACTIONS."""
        if action.name == "eks:ListAccessEntries":
            return json_reply({"accessEntries": sorted(self._entries)})
        if action.name == "eks:CreateAccessEntry":
            return self._create(json.loads(request.body))
        arn = unquote(request.path.rpartition("/access-entries/")[2])
        if arn not in self._entries:
            message = f"The specified principalArn could not be found. You can view your available access entries. {arn}"
            raise Refusal("not-found", message, 404)
        if action.name == "eks:DescribeAccessEntry":
            return json_reply({"accessEntry": self._entries[arn]})
        del self._entries[arn]
        self._publish()
        return json_reply({})

    def _create(self, wanted):
        arn = wanted["principalArn"]
        if arn in self._entries:
            raise Refusal("in-use", "The specified access entry resource is already in use on this cluster.", 409)
        if ":role/" in arn and not self._role_exists(arn):
            raise Refusal("invalid-parameter", f"The specified principalArn is invalid: invalid principal. {arn}", 400)
        is_node = wanted.get("type") in NODE_TYPES
        entry = {
            "principalArn": arn,
            "type": wanted.get("type", "STANDARD"),
            "username": "system:node:{{SessionName}}" if is_node else wanted.get("username", arn),
            "kubernetesGroups": ["system:nodes"] if is_node else wanted.get("kubernetesGroups", []),
        }
        self._entries[arn] = entry
        self._publish()
        return json_reply({"accessEntry": entry})

    def _publish(self):
        """Written in place, since aws-iam-authenticator watches the file and not its name; at once, and never shorter than before."""
        mappings = [
            {"rolearn": _without_path(arn), "username": entry["username"], "groups": entry["kubernetesGroups"]}
            for arn, entry in self._entries.items()
        ]
        text = json.dumps({"LastUpdatedDateTime": str(int(time.time())), "mapRoles": mappings})
        size = self._file.stat().st_size if self._file.exists() else 0
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(descriptor, text.ljust(size).encode())
        os.close(descriptor)


def _without_path(arn):
    head, _, rest = arn.partition(":role/")
    return f"{head}:role/{rest.rpartition('/')[2]}"
