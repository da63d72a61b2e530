"""What the role of an instance may do, by the policies that it has.

Only sessions of instances are held to them: the sandbox's other roles and users may do what no fault denies.
"""

import json
import re
from fnmatch import fnmatchcase

# The session of an instance has the instance's id for a name.
SESSION = re.compile(r"arn:aws:sts::\d+:assumed-role/([^/]+)/i-[0-9a-f]+")


def is_permitted(iam, identity, action, tags_of):
    """Whether policies let this identity do this; True for those that have none here. `tags_of` gives the tags of an EC2 resource."""
    session = SESSION.fullmatch(identity.arn)
    if session is None:
        return True
    role = iam.get_role(session[1])
    documents = [json.loads(document) for document in role.policies.values()]
    for policy in role.managed_policies.values():
        documents += [json.loads(version.document) for version in policy.versions if version.is_default]
    statements = [statement for document in documents for statement in _listed(document.get("Statement"))]
    applying = [each["Effect"] for each in statements if _applies(each, action, tags_of)]
    return "Allow" in applying and "Deny" not in applying


def _applies(statement, action, tags_of):
    if not any(fnmatchcase(action.name.lower(), pattern.lower()) for pattern in _listed(statement.get("Action"))):
        return False
    if not any(fnmatchcase(action.resource, pattern) for pattern in _listed(statement.get("Resource"))):
        return False
    conditions = statement.get("Condition", {})
    return all(_is_met(operator, keys, action, tags_of) for operator, keys in conditions.items())


def _is_met(operator, keys, action, tags_of):
    """Tags of the resource, compared for equality; a condition of any other kind is not met."""
    return operator == "StringEquals" and all(_has_tag(key, values, action, tags_of) for key, values in keys.items())


def _has_tag(key, values, action, tags_of):
    prefix, _, name = key.partition("/")
    if prefix not in ("aws:ResourceTag", "ec2:ResourceTag"):
        return False
    return tags_of(action.resource.rpartition("/")[2]).get(name) in _listed(values)


def _listed(value):
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
