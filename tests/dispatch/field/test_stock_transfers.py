"""What technicians take from depots and from each other is booked once, and nothing is lost."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from dispatch.errors import Conflict, DispatchError, InvalidInput, NotFound
from dispatch.events.events import event_of
from dispatch.field.stock_transfers import NewStockTransfer, book_transfer
from dispatch.models import (
    DepotStock,
    JobStatus,
    LogEntry,
    Movement,
    MovementCause,
    Placement,
    Priority,
    StockTransfer,
    VanStock,
)
from dispatch.parts import movements
from dispatch.placing.following import Follower
from dispatch.planning.conflicts import Conflicts
from dispatch.planning.shortages import stock_short
from dispatch.settings import Settings
from dispatch.settling.supplies import parts_short
from dispatch.store import reading
from dispatch.views.van_stock import StockTransferOut
from tests.dispatch.crew import (
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    hanoi,
)
from tests.dispatch.reporting import take

TEN = hanoi("10:00")


@pytest.fixture
def company(session: Session) -> Session:
    """Ann's van is empty; Bob has three belts in his, and the depot has six."""
    add_technician(session, "ann", at=0)
    add_technician(session, "bob", at=3, stock={"belt": 3})
    add_depot(session, "d", at=2, stock={"belt": 6})
    movements.count(session, actor="dana", at=hanoi("07:00"))
    session.commit()
    return session


def transfer(
    id_: str = "t-1", number: int = 1, at: datetime = TEN, **source: str
) -> dict[str, Any]:
    return {"id": id_, "part_id": "belt", "quantity": number, "at": at} | (
        source or {"from_technician_id": "bob"}
    )


def book(
    session: Session, content: dict[str, Any], technician: str = "ann", came: datetime = TEN
) -> tuple[StockTransferOut, bool]:
    new = NewStockTransfer.model_validate(content)
    booked = book_transfer(session, technician, new, Settings(), actor=technician, at=came)
    session.commit()
    return booked


def codes(refusal: Callable[[], object]) -> list[str]:
    with pytest.raises(DispatchError) as error:
        refusal()
    return [fault.code for fault in error.value.faults]


def figures(session: Session) -> tuple[int, int, int]:
    """What Ann, Bob and the depot have, by books that balance."""
    session.rollback()
    assert movements.unbalanced(session) == {}
    vans = [session.get(VanStock, (name, "belt")) for name in ("ann", "bob")]
    depot = session.get_one(DepotStock, ("d", "belt"))
    ann, bob = (0 if van is None else van.quantity for van in vans)
    return ann, bob, depot.quantity


def test_what_is_taken_from_a_colleague_goes_from_one_van_to_the_other(company: Session) -> None:
    booked, is_new = book(company, transfer(number=2))
    assert is_new
    assert (booked.source, booked.part, booked.quantity) == ("Technician bob", "belt", 2)
    assert figures(company) == (2, 1, 6)


def test_what_is_drawn_from_a_depot_goes_from_there_into_the_van(company: Session) -> None:
    booked, _ = book(company, transfer(depot_id="d"))
    assert (booked.source, booked.depot_id, booked.from_technician_id) == ("Depot d", "d", None)
    assert figures(company) == (1, 3, 5)
    [row] = company.exec(select(Movement).where(Movement.cause == MovementCause.TRANSFER))
    assert (row.source_id, row.target_id, row.quantity, row.actor) == ("d", "ann", 1, "ann")


def test_whatever_is_taken_nothing_is_made_or_lost(company: Session) -> None:
    """All that three could take from each other and the depot, possible or not."""
    sources: list[dict[str, str]] = [
        {"depot_id": "d"},
        {"from_technician_id": "ann"},
        {"from_technician_id": "bob"},
    ]
    asked = product(("ann", "bob"), sources, (1, 2, 4))
    booked = 0
    for step, (who, source, number) in enumerate(asked):
        try:
            book(company, transfer(f"t-{step}", number, **source), who)
        except DispatchError:
            company.rollback()
        else:
            booked += 1
        assert sum(figures(company)) == 9
        assert min(figures(company)) >= 0
    assert booked > 5


