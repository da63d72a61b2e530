"""UpdateClusterConfig of the remote networks, and its updates; moto takes any network, at once, and answers without an update.

https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateClusterConfig.html
"""

import ipaddress
import json
import uuid

from replies import Refusal, json_reply

ACTIONS = ("eks:UpdateClusterConfig", "eks:DescribeUpdate", "eks:ListUpdates")
KINDS = ("remoteNodeNetworks", "remotePodNetworks")
PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
MAX_CIDRS = 15


class ClusterConfig:
    """The remote networks of one cluster; `now` gives the time in seconds."""

    def __init__(self, vpc_cidrs, remote_networks, now):
        self._vpc_cidrs = vpc_cidrs
        self._networks = remote_networks
        self._now = now
        self._updates = {}

    def answer(self, action, request, cluster, seconds):
        """The reply to one of ACTIONS. `cluster` is the cluster as it is shown; an update takes `seconds`."""
        if action.name == "eks:ListUpdates":
            return json_reply({"updateIds": list(self._updates)})
        if action.name == "eks:DescribeUpdate":
            return json_reply({"update": self._show(self._find(request.path.rpartition("/")[2]))})
        return json_reply({"update": self._show(self._begin(json.loads(request.body), cluster, seconds))})

    @property
    def is_updating(self):
        """Whether an update is under way: the cluster's status says UPDATING."""
        self._settle()
        return any(update["status"] == "InProgress" for update in self._updates.values())

    @property
    def remote_networks(self):
        """remoteNetworkConfig as it holds now, None without any."""
        self._settle()
        return self._networks

    def _find(self, update_id):
        if update_id not in self._updates:
            raise Refusal("not-found", f"No update found for ID: {update_id}", 404)
        return self._updates[update_id]

    def _begin(self, wanted, cluster, seconds):
        if "remoteNetworkConfig" not in wanted:
            raise Refusal("invalid-parameter", "The sandbox's cluster takes updates of remoteNetworkConfig alone.", 400)
        if self.is_updating:
            message = f"Cannot UpdateClusterConfig because cluster {cluster['name']} currently has an update in progress"
            raise Refusal("in-use", message, 409)
        networks = read_networks(wanted["remoteNetworkConfig"], cluster, self._vpc_cidrs)
        if networks == self._networks:
            raise Refusal("invalid-parameter", "Cluster is already at the desired configuration", 400)
        update = {
            "id": str(uuid.uuid4()),
            "status": "InProgress",
            "type": "RemoteNetworkConfigUpdate",
            "params": [{"type": "RemoteNetworkConfig", "value": json.dumps(wanted["remoteNetworkConfig"])}],
            "createdAt": self._now(),
            "errors": [],
            "networks": networks,
            "ends": self._now() + seconds,
        }
        self._updates[update["id"]] = update
        return update

    def _settle(self):
        for update in self._updates.values():
            if update["status"] == "InProgress" and update["ends"] <= self._now():
                self._networks = update["networks"]
                update["status"] = "Successful"

    def _show(self, update):
        self._settle()
        return {key: value for key, value in update.items() if key not in ("networks", "ends")}


def read_networks(wanted, cluster, vpc_cidrs):
    """The networks asked for, None for none. A Refusal where EKS would not take them."""
    mode = cluster.get("accessConfig", {}).get("authenticationMode")
    if mode not in ("API", "API_AND_CONFIG_MAP"):
        raise _invalid(f"Remote network configuration requires authentication mode API or API_AND_CONFIG_MAP, not {mode}")
    if cluster["kubernetesNetworkConfig"].get("ipFamily") == "ipv6":
        raise _invalid("Remote network configuration is not supported for clusters with IP family ipv6")
    taken = [("the cluster's VPC CIDR", ipaddress.ip_network(cidr)) for cidr in vpc_cidrs]
    services = cluster["kubernetesNetworkConfig"].get("serviceIpv4Cidr")
    taken += [("the cluster's service CIDR", ipaddress.ip_network(services))] if services else []
    found = {}
    for kind in KINDS:
        cidrs = [cidr for network in wanted.get(kind) or [] for cidr in network.get("cidrs", [])]
        if len(cidrs) > MAX_CIDRS:
            raise _invalid(f"{kind} has {len(cidrs)} CIDRs, more than {MAX_CIDRS}")
        for cidr in cidrs:
            taken.append((f"{kind} {cidr}", _read_cidr(kind, cidr, taken)))
        if cidrs:
            found[kind] = [{"cidrs": cidrs}]
    if "remotePodNetworks" in found and "remoteNodeNetworks" not in found:
        raise _invalid("remotePodNetworks cannot be specified without remoteNodeNetworks")
    return found or None


def _read_cidr(kind, cidr, taken):
    try:
        network = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        raise _invalid(f"{kind} CIDR {cidr} is not a valid IPv4 CIDR: {error}") from error
    if network.prefixlen < 8:
        raise _invalid(f"{kind} CIDR {cidr} must have a prefix from /8 to /32")
    if not any(network.subnet_of(private) for private in PRIVATE):
        raise _invalid(f"{kind} CIDR {cidr} must be within the RFC 1918 ranges 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16")
    for what, other in taken:
        if network.overlaps(other):
            raise _invalid(f"{kind} CIDR {cidr} overlaps with {what} {other}")
    return network


def _invalid(message):
    return Refusal("invalid-parameter", message, 400)
