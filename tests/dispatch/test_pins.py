"""Pinning visits where they are."""

import pytest
from sqlmodel import Session, select

from dispatch.errors import Conflict, NotFound
from dispatch.models import Job, JobStatus, LogEntry
from dispatch.pins import PinRequest, PinTo, pin_job, unpin_job
from dispatch.placing import PlaceRequest, place_job
from dispatch.settings import Settings
from tests.dispatch.crew import add_job, add_live_route, add_technician, hanoi
from tests.dispatch.drafting import in_force

EIGHT = hanoi("08:00")


@pytest.fixture
def monday(session: Session) -> Session:
    add_technician(session, "ann", at=0)
    add_technician(session, "bob", at=20)
    add_job(session, "a1", at=19)
    add_job(session, "waiting", at=3)
    add_live_route(session, "ann", [("a1", "09:00")])
    session.commit()
    return session


def pin(session: Session, job_id: str = "a1", to: PinTo = PinTo.TECHNICIAN) -> None:
    pin_job(session, job_id, PinRequest(to=to), actor="dana", at=EIGHT)
    session.commit()


def test_a_visit_is_pinned_to_whom_it_is_with(monday: Session) -> None:
    pin(monday)
    job = monday.get_one(Job, "a1")
    assert (job.pinned_technician_id, job.pinned_start_at) == ("ann", None)
    assert job.revision == 2


def test_a_visit_is_pinned_to_its_time(monday: Session) -> None:
    pin(monday, to=PinTo.TIME)
    job = monday.get_one(Job, "a1")
    assert (job.pinned_technician_id, job.pinned_start_at) == ("ann", hanoi("09:00"))


def test_a_pinned_visit_stays_and_an_unpinned_one_may_go(
    monday: Session, settings: Settings
) -> None:
    pin(monday)
    place_job(monday, "a1", PlaceRequest(), settings, actor="dana", at=EIGHT)
    assert in_force(monday) == {"ann": ["a1"]}
    unpin_job(monday, "a1", actor="dana")
    settings = settings.model_copy(update={"weights": {"changed_technician": 0}})
    place_job(monday, "a1", PlaceRequest(), settings, actor="dana", at=EIGHT)
    assert in_force(monday) == {"bob": ["a1"]}


def test_pinning_again_changes_nothing_and_who_pinned_it_is_in_the_log(monday: Session) -> None:
    pin(monday)
    pin(monday)
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
def test_what_is_not_planned_is_not_pinned(monday: Session, job_id: str, code: str) -> None:
    add_job(monday, "done", status=JobStatus.COMPLETED)
    with pytest.raises(Conflict) as error:
        pin(monday, job_id)
    assert [fault.code for fault in error.value.faults] == [code]


def test_a_time_that_is_over_is_not_held(monday: Session) -> None:
    with pytest.raises(Conflict) as error:
        pin_job(monday, "a1", PinRequest(to=PinTo.TIME), actor="dana", at=hanoi("09:30"))
    assert error.value.faults[0].code == "in_the_past"


def test_a_job_that_is_not_there_is_not_found(monday: Session) -> None:
    with pytest.raises(NotFound):
        pin(monday, "nowhere")
    with pytest.raises(NotFound):
        unpin_job(monday, "nowhere", actor="dana")
