"""Links that calendars subscribe to: a phone can send no headers, so the address is secret."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from dispatch import itinerary, log
from dispatch.errors import NotFound
from dispatch.models import Account, CalendarLink, Technician, now
from dispatch.output import Output
from dispatch.settings import Settings
from dispatch.technicians import read_technician
from solver.problem import Fault

DAYS_BACK, DAYS_AHEAD = 1, 13
TOKEN = re.compile(r"([0-9a-f]{12})([0-9a-f]{48})", re.ASCII)


class CalendarLinkOut(Output):
    """Whether a technician has a calendar link; the link itself was shown when it was made."""

    technician_id: str
    created_at: datetime | None
    """Null: there is none."""


class MadeCalendarLink(CalendarLinkOut):
    """A new calendar link, which is shown this once."""

    url: str
    """Whoever has it can read the technician's days."""


def make_link(session: Session, technician_id: str, *, actor: str) -> tuple[CalendarLinkOut, str]:
    """A new link with its token; the one before is void. Raises ``NotFound``."""
    read_technician(session, technician_id)
    row = _link_of(session, technician_id)
    action = "create" if row is None else "renew"
    if row is not None:
        session.delete(row)
        session.flush()
    id_, secret = secrets.token_hex(6), secrets.token_hex(24)
    row = CalendarLink(id=id_, technician_id=technician_id, secret_hash=_hash(secret))
    session.add(row)
    session.flush()
    log.record(session, actor, action, "calendar_link", technician_id)
    return CalendarLinkOut.model_validate(row), id_ + secret


def read_link(session: Session, technician_id: str) -> CalendarLinkOut:
    """Raises ``NotFound`` for the technician."""
    read_technician(session, technician_id)
    row = _link_of(session, technician_id)
    created_at = None if row is None else row.created_at
    return CalendarLinkOut(technician_id=technician_id, created_at=created_at)


def revoke_link(session: Session, technician_id: str, *, actor: str) -> None:
    """Nobody reads by it any more; without a link nothing changes. Raises ``NotFound``."""
    read_technician(session, technician_id)
    row = _link_of(session, technician_id)
    if row is not None:
        session.delete(row)
        session.flush()
        log.record(session, actor, "revoke", "calendar_link", technician_id)


def calendar_of(
    session: Session, token: str, settings: Settings, at: datetime | None = None
) -> bytes:
    """The days from yesterday on of whose link it is, as iCalendar. Raises ``NotFound``, which
    does not say whether there ever was such a link."""
    technician_id = _technician_of(session, token)
    if technician_id is None:
        raise NotFound(
            Fault("not_found", "token", "there is no such calendar (any more)", "make a new link")
        )
    at = at or now()
    today = at.astimezone(settings.zone).date()
    days = [
        itinerary.daily_route(session, technician_id, today + timedelta(days=ahead), settings, at)
        for ahead in range(-DAYS_BACK, DAYS_AHEAD + 1)
    ]
    return itinerary.as_calendar(*days)


def _technician_of(session: Session, token: str) -> str | None:
    parts = TOKEN.fullmatch(token)
    id_, secret = parts.groups() if parts else ("", "")
    row = session.get(CalendarLink, id_)
    # As long for what is not there as for what is, and however much of a guess is right.
    kept = _hash("") if row is None else row.secret_hash
    is_right = hmac.compare_digest(kept, _hash(secret))
    if row is None or not is_right:
        return None
    technician = session.get_one(Technician, row.technician_id)
    return row.technician_id if technician.active and not _is_locked_out(session, row) else None


def _is_locked_out(session: Session, row: CalendarLink) -> bool:
    """Whether all accounts of the technician are disabled: the link must not outlive them."""
    query = select(Account.active).where(col(Account.technician_id) == row.technician_id)
    accounts = session.exec(query).all()
    return bool(accounts) and not any(accounts)


def _link_of(session: Session, technician_id: str) -> CalendarLink | None:
    query = select(CalendarLink).where(CalendarLink.technician_id == technician_id)
    return session.exec(query).one_or_none()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
