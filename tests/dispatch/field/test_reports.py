"""What technicians say of their jobs, late, twice and in any order."""

from datetime import datetime
from itertools import permutations
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import Session, col, select

from dispatch.alerts.rules import TEMPLATES, TemplateContent
from dispatch.errors import Conflict, InvalidInput, NotFound
from dispatch.field.reports import list_reports, take_report
from dispatch.jobs.jobs import cancel_job
from dispatch.local_time import ONE_DAY
from dispatch.models import Job, JobStatus, LogEntry, Part, Report, Route, Stop, VanStock
from dispatch.settings import Settings
from tests.dispatch.crew import (
    MONDAY,
    TUESDAY,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    ensure,
    hanoi,
)
from tests.dispatch.reporting import new_report, take


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann's Monday: j1 with fuses from the van, then j2 with a belt from the depot; Bob is free."""
    add_technician(session, "ann", at=0, stock={"fuse": 5})
    add_technician(session, "bob", at=0)
    add_depot(session, "d", at=2, stock={"belt": 5})
    add_job(session, "j1", at=1, parts={"fuse": 2})
    add_job(session, "j2", at=3, parts={"fuse": 1, "belt": 2})
    add_live_route(
        session,
        "ann",
        [("j1", "08:30"), depot_call("d", "09:30", {"belt": 2}), ("j2", "10:00")],
    )
    session.commit()
    return session


def the_job(session: Session, job: str = "j1") -> Job:
    session.expire_all()
    return session.get_one(Job, job)


def times(job: Job) -> tuple[datetime | None, ...]:
    return job.en_route_at, job.arrived_at, job.departed_at


def van(session: Session, part: str = "fuse") -> int:
    session.expire_all()
    found = session.get(VanStock, ("ann", part))
    return 0 if found is None else found.quantity


def test_a_job_follows_its_reports(monday: Session) -> None:
    for kind, clock in (("en_route", "08:10"), ("on_site", "08:35"), ("completed", "09:20")):
        assert take(monday, kind, clock).job_status == kind
        assert the_job(monday).status == kind
    assert times(the_job(monday)) == (hanoi("08:10"), hanoi("08:35"), hanoi("09:20"))


def test_the_order_in_which_reports_come_in_does_not_matter(monday: Session) -> None:
    told = (
        ("en_route", "08:10"),
        ("on_site", "08:35"),
        ("cannot_complete", "09:20"),
        ("completed", "09:40"),
        ("on_site", "09:50"),
    )
    for number, order in enumerate(permutations(told)):
        # A route of its own: each report works out all of its route anew.
        technician, job_id = f"t{number}", f"p{number}"
        add_technician(monday, technician)
        add_job(monday, job_id, at=1)
        add_live_route(monday, technician, [(job_id, "08:30")])
        for kind, clock in order:
            new = new_report(kind, clock, job_id)
            take_report(monday, technician, new, Settings(), actor=technician, at=hanoi("16:00"))
        job = monday.get_one(Job, job_id)
        assert job.status == JobStatus.CANNOT_COMPLETE
        assert times(job) == (hanoi("08:10"), hanoi("08:35"), hanoi("09:20"))


def test_what_is_said_to_have_happened_after_the_end_does_not_count(monday: Session) -> None:
    take(monday, "completed", "09:20")
    assert take(monday, "on_site", "09:50").job_status == JobStatus.COMPLETED
    assert times(the_job(monday)) == (None, None, hanoi("09:20"))


def test_a_report_that_is_sent_again_changes_nothing(monday: Session) -> None:
    new = new_report("completed", "09:20", signed_by="Chị Lan", readings={"bar": 8})
    first = take_report(monday, "ann", new, Settings(), actor="ann", at=hanoi("09:21"))
    monday.commit()
    revision = the_job(monday).revision
    again = take_report(monday, "ann", new, Settings(), actor="ann", at=hanoi("12:00"))
    assert first[1]
    assert again == (first[0], False)
    assert the_job(monday).revision == revision
    assert len(monday.exec(select(Report)).all()) == 1
    assert van(monday) == 3


def test_an_id_stands_for_one_report(monday: Session) -> None:
    take(monday, "en_route", "08:10", id="r")
    with pytest.raises(Conflict) as error:
        take(monday, "on_site", "08:35", id="r")
    assert [fault.code for fault in error.value.faults] == ["report_id_reused"]


@pytest.mark.parametrize(("job", "technician"), [("j1", "bob"), ("stray", "ann")])
def test_a_job_that_is_not_on_ones_route_is_not_reported_on(
    monday: Session, job: str, technician: str
) -> None:
    add_job(monday, "stray")
    monday.commit()
    with pytest.raises(Conflict) as error:
        take(monday, "en_route", "08:10", job, technician)
    monday.rollback()
    assert [fault.code for fault in error.value.faults] == ["not_on_your_route"]
    assert monday.exec(select(Report)).all() == []
    assert not any(times(the_job(monday, job)))


