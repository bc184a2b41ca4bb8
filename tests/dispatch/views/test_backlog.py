"""What has no day is listed, with why, in the order that is asked for."""

from datetime import date, timedelta

import pytest
from sqlmodel import Session

from dispatch.models import Job, JobStatus, PlanUnassigned, Priority
from dispatch.settings import Settings
from dispatch.views.backlog import BacklogSort, BacklogState, read_backlog
from tests.dispatch.crew import MONDAY, add_job, add_live_route, add_technician, hanoi


@pytest.fixture(autouse=True)
def jobs(session: Session) -> None:
    add_technician(session, "T01")
    add_job(session, "open", territory="east", priority=Priority.LOW, due_at=hanoi("12:00"))
    add_job(session, "tried", territory="west", priority=Priority.URGENT)
    held = {"status": JobStatus.ON_HOLD, "hold_reason": "Chờ khách", "hold_until": MONDAY}
    add_job(session, "held", due_at=hanoi("09:00"), **held)
    add_job(session, "held-longer", **held | {"hold_until": None})
    for id_, status in (("done", JobStatus.COMPLETED), ("off", JobStatus.CANCELLED)):
        add_job(session, id_, status=status)
    add_job(session, "planned")
    plan_id = add_live_route(session, "T01", [("planned", "09:00")])
    reason = {"code": "outbid", "rule": None, "message": "x"}
    session.add(PlanUnassigned(plan_id=plan_id, job_id="tried", reasons=[reason]))
    for number, id_ in enumerate(("tried", "held", "open", "held-longer")):
        job = session.get_one(Job, id_)
        job.created_at = hanoi("08:00", MONDAY - timedelta(days=9 - number))
    session.flush()


def ids(session: Session, settings: Settings, **asked: object) -> list[str]:
    return [job.job_id for job in read_backlog(session, settings, **asked)[0]]  # type: ignore[arg-type]


def test_what_has_no_day_is_listed_with_why(session: Session, settings: Settings) -> None:
    page, count, after = read_backlog(session, settings)
    assert [(job.job_id, job.state.value) for job in page] == [
        ("tried", "unassigned"), ("held", "on_hold"), ("open", "open"), ("held-longer", "on_hold"),
    ]  # fmt: skip
    assert (count, after) == (4, None)
    tried, held, *_ = page
    assert [reason.code for reason in tried.reasons] == ["outbid"]
    assert (held.hold_reason, held.hold_until) == ("Chờ khách", MONDAY)
    assert (held.site, held.address, held.phone) == ("Customer held", "held street", "0900 000 000")


@pytest.mark.parametrize(
    ("sort", "descending", "order"),
    [
        (BacklogSort.AGE, True, ["held-longer", "open", "held", "tried"]),
        (BacklogSort.PRIORITY, False, ["tried", "held", "held-longer", "open"]),
        (BacklogSort.PRIORITY, True, ["open", "held", "held-longer", "tried"]),
        (BacklogSort.DUE, False, ["held", "open", "held-longer", "tried"]),
        (BacklogSort.DUE, True, ["open", "held", "held-longer", "tried"]),
        (BacklogSort.HOLD_UNTIL, False, ["held", "held-longer", "open", "tried"]),
        (BacklogSort.TERRITORY, False, ["open", "tried", "held", "held-longer"]),
        (BacklogSort.TITLE, False, ["held", "held-longer", "open", "tried"]),
    ],
)
def test_the_order_is_the_one_asked_for_and_what_has_none_of_it_comes_last(
    session: Session, settings: Settings, sort: BacklogSort, descending: bool, order: list[str]
) -> None:
    assert ids(session, settings, sort=sort, descending=descending) == order


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"state": BacklogState.OPEN}, ["open"]),
        ({"state": BacklogState.UNASSIGNED}, ["tried"]),
        ({"state": BacklogState.ON_HOLD}, ["held", "held-longer"]),
        ({"priority": Priority.URGENT}, ["tried"]),
        ({"territory": "east"}, ["open"]),
        ({"work_type_id": "fault"}, []),
        ({"due_by": MONDAY}, ["held", "open"]),
        ({"due_by": date(2027, 2, 28)}, []),
    ],
)
def test_it_is_narrowed_down(
    session: Session, settings: Settings, asked: dict[str, object], found: list[str]
) -> None:
    assert ids(session, settings, **asked) == found


def test_pages_follow_each_other(session: Session, settings: Settings) -> None:
    first, count, after = read_backlog(session, settings, limit=3)
    second, _, last = read_backlog(session, settings, limit=3, after=after)
    assert (count, after, last) == (4, 3, None)
    assert [job.job_id for job in [*first, *second]] == ["tried", "held", "open", "held-longer"]
