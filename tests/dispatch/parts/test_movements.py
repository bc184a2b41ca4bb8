"""Stock is what came and went: pick-ups and use are booked once, by what technicians say."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy import text as sql
from sqlmodel import Session, select

from dispatch.errors import DispatchError, InvalidInput
from dispatch.field.reports import take_report
from dispatch.files.folder import import_folder
from dispatch.jobs.jobs import cancel_job
from dispatch.models import DepotStock, Job, JobStatus, Movement, MovementCause, Part, VanStock
from dispatch.parts import movements
from dispatch.planning.shortages import stock_short
from dispatch.plans.versions import hold_publication
from dispatch.settings import Settings
from tests.dispatch.crew import (
    TUESDAY,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    hanoi,
)
from tests.dispatch.folders import written
from tests.dispatch.reporting import new_report, take
from tests.dispatch.translating import shift, translated
from tests.dispatch.waiting import until


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann fetches three belts on Monday, between j1 and j2, of which j2 uses two."""
    add_technician(session, "ann", at=0, stock={"fuse": 5})
    add_technician(session, "bob", at=0)
    add_depot(session, "d", at=2, stock={"belt": 6})
    add_job(session, "j1", at=1, parts={"fuse": 2})
    add_job(session, "j2", at=3, parts={"belt": 2})
    add_live_route(
        session, "ann", [("j1", "08:30"), depot_call("d", "09:30", {"belt": 3}), ("j2", "10:00")]
    )
    movements.count(session, actor="dana", at=hanoi("07:00"))
    session.commit()
    return session


def depot(session: Session, part: str = "belt") -> int:
    session.expire_all()
    return session.get_one(DepotStock, ("d", part)).quantity


def van(session: Session, part: str = "belt", technician: str = "ann") -> int:
    session.expire_all()
    row = session.get(VanStock, (technician, part))
    return 0 if row is None else row.quantity


def booked(session: Session) -> list[tuple[MovementCause, str, str, str, int]]:
    assert movements.unbalanced(session) == {}
    return [
        (row.cause, row.source_id, row.target_id, row.part_id, row.quantity)
        for row in session.exec(select(Movement).order_by(Movement.id))  # type: ignore[arg-type]
        if row.actor != "dana"
    ]


