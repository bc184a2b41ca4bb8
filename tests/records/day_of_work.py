"""A day of work in short: everything that people, machines and the service itself do all day."""

from datetime import date, datetime, timedelta
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session, select

from benchmarks.service.past import WAITING_JOB, job_id
from dispatch import store
from dispatch.by_hand.carrying_out import Override
from dispatch.by_hand.changes import ChangeToMake, make_change
from dispatch.by_hand.undoing import undo_change
from dispatch.events import deliveries, events
from dispatch.events.deliveries import AttemptOutcome
from dispatch.events.horizon import LogHorizon
from dispatch.field.missed import reopen_missed
from dispatch.jobs import placements
from dispatch.models import Plan, PlanStatus, Route, Stop, Webhook, now
from dispatch.placing.placer import place_waiting
from dispatch.planning.live_days import LiveDays
from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.plans import queries, versions
from dispatch.plans.queries import placed_by_hand_since
from dispatch.push import messages, subscriptions, watching
from dispatch.runs.replanning import replan_if_worth_it
from dispatch.runs.runs import watch_runs
from dispatch.settings import Settings


def work(web: TestClient, engine: Engine, settings: Settings, today: date) -> None:
    """``web`` is the service on the engine's database, which holds a made-up past."""
    _by_dispatchers(web, engine, settings, today)
    _by_technicians(web, engine, today)
    _by_machines(web)
    _by_itself(engine, settings, today)


def _asked(web: TestClient, method: str, path: str, body: Any = None) -> Any:
    answer = web.request(method, path, json=body)
    # What the made-up plans do not allow is refused, and looked at all the same.
    assert answer.status_code in (200, 201, 202, 204, 409, 422), answer.text
    return answer.json() if answer.content else None


def _by_dispatchers(web: TestClient, engine: Engine, settings: Settings, today: date) -> None:
    tomorrow = today + timedelta(days=1)
    change = {"job_id": job_id(tomorrow), "technician_id": "T002", "day": str(tomorrow)}
    _asked(web, "POST", "/plan-changes/judgement", change)
    _asked(web, "POST", "/plan-changes", change)
    override = Override(reason="as agreed")
    with Session(engine) as session:
        made = make_change(
            session, ChangeToMake(**change, override=override), settings, actor="lan"
        )
        undo_change(session, made.plan_version, settings, actor="lan")
        session.commit()
    _asked(web, "PATCH", f"/jobs/{job_id(tomorrow, 1)}", {"title": "Repair"})
    _asked(web, "PUT", f"/jobs/{job_id(tomorrow, 1)}/pin", {"technician_id": "T002"})
    _asked(web, "DELETE", f"/jobs/{job_id(tomorrow, 1)}/pin")
    _asked(web, "POST", f"/jobs/{job_id(tomorrow, 2)}/cancel")
    _asked(
        web, "POST", f"/jobs/{WAITING_JOB}/place", {"technician_id": "T001", "day": str(tomorrow)}
    )
    new = {"site_id": "S00001", "title": "Leak", "duration_minutes": 30, "priority": "emergency"}
    _asked(web, "POST", "/jobs", new)
    begin = f"{tomorrow}T10:00:00+07:00"
    absence = {"id": "ill", "starts_at": begin, "ends_at": f"{tomorrow}T12:00:00+07:00"}
    _asked(web, "POST", "/technicians/T003/absences", absence)
    _asked(web, "DELETE", "/technicians/T003/absences/ill")
    run = _asked(web, "POST", "/plans", {"starts_on": str(tomorrow)})
    _asked(web, "POST", f"/runs/{run['id']}/cancel")
    draft = _draft(engine)
    _asked(web, "POST", f"/plans/{draft}/publish")
    _asked(web, "POST", f"/plans/{draft}/publish", {"technician_ids": ["T001"]})
    _asked(web, "POST", f"/plans/{draft}/discard")


def _draft(engine: Engine) -> int:
    with Session(engine) as session:
        found = session.exec(select(Plan.id).where(Plan.status == PlanStatus.DRAFT)).first()
    assert found is not None
    return found


