"""Measured legs are those between the places of a plan, however many others there are."""

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from dispatch.models import TravelLeg
from dispatch.planning.legs import measured_legs
from tests.records.listening import statements


@pytest.fixture
def measured(session: Session) -> Session:
    """From each of four places to each other one."""
    names = ("home", "depot", "Chị Lan's, “12”", "far")
    for begin in names:
        for end in names:
            if begin != end:
                leg = TravelLeg(from_place=begin, to_place=end, seconds=len(begin), metres=len(end))
                session.add(leg)
    session.commit()
    return session


def test_legs_are_those_from_one_of_the_places_to_another(measured: Session) -> None:
    assert measured_legs(measured, {"home", "depot", "unknown"}) == {
        ("home", "depot"): (4, 5),
        ("depot", "home"): (5, 4),
    }
    assert measured_legs(measured, {"home", "Chị Lan's, “12”"}).keys() == {
        ("home", "Chị Lan's, “12”"),
        ("Chị Lan's, “12”", "home"),
    }
    assert measured_legs(measured, {"far"}) == measured_legs(measured, ()) == {}


def test_any_number_of_places_is_one_question(measured: Session, engine: Engine) -> None:
    places = {f"site-{number}" for number in range(70_000)} | {"home", "far"}
    with statements(engine) as sent:
        found = measured_legs(measured, places)
    assert found.keys() == {("home", "far"), ("far", "home")}
    assert len([one for one in sent if "travel_leg" in one]) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_pairs_without_a_leg_are_not_looked_for(measured: Session, engine: Engine) -> None:
    """Of 3,000 places with some legs each, there are nine million."""
    with statements(engine) as sent:
        measured_legs(measured, {"home", "far"})
    [query] = [one for one in sent if "travel_leg" in one]
    plan = measured.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", ("[]", "", "[]"))
    [how] = [line for *_, line in plan if "travel_leg" in line]
    assert how.endswith("(from_place=?)")
