from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from dispatch import models
from dispatch.errors import Conflict, NotFound
from dispatch.jobs.jobs import cancel_job
from dispatch.models import Job, JobStatus, LogEntry, PlanStatus, Route, Run, Stop
from dispatch.plans import contents, plans, versions
from dispatch.plans.changes import DifferenceKind
from dispatch.plans.comparison import compare_plans
from dispatch.plans.plans import discard_plan, planned_from, publish_plan
from dispatch.settings import Settings
from tests.dispatch.crew import (
    SUNDAY_EVENING,
    add_depot,
    add_job,
    add_technician,
    hanoi,
)
from tests.dispatch.drafting import draft, in_force, publish, refused, status


@pytest.fixture(autouse=True)
def sunday_evening() -> Iterator[None]:
    with time_machine.travel(SUNDAY_EVENING):
        yield


@pytest.fixture
def company(session: Session) -> Session:
    add_technician(session, "ann", at=0)
    add_technician(session, "bob", at=5)
    for number in range(1, 5):
        add_job(session, f"j{number}", at=number)
    session.commit()
    return session


# Publishing


def test_publishing_puts_a_plan_in_force(company: Session, settings: Settings) -> None:
    plan = draft(company, settings, {"ann": ["j1", "j2"], "bob": ["j3"]})
    published = publish(company, settings, plan)
    assert published.status == PlanStatus.PUBLISHED
    assert published.version == 1
    assert published.published_at is not None
    assert in_force(company) == {"ann": ["j1", "j2"], "bob": ["j3"]}
    assert status(company, "j1") == JobStatus.SCHEDULED
    assert status(company, "j4") == JobStatus.OPEN
    job = company.get_one(Job, "j1")
    assert job.revision == 2
    actions = company.exec(select(LogEntry.action).order_by(col(LogEntry.id))).all()
    assert actions == ["schedule", "schedule", "schedule", "publish"]


def test_publishing_again_is_as_once(company: Session, settings: Settings) -> None:
    plan = draft(company, settings, {"ann": ["j1"]})
    first = publish(company, settings, plan)
    assert publish(company, settings, plan) == first


def test_a_new_version_replaces_the_routes_of_its_scope(
    company: Session, settings: Settings
) -> None:
    publish(company, settings, draft(company, settings, {"ann": ["j1", "j2"], "bob": ["j3"]}))
    second = publish(company, settings, draft(company, settings, {"ann": ["j4", "j1", "j3"]}))
    assert second.version == 2
    assert in_force(company) == {"ann": ["j4", "j1", "j3"]}
    assert company.exec(select(Route.technician_id).where(col(Route.live))).all() == ["ann"]
    assert status(company, "j2") == JobStatus.OPEN
    entry = company.exec(
        select(LogEntry).where(LogEntry.entity_id == "j2").order_by(col(LogEntry.id).desc())
    ).first()
    assert entry is not None
    assert (entry.action, entry.actor) == ("unschedule", "dana")


def test_a_technician_who_was_told_stays_told_and_another_one_is_not(
    company: Session, settings: Settings
) -> None:
    publish(company, settings, draft(company, settings, {"ann": ["j1", "j2"]}))
    for name in ("j1", "j2"):
        company.get_one(Job, name).status = JobStatus.DISPATCHED
    company.commit()
    publish(company, settings, draft(company, settings, {"ann": ["j1"], "bob": ["j2"]}))
    assert status(company, "j1") == JobStatus.DISPATCHED
    assert status(company, "j2") == JobStatus.SCHEDULED


def test_of_two_drafts_over_the_same_routes_the_second_is_refused(
    company: Session, settings: Settings
) -> None:
    first = draft(company, settings, {"ann": ["j1", "j2"]})
    second = draft(company, settings, {"ann": ["j2", "j3"], "bob": ["j4"]})
    publish(company, settings, first)
    assert refused(company, settings, second) == "overtaken"
    assert in_force(company) == {"ann": ["j1", "j2"]}
    assert contents.read_plan(company, second).status == PlanStatus.DRAFT


def test_a_draft_that_knows_nothing_of_new_routes_in_its_scope_is_refused(
    company: Session, settings: Settings
) -> None:
    bob = draft(company, settings, {"bob": ["j4"]})
    ann = draft(company, settings, {"ann": ["j1"]})
    publish(company, settings, ann)
    assert refused(company, settings, bob) == "overtaken"


