from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from dispatch.errors import NotFound
from dispatch.models import (
    Alert,
    AlertOutcome,
    Job,
    JobStatus,
    JobTask,
    Obstacle,
    Report,
    ReportKind,
    Severity,
    Site,
)
from dispatch.settings import Settings
from dispatch.views.history import ended_visits, job_history
from tests.dispatch.crew import MONDAY, add_job, add_technician, hanoi
from tests.dispatch.machines import add_machines


@pytest.fixture
def monday(session: Session) -> Session:
    """A job at a site, and another customer."""
    add_technician(session, "ann", stock={"fuse": 9})
    add_job(session, "j1")
    add_job(session, "elsewhere")
    return session


def add_earlier(
    session: Session, id_: str, days: int, site: str = "site-j1", **report: Any
) -> None:
    """A job that ann ended so many days before."""
    ended_at = hanoi("10:00", MONDAY - timedelta(days=days))
    kind = report.pop("kind", ReportKind.COMPLETED)
    used = report.get("parts_used") or {}
    session.add(
        Job(
            id=id_,
            site_id=site,
            title=f"Repair {id_}",
            duration_minutes=30,
            status=JobStatus(kind.value),
            departed_at=ended_at,
            parts_used=used,
        )
    )
    session.flush()
    session.add(
        Report(id=f"r-{id_}", job_id=id_, technician_id="ann", kind=kind, at=ended_at, **report)
    )
    session.flush()


def ids(session: Session, job_id: str = "j1", **page: Any) -> list[str]:
    return [visit.job_id for visit in job_history(session, job_id, **page)[0]]


def test_what_was_done_there_before_is_told_with_all_that_was_reported(monday: Session) -> None:
    add_earlier(
        monday,
        "e1",
        7,
        kind=ReportKind.CANNOT_COMPLETE,
        reason=Obstacle.MISSING_PART,
        note="Cần thêm tụ",
        parts_used={"fuse": 2, "gone": 1},
        readings={"pressure_bar": 8.5},
        checked=["Clean it"],
        checklist=["Clean it", "Dry it"],
        readings_wanted=[{"name": "pressure_bar", "unit": "bar", "least": 2, "most": 8}],
        signed_by="Chị Lan",
    )
    [visit], following = job_history(monday, "j1")
    assert following is None
    assert (visit.job_id, visit.status) == ("e1", JobStatus.CANNOT_COMPLETE)
    assert visit.ended_at == hanoi("10:00", MONDAY - timedelta(days=7))
    assert (visit.technician_id, visit.technician) == ("ann", "Technician ann")
    assert (visit.reason, visit.note) == (Obstacle.MISSING_PART, "Cần thêm tụ")
    assert [(part.name, part.quantity) for part in visit.parts_used] == [("fuse", 2), ("gone", 1)]
    assert (visit.readings, visit.signed_by) == ({"pressure_bar": 8.5}, "Chị Lan")
    assert (visit.checked, visit.checklist) == (["Clean it"], ["Clean it", "Dry it"])
    assert [(one.unit, one.least, one.most) for one in visit.readings_wanted] == [("bar", 2, 8)]
    assert not visit.same_asset


def test_only_what_is_over_at_the_same_site_is_history(monday: Session) -> None:
    add_earlier(monday, "e1", 7)
    add_earlier(monday, "other", 7, site="site-elsewhere")
    monday.add(Job(id="open", site_id="site-j1", title="x", duration_minutes=30))
    monday.flush()
    assert ids(monday) == ["e1"]


def test_history_comes_in_pages_the_newest_first(monday: Session) -> None:
    for number, days in enumerate((3, 1, 2, 2)):
        add_earlier(monday, f"e{number}", days)
    assert ids(monday) == ["e1", "e3", "e2", "e0"]
    first, following = job_history(monday, "j1", limit=2)
    assert ([visit.job_id for visit in first], following) == (["e1", "e3"], "e3")
    assert ids(monday, after=following, limit=2) == ["e2", "e0"]


def test_a_job_that_is_over_has_what_was_before_it(monday: Session) -> None:
    for number, days in enumerate((3, 2, 1)):
        add_earlier(monday, f"e{number}", days)
    assert ids(monday, "e1") == ["e0"]


