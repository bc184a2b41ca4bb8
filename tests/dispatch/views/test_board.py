"""What a dispatcher sees of a day."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from dispatch.models import Absence, Job, JobStatus, Plan, PlanStatus, PlanUnassigned, Priority
from dispatch.settings import Settings
from dispatch.views.board import Board, read_board
from tests.dispatch.crew import (
    MONDAY,
    TUESDAY,
    add_job,
    add_live_route,
    add_technician,
    hanoi,
)


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann has two visits, Bob none; all of it at one place."""
    add_technician(session, "ann", at=1, skills={"gas": 2}, breaks=[("12:00", "13:00", 30)])
    add_technician(session, "bob", at=1)
    add_job(session, "j1", at=1, windows=[(hanoi("08:30"), hanoi("09:30"))])
    add_job(session, "j2", at=1, windows=[(hanoi("09:00"), hanoi("10:00"))])
    add_live_route(session, "ann", [("j1", "08:30"), ("j2", "09:00")])
    session.commit()
    return session


def seen(session: Session, settings: Settings, clock: str = "07:00", **which: object) -> Board:
    days, technicians = which.get("days", 1), which.get("technician_ids")
    assert isinstance(days, int)
    assert technicians is None or isinstance(technicians, list)
    return read_board(session, MONDAY, days, settings, technician_ids=technicians, at=hanoi(clock))


def test_everybody_who_works_is_there_with_shift_and_route(
    monday: Session, settings: Settings
) -> None:
    board = seen(monday, settings)
    assert [one.id for one in board.technicians] == ["ann", "bob"]
    assert [(one.technician_id, one.starts_at) for one in board.shifts] == [
        ("ann", hanoi("08:00")),
        ("bob", hanoi("08:00")),
    ]
    (route,) = board.routes
    assert [stop.job_id for stop in route.stops] == ["j1", "j2"]
    assert set(board.jobs) == {"j1", "j2"}
    assert board.starts_at == hanoi("00:00")


def test_times_are_those_planned_and_those_that_follow_from_what_was_reported(
    monday: Session, settings: Settings
) -> None:
    job = monday.get_one(Job, "j1")
    job.status, job.arrived_at = JobStatus.ON_SITE, hanoi("09:55")
    monday.commit()
    board = seen(monday, settings, "10:00")
    (route,) = board.routes
    first, second = route.stops
    assert (first.start_at, first.expected_start_at) == (hanoi("08:30"), hanoi("09:55"))
    assert second.expected_start_at == hanoi("10:25")
    assert second.will_miss == ["time_window"]
    assert (board.figures.under_way, board.figures.late, board.figures.visits) == (1, 2, 2)


def test_overtime_is_what_is_expected_after_the_end_of_the_shift(
    monday: Session, settings: Settings
) -> None:
    job = monday.get_one(Job, "j1")
    job.status, job.arrived_at = JobStatus.ON_SITE, hanoi("16:20")
    monday.commit()
    board = seen(monday, settings, "16:30")
    way_home = board.routes[0].end_at - board.routes[0].stops[-1].departure_at
    home_again = hanoi("17:20") + way_home
    assert board.routes[0].expected_end_at == home_again
    assert board.figures.overtime_seconds == (home_again - hanoi("17:00")).total_seconds()


def test_those_with_nothing_to_do_count_in_the_time_that_there_is(
    monday: Session, settings: Settings
) -> None:
    assert seen(monday, settings).figures.shift_seconds == 2 * 9 * 3600


def test_what_waits_is_told_with_the_reasons_of_the_newest_plan(
    monday: Session, settings: Settings
) -> None:
    add_job(monday, "new", at=1, priority=Priority.URGENT)
    add_job(monday, "waits", at=1, windows=[(hanoi("09:00"), hanoi("10:00"))])
    add_job(monday, "later", at=1, windows=[(hanoi("09:00", TUESDAY), hanoi("10:00", TUESDAY))])
    add_job(monday, "called off", at=1, status=JobStatus.CANCELLED)
    for message in ("old", "nobody has the skill"):
        plan = Plan(
            status=PlanStatus.DRAFT, starts_on=MONDAY, ends_on=MONDAY, based_on_version=0,
            objective=0,
        )  # fmt: skip
        monday.add(plan)
        monday.flush()
        reason = {"code": "impossible", "rule": "skills", "message": message}
        monday.add(PlanUnassigned(plan_id=plan.id, job_id="waits", reasons=[reason]))
    monday.commit()

    board = seen(monday, settings)

    assert [one.job_id for one in board.unassigned] == ["new", "waits"]
    assert [one.message for one in board.unassigned[1].reasons] == ["nobody has the skill"]
    assert {"new", "waits"} <= board.jobs.keys()
    assert [one.job_id for one in seen(monday, settings, days=2).unassigned] == [
        "later",
        "new",
        "waits",
    ]


def test_a_job_whose_time_is_over_waits_until_somebody_sees_to_it(
    monday: Session, settings: Settings
) -> None:
    yesterday = MONDAY - timedelta(days=1)
    add_job(
        monday, "missed", at=1, windows=[(hanoi("09:00", yesterday), hanoi("10:00", yesterday))]
    )
    monday.commit()
    assert [one.job_id for one in seen(monday, settings).unassigned] == ["missed"]


def test_an_absence_is_told_and_cuts_the_shift(monday: Session, settings: Settings) -> None:
    monday.add(
        Absence(id="A", technician_id="bob", starts_at=hanoi("12:00"), ends_at=hanoi("20:00"))
    )
    monday.commit()
    board = seen(monday, settings)
    assert [one.id for one in board.absences] == ["A"]
    assert [one.ends_at for one in board.shifts if one.technician_id == "bob"] == [hanoi("12:00")]
    assert seen(monday, settings, technician_ids=["ann"]).absences == []


def test_some_technicians_alone_come_with_their_own_jobs(
    monday: Session, settings: Settings
) -> None:
    board = seen(monday, settings, technician_ids=["bob"])
    [bob] = board.technicians
    assert (bob.id, bob.pace_percent, bob.max_visits) == ("bob", 100, None)
    assert not board.routes
    assert not board.jobs
    assert seen(monday, settings, technician_ids=["nobody"]).technicians == []
