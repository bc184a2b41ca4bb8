"""Plans that are made of jobs with links between them, from rows to rows and back."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from sqlmodel import Session, col, select

from dispatch.models import Plan, PlanUnassigned, RunStatus, Stop
from dispatch.planning.conflicts import broken_visits
from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.plans.merging import merge
from dispatch.plans.queries import routes_of
from dispatch.settings import Settings
from tests.dispatch.crew import (
    MONDAY,
    SUNDAY_EVENING,
    TUESDAY,
    add_job,
    add_link,
    add_technician,
    hanoi,
)
from tests.dispatch.running import executed

pytestmark = pytest.mark.any_database


@pytest.fixture(autouse=True)
def sunday_evening() -> Iterator[None]:
    with time_machine.travel(SUNDAY_EVENING):
        yield


@pytest.fixture
def company(session: Session) -> Session:
    """Ann and Bob, a crew of two, and something to be done before it by one of them."""
    for name in ("ann", "bob"):
        add_technician(session, name, at=0)
    for name in ("before", "c1", "c2", "alone"):
        add_job(session, name, at=2)
    add_link(session, "1", "together", "c1", "c2")
    add_link(session, "2", "after", "before", "c1", least_minutes=60, person="same")
    session.commit()
    return session


def places(session: Session) -> dict[str, Stop]:
    session.expire_all()
    rows = session.exec(select(Stop).where(col(Stop.live), col(Stop.job_id).is_not(None)))
    return {row.job_id or "": row for row in rows}


def test_a_published_plan_keeps_all_links(company: Session, settings: Settings) -> None:
    run = executed(company, settings, publish=True)
    assert run.status == RunStatus.FINISHED, run.failure
    found = places(company)
    assert found.keys() == {"before", "c1", "c2", "alone"}
    assert found["c1"].start_at == found["c2"].start_at
    assert found["c1"].route_id != found["c2"].route_id
    assert found["before"].route_id == found["c1"].route_id
    assert (found["c1"].start_at - found["before"].departure_at).total_seconds() >= 3600
    assert broken_visits(company, settings, SUNDAY_EVENING) == {}


def test_a_crew_for_which_there_are_too_few_is_left_out_with_its_reason(
    company: Session, settings: Settings
) -> None:
    add_job(company, "c3", at=2)
    add_job(company, "c4", at=2)
    add_link(company, "3", "together", "c3", "c4")
    add_link(company, "4", "after", "c3", "c4", least_minutes=-30, person="same")
    company.commit()
    run = executed(company, settings, publish=True)
    assert run.status == RunStatus.FINISHED, run.failure
    assert {"c1", "c2"} <= places(company).keys()


def test_what_waits_for_a_job_on_hold_says_so_in_the_plan(
    company: Session, settings: Settings
) -> None:
    add_job(company, "held", at=2, status="on_hold", hold_reason="a part")
    add_link(company, "3", "after", "held", "alone")
    company.commit()
    run = executed(company, settings, publish=True)
    plan = company.exec(select(Plan).where(Plan.run_id == run.id)).one()
    [row] = company.exec(select(PlanUnassigned).where(PlanUnassigned.plan_id == plan.id)).all()
    assert (row.job_id, row.reasons[0]["rule"]) == ("alone", "after")


def test_a_second_plan_leaves_a_crew_where_it_is(company: Session, settings: Settings) -> None:
    executed(company, settings, publish=True)
    before = {name: (row.start_at, row.route_id) for name, row in places(company).items()}
    add_job(company, "more", at=3)
    company.commit()
    run = executed(company, settings, publish=True)
    assert run.status == RunStatus.FINISHED, run.failure
    after = places(company)
    moved = abs(after["c1"].start_at - before["c1"][0])
    assert after["c1"].start_at == after["c2"].start_at
    assert moved <= timedelta(seconds=settings.objective.moved_time_tolerance)


def test_days_after_is_planned_on_the_later_day(company: Session, settings: Settings) -> None:
    add_job(company, "check", at=2)
    add_link(company, "3", "after", "c1", "check", least_minutes=12 * 60)
    company.commit()
    run = executed(company, settings, ends_on=TUESDAY, publish=True)
    assert run.status == RunStatus.FINISHED, run.failure
    assert places(company)["check"].start_at >= hanoi("08:00", TUESDAY)


def test_a_plan_that_was_overtaken_is_merged_with_its_links(
    company: Session, settings: Settings
) -> None:
    run = executed(company, settings)
    plan = company.exec(select(Plan).where(Plan.run_id == run.id)).one()
    add_job(company, "more", at=3)
    company.commit()
    routes = routes_of(company, plan.id or 0)
    merged = merge(
        company,
        routes,
        plan.based_on_version,
        Scope(MONDAY, MONDAY),
        settings.freeze,
        None,
        settings,
        SUNDAY_EVENING,
    )
    found = {stop.job_id: stop for rows in merged.rows.routes for stop in rows.stops}
    assert {"c1", "c2", "before", "more"} <= found.keys()
    assert found["c1"].start_at == found["c2"].start_at
    assert load_snapshot(company, Scope(MONDAY, MONDAY), SUNDAY_EVENING).links
