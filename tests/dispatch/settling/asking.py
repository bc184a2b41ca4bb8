"""Asking what has to be settled at some moment of Monday."""

from sqlmodel import Session

from dispatch.planning.conflicts import broken_visits
from dispatch.settings import Settings
from dispatch.settling.issues import Issue
from dispatch.settling.listing import list_issues
from tests.dispatch.crew import hanoi


def issues(session: Session, settings: Settings, clock: str = "08:00") -> dict[str, Issue]:
    """By id, the weightiest first."""
    session.flush()
    at = hanoi(clock)
    found = list_issues(session, settings, at, broken_visits(session, settings, at))
    by_id = {issue.id: issue for issue in found}
    assert len(by_id) == len(found)
    return by_id