def test_who_has_begun_may_go_on_reporting_when_the_job_was_cancelled(monday: Session) -> None:
    take(monday, "en_route", "08:10")
    cancel_job(monday, "j1", actor="dana")
    monday.commit()
    assert take(monday, "on_site", "08:35").job_status == JobStatus.CANCELLED
    assert take(monday, "completed", "09:00").job_status == JobStatus.COMPLETED


def test_every_fault_of_a_report_is_named_at_once(monday: Session) -> None:
    with pytest.raises(InvalidInput) as error:
        take(
            monday,
            "completed",
            "10:00",
            received="09:00",
            parts_used=[{"part_id": "fuze", "quantity": 1}],
        )
    assert {(fault.code, fault.where) for fault in error.value.faults} == {
        ("unknown_reference", "parts_used"),
        ("in_the_future", "at"),
    }


def test_a_clock_may_be_a_little_ahead(monday: Session) -> None:
    assert take(monday, "on_site", "09:04", received="09:00").job_status == "on_site"


def take_at(session: Session, at: datetime, received: datetime) -> JobStatus:
    new = new_report("completed", "09:00").model_copy(update={"at": at})
    found, _ = take_report(session, "ann", new, Settings(), actor="ann", at=received)
    session.commit()
    return found.job_status


@pytest.mark.parametrize("days", [1, 400])
def test_nothing_is_reported_of_a_day_to_come(monday: Session, days: int) -> None:
    for at in (hanoi("23:59", MONDAY - days * ONE_DAY), hanoi("12:00", MONDAY - days * ONE_DAY)):
        with pytest.raises(InvalidInput) as error:
            take_at(monday, at, received=hanoi("09:00"))
        assert [(fault.code, fault.where) for fault in error.value.faults] == [
            ("before_its_day", "at")
        ]
        monday.rollback()
    assert the_job(monday).status == "scheduled"
    assert take_at(monday, hanoi("00:01"), received=hanoi("00:02")) == "completed"


def test_a_phone_may_have_been_out_of_reach_for_days(monday: Session) -> None:
    assert take_at(monday, hanoi("09:00"), received=hanoi("09:00") + 20 * ONE_DAY) == "completed"


def test_who_begins_soon_after_midnight_may_set_out_before(monday: Session) -> None:
    add_job(monday, "night", at=1)
    add_live_route(monday, "bob", [("night", "01:00")], starts="00:30", ends="06:00")
    monday.commit()
    sunday = MONDAY - ONE_DAY
    new = new_report("en_route", "09:00", "night")
    for clock, is_taken in (("20:29", False), ("23:50", True)):
        at = hanoi(clock, sunday)
        report = new.model_copy(update={"at": at})
        if is_taken:
            found, _ = take_report(monday, "bob", report, Settings(), actor="bob", at=at)
            assert found.job_status == "en_route"
        else:
            with pytest.raises(InvalidInput):
                take_report(monday, "bob", report, Settings(), actor="bob", at=at)


