"""All of the network that AWS would route and filter by, as one file that the sandbox's fabric and its instances follow."""

import json
import os
import threading


def changes_cloud(action):
    """Whether the file may be another after this action."""
    return action.name.startswith("ec2:") and not action.name.startswith(("ec2:Describe", "ec2:Get"))


class Cloud:
    """Writes the file whenever something in it is another; `remote_networks` gives the cluster's remoteNetworkConfig."""

    def __init__(self, file, ec2, vpc_id, remote_networks):
        self._file = file
        self._ec2 = ec2
        self._vpc_id = vpc_id
        self._remote_networks = remote_networks
        self._lock = threading.Lock()
        self._written = None
        self.publish()

    def publish(self):
        """Brings the file up to date."""
        with self._lock:
            text = json.dumps(render(self._ec2, self._vpc_id, self._remote_networks()), indent=1)
            if text == self._written:
                return
            fresh = self._file.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(text)
            os.replace(fresh, self._file)
            self._written = text


def render(ec2, vpc_id, remote_networks):
    """The VPC as it is now."""
    vpc = ec2.get_vpc(vpc_id)
    subnets = [subnet for zone in ec2.subnets.values() for subnet in zone.values() if subnet.vpc_id == vpc_id]
    interfaces = [interface for interface in ec2.enis.values() if interface.subnet.vpc_id == vpc_id]
    return {
        "vpc": vpc_id,
        "cidrs": [found["cidr_block"] for found in vpc.get_cidr_block_association_set(ipv6=False)],
        "internetGateways": [found.id for found in ec2.internet_gateways.values() if found.vpc and found.vpc.id == vpc_id],
        "subnets": [{"id": found.id, "cidr": found.cidr_block, "zone": found.availability_zone} for found in subnets],
        "routeTables": [_table(found) for found in ec2.route_tables.values() if found.vpc_id == vpc_id],
        "securityGroups": [_group(found) for found in ec2.groups.get(vpc_id, {}).values()],
        "interfaces": [_interface(found) for found in interfaces],
        "instances": [_instance(ec2, found) for found in ec2.all_instances() if found.vpc_id == vpc_id],
        "remoteNetworks": [cidr for kind in (remote_networks or {}) for cidr in _cidrs(remote_networks, kind)],
        "remoteNodeNetworks": _cidrs(remote_networks, "remoteNodeNetworks"),
    }


def _cidrs(remote_networks, kind):
    return [cidr for network in (remote_networks or {}).get(kind, []) for cidr in network["cidrs"]]


def _table(table):
    return {
        "id": table.id,
        "isMain": table.main_association_id is not None,
        "subnets": [target for target in table._associations.values() if target.startswith("subnet-")],
        "routes": [_route(route) for route in table.routes if route.destination_cidr_block],
    }


def _route(route):
    """`target` is "local", or the id of a gateway or a network interface; None where what was there is gone."""
    target = "local" if route.local else None
    if route.gateway:
        target = route.gateway.id
    if route.instance and route.instance.nics:
        target = route.instance.nics[0].id
    if route.interface:
        target = route.interface.id
    return {"destination": route.destination_cidr_block, "target": target}


def _group(group):
    return {
        "id": group.id,
        "name": group.name,
        "ingress": [_rule(rule) for rule in group.ingress_rules],
        "egress": [_rule(rule) for rule in group.egress_rules],
    }


def _rule(rule):
    """Protocol -1 is all; ports are those of TCP and UDP. Either `cidr` or `group` says who."""
    return {
        "protocol": rule.ip_protocol,
        "fromPort": rule.from_port,
        "toPort": rule.to_port,
        "cidr": (rule.ip_range or {}).get("CidrIp"),
        "group": (rule.source_group or {}).get("GroupId"),
    }


def _interface(interface):
    return {
        "id": interface.id,
        "description": interface.description,
        "subnet": interface.subnet.id,
        "mac": interface.mac_address,
        "address": interface.private_ip_address,
        "addresses": [each["PrivateIpAddress"] for each in interface.private_ip_addresses],
        "publicAddress": interface.public_ip,
        "securityGroups": [group.id for group in interface.group_set],
        "sourceDestCheck": _is_true(interface.source_dest_check),
        "instance": interface.instance.id if interface.instance else None,
        "deviceIndex": interface.device_index if interface.instance else None,
    }


def _instance(ec2, instance):
    association = ec2.iam_instance_profile_associations.get(instance.id)
    return {
        "id": instance.id,
        "state": instance.state,
        "type": instance.instance_type,
        "image": instance.image_id,
        "zone": instance.availability_zone,
        "launchedAt": instance.launch_time.isoformat(),
        # In base64, since user data may be gzip.
        "userData": str(instance.user_data) if instance.user_data else None,
        "instanceProfile": association.iam_instance_profile.arn if association else None,
        "requiresToken": instance.metadata_options.http_tokens == "required",
        "hopLimit": instance.metadata_options.http_put_response_hop_limit,
        "tags": {tag["key"]: tag["value"] for tag in instance.get_tags()},
        "interfaces": [] if instance.state == "terminated" else [interface.id for interface in instance.nics.values()],
    }


def _is_true(value):
    return str(value).lower() == "true"
