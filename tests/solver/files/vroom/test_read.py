"""VROOM's problems as ours: what each thing becomes, and what is refused."""

from typing import Any

import pytest

from benchmarks.engines.vroom_rules import Json
from solver.files.vroom.read import VroomProblem, problem_from_vroom
from solver.objective import ShiftRates
from solver.problem import InvalidProblem, Pin, TimeWindow, Visit
from solver.solution import Route, Solution, Stop, StopKind
from tests.solver.files.vroom.vans import METRES, SECONDS, problem

NEAR = {"location": [105.85, 21.03]}
FAR = {"location": [105.80, 21.07]}


def read(data: Json) -> VroomProblem:
    return problem_from_vroom(data)


def visit(data: Json) -> Visit:
    """The first job's."""
    return read(data).problem.visits[0]


def refused(data: Any) -> set[tuple[str, str]]:
    with pytest.raises(InvalidProblem) as caught:
        problem_from_vroom(data)
    assert all(fault.cause and fault.action for fault in caught.value.faults)
    return {(fault.code, fault.where) for fault in caught.value.faults}


# What each thing becomes


def test_a_job_becomes_a_visit_that_may_begin_in_its_windows_and_lasts_setup_and_service() -> None:
    found = visit(problem({"setup": 60, "service": 600, "time_windows": [[0, 900], [1800, 1900]]}))

    assert (found.id, found.location, found.duration) == ("1", 1, 660)
    assert found.windows == (TimeWindow(0, 900), TimeWindow(1800, 1900))


def test_skills_are_all_required() -> None:
    read_in = read(problem({"skills": [1, 14]}, vehicles=[{"skills": [14, 1, 3]}])).problem

    assert read_in.visits[0].skills == {"1": 1, "14": 1}
    assert read_in.shifts[0].skills == {"1": 1, "14": 1, "3": 1}


@pytest.mark.parametrize("name", ["delivery", "pickup", "amount"])
def test_amounts_take_of_what_the_vehicle_can_hold(name: str) -> None:
    read_in = read(problem({name: [2, 0]}, vehicles=[{"capacity": [5, 9]}])).problem

    assert read_in.visits[0].parts == {"amount 0": 2}
    assert read_in.shifts[0].stock == {"amount 0": 5, "amount 1": 9}


def test_pickups_and_deliveries_may_each_have_dimensions_of_their_own() -> None:
    jobs = ({"delivery": [2, 0]}, {"pickup": [0, 3]})
    read_in = read(problem(*jobs, vehicles=[{"capacity": [5, 9]}])).problem

    assert [one.parts for one in read_in.visits] == [{"amount 0": 2}, {"amount 1": 3}]


def test_priorities_decide_by_their_sum_and_then_the_number_of_jobs() -> None:
    jobs = ({}, {"priority": 10}, {"priority": 20}, {})
    read_in = read(problem(*jobs[:3])).problem
    prices = [read_in.prices[one.id] for one in read_in.visits]

    assert prices[2] < prices[1] * 2  # one of 20, or two of 10: the two are more jobs
    assert prices[2] > prices[1] + prices[0]
    assert prices[0] > 3 * 4 * max(map(max, SECONDS))  # more than any plan costs


def test_a_vehicle_becomes_a_technician_with_one_shift() -> None:
    shift = read(problem({}, vehicles=[{"time_window": [300, 1_000]}])).problem.shifts[0]

    assert (shift.id, shift.technician, shift.start, shift.end) == ("1", "1", 300, 1_000)
    assert (shift.start_location, shift.end_location) == (0, 0)


def test_a_vehicle_without_a_time_window_has_time_for_everything() -> None:
    jobs = [{"service": 5_000, "time_windows": [[90_000, 10**10]]}] * 3

    (shift,) = read(problem(*jobs)).problem.shifts

    assert shift.start == 0
    assert 90_000 + 3 * 5_000 + sum(map(max, SECONDS)) <= shift.end < 1_000_000