def test_said_again_it_counts_once_however_much_was_booked_since(company: Session) -> None:
    first, _ = book(company, transfer(number=3))
    # Bob has none left, so that a second booking would be refused.
    again, is_new = book(company, transfer(number=3), came=hanoi("15:00"))
    assert (again, is_new) == (first, False)
    assert figures(company) == (3, 0, 6)


def test_an_id_is_good_for_one_thing_only(company: Session) -> None:
    book(company, transfer())
    for other in (transfer(number=2), transfer(depot_id="d"), transfer(at=hanoi("09:59"))):
        assert codes(lambda given=other: book(company, given)) == ["transfer_id_reused"]
        company.rollback()
    assert codes(lambda: book(company, transfer(depot_id="d"), "bob")) == ["transfer_id_reused"]
    assert figures(company) == (1, 2, 6)


def test_what_by_the_books_is_not_there_is_refused_and_may_be_said_again(company: Session) -> None:
    """Bob has fetched more than anybody knows yet; then it is counted."""
    with pytest.raises(Conflict) as refused:
        book(company, transfer(number=4))
    [fault] = refused.value.faults
    assert (fault.code, fault.where) == ("not_in_stock", "quantity")
    assert "'bob' has 3 of 'belt'" in fault.cause
    assert figures(company) == (0, 3, 6)
    company.get_one(VanStock, ("bob", "belt")).quantity = 5
    movements.count(company, actor="dana", at=TEN)
    company.commit()
    book(company, transfer(number=4))
    assert figures(company) == (4, 1, 6)


def test_what_nobody_knows_or_cannot_be_is_refused_with_all_that_is_wrong(
    company: Session,
) -> None:
    wrong = transfer(at=hanoi("10:30"), from_technician_id="ann") | {"part_id": "bolt"}
    assert codes(lambda: book(company, wrong)) == ["unknown_reference", "in_the_future", "own_van"]
    assert codes(lambda: book(company, transfer(depot_id="x"))) == ["unknown_reference"]
    with pytest.raises(NotFound):
        book(company, transfer(), "nobody")
    with pytest.raises(InvalidInput):
        book(company, transfer(from_technician_id="nobody"))
    company.rollback()
    assert figures(company) == (0, 3, 6)
    assert company.exec(select(func.count()).select_from(StockTransfer)).one() == 0


@pytest.mark.parametrize("sources", [{}, {"depot_id": "d", "from_technician_id": "bob"}])
def test_parts_come_from_one_place(sources: dict[str, str]) -> None:
    given = {"id": "t", "part_id": "belt", "quantity": 1, "at": TEN, **sources}
    with pytest.raises(ValueError, match="from a depot or from a colleague"):
        NewStockTransfer.model_validate(given)


def test_two_who_take_the_last_ones_at_once_do_not_both_have_them(
    company: Session, engine: Engine
) -> None:
    add_technician(company, "cid", at=1)
    company.commit()

    def ask(who: str) -> bool:
        with Session(engine) as session:
            try:
                book(session, transfer(f"t-{who}", 2), who)
            except Conflict:
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(ask, ("ann", "cid"))) == [False, True]
    company.rollback()
    assert company.get_one(VanStock, ("bob", "belt")).quantity == 1
    assert movements.unbalanced(company) == {}


def test_two_who_take_from_each_other_at_once_both_have_it(
    company: Session, engine: Engine
) -> None:
    book(company, transfer("t-0", 3, depot_id="d"))
    start = threading.Barrier(2, timeout=20)

    def ask(who: str, whose: str) -> None:
        for number in range(3):
            start.wait()
            with Session(engine) as session:
                book(session, transfer(f"t-{who}-{number}", 3, from_technician_id=whose), who)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(ask, *pair) for pair in (("ann", "bob"), ("bob", "ann"))]:
            done.result()
    assert figures(company) == (3, 3, 3)


