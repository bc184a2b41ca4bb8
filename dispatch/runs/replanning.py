"""Planning the running day again by itself, when something has happened that may be worth it."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, exists, func, select

from dispatch.local_time import start_of
from dispatch.models import AT_WORK, LogEntry, Route, Run, is_one_of
from dispatch.runs.runs import PlanRequest, RunOut, request_run
from dispatch.settings import Settings
from dispatch.views.delays import late_visits

ACTOR = "scheduler"
REPORTS = ("en_route", "on_site", "completed", "cannot_complete")
CAUSES = {
    ("absence", "add"): "absence",
    ("absence", "remove"): "absence",
    ("job", "cancel"): "cancellation",
    ("job", "create"): "new job",
    ("job", "import"): "new job",
    ("job", "change"): "changed job",
    ("job", "take_over"): "taken over",
    ("job", "miss"): "missed",
    ("job", "take_off"): "conflict",
    ("folder", "import"): "import",
    ("stock_transfer", "book"): "stock",
    **{("job", kind): "report" for kind in REPORTS},
}
"""What may be a reason to plan again; a report is one if it makes somebody late."""


def replan_if_worth_it(session: Session, settings: Settings, at: datetime) -> RunOut | None:
    """Queue a plan of today that begins now, if anything has happened since the last one that it
    could make better; it publishes itself if it changes little.

    Not more often than ``settings.replan_every_minutes``, and not while another one is at work.
    """
    if settings.replan_every_minutes is None:
        return None
    today = at.astimezone(settings.zone).date()
    of_today = (col(Run.starts_on) <= today) & (col(Run.ends_on) >= today)
    busy = select(exists().where(of_today, is_one_of(Run.status, AT_WORK)))
    in_force = select(exists().where(col(Route.live), col(Route.day) == today))
    last = session.exec(select(func.max(Run.created_at)).where(of_today)).one()
    since = max(last or start_of(today, settings.zone), start_of(today, settings.zone))
    if last is not None and at - last < timedelta(minutes=settings.replan_every_minutes):
        return None
    if session.exec(busy).one() or not session.exec(in_force).one():
        return None
    causes = _causes(session, settings, since, at)
    if not causes:
        return None
    return request_run(
        session,
        PlanRequest(
            starts_on=today,
            seconds=settings.replan_seconds,
            publish=True,
            only_small_changes=True,
        ),
        actor=ACTOR,
        settings=settings,
        trigger=", ".join(causes),
        at=at,
    )


def _causes(session: Session, settings: Settings, since: datetime, at: datetime) -> list[str]:
    # Not "distinct": SQLite would rather go through the whole log in the order of its kinds.
    found = session.exec(select(LogEntry.entity, LogEntry.action).where(LogEntry.at >= since))
    causes = {CAUSES[kind] for kind in set(found) if kind in CAUSES}
    if "report" in causes:
        causes.remove("report")
        if late_visits(session, None, settings, at):
            causes.add("late")
    return sorted(causes)