@pytest.mark.parametrize("missing", ["start_index", "end_index"])
def test_a_route_without_a_start_or_an_end_is_open_there(missing: str) -> None:
    vehicle = {"start_index": 0, "end_index": 0}
    del vehicle[missing]
    (shift,) = read({**problem({}), "vehicles": [{"id": 1, **vehicle}]}).problem.shifts

    ends = {"start_index": shift.start_location, "end_index": shift.end_location}
    assert ends == {"start_index": 0, "end_index": 0, missing: None}


def test_limits_of_a_vehicle_are_limits_of_its_shift() -> None:
    limits = {"max_tasks": 3, "max_travel_time": 900, "max_distance": 5_000}
    (shift,) = read(problem({}, vehicles=[limits])).problem.shifts
    (slow,) = read(problem({}, vehicles=[{**limits, "speed_factor": 2}])).problem.shifts

    assert (shift.max_visits, shift.max_travel, shift.max_distance) == (3, 900, 5_000)
    assert (slow.max_visits, slow.max_travel, slow.max_distance) == (3, 90_000, 5_000)


def test_vehicles_may_cost_differently_by_the_hour_and_by_the_kilometre() -> None:
    vehicles = [{"costs": {"per_km": 9}}, {"costs": {"per_hour": 1_800}}, {"costs": {"per_km": 9}}]
    read_in = read(problem({}, vehicles=vehicles))

    assert read_in.rates.scale == 1_000
    usual, other = ShiftRates(), ShiftRates(travel_time=500, distance=0)
    assert [shift.rates for shift in read_in.problem.shifts] == [usual, other, usual]
    assert (read_in.problem.objective.travel_time, read_in.problem.objective.distance) == (1_000, 9)


# Setup at a place of several jobs


def test_setup_that_may_be_saved_is_the_way_to_the_visit() -> None:
    job = {"setup": 60, "service": 600, "location_index": 1, "time_windows": [[100, 900]]}
    first, second = read(problem(job, job)).problem.visits

    for visit in (first, second):
        assert (visit.access, visit.duration) == (60, 600)
        # Whether it is spent or not, the job begins in its window.
        assert visit.windows == (TimeWindow(160, 900),)


def test_setup_may_be_saved_where_a_vehicle_starts() -> None:
    assert visit(problem({"setup": 60, "location_index": 0})).access == 60
    assert visit(problem({"setup": 60})).access == 0


def test_a_plan_is_judged_by_the_setups_that_it_saves() -> None:
    job = {"setup": 60, "location_index": 1, "time_windows": [[100, 900]]}
    found = read(problem(job, job))
    stops = tuple(Stop(StopKind.VISIT, id_, 660, 660, 660) for id_ in ("1", "2"))

    judged = found.judged(Solution((Route("1", "1", 0, 1_260, stops),), (), {}))

    windows = [visit.windows for visit in judged.visits]
    assert windows == [(TimeWindow(160, 960),), (TimeWindow(100, 900),)]


@pytest.mark.parametrize(
    ("job", "step"),
    [
        ({"time_windows": [[0, 50]]}, {}),
        ({"setup_per_type": {"": 5, "van": 6}}, {}),
        ({}, {"type": "job", "id": 1, "service_at": 5}),
    ],
)
def test_what_depends_on_whether_setup_is_saved_is_refused(job: Json, step: Json) -> None:
    vehicles = [{"steps": [step] if step else []}, {"type": "van"}]
    data = problem({"setup": 60, "location_index": 0, **job}, vehicles=vehicles)

    assert refused(data) == {("not_supported", "vehicle 1 step 0" if step else "job 1")}


def test_a_break_begins_so_that_it_is_over_in_time() -> None:
    pause = {"id": 7, "service": 600, "time_windows": [[0, 900], [5_000, 9_900]]}
    vehicle = {"time_window": [1_000, 10_000], "breaks": [pause]}

    (found,) = read(problem({}, vehicles=[vehicle])).problem.shifts[0].breaks

    assert (found.id, found.window, found.duration) == ("7", TimeWindow(5_000, 9_400), 600)


