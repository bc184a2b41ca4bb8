import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from dispatch.errors import Conflict, InvalidInput, NotFound
from dispatch.models import (
    Job,
    JobStatus,
    LogEntry,
    Plan,
    PlanStatus,
    PlanUnassigned,
    Route,
    Run,
    RunStatus,
    Stop,
)
from dispatch.plans import versions
from dispatch.runs import execution, runs
from dispatch.runs.execution import execute_run
from dispatch.runs.runs import PlanRequest
from dispatch.settings import Settings
from dispatch.store import reading
from solver.faults import Fault
from solver.problem import Problem
from solver.solution import Solution
from solver.solve import Progress, solve
from tests.dispatch.crew import (
    MONDAY,
    SUNDAY_EVENING,
    TUESDAY,
    add_depot,
    add_job,
    add_technician,
    hanoi,
)
from tests.dispatch.running import A_MOMENT, execute, executed, request, small_company
from tests.dispatch.waiting import until


@pytest.fixture(autouse=True)
def sunday_evening() -> Iterator[None]:
    with time_machine.travel(SUNDAY_EVENING):
        yield


# Requests


def test_a_request_queues_a_run(session: Session, settings: Settings) -> None:
    run = runs.request_run(session, PlanRequest(starts_on=MONDAY), actor="dana", settings=settings)
    assert run.status == RunStatus.QUEUED
    assert (run.starts_on, run.ends_on) == (MONDAY, MONDAY)
    assert run.seconds == settings.plan_seconds
    assert run.requested_by == "dana"
    assert runs.read_run(session, run.id) == run
    assert session.exec(select(LogEntry.action)).all() == ["request"]


def test_every_fault_of_a_request_is_listed(session: Session, settings: Settings) -> None:
    add_job(session, "j", territory="west")
    with pytest.raises(InvalidInput) as error:
        request(
            session, settings, starts_on=MONDAY, ends_on=MONDAY - timedelta(days=2), territory="wst"
        )
    assert [fault.code for fault in error.value.faults] == ["day_order", "unknown_reference"]
    assert "west" in str(error.value)


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        (MONDAY - timedelta(days=3), MONDAY - timedelta(days=2), "in_the_past"),
        (MONDAY, MONDAY + timedelta(days=31), "too_long"),
    ],
)
def test_days_that_cannot_be_planned_are_refused(
    session: Session, settings: Settings, first: Any, last: Any, code: str
) -> None:
    with pytest.raises(InvalidInput) as error:
        request(session, settings, starts_on=first, ends_on=last)
    assert [fault.code for fault in error.value.faults] == [code]


def test_today_can_be_planned_while_it_lasts(session: Session, settings: Settings) -> None:
    assert request(session, settings, starts_on=MONDAY - timedelta(days=1))


def test_nobody_keeps_the_others_waiting_with_runs_without_end(
    session: Session, settings: Settings
) -> None:
    few = settings.model_copy(update={"runs_waiting": 2})

    def ask(actor: str, **more: str) -> str:
        request = PlanRequest(starts_on=MONDAY)
        return runs.request_run(session, request, actor=actor, settings=few, **more).id

    first, _ = ask("dana"), ask("dana")
    with pytest.raises(Conflict) as error:
        ask("dana")
    assert [fault.code for fault in error.value.faults] == ["too_many_runs"]
    ask("lan")
    ask("dana", trigger="nightly")
    runs.cancel_run(session, first, actor="dana")
    ask("dana")


def test_an_unknown_run_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        runs.read_run(session, "nothing")


def test_runs_are_listed_page_by_page_the_newest_first(
    session: Session, settings: Settings
) -> None:
    asked = []
    for _ in range(5):
        asked.append(request(session, settings).id)
    found, after = runs.list_runs(session, limit=3)
    assert [run.id for run in found] == asked[:1:-1]
    rest, end = runs.list_runs(session, after=after, limit=3)
    assert [run.id for run in rest] == asked[1::-1]
    assert end is None
    runs.cancel_run(session, asked[0], actor="dana")
    cancelled, _ = runs.list_runs(session, status=RunStatus.CANCELLED)
    assert [run.id for run in cancelled] == asked[:1]


# Execution


