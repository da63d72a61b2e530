"""The cluster's VPC as it is made, and the file that says what it is by now."""

import json
import stat
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

import moto.backends
from account import REGION
from actions import Action
from cloud import Cloud, changes_cloud, render
from vpc import create_vpc

NUMBER = "123456789013"
PLAN = {
    "cidr": "10.20.0.0/16",
    "subnets": [
        {"name": "public", "cidr": "10.20.1.0/24", "zone": "us-east-1a"},
        {"name": "private", "cidr": "10.20.3.0/24", "zone": "us-east-1b", "private": True},
    ],
    "apiAddresses": ["10.20.1.10", "10.20.3.10"],
    "takenAddresses": [],
    "elasticAddresses": "198.51.100.0/24",
}


class TheCloud(unittest.TestCase):
    def setUp(self):
        self.ec2 = moto.backends.get_backend("ec2")[NUMBER][REGION]
        self.ec2.reset()
        self.vpc = create_vpc(self.ec2, PLAN, "sandbox")
        self.remote = None

    def seen(self):
        return render(self.ec2, self.vpc.id, self.remote)

    def table(self, is_main):
        [table] = [table for table in self.seen()["routeTables"] if table["isMain"] == is_main]
        return table

    def test_the_public_subnet_has_a_way_out_and_the_private_one_a_table_of_its_own(self):
        cloud = self.seen()
        [gateway] = cloud["internetGateways"]
        self.assertEqual(cloud["cidrs"], ["10.20.0.0/16"])
        local = {"destination": "10.20.0.0/16", "target": "local"}
        self.assertEqual(self.table(True)["routes"], [local, {"destination": "0.0.0.0/0", "target": gateway}])
        private = self.table(False)
        self.assertEqual((private["routes"], private["subnets"]), ([local], [self.vpc.subnets[1]]))

    def test_the_control_plane_has_an_interface_in_each_subnet_that_only_its_group_reaches(self):
        interfaces = self.seen()["interfaces"]
        self.assertEqual([each["address"] for each in interfaces], PLAN["apiAddresses"])
        self.assertEqual([each["subnet"] for each in interfaces], list(self.vpc.subnets))
        self.assertEqual({group for each in interfaces for group in each["securityGroups"]}, {self.vpc.cluster_group})
        [group] = [group for group in self.seen()["securityGroups"] if group["id"] == self.vpc.cluster_group]
        everything = {"protocol": "-1", "fromPort": None, "toPort": None}
        self.assertEqual(group["ingress"], [{**everything, "cidr": None, "group": self.vpc.cluster_group}])
        self.assertEqual(group["egress"], [{**everything, "cidr": "0.0.0.0/0", "group": None}])

    def test_an_interface_gets_an_address_that_aws_has_not_kept_and_no_other_has(self):
        subnet = self.ec2.get_subnet(self.vpc.subnets[0])
        made = [self.ec2.create_network_interface(subnet, None).private_ip_address for _ in range(200)]
        self.assertEqual(len(set(made)), 200)
        self.assertFalse({f"10.20.1.{last}" for last in (0, 1, 2, 3, 10, 255)} & set(made))

    def test_an_elastic_address_is_one_that_the_sandbox_routes(self):
        subnet = self.ec2.get_subnet(self.vpc.subnets[0])
        interface = self.ec2.create_network_interface(subnet, "10.20.1.77")
        address = self.ec2.allocate_address("vpc")
        self.assertRegex(address.public_ip, r"^198\.51\.100\.\d+$")
        self.ec2.associate_address(eni=interface, allocation_id=address.allocation_id)
        self.assertEqual(self.seen()["interfaces"][-1]["publicAddress"], address.public_ip)

    def test_a_route_to_an_interface_names_it_until_it_is_gone(self):
        subnet = self.ec2.get_subnet(self.vpc.subnets[0])
        interface = self.ec2.create_network_interface(subnet, "10.20.1.77")
        self.ec2.create_route(self.table(False)["id"], "10.250.0.0/24", interface_id=interface.id)
        self.assertEqual(self.table(False)["routes"][1], {"destination": "10.250.0.0/24", "target": interface.id})
        self.ec2.delete_network_interface(interface.id)
        self.assertNotIn(interface.id, [each["id"] for each in self.seen()["interfaces"]])

    def test_remote_networks_are_one_list(self):
        self.remote = {"remoteNodeNetworks": [{"cidrs": ["10.250.0.0/24"]}], "remotePodNetworks": [{"cidrs": ["10.250.16.0/20"]}]}
        self.assertEqual(self.seen()["remoteNetworks"], ["10.250.0.0/24", "10.250.16.0/20"])
        self.assertEqual(self.seen()["remoteNodeNetworks"], ["10.250.0.0/24"])

    def test_the_file_is_replaced_when_something_is_another_and_only_root_reads_it(self):
        with TemporaryDirectory() as folder:
            file = Path(folder) / "cloud.json"
            cloud = Cloud(file, self.ec2, self.vpc.id, lambda: self.remote)
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
            before = file.stat().st_ino
            cloud.publish()
            self.assertEqual(file.stat().st_ino, before)
            self.remote = {"remoteNodeNetworks": [{"cidrs": ["10.250.0.0/24"]}]}
            cloud.publish()
            self.assertEqual(json.loads(file.read_text())["remoteNetworks"], ["10.250.0.0/24"])

    def test_only_actions_that_change_something_of_ec2s_replace_it(self):
        def changes(name):
            return changes_cloud(Action(name, "*", {}))

        self.assertTrue(changes("ec2:CreateRoute"))
        self.assertFalse(changes("ec2:DescribeRouteTables"))
        self.assertFalse(changes("ec2:GetConsoleOutput"))
        self.assertFalse(changes("iam:CreateRole"))


if __name__ == "__main__":
    unittest.main()
