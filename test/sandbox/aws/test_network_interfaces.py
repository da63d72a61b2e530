"""What DescribeNetworkInterfaces answers to a filter by attachment."""

import unittest

import moto.backends
from account import REGION
from network_interfaces import know_attachment_status

NUMBER = "123456789012"
ADDRESS = "10.0.2.27"


class AttachmentStatus(unittest.TestCase):
    def setUp(self):
        know_attachment_status()
        know_attachment_status()
        self.ec2 = moto.backends.get_backend("ec2")[NUMBER][REGION]
        self.ec2.reset()
        self.vpc = self.ec2.create_vpc("10.0.0.0/16")
        self.subnet = self.ec2.create_subnet(self.vpc.id, "10.0.2.0/24", availability_zone="us-east-1a")
        self.eni = self.ec2.create_network_interface(self.subnet, ADDRESS, description="another team's")

    def attach(self):
        image = self.ec2.describe_images()[0].id
        what = {"subnet_id": self.subnet.id, "instance_type": "m5.large", "is_instance_type_default": False}
        [instance] = self.ec2.run_instances(image, 1, b"", [], **what).instances
        return self.ec2.attach_network_interface(self.eni.id, instance.id, 1)

    def found(self, **filters):
        filters = {name.replace("_", "."): [value] for name, value in filters.items()}
        return [eni.private_ip_address for eni in self.ec2.get_all_network_interfaces(filters=filters)]

    def looked_up(self, vpc_id):
        """How the cloud controller looks up a fargate-ip-… name: cloud-provider-aws pkg/providers/v1/variant/fargate."""
        filters = {"attachment.status": ["attached"], "vpc-id": [vpc_id], "private-ip-address": [ADDRESS]}
        return [eni.id for eni in self.ec2.get_all_network_interfaces(filters=filters)]

    def test_an_interface_that_was_only_made_is_not_attached(self):
        self.assertEqual(self.found(attachment_status="attached"), [])
        self.assertEqual(self.looked_up(self.vpc.id), [])

    def test_one_that_an_instance_has_is_until_it_is_taken_off(self):
        attachment = self.attach()
        self.assertIn(ADDRESS, self.found(attachment_status="attached"))
        self.assertEqual(self.found(attachment_status="detached"), [])
        self.assertEqual(self.looked_up(self.vpc.id), [self.eni.id])
        self.ec2.detach_network_interface(attachment.attachment_id)
        self.assertEqual(self.looked_up(self.vpc.id), [])

    def test_the_same_address_in_another_vpc_is_another_interface(self):
        self.attach()
        self.assertEqual(self.looked_up(self.ec2.create_vpc("10.0.0.0/16").id), [])

    def test_other_filters_are_moto_s(self):
        self.assertEqual(self.found(description="another team's"), [ADDRESS])


if __name__ == "__main__":
    unittest.main()
