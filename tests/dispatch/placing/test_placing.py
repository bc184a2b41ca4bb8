"""Where one more job could go in the plan in force, and putting it there."""

from dataclasses import replace
from datetime import date, datetime

import pytest
from sqlmodel import Session, col, select

from dispatch.errors import Conflict, NotFound
from dispatch.models import (
    Absence,
    Job,
    JobStatus,
    LogEntry,
    Placement,
    Plan,
    PlanStatus,
    Route,
    Stop,
)
from dispatch.placing.placing import PlacedJob, PlaceOption, PlaceRequest, place_job, place_options
from dispatch.planning.plan_rows import in_force as solution_in_force
from dispatch.settings import Settings
from solver.judge.check import check
from solver.judge.cost import cost
from tests.dispatch.crew import (
    MONDAY,
    TUESDAY,
    add_ann_and_bob,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    hanoi,
)
from tests.dispatch.drafting import everything, in_force, status
from tests.dispatch.translating import translated

pytestmark = pytest.mark.any_database

EIGHT = hanoi("08:00")


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann in the south with two visits, Bob in the north with one; a new job is near Ann's."""
    add_ann_and_bob(session)
    return session


def options(
    session: Session, settings: Settings, job: str = "new", at: datetime = EIGHT
) -> list[PlaceOption]:
    return place_options(session, job, settings, at=at)


def place(
    session: Session,
    settings: Settings,
    job: str = "new",
    technician: str | None = None,
    at: datetime = EIGHT,
    day: date = MONDAY,
) -> PlacedJob:
    request = PlaceRequest(technician_id=technician, day=day)
    found = place_job(session, job, request, settings, actor="dana", at=at)
    session.commit()
    return found


def technicians(found: list[PlaceOption]) -> list[str]:
    return [option.technician_id for option in found]


def refused(session: Session, settings: Settings, job: str, at: datetime = EIGHT) -> str:
    with pytest.raises(Conflict) as error:
        place(session, settings, job, at=at)
    session.rollback()
    return error.value.faults[0].code


def live_cost(session: Session, settings: Settings) -> int:
    """Of all that is in force, as the checker counts it; whatever is open costs nothing."""
    session.expire_all()
    found = translated(session, settings, at=EIGHT)
    solution = solution_in_force(found)
    assert solution is not None
    return sum(cost(found.problem, solution.routes, ()).values())


def test_options_are_ranked_by_what_they_cost_more(monday: Session, settings: Settings) -> None:
    found = options(monday, settings)
    assert technicians(found) == ["ann", "bob"]
    assert found[0].extra_cost < found[1].extra_cost


def test_asking_changes_nothing(monday: Session, settings: Settings) -> None:
    before = everything(monday)
    options(monday, settings)
    monday.commit()
    assert everything(monday) == before


def test_a_job_goes_where_it_costs_least(monday: Session, settings: Settings) -> None:
    found = place(monday, settings)
    assert found.option.technician_id == "ann"
    assert in_force(monday) == {"ann": ["a1", "new", "a2"], "bob": ["b1"]}
    assert status(monday, "new") == JobStatus.SCHEDULED


def test_only_the_route_that_changes_gets_a_new_version(
    monday: Session, settings: Settings
) -> None:
    before = {
        route.technician_id: route.id for route in monday.exec(select(Route).where(col(Route.live)))
    }
    found = place(monday, settings)
    after = {
        route.technician_id: (route.id, route.plan_id)
        for route in monday.exec(select(Route).where(col(Route.live)))
    }
    assert after["bob"][0] == before["bob"]
    assert after["ann"] != before["ann"]
    plan = monday.get_one(Plan, found.plan_id)
    assert after["ann"][1] == plan.id
    assert (plan.status, plan.version) == (PlanStatus.PUBLISHED, 2)
    assert found.plan_version == 2


def test_what_an_option_costs_more_is_what_the_plan_costs_more(
    monday: Session, settings: Settings
) -> None:
    settings = settings.model_copy(update={"weights": {"moved_time": 0}})
    place(monday, settings, technician="bob")
    add_job(monday, "next", at=17)
    monday.commit()
    before = live_cost(monday, settings)
    found = place(monday, settings, "next", "bob")
    assert live_cost(monday, settings) - before == found.option.extra_cost > 0


