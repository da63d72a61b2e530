"""The AWS account of the sandbox: role, users, network and cluster, made again in moto at each start."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import moto.backends
from identities import Identity
from images import publish_images
from network_interfaces import know_attachment_status
from vpc import Vpc, create_vpc

REGION = "us-east-1"


@dataclass(frozen=True)
class Account:
    """What the gate has to know about the account."""

    number: str
    users: tuple
    vpc: Vpc
    # Cluster name → the fields in which the sandbox's real cluster differs from moto's invention.
    clusters: dict
    # What roles_anywhere.py reads.
    roles_anywhere: dict
    # Where the runner of instances asks, None where there is none.
    hypervisor: str | None


def create_account(path):
    """Creates in moto what the file describes."""
    know_attachment_status()
    wanted = json.loads(Path(path).read_text())
    number = wanted["account"]
    iam = moto.backends.get_backend("iam")[number]["aws"]
    users = tuple(_create_user(iam, number, user) for user in wanted["users"])
    users += tuple(_second_key(user, keys) for user, keys in zip(users, wanted["rotatedKeys"]))
    trusted = f"arn:aws:iam::{number}:user/{wanted['role']['trusted']}"
    statement = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(wanted["role"]["name"], policy, "/", None, "", {}, "3600")
    cluster = wanted["cluster"]
    vpc = create_vpc(moto.backends.get_backend("ec2")[number][REGION], wanted["vpc"], cluster["name"])
    publish_images(moto.backends.get_backend("ssm")[number][REGION])
    eks = moto.backends.get_backend("eks")[number][REGION]
    subnets = [id for id, subnet in zip(vpc.subnets, wanted["vpc"]["subnets"]) if subnet["cluster"]]
    eks.create_cluster(cluster["name"], role.arn, {"subnetIds": subnets}, version=cluster["version"])
    cluster["resourcesVpcConfig"] = {
        "vpcId": vpc.id,
        "subnetIds": subnets,
        "securityGroupIds": [],
        "clusterSecurityGroupId": vpc.cluster_group,
        "endpointPublicAccess": True,
        "endpointPrivateAccess": True,
        "publicAccessCidrs": ["0.0.0.0/0"],
    }
    return Account(number, users, vpc, {cluster["name"]: cluster}, wanted["rolesAnywhere"], wanted.get("hypervisor"))


def trust_policy(number, role_arn):
    """A role's trust policy as it is now, or None when there is no such role."""
    iam = moto.backends.get_backend("iam")[number]["aws"]
    documents = [role.assume_role_policy_document for role in iam.get_roles() if role.arn == role_arn]
    return json.loads(documents[0]) if documents else None


def _create_user(iam, number, user):
    created = iam.create_user(REGION, user["name"])
    key = iam.create_access_key(user["name"])
    key.access_key_id, key.secret_access_key = user["accessKeyId"], user["secretAccessKey"]
    return Identity(user["accessKeyId"], user["secretAccessKey"], created.arn, created.id, number)


def _second_key(user, keys):
    """IAM lets a user have two keys, so that one can take the other's place."""
    return replace(user, access_key_id=keys["accessKeyId"], secret=keys["secretAccessKey"])
