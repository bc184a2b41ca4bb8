"""A depot's only tool is not in two vans at once; where a plan has it so, that is named."""

from collections.abc import Iterable
from datetime import date

import pytest
from sqlmodel import Session, select

from dispatch.models import Plan, Stop
from dispatch.planning.lending import Loan, lent_twice, lent_twice_in_force
from dispatch.plans.contents import read_plan
from dispatch.settings import Settings
from dispatch.views.board import read_board
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

pytestmark = pytest.mark.any_database


def loan(technician: str, starts: str, ends: str, tool: str = "crane", depot: str = "d") -> Loan:
    return Loan(depot, tool, technician, MONDAY, hanoi(starts), hanoi(ends))


def found(loans: Iterable[Loan]) -> list[tuple[list[str], str, str]]:
    return [
        (one.technician_ids, f"{one.starts_at:%H:%M}", f"{one.ends_at:%H:%M}")
        for one in lent_twice(loans)
    ]


def test_a_tool_is_with_one_technician_at_a_time() -> None:
    one, other = loan("bob", "09:00", "12:00"), loan("ann", "11:00", "17:00")
    assert found([other, one]) == [(["bob", "ann"], "11:00", "12:00")]
    assert found([one, loan("ann", "12:00", "17:00")]) == []
    assert found([one, loan("ann", "11:00", "17:00", tool="ladder")]) == []
    assert found([one, loan("ann", "11:00", "17:00", depot="e")]) == []
    assert found([one, loan("bob", "11:00", "17:00")]) == []


def test_each_two_of_several_are_named() -> None:
    three = [loan("ann", "08:00", "17:00"), loan("bob", "09:00", "10:00")]
    three.append(loan("cleo", "09:30", "12:00"))
    assert found(three) == [
        (["ann", "bob"], "09:00", "10:00"),
        (["ann", "cleo"], "09:30", "12:00"),
        (["bob", "cleo"], "09:30", "10:00"),
    ]


def borrowing(clock: str, day: date = MONDAY) -> Stop:
    call = depot_call("d", clock, {}, day)
    call.tools = ["crane"]
    return call


def add_two_borrowers(session: Session, day: date = MONDAY) -> None:
    """Ann borrows the crane at nine, again at ten, and is back at five; Bob borrows it at eleven
    on that day."""
    add_depot(session, "d", tools=["crane"])
    for name in ("ann", "bob"):
        add_technician(session, name)
        add_job(session, f"for {name}", tools=["crane"])
    add_live_route(
        session, "ann", [borrowing("09:00"), borrowing("10:00"), ("for ann", "10:30")], version=1
    )
    add_live_route(
        session, "bob", [borrowing("11:00", day), ("for bob", "12:00")], day=day, version=2
    )
    session.commit()


def test_the_board_names_it(session: Session, settings: Settings) -> None:
    add_two_borrowers(session)
    for only in (None, ["ann"]):
        board = read_board(session, MONDAY, 1, settings, technician_ids=only, at=hanoi("07:00"))
        (named,) = board.lent_twice
        assert named.model_dump() == {
            "code": "tool_lent_twice",
            "depot_id": "d",
            "tool_id": "crane",
            "technician_ids": ["ann", "bob"],
            "days": [MONDAY, MONDAY],
            "starts_at": hanoi("11:00"),
            "ends_at": hanoi("17:00"),
        }
    assert read_board(session, TUESDAY, 1, settings, at=hanoi("07:00")).lent_twice == []


def test_a_plan_names_it_also_where_the_other_route_is_of_another_version(
    session: Session, settings: Settings
) -> None:
    add_two_borrowers(session)
    for plan in session.exec(select(Plan)):
        (named,) = read_plan(session, plan.id or 0).lent_twice
        assert named.technician_ids == ["ann", "bob"]


def test_who_borrows_it_on_another_day_is_in_nobodys_way(
    session: Session, settings: Settings
) -> None:
    add_two_borrowers(session, TUESDAY)
    assert read_board(session, MONDAY, 2, settings, at=hanoi("07:00")).lent_twice == []
    assert lent_twice_in_force(session, hanoi("00:00"), hanoi("23:00", TUESDAY)) == []
