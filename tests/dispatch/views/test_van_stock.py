"""A van by the books: what is in it, what visits to come need, what is to spare, what lacks."""

from datetime import datetime

import pytest
from sqlmodel import Session, select

from dispatch.errors import NotFound
from dispatch.field.stock_transfers import NewStockTransfer, book_transfer
from dispatch.models import JobPart, Route, Stop, Tool
from dispatch.output import etag
from dispatch.settings import Settings
from dispatch.views.van_stock import VanContent, VanPart, van_content
from tests.dispatch.crew import (
    MONDAY,
    TUESDAY,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    ensure,
    hanoi,
)
from tests.dispatch.reporting import take

SETTINGS = Settings()
EIGHT = hanoi("08:00")

pytestmark = pytest.mark.any_database


def van(session: Session, at: datetime = EIGHT, technician: str = "ann") -> VanContent:
    session.rollback()
    return van_content(session, technician, SETTINGS, at)


def part_of(content: VanContent, id_: str = "belt") -> VanPart:
    return next(part for part in content.parts if part.id == id_)


def numbers(part: VanPart) -> tuple[int, ...]:
    """In the van, needed today and tomorrow, lacking today and tomorrow, to spare."""
    today, tomorrow = part.today, part.tomorrow
    return (
        part.quantity,
        *(today.needed, tomorrow.needed),
        *(today.lacks, tomorrow.lacks),
        part.to_spare,
    )


def test_what_visits_of_today_and_tomorrow_need_is_told_beside_what_is_there(
    session: Session,
) -> None:
    add_technician(session, "ann", stock={"belt": 5, "fuse": 1}, tools=["ladder"])
    for name, parts in (("j1", {"belt": 2}), ("j2", {"belt": 1}), ("j3", {"belt": 4})):
        add_job(session, name, parts=parts)
    add_live_route(session, "ann", [("j1", "09:00"), ("j2", "11:00")])
    add_live_route(session, "ann", [("j3", "09:00")], day=TUESDAY)
    session.commit()
    content = van(session)
    assert [part.id for part in content.parts] == ["belt", "fuse"]
    assert content.day == MONDAY
    # Two are left in the evening, and tomorrow four are needed.
    assert numbers(part_of(content)) == (5, 3, 4, 0, 2, 2)
    assert numbers(part_of(content, "fuse")) == (1, 0, 0, 0, 0, 1)
    assert [tool.id for tool in content.tools] == ["ladder"]


def test_what_lacks_is_listed_though_none_is_in_the_van(session: Session) -> None:
    add_technician(session, "ann")
    add_job(session, "j1", parts={"belt": 2})
    add_live_route(session, "ann", [("j1", "09:00")])
    session.commit()
    assert numbers(part_of(van(session))) == (0, 2, 0, 2, 0, 0)


def test_what_is_fetched_before_does_not_lack_and_what_is_fetched_after_does(
    session: Session,
) -> None:
    add_technician(session, "ann", stock={"belt": 1})
    add_depot(session, "d", stock={"belt": 9})
    add_job(session, "j1", parts={"belt": 2})
    add_job(session, "j2", parts={"belt": 3})
    add_live_route(
        session, "ann", [("j1", "09:00"), depot_call("d", "10:00", {"belt": 3}), ("j2", "11:00")]
    )
    session.commit()
    part = part_of(van(session))
    assert numbers(part) == (1, 5, 0, 1, 0, 0)
    assert part.today.to_fetch == 3


def test_what_is_over_needs_nothing_any_more_and_what_was_fetched_is_in_the_van(
    session: Session,
) -> None:
    add_technician(session, "ann", stock={"belt": 2})
    add_depot(session, "d", stock={"belt": 9})
    for name in ("j1", "j2"):
        add_job(session, name, parts={"belt": 2})
    add_live_route(
        session, "ann", [("j1", "09:00"), depot_call("d", "10:00", {"belt": 4}), ("j2", "11:00")]
    )
    session.commit()
    assert numbers(part_of(van(session))) == (2, 4, 0, 0, 0, 0)
    take(session, "completed", "09:30", "j1")
    assert numbers(part_of(van(session))) == (0, 2, 0, 0, 0, 0)
    take(session, "on_site", "11:00", "j2")
    part = part_of(van(session))
    assert (numbers(part), part.today.to_fetch) == ((4, 2, 0, 0, 0, 2), 0)


