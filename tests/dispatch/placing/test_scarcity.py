"""Whoever places and whoever looks mean the same by "there is one left"."""

from collections.abc import Iterator

import pytest
import time_machine
from sqlmodel import Session, col, select, update

from dispatch.intake import JobChange
from dispatch.jobs.jobs import change_job
from dispatch.jobs.placements import ask_for_place
from dispatch.models import (
    DepotStock,
    Placement,
    PlacementStatus,
    Plan,
    Route,
    Stop,
    Wish,
    WorkingHours,
)
from dispatch.planning.conflicts import broken_visits
from dispatch.planning.unable import BrokenVisit, Why
from dispatch.settings import Settings
from tests.dispatch.crew import (
    MONDAY,
    TUESDAY,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    hanoi,
)
from tests.dispatch.drafting import in_force
from tests.dispatch.follow_up import EIGHT, changed, everything_holds, follow
from tests.dispatch.scarcity import Scarce

pytestmark = pytest.mark.any_database


@pytest.fixture(autouse=True)
def eight_o_clock() -> Iterator[None]:
    with time_machine.travel(hanoi("08:00"), tick=False):
        yield


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("seed", range(16))
def test_what_was_placed_holds_and_all_comes_to_rest(
    session: Session, settings: Settings, seed: int
) -> None:
    company = Scarce(session, settings, seed)
    assert company.settles(), company.problems
    for _ in range(8):
        company.befall()
        assert company.settles(), (company.problems, company.told)


@pytest.fixture
def two(session: Session) -> Session:
    """Ann and Bob, as far from the depot as from each other; it has two lamps."""
    for name, at in (("ann", 0), ("bob", 6)):
        add_technician(session, name, at=at)
    add_depot(session, "depot", at=3, stock={"lamp": 2})
    return session


def calls(session: Session) -> dict[str, dict[str, int]]:
    """What is fetched in force, by technician."""
    rows = session.exec(
        select(Route.technician_id, Stop)
        .join(Stop, col(Stop.route_id) == Route.id)
        .where(col(Stop.live), Stop.kind == "depot")
    )
    return {technician: stop.parts for technician, stop in rows}


def versions(session: Session) -> int:
    return len(session.exec(select(Plan.id)).all())


@pytest.mark.parametrize(("first", "second"), [("ann", "bob"), ("bob", "ann")])
def test_who_calls_first_has_the_last_one_whatever_their_name(
    two: Session, settings: Settings, first: str, second: str
) -> None:
    for name, clock in ((first, "09:00"), (second, "09:30")):
        add_job(two, name, at=3, parts={"lamp": 1})
        add_live_route(two, name, [depot_call("depot", clock, {"lamp": 1}), (name, "11:00")])
    changed(two, lambda session: setattr(stock(session), "quantity", 1))
    before = versions(two)

    follow(two, settings)

    assert in_force(two) == {first: [first]}
    assert calls(two) == {first: {"lamp": 1}}
    assert versions(two) == before + 1


def stock(session: Session) -> DepotStock:
    return session.get_one(DepotStock, ("depot", "lamp"))


def test_what_a_route_would_fetch_for_nobody_is_there_for_others(
    two: Session, settings: Settings
) -> None:
    add_job(two, "hers", at=2, parts={"lamp": 1})
    add_live_route(two, "ann", [depot_call("depot", "09:00", {"lamp": 2}), ("hers", "10:00")])
    add_job(two, "new", at=6, parts={"lamp": 1}, wishes={"bob": Wish.ALLOWED})
    add_job(two, "his", at=6)
    add_live_route(two, "bob", [("his", "10:00")])
    ask_for_place(two, "new", trigger="new_job", actor="dana")
    two.commit()
    before = versions(two)

    follow(two, settings)

    assert everything_holds(two, settings)
    assert sum(parts.get("lamp", 0) for parts in calls(two).values()) <= 2
    assert versions(two) <= before + 1


