"""What a request asks for, in IAM's words: the action and the resource, such as sts:AssumeRole on a role's ARN."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

EKS_ACTIONS = (
    ("GET", r"/clusters", "ListClusters"),
    ("GET", r"/clusters/([^/]+)", "DescribeCluster"),
    ("POST", r"/clusters/([^/]+)/update-config", "UpdateClusterConfig"),
    ("GET", r"/clusters/([^/]+)/updates", "ListUpdates"),
    ("GET", r"/clusters/([^/]+)/updates/[^/]+", "DescribeUpdate"),
    ("GET", r"/clusters/([^/]+)/access-entries", "ListAccessEntries"),
    ("POST", r"/clusters/([^/]+)/access-entries", "CreateAccessEntry"),
    ("GET", r"/clusters/([^/]+)/access-entries/.+", "DescribeAccessEntry"),
    ("POST", r"/clusters/([^/]+)/access-entries/.+", "UpdateAccessEntry"),
    ("DELETE", r"/clusters/([^/]+)/access-entries/.+", "DeleteAccessEntry"),
)


# The parameter of a request to EC2 that names what it is about, and the kind in that one's ARN.
EC2_RESOURCES = (
    ("RouteTableId", "route-table"),
    ("AssociationId", "elastic-ip"),
    ("AllocationId", "elastic-ip"),
    ("NetworkInterfaceId", "network-interface"),
    ("GroupId", "security-group"),
    ("InstanceId", "instance"),
    ("InstanceId.1", "instance"),
)


@dataclass(frozen=True)
class Action:
    """An action of one service on one resource, with the parameters of a query request."""

    name: str
    resource: str
    parameters: dict


def read_action(request, service, region, account):
    """The action that a request asks for; the resource is `*` where the sandbox does not need it."""
    if service == "eks":
        return _eks_action(request, region, account)
    target = request.headers.get("x-amz-target")
    if target:
        return Action(f"{service}:{target.rpartition('.')[2]}", "*", {})
    parameters = dict(parse_qsl(request.query))
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        parameters.update(parse_qsl(request.body.decode()))
    resource = _ec2_resource(parameters, region, account) if service == "ec2" else parameters.get("RoleArn", "*")
    return Action(f"{service}:{parameters.get('Action', '')}", resource, parameters)


def _ec2_resource(parameters, region, account):
    if parameters.get("Action", "").startswith("Describe"):
        return "*"
    for name, kind in EC2_RESOURCES:
        if name in parameters:
            return f"arn:aws:ec2:{region}:{account}:{kind}/{parameters[name]}"
    return "*"


def _eks_action(request, region, account):
    for method, pattern, name in EKS_ACTIONS:
        match = re.fullmatch(pattern, request.path)
        if match and method == request.method:
            cluster = f"arn:aws:eks:{region}:{account}:cluster/{match[1]}" if match.groups() else "*"
            return Action(f"eks:{name}", cluster, {})
    return Action(f"eks:{request.method} {request.path}", "*", {})
