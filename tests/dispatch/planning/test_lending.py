"""No more of a tool are out than its depot has; where routes have it so, that is named."""

from collections.abc import Iterable
from datetime import date

import pytest
from sqlmodel import Session, select

from dispatch.models import DepotTool, Plan, Stop
from dispatch.planning.lending import lent_twice, lent_twice_in_force
from dispatch.planning.loans import ToolLoan
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


def loan(
    technician: str, starts: str, ends: str, tool: str = "crane", depot: str = "d"
) -> ToolLoan:
    return ToolLoan(depot, tool, technician, MONDAY, hanoi(starts), hanoi(ends))


def found(loans: Iterable[ToolLoan], number: int = 1) -> list[tuple[list[str], str, str]]:
    numbers = {(depot, tool): number for depot in "de" for tool in ("crane", "ladder")}
    return [
        (one.technician_ids, f"{one.starts_at:%H:%M}", f"{one.ends_at:%H:%M}")
        for one in lent_twice(loans, numbers)
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


def test_of_several_all_who_have_one_when_it_is_too_many_are_named() -> None:
    """Until there are enough again."""
    three = [loan("ann", "08:00", "17:00"), loan("bob", "09:00", "10:00")]
    three.append(loan("cleo", "09:30", "12:00"))
    assert found(three, 3) == []
    assert found(three, 2) == [(["ann", "bob", "cleo"], "09:30", "10:00")]
    four = [*three, loan("dao", "09:45", "11:00")]
    assert found(four, 2) == [
        (["ann", "bob", "cleo"], "09:30", "10:00"),
        (["ann", "bob", "cleo", "dao"], "09:45", "11:00"),
    ]
    assert found(four, 3) == [(["ann", "bob", "cleo", "dao"], "09:45", "10:00")]
    one_after_the_other = [loan("ann", "08:00", "12:00"), loan("bob", "08:00", "10:00")]
    assert found([*one_after_the_other, loan("cleo", "10:00", "12:00")], 2) == []
    assert found([*one_after_the_other, loan("bob", "09:00", "12:00")], 2) == []
    again = [loan("cleo", "08:00", "12:00"), loan("bob", "09:00", "12:00")]
    assert found([*one_after_the_other, *again], 2) == [(["ann", "bob", "cleo"], "08:00", "10:00")]


def test_of_a_tool_that_is_away_two_borrowers_are_named_and_not_one() -> None:
    one, other = loan("bob", "09:00", "12:00"), loan("ann", "11:00", "17:00")
    assert found([one], 0) == []
    assert found([one, other], 0) == [(["bob", "ann"], "11:00", "12:00")]


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
            "has": 1,
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


def test_nothing_is_to_be_named_where_the_depot_has_enough(
    session: Session, settings: Settings
) -> None:
    add_two_borrowers(session)
    session.get_one(DepotTool, ("d", "crane")).number = 2
    session.commit()
    assert read_board(session, MONDAY, 1, settings, at=hanoi("07:00")).lent_twice == []
    for plan in session.exec(select(Plan)):
        assert read_plan(session, plan.id or 0).lent_twice == []