def test_a_run_leaves_a_draft_and_changes_nothing_in_force(
    session: Session, settings: Settings
) -> None:
    small_company(session)
    run = executed(session, settings)
    assert run.status == RunStatus.FINISHED
    assert run.failure is None
    assert run.progress == 1
    assert run.plan_status == PlanStatus.DRAFT
    assert run.plan_version is None
    assert session.exec(select(func.count()).where(col(Stop.live))).one() == 0
    assert set(session.exec(select(Job.status))) == {JobStatus.OPEN}
    assert len(session.exec(select(Stop)).all()) == 4
    assert session.exec(select(Plan.objective)).one() == run.objective


def test_a_run_publishes_its_plan_if_asked_to(session: Session, settings: Settings) -> None:
    small_company(session)
    run = executed(session, settings, publish=True)
    assert run.plan_version == 1
    assert len(session.exec(select(Stop).where(col(Stop.live))).all()) == 4
    assert set(session.exec(select(Job.status))) == {JobStatus.SCHEDULED}


def test_a_whole_day_can_be_planned_late_in_the_day(session: Session, settings: Settings) -> None:
    small_company(session)
    details = PlanRequest(starts_on=MONDAY, seconds=A_MOMENT, publish=True)
    visits = select(Stop).where(col(Stop.live))
    with time_machine.travel(hanoi("23:00")):
        late = executed(session, settings, publish=True)
        assert session.exec(visits).all() == []

        run = runs.request_run(
            session, details, actor="dana", settings=settings, plans_from_at=hanoi("00:00")
        )
        session.commit()
        whole = execute(session, settings, run.id)
        assert len(session.exec(visits).all()) == 4

    assert (late.failure, whole.failure) == (None, None)


def test_planning_again_with_nothing_new_changes_nothing(
    session: Session, settings: Settings
) -> None:
    small_company(session)
    executed(session, settings, publish=True)
    before = placements(session)
    again = executed(session, settings, publish=True)
    assert placements(session) == before
    assert (again.failure, again.plan_status) == (None, PlanStatus.DISCARDED)
    assert session.exec(select(func.max(Plan.version))).one() == 1


def test_what_is_said_for_the_first_time_of_what_is_left_out_makes_a_version(
    session: Session, settings: Settings
) -> None:
    small_company(session)
    executed(session, settings, publish=True)
    add_job(session, "hard", skills={"gas": 1})
    session.commit()
    assert executed(session, settings, publish=True).plan_version == 2
    assert executed(session, settings, publish=True).plan_version is None


def placements(session: Session) -> dict[str | None, tuple[str, Any]]:
    rows = session.exec(
        select(Stop, Route).join(Route, col(Route.id) == Stop.route_id).where(col(Stop.live))
    )
    return {stop.job_id: (route.technician_id, stop.start_at) for stop, route in rows}


@pytest.mark.parametrize("seed", range(3))
def test_every_job_is_in_force_once_or_listed_as_unassigned(
    session: Session, settings: Settings, seed: int
) -> None:
    dice = random.Random(seed)
    for name in ("ann", "bob", "cem"):
        add_technician(
            session,
            name,
            at=dice.uniform(0, 9),
            hours=[("08:00", "12:00"), ("13:00", "17:00")],
            skills={"gas": 1} if dice.random() < 0.5 else {},
            stock={"fuse": dice.randint(0, 2)},
            breaks=[("10:00", "11:00", 15)],
        )
    add_depot(session, "d", stock={"fuse": 4})
    for number in range(14):
        add_job(
            session,
            f"j{number:02}",
            at=None if dice.random() < 0.1 else dice.uniform(0, 9),
            minutes=dice.choice([30, 60, 120]),
            skills={"gas": 1} if dice.random() < 0.4 else {},
            parts={"fuse": 1} if dice.random() < 0.6 else {},
        )
    session.commit()
    for _ in range(2):
        run = executed(session, settings, publish=True, ends_on=TUESDAY)
        assert run.failure is None
        live = session.exec(
            select(Stop.job_id).where(col(Stop.live), col(Stop.job_id).is_not(None))
        ).all()
        out = session.exec(
            select(PlanUnassigned.job_id).where(PlanUnassigned.plan_id == run.plan_id)
        ).all()
        assert sorted([*live, *out], key=str) == [f"j{number:02}" for number in range(14)]
        scheduled = session.exec(select(Job.id).where(Job.status == JobStatus.SCHEDULED)).all()
        assert sorted(scheduled) == sorted(live, key=str)


