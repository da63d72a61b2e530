"""What the account has in EC2, EKS and IAM: the cluster with its remote networks, the VPC and the instances in it."""

import json
import threading
import time
from urllib.parse import urlencode

import moto.backends
from account import REGION
from cloud import Cloud, changes_cloud
from cluster_config import ACTIONS as CLUSTER_CONFIG_ACTIONS
from cluster_config import ClusterConfig
from faults import apply_to_cluster
from images import resolve_image
from instances import Lifecycle
from permissions import is_permitted
from replies import Refusal, json_reply


class Infrastructure:
    """Answers where moto does not, and keeps the file that says what AWS would route and run."""

    def __init__(self, account, cloud_file):
        self._account = account
        self._ec2 = moto.backends.get_backend("ec2")[account.number][REGION]
        self._ssm = moto.backends.get_backend("ssm")[account.number][REGION]
        self._iam = moto.backends.get_backend("iam")[account.number]["aws"]
        cidrs = [found["cidr_block"] for found in self._ec2.get_vpc(account.vpc.id).get_cidr_block_association_set()]
        self._configs = {
            name: ClusterConfig(cidrs, cluster.get("remoteNetworkConfig"), time.time)
            for name, cluster in account.clusters.items()
        }
        self._lifecycle = Lifecycle(self._ec2, account.hypervisor is not None)
        self._cloud = Cloud(cloud_file, self._ec2, account.vpc.id, self._remote_networks)

    def is_permitted(self, identity, action):
        """Whether policies let this identity do this."""
        return is_permitted(self._iam, identity, action, self._tags_of)

    def answer(self, action, request, faults, forward):
        """The reply to any action that is left to moto, which `forward` asks, or that is answered in its place. `forward` takes the body."""
        if action.name in CLUSTER_CONFIG_ACTIONS:
            return self._configure_cluster(action, request, faults)
        if action.name == "ec2:RunInstances":
            return self._run_instances(action, forward)
        reply = forward(request.body)
        if action.name == "eks:DescribeCluster" and reply.status == 200:
            return json_reply({"cluster": self._show_cluster(json.loads(reply.body)["cluster"], faults)})
        if changes_cloud(action):
            self._cloud.publish()
        return reply

    def _run_instances(self, action, forward):
        before = self._lifecycle.ids()
        image = resolve_image(self._ssm, action.parameters.get("ImageId", ""))
        reply = forward(urlencode({**action.parameters, "ImageId": image}).encode())
        self._lifecycle.launched(before)
        self._cloud.publish()
        return reply

    def report_instance(self, instance_id, state):
        """Takes the runner's word for what an instance has become."""
        self._lifecycle.report(instance_id, state)
        self._cloud.publish()

    def role_of(self, instance_id):
        """The role of an instance, None where it has none."""
        association = self._ec2.iam_instance_profile_associations.get(instance_id)
        return association.iam_instance_profile.roles[0] if association and association.iam_instance_profile.roles else None

    def _tags_of(self, resource):
        return {tag["key"]: tag["value"] for tag in self._ec2.describe_tags({"resource-id": [resource]})}

    def _remote_networks(self):
        [config] = self._configs.values()
        return config.remote_networks

    def _configure_cluster(self, action, request, faults):
        name = action.resource.rpartition("/")[2]
        if name not in self._configs:
            raise Refusal("not-found", f"No cluster found for name: {name}.", 404)
        seconds = faults.clusterUpdateSeconds
        reply = self._configs[name].answer(action, request, self._show_cluster({"name": name}, faults), seconds)
        if action.name == "eks:UpdateClusterConfig":
            timer = threading.Timer(seconds, self._cloud.publish)
            timer.daemon = True
            timer.start()
        return reply

    def _show_cluster(self, cluster, faults):
        cluster.update(self._account.clusters.get(cluster["name"], {}))
        config = self._configs.get(cluster["name"])
        if config is not None:
            cluster.pop("remoteNetworkConfig", None)
            cluster["status"] = "UPDATING" if config.is_updating else cluster.get("status", "ACTIVE")
            if config.remote_networks is not None:
                cluster["remoteNetworkConfig"] = config.remote_networks
        return apply_to_cluster(cluster, faults.cluster)
