"""The states of instances, what they hold while they live, and what their roles may do."""

import http.client
import json
import socket
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

import moto.backends
from moto.core.exceptions import ServiceException

from account import REGION
from actions import Action, read_action
from cloud import render
from hypervisor import serve
from identities import Identity
from images import publish_images, resolve_image
from instances import Lifecycle
from permissions import is_permitted
from replies import Refusal
from sigv4 import Request

NUMBER = "123456789014"
ROLE = "eks-satellite-gateway"
TABLE = f"arn:aws:ec2:{REGION}:{NUMBER}:route-table/rtb-1"


class States(unittest.TestCase):
    def setUp(self):
        self.ec2 = moto.backends.get_backend("ec2")[NUMBER][REGION]
        self.ec2.reset()
        self.vpc = self.ec2.create_vpc("10.0.0.0/16")
        self.subnet = self.ec2.create_subnet(self.vpc.id, "10.0.1.0/24", availability_zone="us-east-1a")
        self.group = self.ec2.create_security_group("gateway", "gateway", vpc_id=self.vpc.id)
        self.lifecycle = Lifecycle(self.ec2, runs=True)

    def run_one(self, **changes):
        before = self.lifecycle.ids()
        what = {"instance_type": "t4g.small", "is_instance_type_default": False, **changes}
        if "nics" not in changes:
            what.update(subnet_id=self.subnet.id, security_group_ids=[self.group.id])
        [instance] = self.ec2.run_instances("ami-12c6146b", 1, None, [], **what).instances
        self.lifecycle.launched(before)
        return instance

    def seen(self):
        return render(self.ec2, self.vpc.id, None)["instances"]

    def test_an_instance_is_what_the_runner_reports(self):
        instance = self.run_one()
        self.assertEqual(instance.state, "pending")
        self.lifecycle.report(instance.id, "running")
        self.assertEqual(instance.state, "running")
        self.ec2.stop_instances([instance.id])
        self.assertEqual(instance.state, "stopping")
        self.lifecycle.report(instance.id, "stopped")
        self.ec2.start_instances([instance.id])
        self.assertEqual(instance.state, "pending")
        self.ec2.terminate_instances([instance.id])
        self.assertEqual(instance.state, "shutting-down")
        self.lifecycle.report(instance.id, "running")
        self.assertEqual(instance.state, "shutting-down")
        self.lifecycle.report(instance.id, "terminated")
        self.assertEqual((instance.state, self.seen()[0]["interfaces"]), ("terminated", []))

    def test_an_instance_that_powers_itself_off_is_stopped(self):
        instance = self.run_one()
        self.lifecycle.report(instance.id, "running")
        self.lifecycle.report(instance.id, "stopped")
        self.assertEqual(instance.state, "stopped")

    def test_without_a_runner_it_runs_at_once(self):
        self.lifecycle = Lifecycle(self.ec2, runs=False)
        instance = self.run_one()
        self.assertEqual(instance.state, "running")
        self.ec2.terminate_instances([instance.id])
        self.assertEqual(instance.state, "terminated")

    def test_its_group_and_interface_stay_in_use_until_it_is_terminated(self):
        instance = self.run_one()
        interface = instance.nics[0]
        for delete in (
            lambda: self.ec2.delete_security_group(group_id=self.group.id),
            lambda: self.ec2.delete_network_interface(interface.id),
        ):
            with self.assertRaisesRegex(ServiceException, "has a dependent object|currently in use"):
                delete()
        self.lifecycle.report(instance.id, "terminated")
        self.assertNotIn(interface.id, self.ec2.enis)
        self.ec2.delete_security_group(group_id=self.group.id)

    def test_an_interface_that_was_there_before_outlives_it(self):
        interface = self.ec2.create_network_interface(self.subnet, "10.0.1.50", group_ids=[self.group.id])
        instance = self.run_one(nics=[{"DeviceIndex": 0, "NetworkInterfaceId": interface.id}])
        self.assertEqual(self.seen()[0]["interfaces"], [interface.id])
        self.lifecycle.report(instance.id, "terminated")
        self.assertEqual((interface.status, interface.attachment), ("available", None))
        self.ec2.delete_network_interface(interface.id)

    def test_an_interface_that_another_instance_has_taken_since_stays_with_it(self):
        eni = self.ec2.create_network_interface(self.subnet, "10.0.1.78", groups=[self.group.id])
        first, second = (self.run_one(nics=[{"DeviceIndex": "0", "NetworkInterfaceId": eni.id}]) for _ in range(2))
        self.ec2.terminate_instances([first.id])
        self.lifecycle.report(first.id, "terminated")
        self.assertIs(eni.instance, second)
        self.assertIsNotNone(eni.attachment_id)

    def test_a_group_that_anothers_rule_names_stays(self):
        other = self.ec2.create_security_group("other", "other", vpc_id=self.vpc.id)
        source = [{"GroupId": self.group.id}]
        self.ec2.authorize_security_group_ingress(other.id, "tcp", "443", "443", [], source_groups=source, vpc_id=self.vpc.id)
        with self.assertRaisesRegex(ServiceException, "has a dependent object"):
            self.ec2.delete_security_group(group_id=self.group.id)

    def test_an_elastic_address_is_released_after_it_is_taken_off(self):
        instance = self.run_one()
        address = self.ec2.allocate_address("vpc")
        self.ec2.associate_address(eni=instance.nics[0], allocation_id=address.allocation_id)
        with self.assertRaisesRegex(ServiceException, "is in use"):
            self.ec2.release_address(allocation_id=address.allocation_id)
        self.lifecycle.report(instance.id, "terminated")
        self.ec2.release_address(allocation_id=address.allocation_id)

    def test_a_route_to_an_interface_leads_nowhere_without_an_instance_that_runs(self):
        interface = self.ec2.create_network_interface(self.subnet, "10.0.1.50", group_ids=[self.group.id])
        [table] = self.ec2.describe_route_tables(filters={"vpc-id": [self.vpc.id]})
        route = self.ec2.create_route(table.id, "10.250.0.0/24", interface_id=interface.id)
        self.assertEqual(route.state, "blackhole")
        instance = self.run_one(nics=[{"DeviceIndex": 0, "NetworkInterfaceId": interface.id}])
        self.assertEqual((route.state, table.routes[0].state), ("active", "active"))
        self.lifecycle.report(instance.id, "stopped")
        self.assertEqual(route.state, "blackhole")

    def test_the_source_dest_check_of_an_instance_is_its_interfaces(self):
        instance = self.run_one()
        self.ec2.modify_instance_attribute(instance.id, "source_dest_check", False)
        self.assertFalse(instance.nics[0].source_dest_check)
        self.ec2.modify_network_interface_attribute(instance.nics[0].id, [], source_dest_check=True)
        self.assertTrue(instance.source_dest_check)


