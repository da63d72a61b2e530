"""What DescribeNetworkInterfaces answers to a filter by attachment."""

import unittest

import moto.backends
from account import REGION
from network_interfaces import know_attachment_status

NUMBER = "123456789012"


class AttachmentStatus(unittest.TestCase):
    def setUp(self):
        know_attachment_status()
        know_attachment_status()
        self.ec2 = moto.backends.get_backend("ec2")[NUMBER][REGION]
        self.ec2.reset()
        vpc = self.ec2.create_vpc("10.0.0.0/16")
        self.subnet = self.ec2.create_subnet(vpc.id, "10.0.2.0/24", availability_zone="us-east-1a")
        self.ec2.create_network_interface(self.subnet, "10.0.2.27", description="somebody's")

    def found(self, **filters):
        filters = {name.replace("_", "."): [value] for name, value in filters.items()}
        return [eni.private_ip_address for eni in self.ec2.get_all_network_interfaces(filters=filters)]

    def test_an_interface_that_was_only_made_is_not_attached(self):
        self.assertEqual(self.found(attachment_status="attached"), [])

    def test_one_that_an_instance_has_is(self):
        eni = self.ec2.create_network_interface(self.subnet, "10.0.2.28")
        eni.attachment_id = "eni-attach-1"
        self.assertEqual(self.found(attachment_status="attached"), ["10.0.2.28"])
        self.assertEqual(self.found(attachment_status="detached"), [])

    def test_other_filters_are_moto_s(self):
        self.assertEqual(self.found(description="somebody's"), ["10.0.2.27"])


if __name__ == "__main__":
    unittest.main()
