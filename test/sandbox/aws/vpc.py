"""The cluster's VPC: subnets in two zones, two route tables, an internet gateway, EKS's security group and network interfaces."""

import ipaddress
from dataclasses import dataclass

import moto.ec2.models.elastic_ip_addresses as elastic_ip_addresses
import moto.ec2.models.elastic_network_interfaces as elastic_network_interfaces

# AWS keeps the first four addresses of a subnet, and the last, to itself.
RESERVED_ADDRESSES = 4


@dataclass(frozen=True)
class Vpc:
    """The ids that moto made up."""

    id: str
    # In the order of the description.
    subnets: tuple
    default_group: str
    cluster_group: str

    @property
    def ids(self):
        """What the sandbox's other programs and tests read of it."""
        return {"vpc": self.id, "subnet": self.subnets[0], "securityGroup": self.default_group}


def create_vpc(ec2, wanted, cluster):
    """Creates what the description says. `cluster` is the name of the cluster whose control plane lives in it."""
    _give_addresses_of(wanted.get("elasticAddresses"))
    vpc = ec2.create_vpc(wanted["cidr"], tags=_name(f"{cluster}-vpc"))
    ec2.modify_vpc_attribute(vpc.id, "enable_dns_hostnames", True)
    subnets = [_create_subnet(ec2, vpc, subnet) for subnet in wanted["subnets"]]
    gateway = ec2.create_internet_gateway(_name(f"{cluster}-internet"))
    ec2.attach_internet_gateway(gateway.id, vpc.id)
    [main] = ec2.describe_route_tables(filters={"vpc-id": [vpc.id], "association.main": ["true"]})
    ec2.create_route(main.id, "0.0.0.0/0", gateway_id=gateway.id)
    _create_private_table(ec2, vpc, cluster, [id for id, subnet in zip(subnets, wanted["subnets"]) if subnet.get("private")])
    group = _create_cluster_group(ec2, vpc, cluster)
    for address in wanted["apiAddresses"]:
        interface = _create_interface(ec2, subnets, address, f"Amazon EKS {cluster}", group)
        interface.requester_managed, interface.status = True, "in-use"
    for address in wanted["takenAddresses"]:
        _create_interface(ec2, subnets, address, "another team's", None)
    return Vpc(vpc.id, tuple(subnets), ec2.get_default_security_group(vpc.id).id, group)


def _create_subnet(ec2, vpc, wanted):
    tags = {"Name": wanted["name"]}
    subnet = ec2.create_subnet(vpc.id, wanted["cidr"], availability_zone=wanted["zone"], tags=tags)
    return subnet.id


def _create_private_table(ec2, vpc, cluster, subnets):
    if not subnets:
        return
    table = ec2.create_route_table(vpc.id, _name(f"{cluster}-private"))
    for subnet in subnets:
        ec2.associate_route_table(table.id, subnet_id=subnet)


def _create_cluster_group(ec2, vpc, cluster):
    """EKS's own: everything among its members, everything out."""
    name = f"eks-cluster-sg-{cluster}-1234567890"
    description = "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes"
    tags = {"Name": name, f"kubernetes.io/cluster/{cluster}": "owned", "aws:eks:cluster-name": cluster}
    group = ec2.create_security_group(name, description, vpc_id=vpc.id, tags=tags)
    ec2.authorize_security_group_ingress(group.id, "-1", None, None, [], source_groups=[{"GroupId": group.id}], vpc_id=vpc.id)
    return group.id


def _create_interface(ec2, subnets, address, description, group):
    [subnet] = [found for found in map(ec2.get_subnet, subnets) if ipaddress.ip_address(address) in found.cidr]
    interface = ec2.create_network_interface(subnet, address, group_ids=[group] if group else None, description=description)
    subnet.request_ip(address, instance=interface)
    return interface


def _give_addresses_of(pool):
    """Addresses that the sandbox routes: moto makes up some of its own loopback, and some of a subnet that AWS keeps."""

    def free_private_address(cidr=None, ipv6=False):
        hosts = list(ipaddress.ip_network(cidr).hosts())[RESERVED_ADDRESSES - 1 :]
        return str(hosts[_draw(cidr, len(hosts))])

    elastic_network_interfaces.random_private_ip = free_private_address
    if pool:
        addresses = list(map(str, ipaddress.ip_network(pool).hosts()))
        elastic_ip_addresses.random_ip = lambda: addresses[_draw(pool, len(addresses))]


_drawn = {}


def _draw(network, size):
    """Each address once before any comes again, from the upper end, where tests put none by hand."""
    count = _drawn[network] = _drawn.get(network, 0) + 1
    return -count % size


def _name(name):
    return [{"Key": "Name", "Value": name}]