def test_one_transfer_that_is_sent_twice_at_once_is_booked_once(
    company: Session, engine: Engine
) -> None:
    def send(_: int) -> bool:
        with Session(engine) as session:
            return book(session, transfer())[1]

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(send, range(2))) == [False, True]
    assert figures(company) == (1, 2, 6)


def test_the_log_says_who_took_what_when_and_others_are_told(company: Session) -> None:
    book(company, transfer())
    [entry] = company.exec(select(LogEntry).where(LogEntry.entity == "stock_transfer"))
    assert (entry.actor, entry.action, entry.entity_id) == ("ann", "book", "t-1")
    after = entry.after or {}
    assert datetime.fromisoformat(after.pop("at")) == TEN
    assert after == {
        "technician_id": "ann",
        "part_id": "belt",
        "quantity": 1,
        "source": "van",
        "source_id": "bob",
    }
    event = event_of(entry)
    assert event is not None
    assert event.type == "stock_transfer.booked"


def test_what_is_used_afterwards_comes_out_of_what_was_taken(company: Session) -> None:
    """No belt has to be found: it was booked before."""
    add_job(company, "j1", at=1, parts={"belt": 1})
    add_live_route(company, "ann", [("j1", "09:30")])
    company.commit()
    book(company, transfer())
    take(company, "completed", "10:40", "j1")
    assert figures(company) == (0, 2, 6)
    assert not company.exec(select(Movement).where(Movement.cause == MovementCause.FOUND)).all()


# What follows for the plan in force


@pytest.fixture
def noon_jobs(company: Session) -> Session:
    """At noon Bob needs his three belts, on a route in force."""
    add_job(company, "b1", at=3, parts={"belt": 3})
    add_live_route(company, "bob", [("b1", "12:00")])
    company.commit()
    return company


def asked_for(session: Session) -> list[tuple[str, str]]:
    session.rollback()
    rows = session.exec(select(Placement).order_by(col(Placement.id)))
    return [(row.job_id, row.trigger) for row in rows]


def test_a_visit_that_lacks_what_was_taken_is_given_another_place(
    noon_jobs: Session, engine: Engine
) -> None:
    settings = Settings()
    follower = Follower(engine, settings, Conflicts(reading(engine), settings))
    assert follower.look(hanoi("09:00")) == 0
    book(noon_jobs, transfer())
    assert follower.look(TEN) == 1
    assert asked_for(noon_jobs) == [("b1", "conflict")]


def test_for_a_job_that_cannot_wait_a_place_is_looked_for_again(company: Session) -> None:
    add_job(company, "soon", parts={"belt": 1}, priority=Priority.URGENT)
    add_job(company, "later", parts={"belt": 1}, priority=Priority.NORMAL)
    add_job(company, "other", parts={"hose": 1}, priority=Priority.URGENT)
    add_job(company, "off", parts={"belt": 1}, priority=Priority.URGENT, status=JobStatus.CANCELLED)
    add_job(company, "placed", parts={"belt": 1}, priority=Priority.URGENT)
    add_live_route(company, "bob", [("placed", "12:00")])
    company.commit()
    book(company, transfer())
    assert asked_for(company) == [("soon", "stock")]


def test_a_depot_that_is_short_because_of_it_is_so_since_then(company: Session) -> None:
    """Bob is to fetch five of six; Ann draws two."""
    add_job(company, "b1", at=3, parts={"belt": 5})
    add_live_route(company, "bob", [depot_call("d", "13:00", {"belt": 5}), ("b1", "14:00")])
    company.commit()
    assert stock_short(company, TEN) == []
    book(company, transfer(number=2, depot_id="d"))
    noon = TEN + timedelta(hours=2)
    [short] = parts_short(company, Settings(), noon)
    assert (short.short.has, short.short.needed, short.since) == (4, 5, TEN)