def test_the_first_report_that_ends_a_job_is_told(monday: Session) -> None:
    add_earlier(monday, "e1", 7, note="done")
    later = hanoi("11:00", MONDAY - timedelta(days=7))
    monday.add(
        Report(
            id="r-2",
            job_id="e1",
            technician_id="ann",
            kind=ReportKind.COMPLETED,
            at=later,
            note="again",
        )
    )
    monday.flush()
    assert [visit.note for visit in job_history(monday, "j1")[0]] == ["done"]


def test_a_job_that_came_from_files_as_done_has_nobody_who_did_it(monday: Session) -> None:
    monday.add(
        Job(
            id="e1",
            site_id="site-j1",
            title="Old",
            duration_minutes=30,
            status=JobStatus.COMPLETED,
        )
    )
    monday.flush()
    [visit], _ = job_history(monday, "j1")
    assert (visit.technician, visit.parts_used, visit.ended_at is not None) == (None, [], True)


def test_a_machine_keeps_its_history_when_it_has_moved(session: Session) -> None:
    add_machines(session, ["sen"])
    add_technician(session, "ann")
    session.add(Site(id="old", name="old", address="old"))
    add_job(session, "j1")
    add_earlier(session, "there", 3, site="old")
    add_earlier(session, "not", 2, site="old")
    session.get_one(Job, "j1").site_id = "sen"
    for job_id in ("j1", "there"):
        add_task(session, job_id, "sen-1")
    [visit], _ = job_history(session, "j1")
    assert (visit.job_id, visit.assets, visit.same_asset) == ("there", ["Chiller 1"], True)


def add_task(session: Session, job_id: str, device_id: str) -> None:
    at = hanoi("08:00")
    alert = Alert(
        id_at_source=job_id,
        device_id=device_id,
        site_id="sen",
        type="hot",
        severity=Severity.MAJOR,
        occurred_at=at,
        last_seen_at=at,
        outcome=AlertOutcome.JOB,
    )
    session.add(alert)
    session.flush()
    session.add(
        JobTask(
            job_id=job_id,
            position=0,
            title="hot",
            alert_id=alert.id or 0,
            device_id=device_id,
            type="hot",
            severity=Severity.MAJOR,
            added_at=at,
            last_seen_at=at,
        )
    )
    session.flush()


def test_of_one_machine_only_what_was_on_it_is_told(session: Session) -> None:
    add_machines(session, ["sen"])
    add_technician(session, "ann")
    add_job(session, "j1")
    session.get_one(Job, "j1").site_id = "sen"
    for days, job_id in enumerate(("machine", "site"), start=1):
        add_earlier(session, job_id, days, site="sen")
    for job_id in ("j1", "machine"):
        add_task(session, job_id, "sen-1")
    assert ids(session) == ["machine", "site"]
    assert ids(session, same_asset=True) == ["machine"]


def ended(session: Session, settings: Settings, days_ago: int, **query: Any) -> list[str]:
    day, span = MONDAY - timedelta(days=days_ago), query.pop("days", 1)
    return [visit.job_id for visit in ended_visits(session, day, span, settings, **query)[0]]


def test_what_ended_on_a_day_is_listed_by_its_own_clock(
    monday: Session, settings: Settings
) -> None:
    add_earlier(monday, "e1", 2, kind=ReportKind.CANNOT_COMPLETE, reason=Obstacle.UNSAFE)
    add_earlier(monday, "e2", 2, site="site-elsewhere", note="Xong")
    add_earlier(monday, "e3", 1)
    midnight = hanoi("00:00", MONDAY - timedelta(days=1))
    monday.get_one(Job, "e3").departed_at = midnight
    monday.flush()
    assert ended(monday, settings, 2) == ["e2", "e1"]
    assert ended(monday, settings, 2, status=JobStatus.CANNOT_COMPLETE) == ["e1"]
    assert ended(monday, settings, 1) == ["e3"]
    assert ended(monday, settings, 2, days=2) == ["e3", "e2", "e1"]
    [first], following = ended_visits(monday, MONDAY - timedelta(days=2), 2, settings, limit=1)
    assert (first.site, first.followed_by, first.is_closed) == ("Customer j1", [], False)
    assert ended(monday, settings, 2, days=2, after=following) == ["e2", "e1"]


def test_there_is_no_history_of_what_does_not_exist(monday: Session) -> None:
    with pytest.raises(NotFound):
        job_history(monday, "nothing")
    assert monday.exec(select(Report)).all() == []
