"""EC2's instances as machines that take time: moto starts and ends them at once, and lets go of what they still use.

A state that passes by itself on AWS waits here for the runner of instances, which reports what its containers do.
"""

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance, InstanceState
from moto.ec2.models.route_tables import Route

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
# What an action makes of an instance, and in which states it does.
BEGINNINGS = {
    "start": ("pending", ("stopped",)),
    "stop": ("stopping", ("pending", "running")),
    "terminate": ("shutting-down", ("pending", "running", "stopping", "stopped")),
}
MOTO = {name: getattr(Instance, name) for name in (*BEGINNINGS, "prep_nics")}


class Lifecycle:
    """The states of one account's instances; `runs` is false where no runner boots them, and they are what moto makes them."""

    def __init__(self, ec2, runs):
        self._ec2 = ec2
        ec2.runs_instances = runs
        _teach_moto()
        _keep_what_is_used(ec2)

    def ids(self):
        """Ids of all instances."""
        return {instance.id for instance in self._ec2.all_instances()}

    def launched(self, before):
        """Marks those that are not among the ids of `before` as pending."""
        for instance in self._ec2.all_instances():
            if instance.id not in before and self._ec2.runs_instances:
                instance._state = InstanceState("pending", CODES["pending"])

    def report(self, instance_id, state):
        """Takes the runner's word for what an instance has become."""
        instance = self._ec2.get_instance(instance_id)
        if state == "running" and instance.state == "pending":
            MOTO["start"](instance)
        elif state == "stopped" and instance.state in ("stopping", "running", "pending"):
            MOTO["stop"](instance)
        elif state == "terminated" and instance.state != "terminated":
            _end(instance)


def _teach_moto():
    """Doing it twice does no harm."""
    for name in BEGINNINGS:
        setattr(Instance, name, _beginning(name))
    Instance.prep_nics = _prepare_interfaces
    Instance.source_dest_check = property(_read_check, _write_check)
    # moto adds the instance's groups to those that the interface was given, for ever.
    NetworkInterface.group_set = property(lambda self: self._group_set)
    Route.state = property(_route_state)


def _beginning(name):
    state, before = BEGINNINGS[name]

    def begin(self):
        if not getattr(self.ec2_backend, "runs_instances", False):
            return _end(self) if name == "terminate" else MOTO[name](self)
        previous = self._state
        if previous.name in before:
            self._state = InstanceState(state, CODES[state])
        return previous

    return begin


def _end(instance):
    """Its interfaces are free, and those that were made with it are gone, and so are associations of Elastic IPs with these."""
    interfaces = list(instance.nics.values())
    # Another instance may have taken one since.
    taken = [(each, each.instance, each.attachment_id, each.status) for each in interfaces if each.instance not in (None, instance)]
    for interface in interfaces:
        interface.instance = None
    previous = MOTO["terminate"](instance)
    for interface in interfaces:
        interface.attachment_id, interface.status = None, "available"
    for interface, owner, attachment, status in taken:
        interface.instance, interface.attachment_id, interface.status = owner, attachment, status
    return previous


def _prepare_interfaces(self, nic_spec, *args, **kwargs):
    """What RunInstances makes goes with the instance, unless it is asked to stay."""
    before = set(self.ec2_backend.enis)
    asked = {int(nic.get("DeviceIndex", 0)): nic.get("DeleteOnTermination") for nic in nic_spec}
    MOTO["prep_nics"](self, nic_spec, *args, **kwargs)
    for index, interface in self.nics.items():
        if interface.id not in before:
            interface.delete_on_termination = str(asked.get(index)).lower() != "false"


def _route_state(self):
    """A route leads nowhere when its interface is deleted, or not attached to an instance that runs."""
    interface = self.interface or (self.instance.nics.get(0) if self.instance else None)
    if interface is None:
        return "active"
    is_there = interface.id in interface.ec2_backend.enis
    runs = interface.instance is not None and interface.instance.state in ("pending", "running")
    return "active" if is_there and runs else "blackhole"


def _read_check(self):
    """The source/dest check of an instance is its primary interface's."""
    return self.nics[0].source_dest_check if getattr(self, "nics", None) else True


def _write_check(self, value):
    if getattr(self, "nics", None):
        self.nics[0].source_dest_check = value


def _keep_what_is_used(ec2):
    """EC2 refuses to delete a group or an interface in use, to release an address that is associated, and a second route to a network."""
    moto = type(ec2)

    def delete_security_group(name=None, group_id=None):
        if group_id and _users_of_group(ec2, group_id):
            raise EC2ClientError("DependencyViolation", f"resource {group_id} has a dependent object")
        return moto.delete_security_group(ec2, name, group_id)

    def delete_network_interface(eni_id):
        interface = ec2.enis.get(eni_id)
        if interface and interface.instance:
            raise EC2ClientError("InvalidParameterValue", f"Network interface '{eni_id}' is currently in use.")
        for address in ec2.addresses:
            if interface and address.eni is interface:
                ec2.disassociate_address(address=address.public_ip)
        return moto.delete_network_interface(ec2, eni_id)

    def release_address(address=None, allocation_id=None):
        for found in ec2.addresses:
            if allocation_id and found.allocation_id == allocation_id and found.eni:
                raise EC2ClientError("InvalidIPAddress.InUse", f"Address {found.public_ip} is in use.")
        return moto.release_address(ec2, address, allocation_id)

    def create_route(route_table_id, destination_cidr_block, *args, **kwargs):
        routes = ec2.get_route_table(route_table_id).routes
        if destination_cidr_block and any(each.destination_cidr_block == destination_cidr_block for each in routes):
            raise EC2ClientError("RouteAlreadyExists", f"The route identified by {destination_cidr_block} already exists.")
        return moto.create_route(ec2, route_table_id, destination_cidr_block, *args, **kwargs)

    ec2.create_route = create_route
    ec2.delete_security_group = delete_security_group
    ec2.delete_network_interface = delete_network_interface
    ec2.release_address = release_address


def _users_of_group(ec2, group_id):
    interfaces = [each.id for each in ec2.enis.values() if any(group.id == group_id for group in each.group_set)]
    others = [group for groups in ec2.groups.values() for group in groups.values() if group.id != group_id]
    referring = [
        group.id
        for group in others
        for rule in group.ingress_rules + group.egress_rules
        if rule.source_group.get("GroupId") == group_id
    ]
    return interfaces + referring
