"""Who holds which keys: IAM users, whose keys live for ever, and sessions of users and of assumed roles, whose keys expire.

Sessions are kept in a file, since keys that AWS gave out outlive a restart of the sandbox's AWS.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Lock


@dataclass(frozen=True)
class Identity:
    """The holder of one access key."""

    access_key_id: str
    secret: str
    arn: str
    user_id: str
    account: str
    session_token: str | None = None
    issued_at: str | None = None
    expires_at: str | None = None

    def has_expired(self, now, sessions_expired_before):
        """Whether the keys are past their end, or were issued before the moment that a fault declares void."""
        if self.expires_at is None:
            return False
        if sessions_expired_before and datetime.fromisoformat(self.issued_at) < sessions_expired_before:
            return True
        return datetime.fromisoformat(self.expires_at) <= now


def session_of(user, seconds):
    """Keys of a user's own session, as GetSessionToken gives them: the same identity, for a time."""
    now = datetime.now(timezone.utc)
    return replace(
        user,
        access_key_id=f"ASIA{secrets.token_hex(8).upper()}",
        secret=secrets.token_urlsafe(30),
        session_token=secrets.token_urlsafe(200),
        issued_at=now.isoformat(),
        expires_at=(now + timedelta(seconds=seconds)).isoformat(),
    )


class Identities:
    """Every key that is known."""

    def __init__(self, sessions_file):
        self._file = Path(sessions_file)
        self._lock = Lock()
        self._known = {}
        if self._file.exists():
            for session in json.loads(self._file.read_text()):
                self._known[session["access_key_id"]] = Identity(**session)

    def find(self, access_key_id):
        """The holder of a key, or None."""
        return self._known.get(access_key_id)

    def add_user(self, identity):
        """Makes a user's keys known."""
        self._known[identity.access_key_id] = identity

    def add_session(self, identity):
        """Makes a session's keys known and keeps them; those past their end are forgotten after a day."""
        with self._lock:
            self._known[identity.access_key_id] = identity
            sessions = [asdict(known) for known in self._known.values() if _is_worth_keeping(known)]
            fresh = self._file.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(sessions))
            os.replace(fresh, self._file)


def _is_worth_keeping(identity):
    if identity.expires_at is None:
        return False
    age = datetime.now(timezone.utc) - datetime.fromisoformat(identity.expires_at)
    return age.total_seconds() < 24 * 3600