def test_travel_costs_a_unit_for_each_second_unless_the_vehicle_says_otherwise() -> None:
    usual = read(problem({}))
    priced = read(problem({}, vehicles=[{"costs": {"per_hour": 1800, "per_km": 1, "fixed": 3}}]))

    assert (usual.problem.objective.travel_time, usual.rates.scale) == (1, 1)
    assert priced.rates.scale == 1000
    costs = priced.problem.objective
    assert (costs.travel_time, costs.distance, costs.shift_use) == (500, 1, 3000)
    assert costs.working_time == 0


def test_a_matrix_of_costs_stands_for_distances() -> None:
    costs = [[3 * way for way in row] for row in SECONDS]
    matrices = {"car": {"durations": SECONDS, "costs": costs}}

    read_in = read(problem({}, matrices=matrices)).problem

    assert read_in.distance.tolist() == costs
    assert (read_in.objective.travel_time, read_in.objective.distance) == (0, 1)


def test_the_factor_of_speed_scales_travel_and_not_service() -> None:
    data = problem({"service": 60, "time_windows": [[100, 200]]}, vehicles=[{"speed_factor": 1.5}])
    found = read(data)

    assert found.travel.scale == 100
    assert found.problem.travel_time[0, 1] == 600 * 67
    assert found.problem.visits[0].duration == 6_000
    assert found.problem.visits[0].windows == (TimeWindow(10_000, 20_000),)


def test_the_old_word_matrix_is_durations_of_the_usual_profile() -> None:
    data = problem({})
    del data["matrices"]

    assert read({**data, "matrix": SECONDS}).problem.travel_time[0, 3] == 1200


def test_the_matrices_are_those_of_the_profile() -> None:
    matrices = {"car": {"durations": SECONDS}, "bike": {"durations": METRES}}

    found = read(problem({}, vehicles=[{"profile": "bike"}], matrices=matrices)).problem

    assert found.travel_time[0, 1] == METRES[0][1]


def test_a_job_may_take_types_of_vehicles_different_times() -> None:
    job = {"setup": 30, "service": 60, "service_per_type": {"van": 15, "lorry": 90}}
    vehicles = [{"type": "van"}, {}, {"type": "lorry"}]

    read_in = read(problem(job, {"service": 7}, vehicles=vehicles)).problem

    first, second = read_in.visits
    assert (first.duration, second.duration) == (120, 7)
    assert [shift.service(first) for shift in read_in.shifts] == [45, 90, 120]
    assert [shift.service(second) for shift in read_in.shifts] == [7, 7, 7]
    none = problem({"service_per_type": {"van": 9}}, vehicles=[{"type": "van"}, {}])
    assert refused(none) == {("not_supported", "job 1")}


def test_without_matrices_travel_is_estimated_from_coordinates() -> None:
    vehicle = {"id": 1, "start": NEAR["location"]}
    found = read({"jobs": [{"id": 3, **FAR}, {"id": 4, **NEAR}], "vehicles": [vehicle]})

    assert found.travel.is_estimated
    travel_time = found.problem.travel_time
    assert travel_time[0, 1] == pytest.approx(6_839 * 1.3 / (24 / 3.6), rel=0.01)
    # The same coordinates are the same place.
    assert [one.location for one in found.problem.visits] == [1, 0]


# Steps


def test_a_step_that_says_when_binds_the_job_to_the_vehicle_and_the_time() -> None:
    steps = [
        {"type": "start"},
        {"type": "job", "id": 1, "service_at": 700},
        {"type": "job", "id": 2, "service_after": 800, "service_before": 950},
        {"type": "end"},
    ]
    jobs = ({}, {"time_windows": [[0, 900], [2_000, 3_000]]})

    found = read(problem(*jobs, vehicles=[{}, {"steps": steps}])).problem.visits

    assert found[0].pin == Pin("2", 700)
    assert found[1].pin == Pin("2")
    assert found[1].windows == (TimeWindow(800, 900),)


