"""The faults in force: a file that is read again on every request, so that setting one is writing it."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

# aws-iam-authenticator and STS take a presigned GetCallerIdentity for 15 minutes, whatever its X-Amz-Expires says.
TOKEN_LIFETIME_SECONDS = 15 * 60


@dataclass(frozen=True)
class Faults:
    """What goes wrong at AWS's side. The empty one is a healthy AWS."""

    # Every request is answered 503.
    unavailable: bool = False
    # Actions that are denied to everyone, such as eks:DescribeCluster.
    denied: list = field(default_factory=list)
    # Presigned URLs, and session keys, from before these moments are void.
    tokensExpiredBefore: str | None = None
    sessionsExpiredBefore: str | None = None
    # The long-lived keys of every user are deleted.
    usersDeleted: bool = False
    # AWS's clock is ahead of the machine's by this much: to AWS, the machine's is behind.
    clockAheadSeconds: int = 0
    # Replaces the DurationSeconds that AssumeRole is asked for.
    sessionLifetimeSeconds: int | None = None
    tokenLifetimeSeconds: int = TOKEN_LIFETIME_SECONDS
    # Replaces the 12 hours for which ECR's tokens are taken.
    registryTokenLifetimeSeconds: int | None = None
    # How long UpdateClusterConfig takes; on AWS it is minutes.
    clusterUpdateSeconds: float = 1
    # What DescribeCluster says instead: dotted key → value; null removes the key.
    cluster: dict = field(default_factory=dict)

    @property
    def now(self):
        """The time at AWS."""
        return datetime.now(timezone.utc) + timedelta(seconds=self.clockAheadSeconds)

    @property
    def tokens_expired_before(self):
        return _moment(self.tokensExpiredBefore)

    @property
    def sessions_expired_before(self):
        return _moment(self.sessionsExpiredBefore)


def read_faults(path):
    """The faults in the file, none when it is not there."""
    try:
        return Faults(**json.loads(Path(path).read_text()))
    except FileNotFoundError:
        return Faults()


def apply_to_cluster(cluster, changes):
    """The cluster as DescribeCluster shows it under `changes`."""
    cluster = json.loads(json.dumps(cluster))
    for dotted, value in changes.items():
        *parents, last = dotted.split(".")
        target = cluster
        for parent in parents:
            target = target.setdefault(parent, {})
        if value is None:
            target.pop(last, None)
        else:
            target[last] = value
    return cluster


def _moment(text):
    return datetime.fromisoformat(text) if text else None
