"""What the gate lets through, and the words with which it refuses."""

import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

from actions import read_action
from faults import Faults, apply_to_cluster
from gate import authenticate, authorize
from identities import Identities, Identity, session_of
from replies import Refusal, error_reply
from sigv4 import Request
from test_sigv4 import KEY, SECRET, presigned, signed

USER = "arn:aws:iam::123456789012:user/satellite"
ROLE = "arn:aws:iam::123456789012:role/eks-satellite-node"
NOW = datetime.now(timezone.utc)


def identity(**changes):
    return Identity(**{"access_key_id": KEY, "secret": SECRET, "arn": USER, "user_id": "AIDA", "account": "1", **changes})


def session(expires_in, issued_ago=60):
    return identity(
        session_token="token",
        issued_at=(NOW - timedelta(seconds=issued_ago)).isoformat(),
        expires_at=(NOW + timedelta(seconds=expires_in)).isoformat(),
    )


class Gate(unittest.TestCase):
    def setUp(self):
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.sessions = Path(folder.name) / "sessions.json"
        self.identities = Identities(self.sessions)

    def refusal(self, request, faults=Faults(), now=None):
        with self.assertRaises(Refusal) as caught:
            authenticate(request, self.identities, faults, now)
        return caught.exception

    def test_a_known_key_with_a_genuine_signature_passes(self):
        self.identities.add_user(identity())
        self.assertEqual(authenticate(signed(), self.identities, Faults())[1].arn, USER)

    def test_an_unknown_key_is_invalid(self):
        self.assertEqual(self.refusal(signed()).kind, "unknown-key")

    def test_a_wrong_secret_is_a_wrong_signature(self):
        self.identities.add_user(identity(secret="another"))
        self.assertEqual(self.refusal(signed()).kind, "signature")

    def test_a_session_key_without_its_token_is_invalid(self):
        self.identities.add_session(session(expires_in=600))
        self.assertEqual(self.refusal(presigned()).kind, "unknown-key")

    def test_a_session_key_past_its_end_has_expired(self):
        self.identities.add_session(session(expires_in=-1))
        self.assertEqual(self.refusal(presigned("token")).kind, "expired")

    def test_session_keys_can_be_declared_void_from_a_moment_on(self):
        self.identities.add_session(session(expires_in=600))
        authenticate(presigned("token"), self.identities, Faults())
        void = Faults(sessionsExpiredBefore=NOW.isoformat())
        self.assertEqual(self.refusal(presigned("token"), void).kind, "expired")

    def test_sessions_survive_a_restart(self):
        self.identities.add_session(session(expires_in=600))
        self.assertEqual(Identities(self.sessions).find(KEY), self.identities.find(KEY))

    def test_a_presigned_url_lives_for_fifteen_minutes_by_default(self):
        self.identities.add_user(identity())
        request = presigned()
        authenticate(request, self.identities, Faults(), NOW + timedelta(minutes=14))
        late = self.refusal(request, now=NOW + timedelta(minutes=16))
        self.assertRegex(late.message, r"Signature expired: \d+T\d+Z is now earlier than .* - 15 min\.\)")

    def test_the_lifetime_of_a_presigned_url_can_be_shortened(self):
        self.identities.add_user(identity())
        late = NOW + timedelta(seconds=30)
        self.refusal(presigned(), Faults(tokenLifetimeSeconds=20), late)

    def test_presigned_urls_can_be_declared_void_and_other_calls_go_on(self):
        self.identities.add_user(identity())
        void = Faults(tokensExpiredBefore=(NOW + timedelta(minutes=1)).isoformat())
        self.refusal(presigned(), void)
        authenticate(signed(), self.identities, void)

    def test_a_users_keys_can_be_deleted_and_sessions_of_a_role_live_on(self):
        self.identities.add_user(identity())
        self.assertEqual(self.refusal(signed(), Faults(usersDeleted=True)).kind, "unknown-key")
        self.identities.add_session(session(expires_in=600))
        authenticate(presigned("token"), self.identities, Faults(usersDeleted=True))

    def test_a_users_own_session_is_the_user_for_a_time(self):
        issued = session_of(identity(), 600)
        self.identities.add_session(issued)
        self.assertEqual(self.identities.find(issued.access_key_id).arn, USER)
        self.assertNotEqual((issued.access_key_id, issued.secret), (KEY, SECRET))
        self.assertFalse(issued.has_expired(NOW + timedelta(minutes=9), None))
        self.assertTrue(issued.has_expired(NOW + timedelta(minutes=11), None))

    def test_a_clock_that_is_ahead_finds_signatures_too_old(self):
        self.identities.add_user(identity())
        authenticate(signed(), self.identities, Faults(clockAheadSeconds=60))
        self.assertIn("Signature expired", self.refusal(signed(), Faults(clockAheadSeconds=1200)).message)

    def test_only_who_the_trust_policy_names_may_assume_the_role(self):
        body = f"Action=AssumeRole&RoleArn={ROLE}".encode()
        action = read_action(signed(body=body), "sts", "us-east-1", "1")
        statement = {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "sts:AssumeRole"}
        policies = {ROLE: {"Statement": statement}}
        authorize(action, identity(), Faults(), policies.get)
        foreign = identity(arn="arn:aws:iam::123456789012:user/foreign")
        with self.assertRaises(Refusal) as caught:
            authorize(action, foreign, Faults(), policies.get)
        self.assertEqual(
            caught.exception.message,
            "User: arn:aws:iam::123456789012:user/foreign is not authorized to perform: sts:AssumeRole "
            f"on resource: {ROLE}",
        )

    def test_a_denied_action_is_named_with_its_resource(self):
        request = Request("GET", "/clusters/sandbox", "", {})
        action = read_action(request, "eks", "us-east-1", "1")
        with self.assertRaisesRegex(Refusal, "eks:DescribeCluster on resource: arn:aws:eks:us-east-1:1:cluster/sandbox"):
            authorize(action, identity(), Faults(denied=["eks:DescribeCluster"]), {}.get)


class Shapes(unittest.TestCase):
    def test_each_family_of_services_names_a_denial_in_its_own_way(self):
        refusal = Refusal("denied", "no")
        self.assertIn(b"<Code>AccessDenied</Code>", error_reply(refusal, "sts", False).body)
        self.assertIn(b'"Code": "AccessDenied"', error_reply(refusal, "sts", True).body)
        self.assertIn(("x-amzn-errortype", "AccessDeniedException"), error_reply(refusal, "eks", True).headers)
        self.assertIn(b"<Code>UnauthorizedOperation</Code>", error_reply(refusal, "ec2", False).body)

    def test_a_cluster_can_be_shown_otherwise_than_it_is(self):
        cluster = {"status": "ACTIVE", "kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.100.0.0/16"}}
        changes = {"status": "CREATING", "kubernetesNetworkConfig.serviceIpv4Cidr": None}
        self.assertEqual(apply_to_cluster(cluster, changes), {"status": "CREATING", "kubernetesNetworkConfig": {}})
        self.assertEqual(cluster["status"], "ACTIVE")


if __name__ == "__main__":
    unittest.main()