class Permissions(unittest.TestCase):
    def setUp(self):
        self.iam = moto.backends.get_backend("iam")[NUMBER]["aws"]
        self.iam.reset()
        self.iam.create_role(ROLE, "{}", "/", None, "", {}, "3600")

    def allow(self, *statements):
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.iam.get_role(ROLE).put_policy("own", document)

    def may(self, name, resource="*", session="i-0123456789abcdef0", tags=None):
        arn = f"arn:aws:sts::{NUMBER}:assumed-role/{ROLE}/{session}"
        identity = Identity("ASIA", "secret", arn, "AROA", NUMBER)
        return is_permitted(self.iam, identity, Action(name, resource, {}), lambda _id: tags or {})

    def test_an_instance_may_what_its_role_may(self):
        self.assertFalse(self.may("eks:DescribeCluster"))
        self.allow({"Effect": "Allow", "Action": "eks:Describe*", "Resource": "arn:aws:eks:*:cluster/sandbox"})
        self.assertTrue(self.may("eks:DescribeCluster", "arn:aws:eks:us-east-1:1:cluster/sandbox"))
        self.assertFalse(self.may("eks:DescribeCluster", "arn:aws:eks:us-east-1:1:cluster/other"))
        self.assertFalse(self.may("ec2:DescribeVpcs"))

    def test_a_deny_outweighs_every_allow(self):
        self.allow({"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": ["ec2:*"], "Resource": "*"})
        self.assertTrue(self.may("eks:DescribeCluster"))
        self.assertFalse(self.may("ec2:DescribeVpcs"))

    def test_a_tag_of_the_resource_can_be_asked_for_and_nothing_else(self):
        tag = {"StringEquals": {"aws:ResourceTag/eks-satellite:cluster": "sandbox"}}
        self.allow({"Effect": "Allow", "Action": "ec2:ReplaceRoute", "Resource": "*", "Condition": tag})
        self.assertTrue(self.may("ec2:ReplaceRoute", TABLE, tags={"eks-satellite:cluster": "sandbox"}))
        self.assertFalse(self.may("ec2:ReplaceRoute", TABLE, tags={"eks-satellite:cluster": "other"}))
        self.allow({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringLike": {"aws:x": "*"}}})
        self.assertFalse(self.may("ec2:ReplaceRoute", TABLE))

    def test_other_sessions_are_not_held_to_policies(self):
        self.assertTrue(self.may("ec2:DescribeVpcs", session="gpu-1"))

    def test_a_request_to_ec2_names_its_resource_where_it_changes_one(self):
        def resource(query):
            headers = {"content-type": "application/x-www-form-urlencoded"}
            return read_action(Request("POST", "/", "", headers, query.encode()), "ec2", REGION, NUMBER).resource

        self.assertEqual(resource("Action=ReplaceRoute&RouteTableId=rtb-1"), TABLE)
        self.assertEqual(resource("Action=DescribeInstances&InstanceId.1=i-1"), "*")


class Images(unittest.TestCase):
    def test_the_newest_images_have_names(self):
        ssm = moto.backends.get_backend("ssm")[NUMBER][REGION]
        publish_images(ssm)
        for distribution in ("canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id", "debian/release/12/latest/amd64"):
            self.assertRegex(ssm.get_parameter(f"/aws/service/{distribution}").value, "^ami-[0-9a-f]{17}$")

    def test_a_parameter_stands_for_its_image(self):
        ssm = moto.backends.get_backend("ssm")[NUMBER][REGION]
        publish_images(ssm)
        self.assertRegex(resolve_image(ssm, "resolve:ssm:/aws/service/debian/release/12/latest/arm64"), "^ami-0")
        self.assertEqual(resolve_image(ssm, "ami-1"), "ami-1")
        with self.assertRaisesRegex(Refusal, "parameter /other not found"):
            resolve_image(ssm, "resolve:ssm:/other")


class Hypervisor(unittest.TestCase):
    def setUp(self):
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "socket"
        self.reports = []
        credentials = {"i-1": {"role": ROLE}}
        self.server = serve(str(self.path), lambda *report: self.reports.append(report), credentials.get)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("runner")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.path))
        self.addCleanup(connection.close)
        connection.request(method, path, json.dumps(body) if body else None)
        response = connection.getresponse()
        return response.status, json.loads(response.read())

    def test_it_takes_states_and_gives_credentials(self):
        self.assertEqual(self.ask("PUT", "/instances/i-1", {"state": "running"}), (200, {}))
        self.assertEqual(self.reports, [("i-1", "running")])
        self.assertEqual(self.ask("GET", "/instances/i-1/credentials"), (200, {"role": ROLE}))

    def test_what_it_does_not_know_is_not_there(self):
        for method, path in [("GET", "/instances/i-2/credentials"), ("GET", "/instances/i-1"), ("GET", "/x")]:
            self.assertEqual(self.ask(method, path), (404, {}), path)

    def test_only_root_asks_it(self):
        self.assertEqual(self.path.stat().st_mode & 0o077, 0)


if __name__ == "__main__":
    unittest.main()
