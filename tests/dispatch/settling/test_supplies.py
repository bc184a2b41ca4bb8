"""Tools that are lent twice and parts that are short, since when they are."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from dispatch.models import (
    DepotStock,
    Holder,
    Movement,
    MovementCause,
    Plan,
    Route,
    Stop,
)
from dispatch.settings import Settings
from tests.dispatch.crew import (
    MONDAY,
    SUNDAY_EVENING,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    hanoi,
)
from tests.dispatch.settling.asking import issues


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann and Bob, each with a call at the depot before a visit, in versions of their own."""
    add_depot(session, "depot", stock={"pump": 3}, tools=["ladder"])
    for number, name in enumerate(("ann", "bob"), start=1):
        add_technician(session, name, at=number)
        add_job(session, f"{name}1", at=number, parts={"pump": 1}, tools=["ladder"])
        call = depot_call("depot", "09:00", {"pump": 1})
        add_live_route(session, name, [call, (f"{name}1", "10:00")], version=number)
    for plan in session.exec(select(Plan)):
        plan.published_at = SUNDAY_EVENING + timedelta(hours=plan.version or 0)
    session.commit()
    return session


def borrowed(session: Session) -> None:
    for stop in session.exec(select(Stop).where(Stop.kind == "depot")):
        stop.tools = ["ladder"]


def counted(session: Session, clock: str, before: int, after: int) -> None:
    session.get_one(DepotStock, ("depot", "pump")).quantity = after
    less = {"source": Holder.DEPOT, "source_id": "depot", "target": Holder.COUNT, "target_id": ""}
    more = {"source": Holder.COUNT, "source_id": "", "target": Holder.DEPOT, "target_id": "depot"}
    session.add(
        Movement(
            at=hanoi(clock),
            part_id="pump",
            quantity=abs(after - before),
            cause=MovementCause.COUNT,
            actor="lan",
            **(less if after < before else more),
        )
    )
    session.flush()


def test_a_tool_lent_twice_is_one_since_the_newer_route_is_in_force(
    monday: Session, settings: Settings
) -> None:
    borrowed(monday)
    name = f"tool_lent_twice:depot:ladder:ann.{MONDAY}+bob.{MONDAY}"
    issue = issues(monday, settings)[name]
    assert issue.since == SUNDAY_EVENING + timedelta(hours=2)
    # It is the same one when a route begins a little later.
    for stop in monday.exec(select(Stop).where(Stop.kind == "depot")):
        stop.start_at += timedelta(minutes=5)
    assert name in issues(monday, settings)
    for stop in monday.exec(select(Stop).where(Stop.kind == "depot")):
        stop.tools = []
    assert name not in issues(monday, settings)


def test_stock_that_was_counted_short_is_one_since_the_count_that_made_it_so(
    monday: Session, settings: Settings
) -> None:
    assert "stock_short:depot:pump" not in issues(monday, settings)
    counted(monday, "06:00", 3, 1)
    counted(monday, "07:00", 1, 0)
    issue = issues(monday, settings)["stock_short:depot:pump"]
    assert (issue.since, issue.day) == (hanoi("06:00"), MONDAY)
    assert (issue.cause.values["has"], issue.cause.values["needed"]) == (0, 2)
    counted(monday, "07:30", 0, 1)
    assert issues(monday, settings)["stock_short:depot:pump"].since == hanoi("06:00")
    counted(monday, "07:40", 1, 2)
    assert "stock_short:depot:pump" not in issues(monday, settings)


def test_stock_that_a_plan_made_short_is_one_since_that_is_in_force(
    monday: Session, settings: Settings
) -> None:
    monday.get_one(DepotStock, ("depot", "pump")).quantity = 1
    issue = issues(monday, settings)["stock_short:depot:pump"]
    assert issue.since == SUNDAY_EVENING + timedelta(hours=2)
    monday.exec(select(Route).where(Route.technician_id == "bob")).one().live = False
    for stop in monday.exec(select(Stop).join(Route).where(Route.technician_id == "bob")):
        stop.live = False
    assert "stock_short:depot:pump" not in issues(monday, settings)
