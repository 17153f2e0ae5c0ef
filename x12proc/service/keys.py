"""API keys and the browser sessions that are opened with them.

A key is random and 256 bits long, so that a plain hash keeps it safe: nobody can try that many.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from x12proc.errors import ConfigError
from x12proc.service.db.store import Store
from x12proc.service.db.tables import BrowserSession, Event, Key, stamp

SCOPES = {
    "scrub": "send files and delete runs",
    "read": "read runs, reports and claims",
    "edit": "change claims in the worklist",
    "bypass": "set rules aside on a claim",
    "metrics": "read /metrics",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_KEY = re.compile(r"x12p_([0-9]{1,9})_([A-Za-z0-9_-]{43})")
_SESSION = re.compile(r"[A-Za-z0-9_-]{43}")


class Principal(msgspec.Struct, frozen=True):
    """Whoever a request comes from. ``csrf`` is the token of a browser session, empty for a key."""

    key_id: int
    name: str
    scopes: frozenset[str]
    csrf: str = ""


def create_key(store: Store, name: str, scopes: Sequence[str]) -> str:
    """Make a key; what is returned is told once and kept nowhere. Raises ConfigError."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r}: a key's name has at most 40 letters, digits, dots, hyphens, underscores")
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise ConfigError(f"--scope {', '.join(unknown) or 'is empty'}; there are {', '.join(SCOPES)}")
    secret = secrets.token_urlsafe(32)
    with store.writing() as session:
        if session.scalar(select(Key.id).where(Key.name == name)) is not None:
            raise ConfigError(
                f"There is a key named {name} already; the name of a revoked one can't be used again"
            )
        key = Key(name=name, digest=_digest(secret), scopes=sorted(set(scopes)), created=stamp())
        session.add(key)
        session.flush()
        session.add(Event(at=stamp(), by="command", action=f"key-created:{name}"))
        return f"x12p_{key.id}_{secret}"


def revoke_key(store: Store, name: str) -> None:
    """End a key and every session that was opened with it. Raises ConfigError when there is none."""
    with store.writing() as session:
        key = session.scalar(select(Key).where(Key.name == name))
        if key is None:
            raise ConfigError(f"There is no key named {name!r}")
        key.revoked = key.revoked or stamp()
        session.add(Event(at=stamp(), by="command", action=f"key-revoked:{name}"))


def list_keys(store: Store) -> list[Key]:
    """All keys, revoked ones too."""
    with store.reading() as session:
        return list(session.scalars(select(Key).order_by(Key.name)))


def who_has_key(store: Store, text: str) -> Principal | None:
    """Whose key this is; None for what is no key, or not any more."""
    parts = _KEY.fullmatch(text)
    if parts is None:
        return None
    with store.reading() as session:
        key = session.get(Key, int(parts[1]))
        known = key.digest if key else _digest("")
        if not hmac.compare_digest(known, _digest(parts[2])) or key is None or key.revoked:
            return None
        return Principal(key.id, key.name, frozenset(key.scopes))


# -- browsers --------------------------------------------------------------------------------------------------


def open_session(store: Store, who: Principal, seconds: int) -> str:
    """Sign a browser in; returns what its cookie holds."""
    token = secrets.token_urlsafe(32)
    expires = stamp(datetime.now(UTC) + timedelta(seconds=seconds))
    with store.writing() as session:
        session.add(
            BrowserSession(
                digest=_digest(token), key_id=who.key_id, csrf=secrets.token_urlsafe(32), expires=expires
            )
        )
        session.add(Event(at=stamp(), by=who.name, action="signed-in"))
    return token


def who_has_session(store: Store, token: str) -> Principal | None:
    """Whose browser session this is; None when it has ended or its key was revoked."""
    if not _SESSION.fullmatch(token):
        return None
    with store.reading() as session:
        found = session.get(BrowserSession, _digest(token))
        if found is None or found.expires < stamp():
            return None
        key = session.get(Key, found.key_id)
        if key is None or key.revoked:
            return None
        return Principal(key.id, key.name, frozenset(key.scopes), found.csrf)


def close_session(store: Store, token: str) -> None:
    """Sign a browser out."""
    with store.writing() as session:
        _end(session, token)


def _end(session: Session, token: str) -> None:
    ended = update(BrowserSession).where(BrowserSession.digest == _digest(token)).values(expires="")
    session.execute(ended)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