def test_who_is_asked_for_gets_it(monday: Session, settings: Settings) -> None:
    place(monday, settings, technician="bob")
    assert "new" in in_force(monday)["bob"]


def test_a_job_that_moves_leaves_the_route_it_was_on(monday: Session, settings: Settings) -> None:
    place(monday, settings, technician="bob")
    found = place(monday, settings, technician="ann")
    assert in_force(monday) == {"ann": ["a1", "new", "a2"], "bob": ["b1"]}
    live = monday.exec(select(Route).where(col(Route.live))).all()
    assert {route.plan_id for route in live} == {found.plan_id}


def test_a_route_that_loses_its_only_job_is_not_in_force_any_more(
    monday: Session, settings: Settings
) -> None:
    place(monday, settings, "b1", "ann")
    assert "bob" not in in_force(monday)
    assert "b1" in in_force(monday)["ann"]


def test_placing_again_changes_nothing(monday: Session, settings: Settings) -> None:
    first = place(monday, settings)
    before = everything(monday)
    again = place(monday, settings)
    assert again.plan_version == first.plan_version
    assert everything(monday) == before


def test_an_option_says_which_depots_to_call_at(monday: Session, settings: Settings) -> None:
    add_depot(monday, "d", at=3, stock={"belt": 1})
    add_job(monday, "needy", at=5, parts={"belt": 1})
    found = options(monday, settings, "needy")
    assert found[0].depot_ids == ["d"]
    place(monday, settings, "needy")
    stops = monday.exec(select(Stop).where(col(Stop.live), Stop.kind == "depot")).all()
    assert [(stop.depot_id, stop.parts) for stop in stops] == [("d", {"belt": 1})]


def test_an_option_says_whose_times_move(monday: Session, settings: Settings) -> None:
    add_job(monday, "urgent", at=1, windows=[(hanoi("09:00"), hanoi("09:30"))], minutes=240)
    found = {one.technician_id: one for one in options(monday, settings, "urgent")}
    assert "a2" in found["ann"].moved_job_ids
    assert found["bob"].moved_job_ids == ["b1"]


def test_what_has_begun_is_not_touched(monday: Session, settings: Settings) -> None:
    monday.get_one(Job, "a1").status = JobStatus.ON_SITE
    monday.get_one(Job, "a1").arrived_at = hanoi("09:02")
    monday.commit()
    found = place(monday, settings, technician="ann", at=hanoi("09:10"))
    assert found.option.start_at >= hanoi("09:32")
    assert in_force(monday)["ann"][0] == "a1"
    (stop,) = monday.exec(select(Stop).where(col(Stop.live), Stop.job_id == "a1")).all()
    assert (stop.position, stop.start_at) == (0, hanoi("09:00"))
    assert status(monday, "a1") == JobStatus.ON_SITE


def bob_is_late(session: Session, window_ends: str) -> None:
    """He is on site at b1 until about 10:45, and should start "missed", near Ann, by then."""
    add_job(session, "missed", at=2, windows=[(hanoi("09:30"), hanoi(window_ends))])
    session.exec(select(Route).where(Route.technician_id == "bob")).one().live = False
    for stop in session.exec(select(Stop).where(Stop.job_id == "b1")).all():
        stop.live = False
    session.flush()
    add_live_route(session, "bob", [("b1", "08:10"), ("missed", "09:45")], version=2)
    session.get_one(Job, "b1").status = JobStatus.ON_SITE
    session.get_one(Job, "b1").arrived_at = hanoi("10:15")
    session.commit()


def test_a_route_that_loses_what_others_could_do_takes_nothing_more(
    monday: Session, settings: Settings
) -> None:
    bob_is_late(monday, "11:00")
    assert technicians(options(monday, settings, at=hanoi("10:20"))) == ["ann"]
    assert technicians(options(monday, settings, "missed", at=hanoi("10:20"))) == ["ann"]


def test_what_nobody_can_attend_in_time_any_more_stays_where_it_is(
    monday: Session, settings: Settings
) -> None:
    bob_is_late(monday, "10:00")
    found = place(monday, settings, technician="bob", at=hanoi("10:20"))
    assert in_force(monday)["bob"] == ["b1", "missed", "new"]
    assert found.option.start_at >= hanoi("11:30")


