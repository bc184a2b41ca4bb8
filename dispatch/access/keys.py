"""Keys of machines: made, listed, revoked, recognised."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator
from sqlmodel import Session, select

from dispatch import log
from dispatch.access.accounts import check_technician, own_technician
from dispatch.errors import InvalidInput, existing
from dispatch.intake import Code, Input, Moment, Text
from dispatch.models import ApiKey, Role, now
from dispatch.output import Output
from dispatch.paging import page_of
from solver.faults import Fault

USE_NOTED_AFTER = timedelta(minutes=5)
PATTERN = re.compile(r"fsd_(k-[0-9a-f]{12})_([0-9a-f]{48})", re.ASCII)

RequestsPerMinute = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]


class NewKey(Input):
    """A key for one machine."""

    name: Text
    """Which machine it is for."""
    role: Role = Role.INTEGRATION
    technician_id: Annotated[Code | None, Field(validate_default=True)] = None
    """For whom the machine acts, if its role is technician."""
    requests_per_minute: RequestsPerMinute | None = None
    """Absent: as set for the role."""
    expires_at: Moment | None = None

    @field_validator("technician_id")
    @classmethod
    def _if_and_only_if_a_technician(cls, id_: str | None, info: ValidationInfo) -> str | None:
        return own_technician(id_, info.data.get("role"))


class KeyOut(Output):
    """A key without its secret."""

    id: str
    name: str
    role: Role
    technician_id: str | None
    requests_per_minute: int | None
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    """When it was last used, exact to a few minutes."""
    revoked_at: datetime | None


class MadeKey(KeyOut):
    """A new key with its secret, which is shown this once."""

    key: str


def create_key(session: Session, new: NewKey, *, actor: str, at: datetime | None = None) -> MadeKey:
    """Raises ``InvalidInput``."""
    key = made_up_key()
    row = row_of(key, new)
    check_technician(session, row.technician_id)
    if row.expires_at is not None and row.expires_at <= (at or now()):
        action = "give a time to come, or none"
        raise InvalidInput(Fault("in_the_past", "expires_at", "has passed", action))
    add_key(session, row, actor=actor)
    return MadeKey(key=key, **KeyOut.model_validate(row).model_dump())


def made_up_key() -> str:
    """A key as its machine gets it."""
    return f"fsd_k-{secrets.token_hex(6)}_{secrets.token_hex(24)}"


def row_of(key: str, new: NewKey) -> ApiKey:
    """What is kept of a key that was made up for this."""
    _, id_, secret = key.split("_")
    return ApiKey(id=id_, secret_hash=_hash(secret), **new.model_dump())


def add_key(session: Session, row: ApiKey, *, actor: str) -> None:
    session.add(row)
    session.flush()
    after = row.model_dump(mode="json", exclude={"secret_hash", "id"})
    log.record(session, actor, "create", log.Entity.KEY, row.id, after=after)


def list_keys(
    session: Session, *, after: str | None = None, limit: int = 50
) -> tuple[Sequence[KeyOut], str | None]:
    """A page of keys in the order of their ids, and ``after`` for the next (None: last)."""
    page, following = page_of(session, select(ApiKey), after, limit)
    return [KeyOut.model_validate(row) for row in page], following


def revoke_key(session: Session, key_id: str, *, actor: str, at: datetime | None = None) -> KeyOut:
    """Nobody gets in with it any more, for good; again changes nothing. Raises ``NotFound``."""
    row = existing(session.get(ApiKey, key_id, with_for_update=True), "key", key_id)
    if row.revoked_at is None:
        row.revoked_at = at or now()
        log.record(session, actor, "revoke", log.Entity.KEY, key_id)
        session.flush()
    return KeyOut.model_validate(row)


def key_of(session: Session, key: str, at: datetime) -> ApiKey | None:
    """The row of a key that holds at this moment."""
    parts = PATTERN.fullmatch(key)
    if parts is None:
        return None
    id_, secret = parts.groups()
    row = session.get(ApiKey, id_)
    # How long the comparison takes must not tell how much of a guess is right.
    if row is None or not hmac.compare_digest(row.secret_hash, _hash(secret)):
        return None
    over = row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= at)
    return None if over else row


def note_use(session: Session, key_id: str, at: datetime) -> None:
    """Keep when the key was used; that alone is no change to be in the log."""
    row = session.get(ApiKey, key_id)
    if row is not None and not is_noted(row, at):
        row.used_at = at


def is_noted(row: ApiKey, at: datetime) -> bool:
    return row.used_at is not None and at - row.used_at < USE_NOTED_AFTER


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
