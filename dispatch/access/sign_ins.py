"""Signing in, staying signed in, and signing out.

A short-lived token says who somebody is; a longer-lived one, good for nothing else, gets the next
pair. It is replaced each time, and if an old one turns up, somebody has a copy: that sign-in ends.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field
from sqlmodel import Session, col, delete, select

from dispatch import log
from dispatch.access import passwords
from dispatch.access.accounts import UserName, end_sign_ins
from dispatch.access.passwords import Password
from dispatch.access.tokens import make_token
from dispatch.errors import InvalidInput
from dispatch.intake import Input
from dispatch.models import Account, SignIn, now
from dispatch.output import Output
from dispatch.settings import Settings
from dispatch.store import let_go
from solver.faults import Fault

LOST_ANSWER = timedelta(minutes=1)
"""For so long a renewal may be repeated with the token before, if its answer got lost."""


class Credentials(Input):
    user_name: UserName
    password: Password = Field(repr=False)


class Renewal(Input):
    refresh_token: str = Field(min_length=1, max_length=200, repr=False)
    """As the last sign-in or renewal gave it."""


class PasswordChange(Input):
    password: Password = Field(repr=False)
    """The one so far."""
    new_password: Password = Field(repr=False)
    """Of 12 characters or more, and not easy to guess."""


class Tokens(Output):
    """What to send from now on."""

    access_token: str
    """Goes into each request: ``Authorization: Bearer …``."""
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a word of RFC 6750
    expires_in: int
    """Seconds for which the access token is valid."""
    refresh_token: str
    """Good once, for the next pair."""


class WrongCredentials(Exception):  # noqa: N818 - reads as what it says
    """User name and password do not belong together, or the account is disabled."""


def sign_in(
    looking: Session,
    session: Session,
    given: Credentials,
    settings: Settings,
    *,
    at: datetime | None = None,
) -> Tokens:
    """New tokens. Raises ``WrongCredentials``; see ``let_in``."""
    at = at or now()
    return open_sign_in(session, let_in(looking, session, given, at), settings, at=at)


def let_in(looking: Session, session: Session, given: Credentials, at: datetime) -> Account:
    """Whose password it is, which is in the log from now on. Raises ``WrongCredentials``.

    ``looking`` is a session that reads: comparing passwords takes a while, in which nobody who
    writes should have to wait, and nothing is held.
    """
    known = looking.get(Account, given.user_name)
    known_revision = known.revision if known is not None else 0
    let_go(looking)
    if not passwords.matches(given.password, known.password_hash if known else None):
        raise WrongCredentials
    account = session.get(Account, given.user_name, with_for_update=True)
    if account is None or not account.active or account.revision != known_revision:
        raise WrongCredentials
    if passwords.hasher.check_needs_rehash(account.password_hash):
        account.password_hash = passwords.hashed(given.password)
    session.exec(
        delete(SignIn).where(col(SignIn.account_id) == account.id, col(SignIn.expires_at) <= at)
    )
    account.signed_in_at = at
    log.record(session, account.id, "sign_in", log.Entity.ACCOUNT, account.id)
    return account


def open_sign_in(
    session: Session, account: Account, settings: Settings, *, at: datetime | None = None
) -> Tokens:
    at = at or now()
    row = SignIn(
        id=secrets.token_hex(16),
        account_id=account.id,
        account_revision=account.revision,
        token_hash="",
        expires_at=at,
    )
    return _renewed(session, row, account, settings, at)


def renew(
    session: Session, given: Renewal, settings: Settings, *, at: datetime | None = None
) -> Tokens | None:
    """The next tokens, or None if the token is not good (any more); then its sign-in has ended.

    That somebody stays signed in changes nothing to be in the log.
    """
    at = at or now()
    id_ = given.refresh_token.partition(".")[0]
    row = session.exec(select(SignIn).where(SignIn.id == id_).with_for_update()).one_or_none()
    if row is None:
        return None
    account = session.get_one(Account, row.account_id)
    token_hash = _hash(given.refresh_token)
    is_newest = hmac.compare_digest(token_hash, row.token_hash)
    is_repeated = (
        row.previous_hash is not None
        and hmac.compare_digest(token_hash, row.previous_hash)
        and at - row.renewed_at <= LOST_ANSWER
    )
    if (
        not (is_newest or is_repeated)
        or row.expires_at <= at
        or not account.active
        or row.account_revision != account.revision
    ):
        session.delete(row)
        session.flush()
        return None
    row.previous_hash = token_hash
    return _renewed(session, row, account, settings, at)


def sign_out(session: Session, sign_in_id: str, account_id: str) -> None:
    """Both tokens are void from now on."""
    session.exec(delete(SignIn).where(col(SignIn.id) == sign_in_id))
    log.record(session, account_id, "sign_out", log.Entity.ACCOUNT, account_id)


def change_own_password(
    looking: Session,
    session: Session,
    account_id: str,
    change: PasswordChange,
    settings: Settings,
    *,
    at: datetime | None = None,
) -> Tokens:
    """New tokens; all others of the account are void, on this device and elsewhere.

    ``looking`` is a session that reads, as for ``sign_in``. Raises ``WrongCredentials``, and
    ``InvalidInput`` for a weak new password.
    """
    known = looking.get_one(Account, account_id)
    let_go(looking)
    if not passwords.matches(change.password, known.password_hash):
        raise WrongCredentials
    if change.new_password == change.password:
        action = "choose another one"
        raise InvalidInput(Fault("same_password", "new_password", "is the old one", action))
    passwords.check_strength(change.new_password, "new_password", account_id)
    password_hash = passwords.hashed(change.new_password)
    account = session.get_one(Account, account_id, with_for_update=True)
    if account.revision != known.revision:
        raise WrongCredentials
    account.password_hash = password_hash
    end_sign_ins(session, account)
    log.record(session, account_id, "change_password", log.Entity.ACCOUNT, account_id)
    return open_sign_in(session, account, settings, at=at)


def _renewed(
    session: Session, row: SignIn, account: Account, settings: Settings, at: datetime
) -> Tokens:
    token = f"{row.id}.{secrets.token_urlsafe(32)}"
    row.token_hash, row.renewed_at = _hash(token), at
    row.expires_at = at + timedelta(days=settings.sign_in_days)
    session.add(row)
    session.flush()
    return Tokens(
        access_token=make_token(account, row.id, settings, at),
        expires_in=settings.token_minutes * 60,
        refresh_token=token,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