def test_what_is_fetched_and_used_is_neither_in_the_depot_nor_in_the_van(monday: Session) -> None:
    take(monday, "completed", "09:00", "j1")
    assert depot(monday) == 6  # nobody has said anything of what comes after the depot
    take(monday, "en_route", "09:50", "j2")
    assert (depot(monday), van(monday)) == (3, 3)
    take(monday, "completed", "10:40", "j2")
    assert (depot(monday), van(monday)) == (3, 1)
    assert booked(monday) == [
        ("use", "ann", "site-j1", "fuse", 2),
        ("pick_up", "d", "ann", "belt", 3),
        ("use", "ann", "site-j2", "belt", 2),
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_it_is_booked_once_however_often_and_in_whatever_order_it_is_said(
    monday: Session, order: tuple[int, ...]
) -> None:
    said = (("en_route", "09:50"), ("on_site", "10:00"), ("completed", "10:40"))
    for number in (*order, *order):
        take(monday, *said[number], "j2")
    assert (depot(monday), van(monday)) == (3, 1)
    assert len(booked(monday)) == 2


def test_what_turns_out_not_to_have_been_used_comes_back(monday: Session) -> None:
    take(monday, "completed", "10:40", "j2")
    assert van(monday) == 1
    take(monday, "cannot_complete", "10:20", "j2")
    assert (depot(monday), van(monday)) == (3, 3)
    assert booked(monday)[-1] == ("use", "site-j2", "ann", "belt", 2)


def test_what_was_there_although_the_figure_said_nothing_is_found(monday: Session) -> None:
    monday.get_one(DepotStock, ("d", "belt")).quantity = 2
    movements.count(monday, actor="dana", at=hanoi("08:00"))
    monday.commit()
    take(monday, "completed", "10:40", "j2")
    assert (depot(monday), van(monday)) == (0, 1)
    assert booked(monday)[0] == ("found", "", "d", "belt", 1)


def test_what_was_fetched_for_a_job_that_is_then_cancelled_is_booked_once(
    session: Session,
) -> None:
    add_technician(session, "ann", at=0)
    add_depot(session, "d", at=2, stock={"belt": 10})
    for name in ("j1", "j2"):
        add_job(session, name, at=3, parts={"belt": 1})
    add_live_route(
        session, "ann", [depot_call("d", "09:00", {"belt": 2}), ("j1", "10:00"), ("j2", "11:00")]
    )
    movements.count(session, actor="dana", at=hanoi("07:00"))
    session.commit()
    take(session, "en_route", "09:30", "j1")
    assert (depot(session), van(session)) == (8, 2)
    cancel_job(session, "j1", actor="dana")
    session.commit()
    take(session, "en_route", "10:20", "j2")
    assert (depot(session), van(session)) == (8, 2)
    assert movements.unbalanced(session) == {}


def test_a_number_that_was_mistyped_leaves_nothing_behind_once_it_is_corrected(
    monday: Session,
) -> None:
    """The later report is wrong: 52 fuses, of which the van had 5. The earlier one counts."""
    take(monday, "completed", "09:10", "j1", parts_used=[{"part_id": "fuse", "quantity": 52}])
    assert van(monday, "fuse") == 0
    take(monday, "completed", "09:00", "j1", parts_used=[{"part_id": "fuse", "quantity": 1}])
    assert van(monday, "fuse") == 4
    booked(monday)


def test_what_was_found_is_kept_once_somebody_has_counted(monday: Session) -> None:
    take(monday, "completed", "09:10", "j1", parts_used=[{"part_id": "fuse", "quantity": 52}])
    monday.get_one(VanStock, ("ann", "fuse")).quantity = 3
    movements.count(monday, actor="dana", at=hanoi("09:30"))
    take(monday, "completed", "09:00", "j1", parts_used=[{"part_id": "fuse", "quantity": 51}])
    assert van(monday, "fuse") == 4
    booked(monday)


def test_a_file_is_a_count(monday: Session, settings: Settings, tmp_path: Path) -> None:
    take(monday, "completed", "10:40", "j2")
    monday.add(Part(id="hose", name="hose"))
    monday.commit()
    (tmp_path / "depot_stock.csv").write_text("depot_id,part_id,quantity\nd,belt,8\nd,hose,1\n")
    import_folder(monday, tmp_path, actor="lan", settings=settings)
    monday.commit()
    assert (depot(monday), depot(monday, "hose"), van(monday)) == (8, 1, 1)
    counted = [row[:1] + row[2:] for row in booked(monday)[2:]]
    assert counted == [("count", "d", "belt", 5), ("count", "d", "hose", 1)]


def j2(status: str, **more: str) -> dict[str, list[dict[str, str]]]:
    """A file that says this of j2."""
    line = {"id": "j2", "site_id": "site-j2", "title": "Job j2", "duration_minutes": "30"}
    return {"jobs": [line | {"priority": "normal", "parts": "belt:2", "status": status} | more]}


@pytest.mark.parametrize("counted", [None, 4])
def test_a_file_that_says_that_a_visit_is_over_books_what_was_fetched_and_used(
    monday: Session, settings: Settings, tmp_path: Path, counted: int | None
) -> None:
    for name in ("j1", "j2"):
        monday.get_one(Job, name).status = JobStatus.SCHEDULED
    monday.commit()
    written(tmp_path, j2("completed"))
    if counted is not None:
        stock = f"depot_id,part_id,quantity\nd,belt,{counted}\n"
        (tmp_path / "depot_stock.csv").write_text(stock)
    import_folder(monday, tmp_path, actor="lan", settings=settings, allow_past=True)
    monday.commit()
    assert (depot(monday), van(monday)) == (counted or 3, 1)
    assert booked(monday)[:2] == [
        ("pick_up", "d", "ann", "belt", 3),
        ("use", "ann", "site-j2", "belt", 2),
    ]
    import_folder(monday, tmp_path, actor="lan", settings=settings, allow_past=True)
    assert (depot(monday), van(monday)) == (counted or 3, 1)
    assert movements.unbalanced(monday) == {}


@pytest.mark.parametrize("status", ["cancelled", "on_hold"])
def test_a_file_does_not_take_back_what_was_begun_with_what_is_booked_of_it(
    monday: Session, settings: Settings, tmp_path: Path, status: str
) -> None:
    take(monday, "en_route", "09:50", "j2")
    written(tmp_path, j2(status, **({"hold_reason": "waits"} if status == "on_hold" else {})))
    with pytest.raises(InvalidInput, match="not_changeable"):
        import_folder(monday, tmp_path, actor="lan", settings=settings, allow_past=True)
    monday.rollback()
    assert (depot(monday), van(monday)) == (3, 3)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("kind", ["import", "cancel"])
def test_whoever_may_change_what_is_booked_waits_for_reports(
    monday: Session, engine: Engine, settings: Settings, tmp_path: Path, kind: str
) -> None:
    """None holds a job, or a van, that another one needs which waits for it."""
    written(tmp_path, j2("open", title="Khác"))
    vans = "technician_id,part_id,quantity\nann,fuse,5\nann,belt,7\n"
    (tmp_path / "van_stock.csv").write_text(vans)

    def work() -> None:
        with Session(engine) as session:
            if kind == "import":
                import_folder(session, tmp_path, actor="lan", settings=settings, allow_past=True)
            else:
                cancel_job(session, "j2", actor="lan")
            session.commit()

    waiting = sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with ThreadPoolExecutor(1) as pool, Session(engine) as reporting:
        hold_publication(reporting)
        done = pool.submit(work)
        with engine.connect() as watching:
            until(lambda: done.done() or watching.execute(waiting).scalar_one() == 1)
        assert not done.done()
        new = new_report("completed", "10:40", "j2")
        take_report(reporting, "ann", new, settings, actor="ann", at=hanoi("16:00"))
        reporting.commit()
        with pytest.raises(DispatchError, match=r"not_changeable|job_is_over"):
            done.result(60)
    assert (depot(monday), van(monday)) == (3, 1)
    assert movements.unbalanced(monday) == {}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_files_and_reports_at_once_come_one_after_the_other(
    monday: Session, engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    vans = "technician_id,part_id,quantity\nann,fuse,5\nann,belt,7\n"
    (tmp_path / "van_stock.csv").write_text(vans)
    (tmp_path / "depot_stock.csv").write_text("depot_id,part_id,quantity\nd,belt,6\n")
    rounds, start = 8, threading.Barrier(2)

    def imports() -> None:
        for _ in range(rounds):
            start.wait(60)
            with Session(engine) as session:
                import_folder(session, tmp_path, actor="lan", settings=settings)
                session.commit()

    def reports() -> None:
        for number in range(rounds):
            kind = "completed" if number % 2 == 0 else "cannot_complete"
            new = new_report(kind, f"10:{40 + number}", "j2")
            start.wait(60)
            with Session(engine) as session:
                take_report(session, "ann", new, settings, actor="ann", at=hanoi("16:00"))
                session.commit()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(imports), pool.submit(reports)]:
            done.result(120)
    monday.expire_all()
    assert movements.unbalanced(monday) == {}


def test_a_plan_counts_what_was_picked_up_once(monday: Session, settings: Settings) -> None:
    """Be it said, or only due by now."""

    def there_is(clock: str) -> tuple[int, int]:
        found = translated(monday, settings, at=hanoi(clock))
        (place,) = found.problem.depots
        assert place.stock is not None
        return place.stock["belt"], shift(found).stock.get("belt", 0)

    assert there_is("08:00") == (6, 0)
    assert there_is("09:45") == (3, 3)  # by the clock
    take(monday, "on_site", "10:00", "j2")
    assert there_is("10:05") == (3, 1)
    take(monday, "completed", "10:40", "j2")
    assert there_is("10:45") == (3, 1)
    tomorrow = translated(monday, settings, TUESDAY, at=hanoi("20:00"))
    assert tomorrow.problem.depots[0].stock == {"belt": 3}
    assert shift(tomorrow).stock["belt"] == 1


def test_a_depot_that_has_less_than_is_to_be_fetched_is_short(monday: Session) -> None:
    assert stock_short(monday, hanoi("08:00")) == []
    monday.get_one(DepotStock, ("d", "belt")).quantity = 2
    monday.commit()
    (short,) = stock_short(monday, hanoi("08:00"))
    assert (short.depot_id, short.part_id, short.has, short.needed) == ("d", "belt", 2, 3)
    assert (short.technician_ids, short.starts_at) == (["ann"], hanoi("09:30"))
    take(monday, "on_site", "10:00", "j2")
    assert stock_short(monday, hanoi("10:05")) == []
