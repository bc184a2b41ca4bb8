"""Links that calendars subscribe to: a phone can send no headers, so the address is secret."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlmodel import Session, col, select

from dispatch import log
from dispatch.calendar_texts import Language
from dispatch.company.technicians import read_technician
from dispatch.errors import NotFound
from dispatch.models import Account, CalendarLink, Technician, now
from dispatch.output import Output
from dispatch.settings import Settings
from dispatch.views import itinerary
from dispatch.views.itinerary import DailyRoute
from solver.faults import Fault

DAYS_BACK, DAYS_AHEAD = 1, 13
TOKEN = re.compile(r"([0-9a-f]{12})([0-9a-f]{48})", re.ASCII)


class CalendarLinkOut(Output):
    """Whether a technician has a calendar link; the link itself was shown when it was made."""

    technician_id: str
    created_at: datetime | None
    """Null: there is none."""
    language: Language | None = None
    """Of the calendar, as it was chosen with the link; null: the company's."""


class MadeCalendarLink(CalendarLinkOut):
    """A new calendar link, which is shown this once."""

    url: str
    """Whoever has it can read the technician's days. Where the service does not know under which
    name it is reached, a path below the address at which it was asked."""


@dataclass(frozen=True, slots=True)
class LinkedDays:
    """What is read by a link, and in which language."""

    days: list[DailyRoute]
    language: Language


def make_link(
    session: Session, technician_id: str, *, actor: str, language: Language | None = None
) -> tuple[CalendarLinkOut, str]:
    """A new link with its token; the one before is void. Raises ``NotFound``."""
    read_technician(session, technician_id)
    row = _link_of(session, technician_id)
    action = "create" if row is None else "renew"
    if row is not None:
        session.delete(row)
        session.flush()
    id_, secret = secrets.token_hex(6), secrets.token_hex(24)
    row = CalendarLink(
        id=id_, technician_id=technician_id, secret_hash=_hash(secret), language=language
    )
    session.add(row)
    session.flush()
    log.record(session, actor, action, log.Entity.CALENDAR_LINK, technician_id)
    return CalendarLinkOut.model_validate(row), id_ + secret


def read_link(session: Session, technician_id: str) -> CalendarLinkOut:
    """Raises ``NotFound`` for the technician."""
    read_technician(session, technician_id)
    row = _link_of(session, technician_id)
    if row is None:
        return CalendarLinkOut(technician_id=technician_id, created_at=None)
    return CalendarLinkOut.model_validate(row)


def revoke_link(session: Session, technician_id: str, *, actor: str) -> None:
    """Nobody reads by it any more; without a link nothing changes. Raises ``NotFound``."""
    read_technician(session, technician_id)
    row = _link_of(session, technician_id)
    if row is not None:
        session.delete(row)
        session.flush()
        log.record(session, actor, "revoke", log.Entity.CALENDAR_LINK, technician_id)


def linked_days(
    session: Session, token: str, settings: Settings, at: datetime | None = None
) -> LinkedDays:
    """The days from yesterday on of whose link it is. Raises ``NotFound``, which does not say
    whether there ever was such a link."""
    link = _link_by(session, token)
    if link is None:
        raise NotFound(
            Fault("not_found", "token", "there is no such calendar (any more)", "make a new link")
        )
    at = at or now()
    today = at.astimezone(settings.zone).date()
    first = today - timedelta(days=DAYS_BACK)
    days = itinerary.daily_routes(
        session, link.technician_id, first, DAYS_BACK + 1 + DAYS_AHEAD, settings, at
    )
    return LinkedDays(days, cast(Language, link.language or settings.language))


def _link_by(session: Session, token: str) -> CalendarLink | None:
    parts = TOKEN.fullmatch(token)
    id_, secret = parts.groups() if parts else ("", "")
    row = session.get(CalendarLink, id_)
    # As long for what is not there as for what is, and however much of a guess is right.
    kept = _hash("") if row is None else row.secret_hash
    is_right = hmac.compare_digest(kept, _hash(secret))
    if row is None or not is_right:
        return None
    technician = session.get_one(Technician, row.technician_id)
    return row if technician.active and not _is_locked_out(session, row) else None


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
