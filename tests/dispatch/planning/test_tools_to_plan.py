"""How many of a depot's tools a plan may count on, and who gets them."""

import pytest
from sqlmodel import Session, col, select

from dispatch.models import DepotTool, JobStatus, JobWindow, Route, Stop, Wish
from dispatch.planning.conflicts import broken_visits
from dispatch.planning.lending import lent_twice_in_force
from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.planning.translate import to_problem
from dispatch.settings import Settings
from solver.judge.check import check
from solver.solution import StopKind
from solver.solve import Limit, solve
from tests.dispatch.crew import (
    MONDAY,
    SUNDAY_EVENING,
    TUESDAY,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    hanoi,
)
from tests.dispatch.running import executed
from tests.dispatch.translating import translated

pytestmark = pytest.mark.any_database

TEN = (hanoi("10:00"), hanoi("10:10"))


def borrowing(clock: str, *tools: str) -> Stop:
    call = depot_call("d", clock, {})
    call.tools = [*tools]
    return call


def add_two_in_need(session: Session, number: int) -> None:
    """Ann and Bob, each with a job at ten that needs an oscilloscope; the depot has so many."""
    add_depot(session, "d", at=3, tools={"osc": number})
    for name, at in (("ann", 0), ("bob", 6)):
        add_technician(session, name, at=at)
        add_job(session, f"{name}1", at=at, minutes=60, tools=["osc"], wishes={name: Wish.ALLOWED})


def add_two_borrowers(session: Session, number: int) -> None:
    """The same, on routes in force on which both borrow one."""
    add_two_in_need(session, number)
    for name in ("ann", "bob"):
        stops = [borrowing("09:00", "osc"), (f"{name}1", "10:00")]
        add_live_route(session, name, stops, minutes=60)


def numbers(session: Session, settings: Settings, *technicians: str, at: str) -> dict[str, int]:
    """Of each tool, in a plan for these technicians."""
    session.flush()
    scope = Scope(MONDAY, MONDAY, None, frozenset(technicians))
    [depot] = to_problem(load_snapshot(session, scope, hanoi(at)), settings).problem.depots
    return dict(depot.tool_counts)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_as_many_get_a_tool_at_once_as_there_are(
    session: Session, settings: Settings, number: int
) -> None:
    add_two_in_need(session, number)
    for name in ("ann1", "bob1"):
        window = {"starts_at": TEN[0], "ends_at": TEN[1]}
        session.add(JobWindow(job_id=name, **window))
    session.commit()
    executed(session, settings, publish=True)
    lent = session.exec(
        select(Route.technician_id, Stop.tools)
        .join(Stop, col(Stop.route_id) == Route.id)
        .where(col(Stop.live), Stop.kind == "depot")
    ).all()
    served = session.exec(select(Stop.job_id).where(col(Stop.live), Stop.kind == "visit")).all()
    assert len(served) == number
    assert sorted(f"{name}1" for name, _ in lent) == sorted(name or "" for name in served)
    assert [tools for _, tools in lent] == [["osc"]] * number
    assert lent_twice_in_force(session, hanoi("00:00"), hanoi("23:00")) == []


def test_who_has_borrowed_a_tool_keeps_it_and_nobody_else_gets_it(
    session: Session, settings: Settings
) -> None:
    add_two_in_need(session, 1)
    add_job(session, "there", at=1, status=JobStatus.ON_SITE, tools=["osc"])
    add_live_route(session, "ann", [borrowing("08:30", "osc"), ("there", "09:00")])
    session.flush()
    found = translated(session, settings, at=hanoi("09:10"))
    ann, bob = sorted(found.problem.shifts, key=lambda shift: shift.technician)
    assert (ann.borrowed, ann.tools) == ({"osc": "d"}, {"osc"})
    assert (bob.borrowed, bob.tools) == ({}, frozenset())
    solution = solve(found.problem, Limit(iterations=300), seed=1)
    assert check(found.problem, solution) == ()
    assert [out.id for out in solution.unassigned] == ["bob1"]
    [route] = solution.routes
    assert [(stop.kind, stop.id) for stop in route.stops] == [(StopKind.VISIT, "ann1")]
    # With another one at the depot there is one for Bob as well.
    session.get_one(DepotTool, ("d", "osc")).number = 2
    found = translated(session, settings, at=hanoi("09:10"))
    assert solve(found.problem, Limit(iterations=300), seed=1).unassigned == ()


def test_what_is_in_the_van_is_not_borrowed(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", tools=["osc"])
    add_depot(session, "d", at=3, tools=["osc", "winch"])
    add_job(session, "there", status=JobStatus.ON_SITE)
    add_live_route(session, "ann", [borrowing("08:30", "osc", "winch"), ("there", "09:00")])
    [shift] = translated(session, settings, at=hanoi("09:10")).problem.shifts
    assert (shift.borrowed, shift.tools) == ({"winch": "d"}, {"osc", "winch"})


def test_what_others_have_is_not_there_for_a_plan_of_some(
    session: Session, settings: Settings
) -> None:
    add_two_in_need(session, 2)
    add_technician(session, "cleo", hours=[("17:00", "22:00")])
    add_live_route(session, "bob", [borrowing("09:00", "osc"), ("bob1", "10:00")])
    for at in ("07:00", "12:00"):
        assert numbers(session, settings, "ann", at=at) == {"osc": 1}
        # Bob is back when she begins.
        assert numbers(session, settings, "cleo", at=at) == {"osc": 2}
        # What is on the plan's own routes, it shares out itself.
        assert numbers(session, settings, "ann", "bob", at=at) == {"osc": 2}
    session.get_one(DepotTool, ("d", "osc")).number = 1
    assert numbers(session, settings, "ann", at="07:00") == {"osc": 0}
    on_tuesday = translated(session, settings, TUESDAY)
    assert on_tuesday.problem.depots[0].tool_counts == {"osc": 1}


def test_what_somebody_has_on_the_way_stays_with_them(session: Session, settings: Settings) -> None:
    """Also where somebody else has it too, who is not planned for."""
    add_two_borrowers(session, 1)
    assert numbers(session, settings, "ann", at="07:00") == {"osc": 1}


def test_who_is_late_has_what_was_borrowed_until_the_route_ends(
    session: Session, settings: Settings
) -> None:
    add_two_in_need(session, 1)
    add_technician(session, "cleo", hours=[("17:00", "22:00")])
    stops = [borrowing("09:00", "osc"), ("ann1", "16:30")]
    add_live_route(session, "ann", stops, ends="18:00")
    for row in session.exec(select(Route)):
        row.shift_ends_at = hanoi("17:00")
    assert numbers(session, settings, "ann", "cleo", at="17:10") == {"osc": 0}
    assert numbers(session, settings, "ann", "cleo", at="18:00") == {"osc": 1}


@pytest.mark.parametrize(("number", "leaves"), [(1, True), (2, False)])
def test_no_call_on_the_way_lends_what_another_route_has(
    session: Session, settings: Settings, number: int, leaves: bool
) -> None:
    """Ann's job has come to need it since her route, which calls at the depot, is in force."""
    add_two_borrowers(session, number)
    for stop in session.exec(select(Stop).join(Route).where(Route.technician_id == "ann")):
        stop.tools = []
    session.commit()
    found = broken_visits(session, settings, SUNDAY_EVENING)
    assert {name: one.leaves for name, one in found.items()} == {"ann1": leaves}
