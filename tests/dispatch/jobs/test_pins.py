"""Pinning visits where they are."""

import pytest
from sqlmodel import Session, select

from dispatch.errors import Conflict, NotFound
from dispatch.jobs.pins import PinRequest, PinTo, pin_job, unpin_job
from dispatch.models import Job, JobStatus, LogEntry
from dispatch.placing.placing import PlaceRequest, place_job
from dispatch.planning.loading import live_day_of
from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.settings import Settings
from tests.dispatch.crew import MONDAY, add_job, add_live_route, add_technician, hanoi
from tests.dispatch.drafting import in_force

pytestmark = pytest.mark.any_database

EIGHT = hanoi("08:00")


@pytest.fixture
def monday(session: Session) -> Session:
    add_technician(session, "ann", at=0)
    add_technician(session, "bob", at=20)
    add_job(session, "a1", at=19)
    add_job(session, "waiting", at=3)
    add_live_route(session, "ann", [("a1", "09:30")])
    session.commit()
    return session


def pin(
    session: Session, settings: Settings, job_id: str = "a1", to: PinTo = PinTo.TECHNICIAN
) -> None:
    pin_job(session, job_id, PinRequest(to=to), settings, actor="dana", at=EIGHT)
    session.commit()


def test_a_visit_is_pinned_to_whom_it_is_with(monday: Session, settings: Settings) -> None:
    pin(monday, settings)
    job = monday.get_one(Job, "a1")
    assert (job.pinned_technician_id, job.pinned_start_at) == ("ann", None)
    assert job.revision == 2


def test_a_visit_is_pinned_to_its_time(monday: Session, settings: Settings) -> None:
    pin(monday, settings, to=PinTo.TIME)
    job = monday.get_one(Job, "a1")
    assert (job.pinned_technician_id, job.pinned_start_at) == ("ann", hanoi("09:30"))


def test_a_pinned_visit_stays_and_an_unpinned_one_may_go(
    monday: Session, settings: Settings
) -> None:
    pin(monday, settings)
    place_job(monday, "a1", PlaceRequest(), settings, actor="dana", at=EIGHT)
    assert in_force(monday) == {"ann": ["a1"]}
    unpin_job(monday, "a1", actor="dana")
    settings = settings.model_copy(update={"weights": {"changed_technician": 0}})
    place_job(monday, "a1", PlaceRequest(), settings, actor="dana", at=EIGHT)
    assert in_force(monday) == {"bob": ["a1"]}


def test_pinning_again_changes_nothing_and_who_pinned_it_is_in_the_log(
    monday: Session, settings: Settings
) -> None:
    pin(monday, settings)
    pin(monday, settings)
    unpin_job(monday, "a1", actor="eve")
    unpin_job(monday, "a1", actor="eve")
    entries = monday.exec(select(LogEntry)).all()
    assert [(entry.actor, entry.action) for entry in entries] == [
        ("dana", "change"),
        ("eve", "change"),
    ]
    assert entries[0].after == {"pinned_technician_id": "ann", "pinned_start_at": None}


@pytest.mark.parametrize(
    ("job_id", "code"), [("waiting", "not_in_plan"), ("done", "not_changeable")]
)
def test_what_is_not_planned_is_not_pinned(
    monday: Session, job_id: str, code: str, settings: Settings
) -> None:
    add_job(monday, "done", status=JobStatus.COMPLETED)
    with pytest.raises(Conflict) as error:
        pin(monday, settings, job_id)
    assert [fault.code for fault in error.value.faults] == [code]


def test_a_time_that_is_over_is_not_held(monday: Session, settings: Settings) -> None:
    with pytest.raises(Conflict) as error:
        pin_job(monday, "a1", PinRequest(to=PinTo.TIME), settings, actor="dana", at=hanoi("10:00"))
    [fault] = error.value.faults
    assert fault.code == "in_the_past"
    assert "+07:00" in fault.cause  # as people there know it


def test_a_job_that_is_not_there_is_not_found(monday: Session, settings: Settings) -> None:
    with pytest.raises(NotFound):
        pin(monday, settings, "nowhere")
    with pytest.raises(NotFound):
        unpin_job(monday, "nowhere", actor="dana")


def test_a_visit_that_is_late_is_pinned_to_the_minute_at_which_it_can_begin(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=1)
    for name in ("a1", "a2"):
        add_job(session, name, at=1)
    add_live_route(session, "ann", [("a1", "08:00"), ("a2", "08:30")])
    first = session.get_one(Job, "a1")
    first.status, first.arrived_at = JobStatus.ON_SITE, hanoi("08:00:20")
    session.commit()
    pin(session, settings, "a2", PinTo.TIME)
    assert session.get_one(Job, "a2").pinned_start_at == hanoi("08:31")
    snapshot = load_snapshot(session, Scope(MONDAY, MONDAY), hanoi("08:05"))
    assert "a2" in live_day_of(snapshot, settings).translation.visits


def test_a_visit_that_will_miss_its_window_is_not_pinned_to_a_time(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=1)
    add_job(session, "a1", at=1)
    add_job(session, "a2", at=1, windows=[(hanoi("08:30"), hanoi("09:00"))])
    add_live_route(session, "ann", [("a1", "08:20"), ("a2", "08:50")])
    first = session.get_one(Job, "a1")
    first.status, first.arrived_at = JobStatus.ON_SITE, hanoi("08:40")
    session.commit()
    with pytest.raises(Conflict) as error:
        pin_job(session, "a2", PinRequest(to=PinTo.TIME), settings, actor="dana", at=hanoi("08:45"))
    assert error.value.faults[0].code == "late"
