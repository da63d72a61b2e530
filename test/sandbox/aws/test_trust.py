"""Whom a trust policy lets in."""

import unittest

from trust import may_assume

USER = "arn:aws:iam::123456789012:user/satellite"


def policy(**changes):
    statement = {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "sts:AssumeRole", **changes}
    return {"Version": "2012-10-17", "Statement": [statement]}


class Trust(unittest.TestCase):
    def test_only_the_principal_that_is_named(self):
        self.assertTrue(may_assume(policy(), USER, {}))
        self.assertFalse(may_assume(policy(), USER + "2", {}))
        self.assertFalse(may_assume(policy(Effect="Deny"), USER, {}))
        self.assertFalse(may_assume({}, USER, {}))

    def test_a_pinned_session_name_is_that_name_or_one_of_those(self):
        for pinned in ("gpu-1", ["gpu-0", "gpu-1"]):
            condition = {"StringEquals": {"sts:RoleSessionName": pinned}}
            self.assertTrue(may_assume(policy(Condition=condition), USER, {"RoleSessionName": "gpu-1"}))
            self.assertFalse(may_assume(policy(Condition=condition), USER, {"RoleSessionName": "gpu-2"}))
            self.assertFalse(may_assume(policy(Condition=condition), USER, {}))

    def test_a_condition_that_is_not_known_lets_nobody_in(self):
        for condition in ({"StringLike": {"sts:RoleSessionName": "*"}}, {"StringEquals": {"aws:SourceIp": "x"}}):
            self.assertFalse(may_assume(policy(Condition=condition), USER, {"RoleSessionName": "gpu-1"}))


if __name__ == "__main__":
    unittest.main()
