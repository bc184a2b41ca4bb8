"""The running day is planned again when something has happened, and left alone otherwise."""

from datetime import timedelta

import pytest
import time_machine
from sqlmodel import Session, select

from dispatch.field.reports import NewReport, take_report
from dispatch.field.stock_transfers import NewStockTransfer, book_transfer
from dispatch.jobs.jobs import cancel_job
from dispatch.models import ReportKind, Run, RunStatus
from dispatch.placing.absences import NewAbsence, add_absence
from dispatch.runs.replanning import replan_if_worth_it
from dispatch.runs.runs import RunOut
from dispatch.settings import Settings
from tests.dispatch.crew import MONDAY, add_depot, add_job, add_live_route, add_technician, hanoi

NINE = hanoi("09:00")
TEN = hanoi("10:00")


@pytest.fixture
def monday(session: Session) -> Session:
    add_technician(session, "ann", at=0)
    add_job(session, "a1", at=1)
    add_job(session, "a2", at=4, windows=[(hanoi("11:00"), hanoi("12:00"))])
    add_live_route(session, "ann", [("a1", "09:00"), ("a2", "11:00")])
    session.commit()
    return session


@pytest.fixture
def every_ten(settings: Settings) -> Settings:
    return settings.model_copy(update={"replan_every_minutes": 10})


def replan(session: Session, settings: Settings, minutes: float = 0) -> RunOut | None:
    return replan_if_worth_it(session, settings, TEN + timedelta(minutes=minutes))


def cancel(session: Session) -> None:
    with time_machine.travel(TEN):
        cancel_job(session, "a1", actor="dana")
        session.flush()


def test_a_cancellation_has_today_planned_again(monday: Session, every_ten: Settings) -> None:
    cancel(monday)
    run = replan(monday, every_ten)
    assert run is not None
    assert (run.starts_on, run.ends_on, run.trigger) == (MONDAY, MONDAY, "cancellation")
    assert (run.publish, run.only_small_changes, run.requested_by) == (True, True, "scheduler")
    assert run.freeze_minutes == 30


def test_nothing_is_planned_where_nothing_has_happened(
    monday: Session, every_ten: Settings
) -> None:
    assert replan(monday, every_ten) is None


def test_nothing_is_planned_unless_it_is_configured(monday: Session, settings: Settings) -> None:
    cancel(monday)
    assert replan(monday, settings) is None


def test_one_plan_at_a_time_and_not_too_often(monday: Session, every_ten: Settings) -> None:
    cancel(monday)
    assert replan(monday, every_ten)
    with time_machine.travel(TEN + timedelta(minutes=1)):
        cancel_job(monday, "a2", actor="dana")
        monday.flush()
    assert replan(monday, every_ten, 11) is None
    monday.exec(select(Run)).one().status = RunStatus.FINISHED
    assert replan(monday, every_ten, 9) is None
    assert replan(monday, every_ten, 11)


def test_what_the_last_plan_knew_is_no_reason_for_another(
    monday: Session, every_ten: Settings
) -> None:
    cancel(monday)
    with time_machine.travel(TEN + timedelta(minutes=1)):
        assert replan(monday, every_ten, 1)
    monday.exec(select(Run)).one().status = RunStatus.FINISHED
    assert replan(monday, every_ten, 30) is None


@pytest.mark.parametrize(("arrived", "trigger"), [("09:00", None), ("10:45", "late")])
def test_a_report_counts_if_it_makes_somebody_late(
    monday: Session, every_ten: Settings, arrived: str, trigger: str | None
) -> None:
    at = hanoi(arrived)
    window = [(hanoi("10:30"), hanoi("11:00"))]
    add_job(monday, "tight", at=3, windows=window)
    with time_machine.travel(at):
        report = NewReport(id="r", job_id="a1", kind=ReportKind.ON_SITE, at=at)
        take_report(monday, "ann", report, every_ten, actor="ann")
        monday.flush()
    late = at + timedelta(hours=1, minutes=20)
    run = replan_if_worth_it(monday, every_ten, late if trigger else at)
    assert (run.trigger if run else None) == trigger


def test_parts_that_were_taken_have_today_planned_again(
    monday: Session, every_ten: Settings
) -> None:
    """They may be what a job without a place was waiting for."""
    add_depot(monday, "d", stock={"belt": 1})
    with time_machine.travel(TEN):
        new = NewStockTransfer(id="t", part_id="belt", quantity=1, at=TEN, depot_id="d")
        book_transfer(monday, "ann", new, every_ten, actor="ann")
        monday.flush()
    run = replan(monday, every_ten)
    assert run is not None
    assert run.trigger == "stock"


def test_an_absence_has_today_planned_again(monday: Session, every_ten: Settings) -> None:
    with time_machine.travel(TEN):
        ill = NewAbsence(starts_at=TEN, ends_at=hanoi("17:00"))
        add_absence(monday, "ann", ill, actor="dana")
        monday.flush()
    run = replan(monday, every_ten)
    assert run is not None
    assert run.trigger == "absence"