def test_what_is_about_to_begin_stays_where_it_is(monday: Session, settings: Settings) -> None:
    add_job(monday, "urgent", at=1, windows=[(hanoi("08:00"), hanoi("09:40"))])
    before = next(o for o in options(monday, settings, "urgent") if o.technician_id == "ann")
    assert before.start_at < hanoi("09:00")
    found = place(monday, settings, "urgent", "ann", at=hanoi("08:40"))
    assert found.option.start_at >= hanoi("09:30")
    assert in_force(monday)["ann"] == ["a1", "urgent", "a2"]


def test_who_begins_in_overtime_is_busy_until_then(session: Session, settings: Settings) -> None:
    """What is about to begin after the shift's end, as the first stop of a route, is not begun by
    somebody who is free meanwhile."""
    add_technician(session, "ann", overtime=60)
    for name in ("late", "later"):
        add_job(session, name, at=5, minutes=20)
    evening = hanoi("16:36")
    add_live_route(session, "ann", [("late", "17:04")])
    session.commit()

    with pytest.raises(Conflict):
        place(session, settings, "later", at=evening)
    assert in_force(session) == {"ann": ["late"]}


def test_what_has_grown_is_planned_anew_although_it_is_about_to_begin(
    monday: Session, settings: Settings
) -> None:
    monday.get_one(Job, "a1").duration_minutes += 60
    monday.commit()
    found = place(monday, settings, "a1", at=hanoi("08:40"))
    time_for_it = found.option.departure_at - found.option.start_at
    assert time_for_it.total_seconds() == 60 * monday.get_one(Job, "a1").duration_minutes


def test_a_job_that_loses_its_place_waits_for_another(monday: Session, settings: Settings) -> None:
    bob_is_late(monday, "11:00")
    place(monday, settings, "missed", "ann", at=hanoi("10:20"))
    assert monday.exec(select(Placement)).all() == []
    bob_is_sick = Absence(
        id="sick", technician_id="bob", starts_at=hanoi("10:00"), ends_at=hanoi("17:00")
    )
    add_job(monday, "b2", at=21)
    monday.exec(select(Route).where(Route.technician_id == "bob", col(Route.live))).one()
    place(monday, settings, "b2", "bob", at=hanoi("10:21"))
    add_job(monday, "b3", at=21)
    place(monday, settings, "b3", "bob", at=hanoi("10:22"))
    monday.add(bob_is_sick)
    monday.commit()
    place(monday, settings, "b2", "ann", at=hanoi("10:23"))
    (waiting,) = monday.exec(select(Placement)).all()
    assert (waiting.job_id, waiting.trigger) == ("b3", "displaced")
    assert status(monday, "b3") == JobStatus.OPEN


def test_the_new_routes_keep_all_rules(monday: Session, settings: Settings) -> None:
    for name in ("x1", "x2", "x3"):
        add_job(monday, name, at=6)
    for name in ("new", "x1", "x2", "x3"):
        place(monday, settings, name)
    found = translated(monday, settings, at=EIGHT)
    solution = solution_in_force(found)
    assert solution is not None
    costs = cost(found.problem, solution.routes, ())
    assert check(found.problem, replace(solution, cost=costs)) == ()


def test_what_is_not_to_be_placed_then_is_refused(monday: Session, settings: Settings) -> None:
    add_job(monday, "done", status=JobStatus.COMPLETED)
    add_job(monday, "lost", at=None)
    add_job(monday, "later", windows=[(hanoi("09:00", TUESDAY), hanoi("10:00", TUESDAY))])
    add_job(monday, "hard", skills={"gas": 1})
    monday.commit()
    assert refused(monday, settings, "done") == "not_plannable"
    assert refused(monday, settings, "lost") == "needs_location"
    assert refused(monday, settings, "later") == "not_then"
    assert refused(monday, settings, "hard") == "no_place"
    assert options(monday, settings, "hard") == []
    assert refused(monday, settings, "new", hanoi("20:00")) == "no_place"


def test_nobody_and_nothing_that_is_not_there_is_found(monday: Session, settings: Settings) -> None:
    with pytest.raises(NotFound):
        options(monday, settings, "nowhere")
    with pytest.raises(NotFound):
        place(monday, settings, technician="nobody")


def test_who_placed_it_is_in_the_log(monday: Session, settings: Settings) -> None:
    place(monday, settings)
    (entry,) = monday.exec(select(LogEntry).where(LogEntry.action == "place")).all()
    assert (entry.actor, entry.entity_id) == ("dana", "new")
