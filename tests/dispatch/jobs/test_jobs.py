"""What people and machines do with jobs, on both databases."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func
from sqlmodel import Session, SQLModel, select

from dispatch.errors import Conflict, DispatchError, InvalidInput, NotFound
from dispatch.intake import JobChange, NewJob
from dispatch.jobs import jobs
from dispatch.jobs.details import JobOut
from dispatch.models import (
    Job,
    JobStatus,
    JobWindow,
    LogEntry,
    Priority,
    Site,
    Stop,
)
from dispatch.settings import Settings
from tests.dispatch.companies import SOON, add_company, put_on_live_route

WINDOW = {"starts_at": SOON.isoformat(), "ends_at": (SOON + timedelta(hours=4)).isoformat()}


@pytest.fixture(autouse=True)
def company(session: Session) -> None:
    add_company(session)


def new(**fields: Any) -> NewJob:
    base: dict[str, Any] = {"title": "Máy lạnh không mát", "duration_minutes": 60}
    if "site" not in fields:
        base["site_id"] = "S-1"
    return NewJob.model_validate(base | fields)


def create(session: Session, settings: Settings, **fields: Any) -> JobOut:
    job, _ = jobs.create_job(session, new(**fields), actor="lan", settings=settings)
    session.commit()
    return job


def change(session: Session, settings: Settings, job_id: str, **fields: Any) -> JobOut:
    wanted = JobChange.model_validate(fields)
    job = jobs.change_job(session, job_id, wanted, actor="lan", settings=settings)
    session.commit()
    return job


def count(session: Session, table: type[SQLModel]) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def codes(error: pytest.ExceptionInfo[DispatchError]) -> list[tuple[str, str]]:
    return sorted((fault.code, fault.where) for fault in error.value.faults)


# Creating


def test_a_job_comes_back_as_it_was_given(session: Session, settings: Settings) -> None:
    given: dict[str, Any] = {
        "id": "WO-17",
        "site_id": "S-1",
        "title": "Đường ống gas rò rỉ",
        "priority": "urgent",
        "duration_minutes": 90,
        "due_at": SOON,
        "told_at": None,
        "windows": [{"starts_at": SOON, "ends_at": SOON + timedelta(hours=2), "price": 50_000}],
        "skills": [{"skill_id": "electric", "level": 1}, {"skill_id": "gas", "level": 2}],
        "parts": [{"part_id": "CAP-35UF", "quantity": 2}],
        "tools": ["LADDER"],
        "preferred": ["T-1"],
        "allowed": ["T-1", "T-2"],
        "forbidden": [],
        "pinned_technician_id": "T-2",
        "pinned_start_at": SOON,
        "hold_reason": None,
    }
    create(session, settings, **given)
    session.expire_all()
    read = jobs.read_job(session, "WO-17").model_dump()
    assert {name: read[name] for name in given} == given
    assert (read["status"], read["revision"], read["needs_location"]) == ("open", 1, False)


def test_an_id_is_made_up_where_none_is_given(session: Session, settings: Settings) -> None:
    first, second = create(session, settings), create(session, settings)
    assert first.id != second.id
    assert NewJob.model_validate(new().model_dump() | {"id": first.id}).id == first.id


def test_a_new_site_comes_with_its_job_and_may_lack_a_location(
    session: Session, settings: Settings
) -> None:
    site = {"name": "Anh Hùng", "address": "8 Láng Hạ, Đống Đa", "territory": "west"}
    job = create(session, settings, site=site)
    assert job.needs_location
    stored = session.get_one(Site, job.site_id)
    assert (stored.name, stored.latitude, stored.located_by) == ("Anh Hùng", None, None)

    located = create(session, settings, site={**site, "latitude": 21.01, "longitude": 105.81})
    assert not located.needs_location


def test_a_job_with_a_hold_reason_is_on_hold(session: Session, settings: Settings) -> None:
    assert create(session, settings, hold_reason="chờ phụ tùng").status == JobStatus.ON_HOLD


def test_creating_is_logged_with_who_did_it(session: Session, settings: Settings) -> None:
    job = create(session, settings)
    entry = session.exec(select(LogEntry)).one()
    assert (entry.actor, entry.action, entry.entity, entry.entity_id) == (
        "lan",
        "create",
        "job",
        job.id,
    )
    assert entry.after is not None
    assert entry.after["title"] == "Máy lạnh không mát"


def test_every_unknown_reference_is_named_with_the_likely_id_and_nothing_is_stored(
    session: Session, settings: Settings
) -> None:
    with pytest.raises(InvalidInput) as error:
        create(
            session,
            settings,
            site_id="S-9",
            skills=[{"skill_id": "gaz"}],
            parts=[{"part_id": "XYZ"}],
            tools=["LADER"],
            preferred=["T-3"],
            pinned_technician_id="T-1",
        )
    session.rollback()
    assert codes(error) == [
        ("unknown_reference", where)
        for where in ("parts", "preferred", "site_id", "skills", "tools")
    ]
    actions = {fault.where: fault.action for fault in error.value.faults}
    assert "'gas'" in actions["skills"]
    assert "'LADDER'" in actions["tools"]
    assert "add it first" in actions["parts"]
    assert (count(session, Job), count(session, LogEntry)) == (0, 0)


def test_a_job_whose_windows_are_over_is_refused(session: Session, settings: Settings) -> None:
    over = {"starts_at": "2024-01-01T08:00:00Z", "ends_at": "2024-01-01T12:00:00Z"}
    with pytest.raises(InvalidInput) as error:
        create(session, settings, windows=[over])
    assert codes(error) == [("in_the_past", "windows")]
    create(session, settings, windows=[over, WINDOW])


def test_a_job_pinned_to_the_past_is_refused(session: Session, settings: Settings) -> None:
    with pytest.raises(InvalidInput) as error:
        create(
            session,
            settings,
            pinned_technician_id="T-1",
            pinned_start_at="2024-01-01T08:00:00Z",
        )
    assert codes(error) == [("in_the_past", "pinned_start_at")]


@pytest.mark.parametrize(
    ("latitude", "longitude", "code", "hint"),
    [
        (17.5, 108.9, None, ""),
        (48.1, 11.6, "outside_service_area", "DISPATCH_SERVICE_AREA"),
        (0.0, 0.0, "outside_service_area", "DISPATCH_SERVICE_AREA"),
    ],
)
def test_a_site_outside_the_service_area_is_refused(
    session: Session,
    settings: Settings,
    latitude: float,
    longitude: float,
    code: str | None,
    hint: str,
) -> None:
    site = {"name": "Kho", "address": "?", "latitude": latitude, "longitude": longitude}
    if code is None:
        create(session, settings, site=site)
        return
    with pytest.raises(InvalidInput) as error:
        create(session, settings, site=site)
    session.rollback()
    assert codes(error) == [(code, "site")]
    assert hint in error.value.faults[0].action
    assert count(session, Site) == 1


def test_coordinates_swapped_within_the_globe_are_recognised_by_the_service_area(
    session: Session, settings: Settings
) -> None:
    swiss = settings.model_copy(update={"service_area": (45.8, 5.9, 47.9, 10.5)})
    site = {"name": "Büro", "address": "Bern", "latitude": 7.4, "longitude": 46.9}
    with pytest.raises(InvalidInput) as error:
        create(session, swiss, site=site)
    assert codes(error) == [("swapped_coordinates", "site")]


@pytest.mark.parametrize("kind", ["job", "site"])
def test_an_id_that_is_taken_is_a_conflict(session: Session, settings: Settings, kind: str) -> None:
    fields: dict[str, Any] = {"id": "WO-1"}
    if kind == "site":
        fields = {"site": {"id": "S-1", "name": "Kho", "address": "Hà Nội"}}
    else:
        create(session, settings, **fields)
    jobs_before = count(session, Job)
    with pytest.raises(Conflict) as error:
        create(session, settings, **fields)
    session.rollback()
    assert [fault.code for fault in error.value.faults] == ["duplicate_id"]
    assert count(session, Job) == jobs_before


# Idempotency


def test_the_same_key_and_body_give_the_same_job(session: Session, settings: Settings) -> None:
    first = jobs.create_job(session, new(), actor="app", settings=settings, key="k1")
    session.commit()
    again = jobs.create_job(session, new(), actor="app", settings=settings, key="k1")
    assert (first[1], again[1]) == (True, False)
    assert again[0] == first[0]
    assert count(session, Job) == 1


def test_a_key_is_not_reused_for_another_job(session: Session, settings: Settings) -> None:
    jobs.create_job(session, new(), actor="app", settings=settings, key="k1")
    with pytest.raises(Conflict) as error:
        jobs.create_job(session, new(title="Khác"), actor="app", settings=settings, key="k1")
    assert codes(error) == [("idempotency_key_reused", "Idempotency-Key")]


# Changing


def test_a_change_replaces_what_it_names_and_keeps_the_rest(
    session: Session, settings: Settings
) -> None:
    job = create(session, settings, windows=[WINDOW], skills=[{"skill_id": "gas"}], due_at=SOON)
    changed = change(session, settings, job.id, skills=[{"skill_id": "electric"}], due_at=None)
    assert [skill.skill_id for skill in changed.skills] == ["electric"]
    assert changed.due_at is None
    assert (changed.windows, changed.title) == (job.windows, job.title)
    assert changed.revision == 2
    session.expire_all()
    assert jobs.read_job(session, job.id) == changed


def test_a_change_logs_what_became_different(session: Session, settings: Settings) -> None:
    job = create(session, settings)
    change(session, settings, job.id, priority="high", title=job.title)
    entry = session.exec(select(LogEntry).where(LogEntry.action == "change")).one()
    assert entry.before == {"priority": "normal", "revision": 1}
    assert entry.after == {"priority": "high", "revision": 2}


def test_a_change_without_difference_keeps_the_revision(
    session: Session, settings: Settings
) -> None:
    job = create(session, settings, windows=[WINDOW])
    assert change(session, settings, job.id, windows=[WINDOW], title=job.title) == job
    assert count(session, LogEntry) == 1


def test_a_change_of_an_older_revision_is_a_conflict(session: Session, settings: Settings) -> None:
    job = create(session, settings)
    change(session, settings, job.id, duration_minutes=30)
    with pytest.raises(Conflict) as error:
        jobs.change_job(
            session,
            job.id,
            JobChange(duration_minutes=45),
            actor="lan",
            settings=settings,
            expected_tags=["1"],
        )
    assert codes(error) == [("stale_revision", f"job {job.id}")]


def test_a_change_may_not_contradict_what_stays(session: Session, settings: Settings) -> None:
    job = create(session, settings, allowed=["T-1"])
    with pytest.raises(InvalidInput) as error:
        change(session, settings, job.id, pinned_technician_id="T-2")
    assert codes(error) == [("contradicting_wishes", "pinned_technician_id")]


def test_a_change_to_something_unknown_or_past_changes_nothing(
    session: Session, settings: Settings
) -> None:
    job = create(session, settings)
    over = {"starts_at": "2024-01-01T08:00:00Z", "ends_at": "2024-01-01T12:00:00Z"}
    with pytest.raises(InvalidInput) as error:
        change(session, settings, job.id, title="Khác", tools=["SAW"], windows=[over])
    session.rollback()
    assert codes(error) == [("in_the_past", "windows"), ("unknown_reference", "tools")]
    assert jobs.read_job(session, job.id) == job


def test_a_stale_job_can_still_get_another_title(session: Session, settings: Settings) -> None:
    job = create(session, settings)
    session.add(
        JobWindow(
            job_id=job.id,
            starts_at=SOON - timedelta(days=900),
            ends_at=SOON - timedelta(days=899),
        )
    )
    session.commit()
    assert change(session, settings, job.id, title="Khác").title == "Khác"


def test_a_job_under_way_or_over_is_not_changed(session: Session, settings: Settings) -> None:
    job = create(session, settings)
    for status in set(JobStatus) - set(jobs.CHANGEABLE):
        session.get_one(Job, job.id).status = status
        with pytest.raises(Conflict, match="not_changeable"):
            change(session, settings, job.id, title="Khác")


def test_a_job_is_held_with_a_reason_and_opened_again(session: Session, settings: Settings) -> None:
    job = create(session, settings)
    put_on_live_route(session, job.id)
    held = change(session, settings, job.id, hold_reason="chờ phụ tùng")
    assert (held.status, held.hold_reason) == (JobStatus.ON_HOLD, "chờ phụ tùng")
    assert not session.exec(select(Stop)).one().live
    opened = change(session, settings, job.id, hold_reason=None)
    assert (opened.status, opened.hold_reason) == (JobStatus.OPEN, None)


def test_an_unknown_job_is_not_found(session: Session, settings: Settings) -> None:
    with pytest.raises(NotFound, match="unknown_job"):
        jobs.read_job(session, "nope")
    with pytest.raises(NotFound, match="unknown_job"):
        jobs.cancel_job(session, "nope", actor="lan")
    with pytest.raises(NotFound, match="unknown_job"):
        change(session, settings, "nope", title="Khác")


# Cancelling


def test_a_cancelled_job_leaves_the_live_route_but_not_its_plan(
    session: Session, settings: Settings
) -> None:
    job = create(session, settings)
    put_on_live_route(session, job.id)
    cancelled = jobs.cancel_job(session, job.id, actor="lan")
    session.commit()
    assert (cancelled.status, cancelled.revision) == (JobStatus.CANCELLED, 2)
    stop = session.exec(select(Stop)).one()
    assert (stop.job_id, stop.live) == (job.id, False)


def test_cancelling_again_is_as_once(session: Session, settings: Settings) -> None:
    job = create(session, settings)
    once = jobs.cancel_job(session, job.id, actor="lan")
    assert jobs.cancel_job(session, job.id, actor="lan") == once
    entries = session.exec(select(LogEntry).where(LogEntry.action == "cancel")).all()
    assert len(entries) == 1


def test_a_job_that_is_over_is_not_cancelled(session: Session, settings: Settings) -> None:
    job = create(session, settings)
    session.get_one(Job, job.id).status = JobStatus.COMPLETED
    with pytest.raises(Conflict) as error:
        jobs.cancel_job(session, job.id, actor="lan")
    assert codes(error) == [("job_is_over", f"job {job.id}")]


# Listing


def listed(session: Session, settings: Settings, **filters: Any) -> list[str]:
    page, _ = jobs.list_jobs(session, settings=settings, **filters)
    return [job.id for job in page]


def test_pages_follow_each_other_without_gap_or_overlap(
    session: Session, settings: Settings
) -> None:
    for number in range(5):
        create(session, settings, id=f"WO-{number}")
    seen: list[str] = []
    after = None
    for expected in (2, 2, 1):
        page, after = jobs.list_jobs(session, settings=settings, after=after, limit=2)
        assert len(page) == expected
        seen += [job.id for job in page]
    assert after is None
    assert seen == [f"WO-{number}" for number in range(5)]


def test_jobs_are_filtered(session: Session, settings: Settings) -> None:
    create(session, settings, id="HIGH", priority="high")
    create(session, settings, id="HELD", hold_reason="chờ")
    create(session, settings, id="NOWHERE", site={"name": "A", "address": "B"})
    create(session, settings, id="PLACED")
    put_on_live_route(session, "PLACED")
    assert listed(session, settings, priority=Priority.HIGH) == ["HIGH"]
    assert listed(session, settings, status=JobStatus.ON_HOLD) == ["HELD"]
    assert listed(session, settings, needs_location=True) == ["NOWHERE"]
    assert listed(session, settings, needs_location=False) == ["HELD", "HIGH", "PLACED"]
    assert listed(session, settings, territory="west") == ["HELD", "HIGH", "PLACED"]
    assert listed(session, settings, unassigned=True) == ["HIGH", "NOWHERE"]
    assert listed(session, settings, unassigned=False) == ["HELD", "PLACED"]


def test_a_day_is_a_local_day(session: Session, settings: Settings) -> None:
    # 23:30 in Hanoi on 2100-03-01 is 16:30 UTC; half an hour later the next day begins.
    create(
        session,
        settings,
        id="LATE",
        windows=[
            {"starts_at": "2100-03-01T23:30:00+07:00", "ends_at": "2100-03-01T23:59:59+07:00"}
        ],
    )
    assert listed(session, settings, day=date(2100, 3, 1)) == ["LATE"]
    assert listed(session, settings, day=date(2100, 3, 2)) == []


def test_a_job_placed_on_a_day_is_listed_for_it(session: Session, settings: Settings) -> None:
    create(session, settings, id="PLACED")
    put_on_live_route(session, "PLACED")
    local_day = SOON.astimezone(settings.zone).date()
    assert listed(session, settings, day=local_day) == ["PLACED"]
    assert listed(session, settings, day=local_day + timedelta(days=1)) == []
