"""Which remote networks a cluster takes, and how an update of them ends."""

import json
import unittest

from actions import read_action
from cluster_config import ClusterConfig
from replies import Refusal
from sigv4 import Request

PATH = "/clusters/sandbox/update-config"
NODES = {"remoteNodeNetworks": [{"cidrs": ["10.250.0.0/24"]}]}
BOTH = {**NODES, "remotePodNetworks": [{"cidrs": ["10.250.16.0/20"]}]}


def cluster(mode="API_AND_CONFIG_MAP", family="ipv4"):
    network = {"serviceIpv4Cidr": "10.100.0.0/16", "ipFamily": family}
    return {"name": "sandbox", "accessConfig": {"authenticationMode": mode}, "kubernetesNetworkConfig": network}


class RemoteNetworks(unittest.TestCase):
    def setUp(self):
        self.time = 1000
        self.config = ClusterConfig(["10.20.0.0/16"], None, lambda: self.time)

    def ask(self, method, path, body=None, shown=None):
        request = Request(method, path, "", {}, json.dumps(body or {}).encode())
        action = read_action(request, "eks", "us-east-1", "1")
        return json.loads(self.config.answer(action, request, shown or cluster(), 5).body)

    def update(self, networks, **shown):
        return self.ask("POST", PATH, {"remoteNetworkConfig": networks}, cluster(**shown))["update"]

    def refusal(self, networks, **shown):
        with self.assertRaises(Refusal) as caught:
            self.update(networks, **shown)
        return caught.exception.message

    def test_an_update_takes_its_time_and_then_holds(self):
        update = self.update(BOTH)
        self.assertEqual((update["status"], update["type"]), ("InProgress", "RemoteNetworkConfigUpdate"))
        self.assertEqual((self.config.is_updating, self.config.remote_networks), (True, None))
        self.assertIn("currently has an update in progress", self.refusal(NODES))
        self.time += 5
        path = f"/clusters/sandbox/updates/{update['id']}"
        self.assertEqual(self.ask("GET", path)["update"]["status"], "Successful")
        self.assertEqual((self.config.is_updating, self.config.remote_networks), (False, BOTH))
        self.assertEqual(self.ask("GET", "/clusters/sandbox/updates"), {"updateIds": [update["id"]]})

    def test_what_holds_already_is_no_update(self):
        self.update(NODES)
        self.time += 5
        self.assertIn("already at the desired configuration", self.refusal(NODES))

    def test_empty_lists_remove_the_networks(self):
        self.update(BOTH)
        self.time += 5
        self.update({"remoteNodeNetworks": [], "remotePodNetworks": []})
        self.time += 5
        self.assertIsNone(self.config.remote_networks)

    def test_an_update_that_is_not_known_is_named(self):
        with self.assertRaisesRegex(Refusal, "No update found for ID: other"):
            self.ask("GET", "/clusters/sandbox/updates/other")

    def test_networks_that_eks_does_not_take(self):
        for cidrs, what in [
            (["10.20.9.0/24"], "overlaps with the cluster's VPC CIDR 10.20.0.0/16"),
            (["10.100.0.0/24"], "overlaps with the cluster's service CIDR 10.100.0.0/16"),
            (["10.250.0.0/24", "10.250.0.128/25"], "overlaps with remoteNodeNetworks 10.250.0.0/24"),
            (["100.64.0.0/16"], "must be within the RFC 1918 ranges"),
            (["203.0.113.0/24"], "must be within the RFC 1918 ranges"),
            (["8.0.0.0/7"], "must have a prefix from /8 to /32"),
            (["10.250.0.1/24"], "is not a valid IPv4 CIDR"),
            (["fd00::/64"], "is not a valid IPv4 CIDR"),
            ([f"10.250.{number}.0/24" for number in range(16)], "more than 15"),
        ]:
            self.assertIn(what, self.refusal({"remoteNodeNetworks": [{"cidrs": cidrs}]}), cidrs)
        self.assertIn("without remoteNodeNetworks", self.refusal({"remotePodNetworks": BOTH["remotePodNetworks"]}))
        self.assertIsNone(self.config.remote_networks)

    def test_networks_of_one_kind_may_not_overlap_those_of_the_other(self):
        pods = {"remotePodNetworks": [{"cidrs": ["10.250.0.128/25"]}]}
        self.assertIn("overlaps with remoteNodeNetworks", self.refusal({**NODES, **pods}))

    def test_a_cluster_with_ipv6_or_with_its_config_map_alone_has_none(self):
        self.assertIn("API or API_AND_CONFIG_MAP, not CONFIG_MAP", self.refusal(NODES, mode="CONFIG_MAP"))
        self.assertIn("IP family ipv6", self.refusal(NODES, family="ipv6"))
        self.update(NODES, mode="API")


if __name__ == "__main__":
    unittest.main()