def _by_technicians(web: TestClient, engine: Engine, today: date) -> None:
    with Session(engine) as session:
        held = session.exec(
            select(Stop.job_id, Route.technician_id)
            .join(Route)
            .where(Route.live, Route.day == today, Stop.live, Stop.job_id != None)  # noqa: E711
        ).first()
    assert held is not None
    job, technician = held
    at = now() - timedelta(minutes=1)
    for kind in ("en_route", "on_site", "completed"):
        report = {"id": f"r-{kind}", "job_id": job, "kind": kind, "at": at.isoformat()}
        _asked(web, "POST", f"/technicians/{technician}/reports", report)
    other = "T002" if technician == "T001" else "T001"
    report = {"id": "r-other", "job_id": job_id(today, 5), "kind": "on_site", "at": at.isoformat()}
    _asked(web, "POST", f"/technicians/{other}/reports", report)
    here = {"latitude": 21.0, "longitude": 105.8, "at": at.isoformat()}
    _asked(web, "POST", f"/technicians/{technician}/position", here)


def _by_machines(web: TestClient) -> None:
    told = {"id": "new", "device": "VS00002", "type": "heat", "severity": "major"}
    for state in ({}, {"cleared": True}):
        _asked(web, "POST", "/alerts", told | state)
    _asked(web, "POST", "/alerts", told | {"id": "unknown", "device": "nobody"})
    _asked(web, "POST", "/alerts/1/acknowledge")
    _asked(web, "POST", "/dead-letters/replay")
    _asked(web, "POST", "/alert-rules/dry-run", {})


def _by_itself(engine: Engine, settings: Settings, today: date) -> None:
    at = now()
    days = LiveDays(store.reading(engine), settings)
    for _ in range(2):
        days.at(today, at)
        with Session(engine) as session:
            placements.ask_for_place(session, WAITING_JOB, trigger="new_job", actor="lan")
            session.commit()
        place_waiting(engine, days, settings, at)
    horizon = LogHorizon(engine)
    horizon.find()
    settled = horizon.find() or 0
    replanning = settings.model_copy(update={"replan_every_minutes": 1})
    with Session(engine) as session:
        for territory, names in ((None, None), ("north", None), (None, frozenset({"T001"}))):
            load_snapshot(session, Scope(today, today, territory, names), at)
        placed_by_hand_since(session, versions.highest_version(session) - 50)
        reopen_missed(session, settings, at)
        replan_if_worth_it(session, replanning, at)
        watch_runs(session, settings, at)
        queries.queued_runs(session)
        queries.silent_runs(session, at)
        events.events_between(session, max(0, settled - 100), settled, 100)
        events.running(session)
        devices = watching.find_days(session, 0, settled, settings, at)
        assert devices is not None
        watching.keep_news(session, devices, at)
        for id_ in messages.due_subscriptions(session, at + timedelta(minutes=1)):
            attempt = messages.begin_push(session, id_, "one", settings, at + timedelta(minutes=1))
            assert attempt is not None
            messages.end_push(session, attempt, AttemptOutcome(410), at)
        subscriptions.is_any_over(session, at)
        store.take_off_live_routes(session, [job_id(today, 9)])
        session.rollback()
    _send(engine, settings, settled, at)


def _send(engine: Engine, settings: Settings, settled: int, at: datetime) -> None:
    with Session(engine) as session:
        session.get_one(Webhook, "hook").active = True
        session.flush()
        assert deliveries.is_any_behind(session, settled)
        deliveries.make_deliveries(session, settled, at)
        session.flush()
        assert deliveries.due_webhooks(session, at)
        attempt = deliveries.begin_attempt(session, "hook", "sender", at)
        assert attempt is not None
        deliveries.end_attempt(
            session, attempt, deliveries.AttemptOutcome(status=410, error="gone"), settings, at
        )
        deliveries.give_back(session, "sender")
        deliveries.replay_dead(session, "hook", actor="lan")
        session.rollback()