def test_drafts_of_territories_that_share_nothing_are_both_published(
    session: Session, settings: Settings
) -> None:
    two_territories(session)
    west = draft(session, settings, {"wes": ["w"]}, territory="west")
    east = draft(session, settings, {"eve": ["e"]}, territory="east")
    assert publish(session, settings, west).version == 1
    assert publish(session, settings, east).version == 2
    assert in_force(session) == {"wes": ["w"], "eve": ["e"]}


def two_territories(session: Session) -> None:
    add_technician(session, "wes", territories=["west"])
    add_technician(session, "eve", territories=["east"])
    add_job(session, "w", territory="west")
    add_job(session, "e", territory="east")
    session.commit()


def together(engine: Engine, settings: Settings, ids: list[int]) -> list[int | None]:
    """Publish all of them at the same moment; the versions that they became."""
    ready = Barrier(len(ids))

    def one(plan_id: int) -> int | None:
        with Session(engine) as session:
            ready.wait()
            try:
                found = publish_plan(session, plan_id, actor="dana", settings=settings)
            except Conflict:
                return None
            session.commit()
            return found.version

    with ThreadPoolExecutor(len(ids)) as pool:
        return list(pool.map(one, ids))


def test_of_drafts_published_at_the_same_moment_exactly_one_wins(
    company: Session, engine: Engine, settings: Settings
) -> None:
    wanted = [
        {"ann": ["j1", "j2"], "bob": ["j3"]},
        {"ann": ["j3"], "bob": ["j1", "j4"]},
        {"bob": ["j4", "j3", "j2", "j1"]},
    ]
    for version in (1, 2, 3):
        drafts = [draft(company, settings, routes) for routes in wanted]
        company.rollback()
        versions = together(engine, settings, drafts)
        assert sorted(filter(None, versions)) == [version]
        winner = next(n for n, found in enumerate(versions) if found is not None)
        company.expire_all()
        assert in_force(company) == wanted[winner]
        company.rollback()


def test_drafts_that_share_nothing_both_win_at_the_same_moment(
    session: Session, engine: Engine, settings: Settings
) -> None:
    two_territories(session)
    west = draft(session, settings, {"wes": ["w"]}, territory="west")
    east = draft(session, settings, {"eve": ["e"]}, territory="east")
    session.rollback()
    versions = together(engine, settings, [west, east])
    assert sorted(version or 0 for version in versions) == [1, 2]
    assert in_force(session) == {"wes": ["w"], "eve": ["e"]}


