"""Trust policies of IAM roles: who may assume a role, and under which session name."""

# The parameter of AssumeRole behind each condition key that the sandbox knows.
CONDITION_KEYS = {"sts:RoleSessionName": "RoleSessionName", "sts:ExternalId": "ExternalId"}


def may_assume(policy, arn, parameters):
    """Whether the policy lets this principal assume the role in this way. A condition that is not known is not met."""
    return any(_allows(statement, arn, parameters) for statement in _listed(policy.get("Statement")))


def _allows(statement, arn, parameters):
    return (
        statement.get("Effect") == "Allow"
        and "sts:AssumeRole" in _listed(statement.get("Action"))
        and bool({arn, "*"} & set(_listed(statement.get("Principal", {}).get("AWS"))))
        and all(_is_met(*condition, parameters) for condition in statement.get("Condition", {}).items())
    )


def _is_met(operator, keys, parameters):
    return operator == "StringEquals" and all(
        key in CONDITION_KEYS and parameters.get(CONDITION_KEYS[key]) in _listed(values) for key, values in keys.items()
    )


def _listed(value):
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
