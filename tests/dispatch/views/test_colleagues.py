"""Who else is there: the others of a crew, on the phone and on the board."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from dispatch.models import JobStatus, Technician
from dispatch.models.jobs import Job
from dispatch.settings import Settings
from dispatch.views.board import read_board
from dispatch.views.colleagues import Colleague
from dispatch.views.itinerary import daily_route
from tests.dispatch.crew import MONDAY, add_job, add_link, add_live_route, add_technician, hanoi

pytestmark = pytest.mark.any_database


@pytest.fixture
def monday(session: Session) -> Session:
    for name in ("ann", "bob"):
        add_technician(session, name, at=0)
    for name in ("a", "b", "c", "before"):
        add_job(session, name, at=1)
    add_live_route(session, "ann", [("a", "09:00")])
    add_live_route(session, "bob", [("before", "08:15"), ("b", "09:00")])
    add_link(session, "1", "together", "a", "b", "c")
    session.get_one(Technician, "bob").phone = "0912 345 678"
    session.commit()
    return session


def crew(session: Session, settings: Settings, clock: str = "08:00") -> list[Colleague]:
    session.commit()
    found = daily_route(session, "ann", MONDAY, settings, hanoi(clock))
    return found.routes[0].stops[0].crew


def test_the_phone_names_the_others_and_when_they_arrive(
    monday: Session, settings: Settings
) -> None:
    b, c = crew(monday, settings)
    assert (b.technician, b.phone) == ("Technician bob", "0912 345 678")
    theirs = daily_route(monday, "bob", MONDAY, settings, hanoi("08:00")).routes[0].stops[1]
    assert b.expected_arrival_at == theirs.expected_arrival_at
    assert (c.job_id, c.technician, c.expected_arrival_at) == ("c", None, None)


def test_who_is_late_is_expected_later(monday: Session, settings: Settings) -> None:
    before = monday.get_one(Job, "before")
    before.status, before.arrived_at = JobStatus.ON_SITE, hanoi("09:20")
    b, _ = crew(monday, settings, "09:25")
    assert b.expected_arrival_at == hanoi("09:20") + timedelta(minutes=30)


def test_what_was_cancelled_is_nobodys(monday: Session, settings: Settings) -> None:
    monday.get_one(Job, "c").status = JobStatus.CANCELLED
    assert [one.job_id for one in crew(monday, settings)] == ["b"]


def test_a_visit_alone_has_no_colleagues(monday: Session, settings: Settings) -> None:
    found = daily_route(monday, "bob", MONDAY, settings, hanoi("08:00"))
    assert [len(stop.crew) for stop in found.routes[0].stops] == [0, 2]


def test_the_board_has_the_links_of_every_job(monday: Session, settings: Settings) -> None:
    board = read_board(monday, MONDAY, 1, settings, at=hanoi("08:00"))
    assert [link.id for link in board.jobs["a"].links] == ["1"]
    assert board.jobs["before"].links == []