def test_the_database_stops_what_all_checks_have_let_through(
    session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_territories(session)
    add_technician(session, "any")
    session.commit()
    first = draft(session, settings, {"any": ["w"]}, territory="west")
    second = draft(session, settings, {"wes": ["w"]}, territory="west")
    publish(session, settings, first)
    session.add(models.TechnicianTerritory(technician_id="any", territory="north"))
    session.commit()
    monkeypatch.setattr(plans, "_overtaken", lambda *_: [])
    monkeypatch.setattr(plans, "_broken", lambda *_: [])
    assert refused(session, settings, second) == "overtaken"
    assert in_force(session) == {"any": ["w"]}


def test_the_database_itself_allows_a_job_on_one_live_stop_only(
    company: Session, settings: Settings
) -> None:
    publish(company, settings, draft(company, settings, {"ann": ["j1"]}))
    other = draft(company, settings, {"bob": ["j1"]})
    stop = company.exec(
        select(Stop).join(Route, col(Route.id) == Stop.route_id).where(Route.plan_id == other)
    ).one()
    stop.live = True
    with pytest.raises(IntegrityError):
        company.flush()


# What changed between draft and publication


def test_a_job_cancelled_since_is_left_out(company: Session, settings: Settings) -> None:
    plan = draft(company, settings, {"ann": ["j1", "j2"], "bob": ["j3"]})
    cancel_job(company, "j1", actor="dana")
    cancel_job(company, "j3", actor="dana")
    company.commit()
    publish(company, settings, plan)
    assert in_force(company) == {"ann": ["j2"]}
    assert company.exec(select(Route.technician_id).where(col(Route.live))).all() == ["ann"]
    assert status(company, "j1") == JobStatus.CANCELLED
    entry = company.exec(select(LogEntry).where(LogEntry.action == "publish")).one()
    assert entry.after is not None
    assert entry.after["left_out"] == ["j1", "j3"]


def test_a_job_that_is_being_cancelled_meanwhile_is_left_out(
    company: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = draft(company, settings, {"ann": ["j1", "j2"]})
    about_to_hold, hold_jobs = Event(), versions.hold_jobs

    def announced(*given: Any) -> dict[str, Job]:
        about_to_hold.set()
        return hold_jobs(*given)

    monkeypatch.setattr(versions, "hold_jobs", announced)
    cancel_job(company, "j1", actor="dana")
    company.flush()
    with ThreadPoolExecutor(1) as pool:
        published = pool.submit(together, engine, settings, [plan])
        about_to_hold.wait(0.5)  # on SQLite it waits before that already
        company.commit()
        assert published.result() == [1]
    assert in_force(company) == {"ann": ["j2"]}
    assert status(company, "j1") == JobStatus.CANCELLED


def test_a_change_that_breaks_no_rule_does_not_stand_in_the_way(
    company: Session, settings: Settings
) -> None:
    plan = draft(company, settings, {"ann": ["j1"]})
    company.get_one(Job, "j1").title = "Repair the other one"
    add_job(company, "new")
    company.commit()
    assert publish(company, settings, plan).version == 1


def test_a_plan_that_would_break_a_rule_by_now_is_refused(
    company: Session, settings: Settings
) -> None:
    plan = draft(company, settings, {"ann": ["j1"], "bob": ["j2"]})
    for change, code in (
        (models.JobTechnician(job_id="j1", technician_id="ann", wish="forbidden"), "technicians"),
        (
            models.Absence(
                id="a",
                technician_id="ann",
                starts_at=hanoi("08:00"),
                ends_at=hanoi("12:00"),
            ),
            "every_visit_once",
        ),
        (
            models.JobWindow(job_id="j2", starts_at=hanoi("15:00"), ends_at=hanoi("16:00")),
            "time_windows",
        ),
    ):
        company.add(change)
        company.commit()
        assert f"breaks_{code}" in refused(company, settings, plan)
        company.delete(change)
        company.commit()
    assert publish(company, settings, plan).version == 1


def test_parts_that_are_gone_by_now_stand_in_the_way(session: Session, settings: Settings) -> None:
    add_technician(session, "ann")
    add_depot(session, "depot", stock={"fuse": 2})
    add_job(session, "j", parts={"fuse": 2})
    session.commit()
    plan = draft(session, settings, {"ann": ["depot", "j"]})
    stock = session.exec(select(models.DepotStock)).one()
    stock.quantity = 1
    session.commit()
    assert refused(session, settings, plan) == "breaks_depot_stock"


def test_work_that_has_begun_since_is_not_moved(company: Session, settings: Settings) -> None:
    publish(company, settings, draft(company, settings, {"ann": ["j1", "j2"]}))
    moves_it = draft(company, settings, {"ann": ["j2"], "bob": ["j1"]})
    keeps_it = draft(company, settings, {"ann": ["j1", "j3"], "bob": ["j2"]})
    company.get_one(Job, "j1").status = JobStatus.EN_ROUTE
    company.commit()
    assert refused(company, settings, moves_it) == "overtaken"
    publish(company, settings, keeps_it)
    assert in_force(company) == {"ann": ["j1", "j3"], "bob": ["j2"]}
    assert status(company, "j1") == JobStatus.EN_ROUTE


def test_work_that_has_begun_since_keeps_its_time(company: Session, settings: Settings) -> None:
    publish(company, settings, draft(company, settings, {"ann": ["j1", "j2"]}))
    has_it_later = draft(company, settings, {"ann": ["j2", "j1"]})
    company.get_one(Job, "j1").status = JobStatus.EN_ROUTE
    company.commit()
    assert refused(company, settings, has_it_later) == "overtaken"


def test_a_plan_that_is_too_old_is_refused(company: Session, settings: Settings) -> None:
    plan = draft(company, settings, {"ann": ["j1"]})
    assert refused(company, settings, plan, at=hanoi("09:00")) == "too_late"
    assert publish(company, settings, plan, at=hanoi("08:05")).version == 1


def test_a_run_leaves_alone_what_begins_while_it_solves() -> None:
    run = Run(started_at=SUNDAY_EVENING, seconds=10, created_at=SUNDAY_EVENING)  # type: ignore[call-arg]
    assert planned_from(run) == SUNDAY_EVENING + timedelta(seconds=10)


# Discarding


def test_a_discarded_draft_cannot_be_published(company: Session, settings: Settings) -> None:
    plan = draft(company, settings, {"ann": ["j1"]})
    assert discard_plan(company, plan, actor="dana").status == PlanStatus.DISCARDED
    assert discard_plan(company, plan, actor="dana").status == PlanStatus.DISCARDED
    assert company.exec(select(LogEntry.action)).all() == ["discard"]
    company.commit()
    assert refused(company, settings, plan) == "discarded"


def test_a_published_plan_cannot_be_discarded(company: Session, settings: Settings) -> None:
    plan = draft(company, settings, {"ann": ["j1"]})
    publish(company, settings, plan)
    with pytest.raises(Conflict):
        discard_plan(company, plan, actor="dana")


def test_an_unknown_plan_is_not_found(session: Session, settings: Settings) -> None:
    with pytest.raises(NotFound):
        contents.read_plan(session, 7)
    with pytest.raises(NotFound):
        publish_plan(session, 7, actor="dana", settings=settings)
    with pytest.raises(NotFound):
        discard_plan(session, 7, actor="dana")


# Reading


def test_a_plan_can_be_read_with_everything_in_it(company: Session, settings: Settings) -> None:
    add_job(company, "nowhere", at=None)
    company.commit()
    plan = contents.read_plan(company, draft(company, settings, {"ann": ["j1", "j2"]}))
    assert plan.totals.jobs_placed == 2
    assert plan.totals.jobs_unassigned == 3
    (route,) = plan.routes
    assert route.technician == "Technician ann"
    assert not route.live
    stop = route.stops[0]
    assert (stop.job_id, stop.title, stop.place) == ("j1", "Repair j1", "Customer j1")
    assert stop.start_at == hanoi("08:00") + timedelta(seconds=217)  # 1.446 km at 24 km/h
    assert plan.totals.travel_seconds == route.travel_seconds == 217 + 217 + 434
    assert plan.totals.distance_metres == 1446 + 1446 + 2891
    assert plan.totals.travel_minutes_per_job == round(route.travel_seconds / 120, 2)
    assert plan.totals.objective == sum(plan.totals.cost.values())
    assert {out.job_id: out.reasons[0].code for out in plan.unassigned} == {
        "j3": "not_found",
        "j4": "not_found",
        "nowhere": "needs_location",
    }


def test_plans_are_listed_page_by_page_the_newest_first(
    company: Session, settings: Settings
) -> None:
    made = [draft(company, settings, {"ann": ["j1"]}) for _ in range(3)]
    found, after = contents.list_plans(company, limit=2)
    assert [plan.id for plan in found] == [made[2], made[1]]
    rest, end = contents.list_plans(company, after=after, limit=2)
    assert [plan.id for plan in rest] == [made[0]]
    assert end is None


def test_two_plans_are_compared_job_by_job(company: Session, settings: Settings) -> None:
    old = draft(company, settings, {"ann": ["j1", "j2"], "bob": ["j3"]})
    new = draft(company, settings, {"ann": ["j1", "j4", "j2"], "bob": []})
    found = compare_plans(company, old, new)
    assert {change.job_id: change.change for change in found.changes} == {
        "j2": DifferenceKind.TIME,
        "j3": DifferenceKind.REMOVED,
        "j4": DifferenceKind.ADDED,
    }
    assert found.unchanged == 1
    assert found.jobs_placed == 0
    assert found.objective == sum(found.cost.values())
    assert found.distance_metres == found.new.totals.distance_metres - (
        found.old.totals.distance_metres
    )
    back = compare_plans(company, new, old)
    assert back.objective == -found.objective
    moved = compare_plans(company, old, draft(company, settings, {"bob": ["j1", "j2", "j3"]}))
    assert [change.change for change in moved.changes][:2] == [DifferenceKind.TECHNICIAN] * 2