def test_what_is_planned_for_a_later_day_by_now_is_reported_of_the_day_it_was_planned_for(
    monday: Session,
) -> None:
    add_job(monday, "moved", at=1)
    add_live_route(monday, "bob", [("moved", "08:30")])
    route = monday.exec(select(Route).where(Route.technician_id == "bob")).one()
    stop = monday.exec(select(Stop).where(Stop.job_id == "moved")).one()
    route.live = stop.live = False
    monday.flush()
    add_live_route(
        monday, "bob", [("moved", "00:30")], day=TUESDAY, starts="00:30", ends="06:00", version=2
    )
    monday.commit()
    # Nearer to Tuesday's visit, but Tuesday's shift cannot have begun.
    take(monday, "completed", "18:00", "moved", "bob", received="18:01")
    live = monday.exec(
        select(Route.day)
        .join(Stop, col(Stop.route_id) == Route.id)
        .where(Stop.job_id == "moved", col(Stop.live))
    ).all()
    assert live == [MONDAY]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("cannot_complete", {"reason": None}),
        ("completed", {"reason": "unsafe"}),
        ("on_site", {"parts_used": [{"part_id": "fuse"}]}),
        ("en_route", {"signed_by": "Chị Lan"}),
        ("on_site", {"checked": ["Clean it"]}),
        ("completed", {"checked": ["Clean it", "Clean it"]}),
        ("completed", {"checked": ["x" * 121]}),
        ("completed", {"checked": [f"line {number}" for number in range(31)]}),
        ("completed", {"readings": {"bar": float("nan")}}),
        ("completed", {"mood": "good"}),
    ],
)
def test_a_report_that_makes_no_sense_is_refused(kind: str, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        new_report(kind, "09:00", **fields)


def test_nobody_reports_who_is_not_there(monday: Session) -> None:
    with pytest.raises(NotFound):
        take(monday, "en_route", "08:10", technician="nobody")
    with pytest.raises(NotFound):
        list_reports(monday, "nowhere")


def test_reports_are_read_in_the_order_of_their_times(monday: Session) -> None:
    take(monday, "on_site", "08:35")
    take(monday, "en_route", "08:10")
    assert [report.kind for report in list_reports(monday, "j1")] == ["en_route", "on_site"]


def test_what_a_job_becomes_is_in_the_log(monday: Session) -> None:
    take(monday, "completed", "09:20")
    (entry,) = monday.exec(select(LogEntry)).all()
    assert (entry.actor, entry.action, entry.entity_id) == ("ann", "completed", "j1")
    states = [None if state is None else state["status"] for state in (entry.before, entry.after)]
    assert states == ["scheduled", "completed"]


# What was ticked off and measured


def keep_care(session: Session, **fields: Any) -> None:
    """What j1 is made from."""
    care = {
        "title": "Care",
        "duration_minutes": 30,
        "checklist": ["Turn it off", "Clean it"],
        "readings": [{"name": "Pressure", "unit": "bar", "least": 2, "most": 8}],
    }
    TEMPLATES.put(session, "care", TemplateContent.model_validate(care | fields), actor="lan")
    session.get_one(Job, "j1").work_type_id = "care"
    session.commit()


def test_what_was_ticked_and_measured_is_kept_as_said(monday: Session) -> None:
    keep_care(monday)
    # The phone has the list as it was in the morning, and 9 bar is what there is.
    ticked = ["Clean it", "Dry it"]
    take(monday, "completed", "09:20", checked=ticked, readings={"Pressure": 9, "Noise": 40})
    [report] = list_reports(monday, "j1")
    assert (report.checked, report.readings) == (ticked, {"Pressure": 9, "Noise": 40})
    assert report.checklist == ["Turn it off", "Clean it"]
    [wanted] = report.readings_wanted
    assert (wanted.name, wanted.unit, wanted.least, wanted.most) == ("Pressure", "bar", 2, 8)


def test_a_work_type_that_changes_changes_nothing_that_was_said(monday: Session) -> None:
    keep_care(monday)
    new = new_report("completed", "09:20", checked=["Clean it"], readings={"Pressure": 7})
    first = take_report(monday, "ann", new, Settings(), actor="ann", at=hanoi("09:21"))
    monday.commit()
    keep_care(monday, checklist=["Dry it"], readings=[{"name": "Pressure", "most": 5}])
    assert list_reports(monday, "j1") == [first[0]]
    again = take_report(monday, "ann", new, Settings(), actor="ann", at=hanoi("12:00"))
    assert again == (first[0], False)


def test_of_what_was_in_vain_nothing_is_left_to_tick(monday: Session) -> None:
    keep_care(monday)
    take(monday, "on_site", "09:00")
    take(monday, "cannot_complete", "09:20", readings={"Pressure": 1})
    there, end = list_reports(monday, "j1")
    assert (there.checklist, there.readings_wanted) == ([], [])
    assert (end.checklist, [one.name for one in end.readings_wanted]) == ([], ["Pressure"])


# The van


def test_a_completed_job_takes_what_was_planned_out_of_the_van(monday: Session) -> None:
    take(monday, "completed", "09:20")
    assert van(monday) == 3
    assert the_job(monday).parts_used == {"fuse": 2}


def test_what_the_technician_says_counts_more_than_the_plan(monday: Session) -> None:
    take(monday, "completed", "09:20", parts_used=[{"part_id": "fuse", "quantity": 4}])
    assert van(monday) == 1


def test_a_job_that_could_not_be_completed_takes_nothing(monday: Session) -> None:
    take(monday, "cannot_complete", "09:20")
    assert van(monday) == 5
    assert the_job(monday).parts_used == {}


def test_what_was_fetched_on_the_way_is_not_taken_out_of_the_van(monday: Session) -> None:
    take(monday, "completed", "10:40", "j2")
    assert (van(monday), van(monday, "belt")) == (4, 0)


def test_a_van_never_has_less_than_nothing(monday: Session) -> None:
    take(monday, "completed", "09:20", parts_used=[{"part_id": "fuse", "quantity": 9}])
    assert van(monday) == 0


def test_an_earlier_end_that_comes_in_late_gives_back_what_the_later_one_took(
    monday: Session,
) -> None:
    take(monday, "completed", "09:20")
    take(monday, "cannot_complete", "09:00")
    assert van(monday) == 5


def test_a_part_that_was_never_in_the_van_changes_no_figure(monday: Session) -> None:
    ensure(monday, Part, "valve")
    take(monday, "completed", "09:20", parts_used=[{"part_id": "valve", "quantity": 1}])
    assert (van(monday), van(monday, "valve")) == (5, 0)