def test_a_step_that_does_not_say_when_is_where_the_search_begins() -> None:
    steps = [{"type": "job", "id": 2}, {"type": "job", "id": 1}]
    found = read(problem({"service": 60}, {}, {}, vehicles=[{"steps": steps}]))

    start = found.start()

    assert start is not None
    (route,) = start.routes
    assert [(stop.id, stop.start) for stop in route.stops] == [("2", 900), ("1", 1_200)]
    assert [one.id for one in start.unassigned] == ["3"]
    assert all(one.pin is None for one in found.problem.visits)
    assert read(problem({})).start() is None


def test_a_step_may_say_when_a_break_is_taken() -> None:
    pause = {"id": 5, "service": 60, "time_windows": [[0, 9_000]]}
    steps = [{"type": "break", "id": 5, "service_at": 1_234}]

    vehicle = read(problem({}, vehicles=[{"breaks": [pause], "steps": steps}])).problem.shifts[0]

    assert vehicle.breaks[0].window == TimeWindow(1_234, 1_234)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ({"type": "job", "id": 9}, "unknown_job"),
        ({"type": "job"}, "unknown_job"),
        ({"type": "break", "id": 9}, "unknown_break"),
        ({"type": "delivery", "id": 1}, "not_supported"),
        ({"type": "lunch"}, "unknown_value"),
        ({"type": "end", "service_at": 5}, "not_supported"),
        ({"type": "job", "id": 1, "service_before": 50}, "promise"),
    ],
)
def test_steps_that_cannot_be_kept_are_refused(step: Json, code: str) -> None:
    data = problem({"time_windows": [[100, 200]]}, vehicles=[{"steps": [step]}])

    assert refused(data) == {(code, "vehicle 1 step 0")}


def test_a_job_is_given_to_one_vehicle_and_starts_and_ends_are_at_the_ends() -> None:
    step = {"type": "job", "id": 1}
    twice = problem({}, vehicles=[{"steps": [step]}, {"steps": [step]}])
    astray = problem({}, vehicles=[{"steps": [step, {"type": "start"}]}])

    assert refused(twice) == {("duplicate_id", "vehicle 2 step 0")}
    assert refused(astray) == {("step_order", "vehicle 1 step 1")}


# What is refused


def test_everything_that_is_wrong_is_told_at_once() -> None:
    job = {"id": 1, "location_index": 9, "servce": 5, "time_windows": [[5, 1]]}
    vehicles = [
        {"id": 1, "start_index": 0, "breaks": [{"id": 1, "max_load": [1]}]},
        {"id": 2, "priority": 1},
    ]
    matrices = {"car": {"durations": SECONDS}}
    data = {"jobs": [job], "vehicles": vehicles, "shipments": [{}], "matrices": matrices, "g": 1}

    assert refused(data) == {
        ("unknown_key", "/g"),
        ("not_supported", "/shipments"),
        ("unknown_key", "/jobs/0/servce"),
        ("window_order", "/jobs/0/time_windows/0"),
        ("unknown_key", "/vehicles/1/priority"),
        ("not_supported", "vehicle 1 break 1"),
    }


def test_shipments_are_refused_and_none_of_them_are_not() -> None:
    assert refused(problem({}, shipments=[{"amount": [1]}])) == {("not_supported", "/shipments")}
    assert read(problem({}, shipments=[])).problem.visits


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("profile", ["car", "bike"]),
        ("speed_factor", [1, 2]),
        ("costs", [{"fixed": 1}, {"fixed": 2}]),
        ("costs", [{"per_task_hour": 1}, {"per_task_hour": 2}]),
    ],
)
def test_vehicles_that_travel_or_cost_differently_are_refused(
    name: str, values: list[object]
) -> None:
    vehicles = [{name: value} for value in values]

    assert refused(problem({}, vehicles=vehicles)) == {("not_supported", "vehicle 2")}