def test_a_company_with_nobody_and_nothing_has_an_empty_plan(
    session: Session, settings: Settings
) -> None:
    assert executed(session, settings, publish=True).plan_version == 1


def test_only_one_process_takes_up_a_run(session: Session, settings: Settings) -> None:
    small_company(session)
    run = request(session, settings)
    with ThreadPoolExecutor(3) as pool:
        for done in [
            pool.submit(execute_run, settings.database_url, run.id, settings) for _ in range(3)
        ]:
            done.result()
    session.expire_all()
    assert runs.read_run(session, run.id).attempts == 1
    assert len(session.exec(select(Plan)).all()) == 1


def test_a_run_on_contradicting_data_fails_and_lists_the_faults(
    session: Session, settings: Settings
) -> None:
    small_company(session)
    wrong = settings.model_copy(update={"weights": {"distance": -1, "lateness": -2}})
    run = executed(session, wrong)
    assert run.status == RunStatus.FAILED
    assert run.plan_id is None
    assert run.failure is not None
    assert "objective distance" in run.failure
    assert "objective lateness" in run.failure


def test_a_run_searches_on_the_cores_that_are_set(
    session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_company(session)
    asked: list[int] = []

    def noted(*problem: Any, cores: int, **options: Any) -> Solution:
        asked.append(cores)
        return solve(*problem, cores=cores, **options)

    monkeypatch.setattr(execution, "solve", noted)
    run = executed(session, settings.model_copy(update={"solver_cores": 3}))
    assert run.status == RunStatus.FINISHED
    assert asked == [3]


def test_a_run_that_breaks_off_fails_with_its_cause(
    session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Solution:
        raise ZeroDivisionError("no wonder")

    monkeypatch.setattr(execution, "solve", broken)
    run = executed(session, settings)
    assert run.status == RunStatus.FAILED
    assert run.failure is not None
    assert "ZeroDivisionError: no wonder" in run.failure


def test_a_plan_that_breaks_a_rule_is_not_stored(
    session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_company(session)

    def forgetful(problem: Problem, *_: Any, **__: Any) -> Solution:
        return Solution((), (), {})

    monkeypatch.setattr(execution, "solve", forgetful)
    run = executed(session, settings)
    assert run.status == RunStatus.FAILED
    assert run.failure is not None
    assert "neither on a route nor unassigned" in run.failure
    assert session.exec(select(Plan)).all() == []


def test_a_plan_that_cannot_be_stored_fails_its_run(
    session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_company(session)

    def full(*_: Any) -> Plan:
        raise OSError("no space left on device")

    monkeypatch.setattr(versions, "store_draft", full)
    run = executed(session, settings)
    assert run.status == RunStatus.FAILED
    assert run.failure is not None
    assert "no space left" in run.failure


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Have something happen while a run solves."""

    def solve_slowly(problem: Problem, *limit: Any, **options: Any) -> Solution:
        options["progress"](Progress(0.1, 42, 0))
        act()
        return solve(problem, *limit, **options)

    monkeypatch.setattr(execution, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(execution, "solve", solve_slowly)


def test_a_run_reports_that_it_is_alive_and_how_far_it_is(
    session: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_company(session)

    def look() -> None:
        def has_reported() -> bool:
            with Session(reading(engine)) as other:
                run = other.exec(select(Run)).one()
                assert run.started_at is not None
                assert run.heartbeat_at is not None
                return (
                    run.heartbeat_at > run.started_at and run.objective == 42 and run.progress > 0
                )

        until(has_reported)

    meanwhile(monkeypatch, look)
    assert executed(session, settings).status == RunStatus.FINISHED


def test_a_run_holds_no_transaction_while_it_solves(
    session: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_company(session)

    def write() -> None:
        with Session(engine) as other:
            add_job(other, "new")
            other.commit()

    meanwhile(monkeypatch, write)
    assert executed(session, settings, publish=True).plan_version == 1
    assert session.get_one(Job, "new").status == JobStatus.OPEN


def test_a_run_that_was_given_to_another_process_stores_nothing(
    session: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_company(session)

    def lose_it() -> None:
        with Session(engine) as other:
            other.exec(select(Run)).one().owner = "another"
            other.commit()

    meanwhile(monkeypatch, lose_it)
    run = executed(session, settings)
    assert run.status == RunStatus.RUNNING
    assert session.exec(select(Plan)).all() == []


def test_a_run_that_was_overtaken_publishes_what_is_right_now(
    session: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_company(session)
    first = request(session, settings, publish=True)
    second = request(session, settings, publish=True)
    with monkeypatch.context() as patch:

        def overtake() -> None:
            quick(patch, settings, second.id)
            with Session(engine) as other:
                add_job(other, "new")
                other.commit()

        meanwhile(patch, overtake)
        execute(session, settings, first.id)
    assert runs.read_run(session, second.id).plan_version == 1
    overtaken = runs.read_run(session, first.id)
    assert (overtaken.status, overtaken.failure) == (RunStatus.FINISHED, None)
    assert overtaken.plan_version == 2
    assert set(placements(session)) == {"j0", "j1", "j2", "j3", "new"}


def test_a_run_that_was_overtaken_by_the_same_plan_makes_no_version_of_it(
    session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_company(session)
    first = request(session, settings, publish=True)
    second = request(session, settings, publish=True)
    with monkeypatch.context() as patch:
        meanwhile(patch, lambda: quick(patch, settings, second.id))
        execute(session, settings, first.id)
    overtaken = runs.read_run(session, first.id)
    assert (overtaken.status, overtaken.failure) == (RunStatus.FINISHED, None)
    assert (overtaken.plan_version, overtaken.plan_status) == (None, PlanStatus.DISCARDED)


def test_a_plan_that_is_overtaken_again_and_again_is_left_to_the_dispatcher(
    session: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_company(session)

    def lose(*_: Any, **__: Any) -> None:
        raise Conflict(Fault("overtaken", "plan 1", "version 7 has changed it", "plan again"))

    monkeypatch.setattr(execution, "publish_plan", lose)
    run = executed(session, settings, publish=True)
    assert (run.status, run.plan_status) == (RunStatus.FINISHED, PlanStatus.DRAFT)
    assert run.failure is not None
    assert "version 7" in run.failure


def quick(patch: pytest.MonkeyPatch, settings: Settings, run_id: str) -> None:
    patch.setattr(execution, "solve", solve)
    execute_run(settings.database_url, run_id, settings)


# Cancelling


def test_a_queued_run_that_is_cancelled_is_not_taken_up(
    session: Session, settings: Settings
) -> None:
    run = request(session, settings)
    assert runs.cancel_run(session, run.id, actor="dana").status == RunStatus.CANCELLED
    session.commit()
    execute(session, settings, run.id)
    after = runs.cancel_run(session, run.id, actor="dana")
    assert after.status == RunStatus.CANCELLED
    assert after.attempts == 0
    assert session.exec(select(LogEntry.action)).all() == ["request", "cancel"]


def test_a_running_run_that_is_cancelled_keeps_the_best_so_far_as_a_draft(
    session: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_company(session)
    monkeypatch.setattr(execution, "HEARTBEAT_SECONDS", 0.02)
    run = request(session, settings, seconds=600, publish=True)
    worker = threading.Thread(
        target=execute_run, args=(settings.database_url, run.id, settings), daemon=True
    )
    worker.start()

    def has_a_plan() -> bool:
        with Session(reading(engine)) as other:
            return runs.read_run(other, run.id).objective is not None

    until(has_a_plan)
    runs.cancel_run(session, run.id, actor="dana")
    session.commit()
    worker.join(20)
    session.expire_all()
    found = runs.read_run(session, run.id)
    assert found.status == RunStatus.CANCELLED
    assert found.plan_status == PlanStatus.DRAFT
    assert found.progress < 1
    assert len(session.exec(select(Stop)).all()) == 4


def test_a_run_that_is_over_cannot_be_cancelled(session: Session, settings: Settings) -> None:
    run = executed(session, settings)
    with pytest.raises(Conflict):
        runs.cancel_run(session, run.id, actor="dana")


def test_a_run_is_handed_back_when_its_service_stops(session: Session, settings: Settings) -> None:
    small_company(session)
    run = request(session, settings)
    back = execute(session, settings, run.id, stopping=lambda: True)
    assert (back.status, back.attempts, back.plan_id) == (RunStatus.QUEUED, 0, None)
    assert execute(session, settings, run.id).status == RunStatus.FINISHED
