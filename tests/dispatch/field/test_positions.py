"""Where technicians are, and what follows from it for the rest of their day."""

from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import Session

from dispatch.errors import InvalidInput, NotFound
from dispatch.field.positions import NewPosition, PositionOut, keep_position
from dispatch.models import Job, JobStatus
from dispatch.settings import Settings
from dispatch.views.itinerary import daily_route
from tests.dispatch.crew import MONDAY, add_job, add_live_route, add_technician, hanoi, north
from tests.dispatch.translating import shift, translated


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann lives at 0 and has a visit at 10, eleven kilometres up north, at any time."""
    add_technician(session, "ann", at=0)
    add_job(session, "j", at=10)
    add_live_route(session, "ann", [("j", "15:00")])
    session.commit()
    return session


def be(
    session: Session, settings: Settings, at: float, clock: str, technician: str = "ann"
) -> PositionOut:
    latitude, longitude = north(at)
    new = NewPosition(latitude=latitude, longitude=longitude, at=hanoi(clock))
    return keep_position(session, technician, new, settings, at=hanoi("12:00"))


def start(session: Session, settings: Settings, clock: str) -> str:
    found = translated(session, settings, at=hanoi(clock))
    names = {row: name for name, row in found.locations.items()}
    return names[shift(found).start_location]


def test_the_newest_position_is_kept(monday: Session, settings: Settings) -> None:
    be(monday, settings, 5, "09:10")
    assert be(monday, settings, 3, "09:00").at == hanoi("09:10")
    assert be(monday, settings, 7, "09:20").latitude == north(7)[0]


@pytest.mark.parametrize("place", [(95.0, 105.8), (21.0, 1e9), (None, 105.8)])
def test_a_position_is_on_the_globe(place: tuple[Any, Any]) -> None:
    with pytest.raises(ValidationError):
        NewPosition(latitude=place[0], longitude=place[1], at=hanoi("09:00"))


def test_a_position_is_somebodys_is_not_to_come_and_lies_where_the_company_works(
    monday: Session, settings: Settings
) -> None:
    with pytest.raises(NotFound):
        be(monday, settings, 5, "09:10", "nobody")
    with pytest.raises(InvalidInput) as error:
        be(monday, settings, 9_000 / 100, "12:10")
    assert [fault.code for fault in error.value.faults] == ["in_the_future"]
    with pytest.raises(InvalidInput) as error:
        be(monday, settings, 900, "09:00")
    assert [fault.code for fault in error.value.faults] == ["outside_service_area"]


def test_the_rest_of_the_day_begins_where_the_technician_is(
    monday: Session, settings: Settings
) -> None:
    be(monday, settings, 5, "09:10")
    assert start(monday, settings, "09:20") == "position ann"


def test_an_old_position_says_nothing(monday: Session, settings: Settings) -> None:
    be(monday, settings, 5, "09:10")
    assert start(monday, settings, "09:41") == "technician ann"


def test_who_is_at_a_customers_goes_on_from_there(monday: Session, settings: Settings) -> None:
    job = monday.get_one(Job, "j")
    job.status, job.arrived_at = JobStatus.ON_SITE, hanoi("09:00")
    be(monday, settings, 5, "09:10")
    assert start(monday, settings, "09:20") == "site site-j"
    job.status, job.departed_at = JobStatus.COMPLETED, hanoi("09:05")
    assert start(monday, settings, "09:20") == "position ann"


def test_who_is_near_already_is_expected_earlier(monday: Session, settings: Settings) -> None:
    def arrival(clock: str) -> float:
        day = daily_route(monday, "ann", MONDAY, settings, at=hanoi(clock))
        (stop,) = day.routes[0].stops
        return (stop.expected_arrival_at - hanoi(clock)).total_seconds() / 60

    be(monday, settings, 9, "10:00")
    near = arrival("10:00")
    be(monday, settings, 1, "10:01")
    assert 0 < near < arrival("10:01")