@pytest.mark.parametrize(
    ("vehicle", "code", "where"),
    [
        ({"breaks": [{"id": 1, "max_load": [1]}]}, "not_supported", "vehicle 1 break 1"),
        ({"breaks": [{"id": 1, "time_windows": [[0, 1], [3, 4]]}]}, "not_supported", ""),
        (
            {"breaks": [{"id": 1, "time_windows": [[0, 1]]}], "time_window": [5, 9]},
            "break_outside",
            "",
        ),
        ({"speed_factor": 0}, "speed_factor", "/vehicles/0/speed_factor"),
        ({"speed_factor": 5.5}, "speed_factor", "/vehicles/0/speed_factor"),
        ({"start_index": 4}, "unknown_location", "vehicle 1"),
    ],
)
def test_what_vehicles_may_not_have_is_refused(vehicle: Json, code: str, where: str) -> None:
    assert refused(problem({}, vehicles=[vehicle])) == {(code, where or "vehicle 1 break 1")}


@pytest.mark.parametrize(
    ("job", "code", "where"),
    [
        ({"priority": 101}, "priority", "/jobs/0/priority"),
        ({"service": -1}, "negative", "/jobs/0/service"),
        ({"service": 2.5}, "wrong_type", "/jobs/0/service"),
        ({"id": "a"}, "wrong_type", "/jobs/0/id"),
        ({"skills": ["gas"]}, "wrong_type", "/jobs/0/skills/0"),
        ({"time_windows": []}, "no_window", "job 1"),
        ({"time_windows": [[1, 2, 3]]}, "wrong_type", "/jobs/0/time_windows/0"),
        ({"location": [1]}, "wrong_type", "/jobs/0/location"),
        ({"location_index": 4}, "unknown_location", "job 1"),
        ({"delivery": [1]}, "amounts", "job 1"),
    ],
)
def test_what_jobs_may_not_have_is_refused(job: Json, code: str, where: str) -> None:
    assert refused(problem(job)) == {(code, where)}


def test_deliveries_and_pickups_in_one_dimension_are_refused() -> None:
    data = problem({"delivery": [1]}, {"pickup": [1]}, vehicles=[{"capacity": [3]}])

    assert refused(data) == {("not_supported", "amounts")}


def test_matrices_have_to_be_there_for_what_they_are_needed_for() -> None:
    only = {"car": {"durations": SECONDS}}
    per_km = [{"costs": {"per_km": 5}}]

    assert refused(problem({}, matrices={"bike": {"durations": SECONDS}})) == {
        ("missing_matrix", "/matrices/car")
    }
    assert refused(problem({}, vehicles=per_km, matrices=only)) == {
        ("missing_matrix", "/matrices/car")
    }
    both = {"car": {"durations": SECONDS, "distances": METRES, "costs": SECONDS}}
    assert refused(problem({}, vehicles=per_km, matrices=both)) == {("contradiction", "vehicle 1")}
    limited = problem({}, vehicles=[{"max_distance": 5}], matrices=only)
    assert refused(limited) == {("missing_matrix", "/matrices/car")}
    priced = {"car": {"durations": SECONDS, "costs": SECONDS, "distances": METRES}}
    limited = problem({}, vehicles=[{"max_distance": 5}], matrices=priced)
    assert refused(limited) == {("not_supported", "vehicle 1")}
    small = {"car": {"durations": SECONDS, "distances": [[0]]}}
    assert refused(problem({}, matrices=small)) == {("matrix_shape", "/matrices/car")}


def test_a_vehicle_needs_an_end_and_a_job_a_place() -> None:
    data = {"jobs": [{"id": 1}], "vehicles": [{"id": 1}, {"id": 2, "end": [500, 0]}]}

    assert refused(data) == {
        ("longitude", "/vehicles/1/end/0"),
        ("missing_key", "job 1"),
        ("missing_key", "vehicle 1"),
    }


@pytest.mark.parametrize("data", [[], None, 5, {"vehicles": 5}, {"vehicles": []}])
def test_what_is_no_problem_at_all_is_refused(data: object) -> None:
    assert refused(data)
