"""Technicians who cost more or less than others by the hour and by the kilometre."""

import pytest
from sqlmodel import Session

from dispatch.placing.placing import place_options
from dispatch.settings import Settings
from solver.objective import AS_THE_OBJECTIVE, ShiftRates
from tests.dispatch.crew import MONDAY, add_job, add_technician
from tests.dispatch.follow_up import EIGHT
from tests.dispatch.translating import translated

pytestmark = pytest.mark.any_database


def test_rates_are_said_in_cents_by_the_second_and_the_metre(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "dear", cost_per_hour=180_000, cost_per_km=4_000)
    add_technician(session, "usual")
    add_technician(session, "walks", cost_per_km=0)
    found = translated(session, settings)
    assert [shift.rates for shift in found.problem.shifts] == [
        ShiftRates(working_time=5_000, distance=400),
        AS_THE_OBJECTIVE,
        ShiftRates(distance=0),
    ]


def test_a_place_costs_what_its_technician_costs(session: Session, settings: Settings) -> None:
    for name, rates in {"ann": {}, "bob": {"cost_per_hour": 360_000}}.items():
        add_technician(session, name, at=0, **rates)
    add_job(session, "job", at=3, minutes=60)
    session.commit()
    usual, dear = place_options(session, "job", settings, day=MONDAY, at=EIGHT)
    assert (usual.technician_id, dear.technician_id) == ("ann", "bob")
    seconds = (usual.departure_at - usual.start_at).total_seconds()
    more = dear.extra_cost - usual.extra_cost
    assert more >= seconds * (10_000 - settings.objective.working_time)