def test_what_a_job_has_come_to_need_since_its_route_was_published_counts(
    session: Session,
) -> None:
    add_technician(session, "ann", stock={"belt": 2})
    add_job(session, "j1", parts={"belt": 1})
    add_live_route(session, "ann", [("j1", "09:00")])
    session.get_one(JobPart, ("j1", "belt")).quantity = 3
    session.commit()
    assert numbers(part_of(van(session))) == (2, 3, 0, 1, 0, 0)


def test_a_night_shift_that_has_begun_yesterday_belongs_to_today_until_it_is_over(
    session: Session,
) -> None:
    add_technician(session, "ann", stock={"belt": 1})
    add_job(session, "j1", parts={"belt": 1})
    add_live_route(session, "ann", [("j1", "23:00")], starts="15:00", ends="23:30")
    route = session.exec(select(Route)).one()
    route.shift_ends_at = route.end_at = hanoi("00:30", TUESDAY)
    session.commit()
    goes_on = part_of(van(session, hanoi("00:10", TUESDAY)))
    assert (goes_on.today.needed, goes_on.to_spare) == (1, 0)
    after = part_of(van(session, hanoi("00:40", TUESDAY)))
    assert (after.today.needed, after.to_spare) == (0, 1)


def test_of_others_routes_and_of_later_days_nothing_is_needed(session: Session) -> None:
    add_technician(session, "ann", stock={"belt": 1})
    add_technician(session, "bob", stock={"belt": 1})
    for name in ("j1", "j2"):
        add_job(session, name, parts={"belt": 1})
    add_live_route(session, "bob", [("j1", "09:00")])
    add_live_route(session, "ann", [("j2", "09:00")], day=MONDAY.replace(day=9))
    session.commit()
    assert numbers(part_of(van(session))) == (1, 0, 0, 0, 0, 1)


def visit(job_id: str, clock: str, *tools: str) -> Stop:
    start = hanoi(clock)
    moments = {"arrival_at": start, "start_at": start, "departure_at": start}
    return Stop(
        route_id=0, position=0, kind="visit", job_id=job_id, parts={}, tools=[*tools], **moments
    )


def test_a_tool_lacks_that_no_depot_lends_before(session: Session) -> None:
    add_technician(session, "ann", tools=["ladder"])
    add_depot(session, "d", tools=["drill"])
    for name in ("j1", "j2", "j3"):
        add_job(session, name)
    for tool in ("pump", "saw"):
        ensure(session, Tool, tool)
    call = depot_call("d", "10:00", {})
    call.tools = ["drill"]
    stops = [
        visit("j1", "09:00", "ladder", "saw"),
        call,
        visit("j2", "11:00", "drill"),
        visit("j3", "12:00", "pump"),
    ]
    add_live_route(session, "ann", stops)
    session.commit()
    assert [tool.id for tool in van(session).lacking_tools] == ["pump", "saw"]
    take(session, "completed", "09:30", "j1")
    assert [tool.id for tool in van(session).lacking_tools] == ["pump"]


def test_what_was_taken_today_is_told_to_both(session: Session) -> None:
    add_technician(session, "ann")
    add_technician(session, "bob", stock={"belt": 2})
    add_technician(session, "cid")
    session.commit()
    new = NewStockTransfer(
        id="t-1", part_id="belt", quantity=1, at=hanoi("09:00"), from_technician_id="bob"
    )
    book_transfer(session, "ann", new, SETTINGS, actor="ann", at=hanoi("09:05"))
    session.commit()
    for name in ("ann", "bob"):
        [told] = van(session, hanoi("10:00"), name).transfers
        assert (told.technician, told.source, told.quantity) == (
            "Technician ann",
            "Technician bob",
            1,
        )
    assert van(session, hanoi("10:00"), "cid").transfers == []
    assert van(session, hanoi("10:00", TUESDAY), "bob").transfers == []


def test_the_tag_is_the_same_as_long_as_the_content_is(session: Session) -> None:
    add_technician(session, "ann", stock={"belt": 2})
    session.commit()
    before = van(session)
    assert etag(before) == etag(van(session, hanoi("08:30")))
    take_one = before.model_copy(update={"parts": []})
    assert etag(before) != etag(take_one)


def test_of_nobody_there_is_no_van(session: Session) -> None:
    with pytest.raises(NotFound):
        van(session, technician="nobody")
