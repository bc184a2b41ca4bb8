"""Being signed in with a browser: one opaque token in a cookie that scripts cannot read.

It is a sign-in like those with tokens, and ends as they do. Its token is hashed in a way of its
own, so that it is no refresh token, nor a refresh token a cookie.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select, update

from dispatch.access.callers import Caller, signed_in
from dispatch.access.sign_ins import Credentials, let_in
from dispatch.models import Account, Role, SignIn, now
from dispatch.output import Output
from dispatch.settings import Settings

NOTED_EVERY = timedelta(hours=1)
"""How exactly it is known when a browser was last heard of."""


class SessionOut(Output):
    """Who is signed in, and what a page has to know to show anything."""

    account_id: str
    name: str
    role: Role
    technician_id: str | None
    """Whose days a technician's account shows."""
    time_zone: str
    """The company's; days and times are meant in it."""
    currency: str
    """ISO 4217; amounts of money are in hundredths of it."""
    tile_url: str | None
    """Where pictures of the map come from, with ``{z}``, ``{x}``, ``{y}``; null: there are none."""


def start_session(
    looking: Session,
    session: Session,
    given: Credentials,
    settings: Settings,
    *,
    instead_of: str | None = None,
    at: datetime | None = None,
) -> tuple[str, SessionOut]:
    """The token of a new session, and whose it is; a session of before is over.

    ``looking`` is a session that reads, as for ``sign_in``. Raises ``WrongCredentials``.
    """
    at = at or now()
    account = let_in(looking, session, given, at)
    if instead_of is not None:
        session.exec(delete(SignIn).where(col(SignIn.token_hash) == _hash(instead_of)))
    id_ = secrets.token_hex(16)
    token = f"{id_}.{secrets.token_urlsafe(32)}"
    session.add(
        SignIn(
            id=id_,
            account_id=account.id,
            account_revision=account.revision,
            token_hash=_hash(token),
            renewed_at=at,
            expires_at=at + timedelta(days=settings.sign_in_days),
        )
    )
    session.flush()
    return token, _out(account, settings)


def read_session(session: Session, account_id: str, settings: Settings) -> SessionOut:
    return _out(session.get_one(Account, account_id), settings)


def caller_by_cookie(
    session: Session, token: str, settings: Settings, *, at: datetime | None = None
) -> Caller | None:
    """Who shows this token; None if it is good for nothing (any more)."""
    at = at or now()
    if not re.fullmatch(r"[0-9a-f]{32}\.[\w-]{43}", token, re.ASCII):
        return None
    found = session.exec(
        select(SignIn, Account)
        .join(Account, col(Account.id) == SignIn.account_id)
        .where(
            SignIn.id == token.partition(".")[0],
            SignIn.expires_at > at,
            col(Account.active),
            Account.revision == SignIn.account_revision,
        )
    ).one_or_none()
    if found is None:
        return None
    sign_in, account = found
    if not hmac.compare_digest(sign_in.token_hash, _hash(token)):
        return None
    return replace(
        signed_in(account, sign_in.id, settings),
        by_cookie=True,
        is_to_be_noted=at - sign_in.renewed_at > NOTED_EVERY,
    )


def note_presence(session: Session, sign_in_id: str, settings: Settings, at: datetime) -> None:
    """Whoever was there at that moment stays signed in for as long again."""
    session.exec(
        update(SignIn)
        .where(col(SignIn.id) == sign_in_id, col(SignIn.renewed_at) < at)
        .values(renewed_at=at, expires_at=at + timedelta(days=settings.sign_in_days))
    )


def csrf_token(token: str) -> str:
    """What requests of this session have to repeat; the session's token does not follow from it."""
    return hmac.digest(token.encode(), b"csrf", "sha256").hex()


def _out(account: Account, settings: Settings) -> SessionOut:
    return SessionOut(
        account_id=account.id,
        name=account.name,
        role=account.role,
        technician_id=account.technician_id,
        time_zone=settings.time_zone,
        currency=settings.currency,
        tile_url=settings.tile_url,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(f"cookie {token}".encode()).hexdigest()