def test_what_was_fetched_on_one_day_for_the_next_is_there_then(
    two: Session, settings: Settings
) -> None:
    for name in ("today", "tomorrow"):
        add_job(two, name, at=2, parts={"lamp": 1})
    add_live_route(two, "ann", [depot_call("depot", "09:00", {"lamp": 2}), ("today", "10:00")])
    add_live_route(two, "ann", [("tomorrow", "10:00")], day=TUESDAY)
    two.commit()
    assert everything_holds(two, settings)


def test_of_two_days_that_rely_on_the_same_part_the_first_one_has_it(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", stock={"lamp": 1})
    for name, day in (("today", MONDAY), ("tomorrow", TUESDAY)):
        add_job(session, name, at=2, parts={"lamp": 1})
        add_live_route(session, "ann", [(name, "10:00")], day=day)
    session.commit()
    assert broken_visits(session, settings, EIGHT).keys() == {"tomorrow"}


@pytest.fixture
def afternoon(session: Session) -> Session:
    """Ann fetches a lamp each for a job at two and for one that cannot begin before three, and has
    to be at home at five."""
    add_technician(session, "ann", at=0)
    add_depot(session, "depot", at=1, stock={"lamp": 3})
    span = {
        "first": (hanoi("14:00"), hanoi("14:00")),
        "last": (hanoi("15:00"), hanoi("16:45")),
    }
    for name, window in span.items():
        add_job(session, name, at=1, parts={"lamp": 1}, windows=[window])
    call = depot_call("depot", "13:00", {"lamp": 2})
    add_live_route(session, "ann", [call, ("first", "14:00"), ("last", "16:00")])
    session.commit()
    return session


def grow(session: Session, settings: Settings, minutes: int, lamps: int) -> dict[str, Placement]:
    more = {
        "duration_minutes": minutes,
        "parts": [{"part_id": "lamp", "quantity": lamps}],
    }
    change_job(session, "first", JobChange.model_validate(more), actor="dana", settings=settings)
    return follow(session, settings)


def test_a_route_that_is_timed_anew_fetches_what_a_job_has_come_to_need(
    afternoon: Session, settings: Settings
) -> None:
    ends_late(afternoon)
    found = grow(afternoon, settings, minutes=170, lamps=2)
    assert found["first"].status == PlacementStatus.PLACED
    assert in_force(afternoon) == {"ann": ["first", "last"]}
    assert calls(afternoon) == {"ann": {"lamp": 3}}
    assert {name: one.cause.why for name, one in broken(afternoon, settings).items()} == {
        "last": Why.NOT_THEN
    }


def ends_late(session: Session) -> None:
    """There is overtime; but the last visit is late, and nobody else could be in time."""
    session.exec(update(WorkingHours).values(max_overtime_minutes=180))
    session.commit()


def broken(session: Session, settings: Settings) -> dict[str, BrokenVisit]:
    return broken_visits(session, settings, EIGHT)


def test_a_job_that_has_come_to_need_more_than_there_is_leaves_its_route(
    afternoon: Session, settings: Settings
) -> None:
    stock(afternoon).quantity = 2
    afternoon.commit()
    found = grow(afternoon, settings, minutes=45, lamps=2)
    assert found["first"].status == PlacementStatus.NO_PLACE
    assert (found["first"].cause or "").startswith("The van is 1 × lamp short.")
    assert in_force(afternoon) == {"ann": ["last"]}
    assert calls(afternoon) == {"ann": {"lamp": 1}}
    assert everything_holds(afternoon, settings)


def test_what_was_for_a_visit_that_leaves_is_fetched_for_who_needs_it_by_now(
    afternoon: Session, settings: Settings
) -> None:
    grow(afternoon, settings, minutes=165, lamps=2)
    assert in_force(afternoon) == {"ann": ["first"]}
    assert calls(afternoon) == {"ann": {"lamp": 2}}
    assert everything_holds(afternoon, settings)


def test_a_visit_from_which_nobody_would_be_at_home_in_time_leaves_its_route(
    afternoon: Session, settings: Settings
) -> None:
    grow(afternoon, settings, minutes=149, lamps=1)
    assert in_force(afternoon) == {"ann": ["first"]}
    assert everything_holds(afternoon, settings)
