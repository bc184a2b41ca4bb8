"""VROOM's rules, worked out once more from its documents alone.

Problem and plan are decoded JSON of VROOM's; nothing of the solver is used, so that what reads and
writes that form can be held against this. Travel comes from matrices.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

Json = dict[str, Any]


def rank(problem: Json, plan: Json) -> tuple[int, int, int]:
    """What VROOM compares plans by, the lower the better: priorities that are not served, jobs that
    are not served, and the cost."""
    served = {step["id"] for route in plan["routes"] for step in route["steps"] if is_job(step)}
    left = [job for job in problem["jobs"] if job["id"] not in served]
    cost = sum(cost_of_route(problem, route) for route in plan["routes"])
    return sum(job.get("priority", 0) for job in left), len(left), cost


def faults(problem: Json, plan: Json) -> list[str]:
    """Every rule that the plan breaks, and every sum that it gets wrong; none: it is as it should
    be."""
    found = list(_served_once(problem, plan))
    for route in plan["routes"]:
        vehicle = _vehicle(problem, route)
        where = f"vehicle {vehicle['id']}: "
        found += [where + fault for fault in _of_route(problem, vehicle, route)]
    for name in ("cost", "setup", "service", "duration", "waiting_time", "priority"):
        total = sum(route[name] for route in plan["routes"])
        if plan["summary"][name] != total:
            found.append(f"summary: {name} is {plan['summary'][name]}, routes have {total}")
    if plan["summary"]["unassigned"] != len(plan["unassigned"]):
        found.append("summary: another number is unassigned than is listed")
    return found


def cost_of_route(problem: Json, route: Json) -> int:
    """Travel, tasks and use of the vehicle, as its costs say."""
    vehicle = _vehicle(problem, route)
    costs = {"fixed": 0, "per_hour": 3600, "per_km": 0, "per_task_hour": 0}
    costs |= vehicle.get("costs", {})
    matrices = _matrices(problem, vehicle)
    legs = list(pairwise(_places(problem, vehicle, route)))
    tasks = sum(step["setup"] + step["service"] for step in route["steps"] if is_job(step))
    # Breaks count as tasks, although the documents do not say so.
    tasks += sum(pause.get("service", 0) for pause in vehicle.get("breaks", []))
    total = costs["fixed"] + costs["per_task_hour"] * tasks // 3600
    if "costs" in matrices:
        return int(total + sum(matrices["costs"][a][b] for a, b in legs))
    by_distance = Fraction(0)
    if costs["per_km"]:
        by_distance = Fraction(costs["per_km"] * _metres(matrices, legs), 1000)
    if not _is_timed(problem):
        # Another algorithm, which cuts off where the other rounds what it has told.
        durations = sum(matrices["durations"][a][b] for a, b in legs)
        price = round(100 / vehicle.get("speed_factor", 1) * costs["per_hour"])
        return int(total + (Fraction(durations * price, 360_000) + by_distance).__floor__())
    travel = sum(_seconds(matrices, vehicle, a, b) for a, b in legs)
    by_time = Fraction(costs["per_hour"]) * int(travel) / 3600
    return int(total + (by_time + by_distance + Fraction(1, 2)).__floor__())


def service_of(vehicle: Json, job: Json) -> int:
    """How long the job takes this type of vehicle."""
    by_type = job.get("service_per_type", {})
    return int(by_type.get(vehicle.get("type", ""), job.get("service", 0)))


def _is_timed(problem: Json) -> bool:
    timed = any("breaks" in one or "time_window" in one for one in problem["vehicles"])
    return timed or any("time_windows" in job for job in problem["jobs"])


def _metres(matrices: Json, legs: Sequence[tuple[int, int]]) -> int:
    return sum(matrices["distances"][a][b] for a, b in legs)


def is_job(step: Json) -> bool:
    return bool(step["type"] == "job")


def _served_once(problem: Json, plan: Json) -> Iterator[str]:
    served = [step["id"] for route in plan["routes"] for step in route["steps"] if is_job(step)]
    told = sorted(served + [job["id"] for job in plan["unassigned"]])
    if told != sorted(job["id"] for job in problem["jobs"]):
        yield "jobs are not each on one route or unassigned"
    vehicles = [route["vehicle"] for route in plan["routes"]]
    if len(set(vehicles)) < len(vehicles):
        yield "a vehicle has several routes"


def _of_route(problem: Json, vehicle: Json, route: Json) -> Iterator[str]:
    steps = route["steps"]
    if (steps[0]["type"], steps[-1]["type"]) != ("start", "end"):
        yield "its steps do not begin with start and end with end"
    yield from _times(problem, vehicle, steps)
    yield from _limits(problem, vehicle, route)
    yield from _loads(problem, vehicle, steps)
    if sorted(s["id"] for s in steps if s["type"] == "break") != sorted(
        pause["id"] for pause in vehicle.get("breaks", [])
    ):
        yield "not each of its breaks is on the route once"
    cost, spare = cost_of_route(problem, route), 0
    if vehicle.get("speed_factor", 1) != 1:
        # Whole seconds are told, and hundredths are driven.
        spare = len(steps) * max(1, vehicle.get("costs", {}).get("per_hour", 3600) // 3600)
    if abs(route["cost"] - cost) > spare:
        yield f"its cost is {route['cost']}, not {cost}"
    for name in ("setup", "service", "waiting_time"):
        if route[name] != sum(step[name] for step in steps):
            yield f"{name} is not the sum of its steps'"
    if route["duration"] != steps[-1]["duration"]:
        yield "its duration is not that of its last step"


def _times(problem: Json, vehicle: Json, steps: Sequence[Json]) -> Iterator[str]:
    """Every step in its window, and after the one before with all that it takes."""
    matrices = _matrices(problem, vehicle)
    opens, closes = vehicle.get("time_window", (0, 2**63))
    if not (opens <= steps[0]["arrival"] and steps[-1]["arrival"] <= closes):
        yield "it works outside its time window"
    jobs = {job["id"]: job for job in problem["jobs"]}
    pauses = {pause["id"]: pause for pause in vehicle.get("breaks", [])}
    here = vehicle.get("start_index")
    left = Fraction(0)
    known = False
    for before, step in pairwise(steps):
        over = before["arrival"] + before["waiting_time"] + before["setup"] + before["service"]
        driving = step["arrival"] - over
        if driving < 0 or step["duration"] - before["duration"] != driving:
            yield f"the way to the step at {step['arrival']} takes another time than it has"
        if not known:
            there = _next_place(problem, vehicle, steps, step)
            left = Fraction(0)
            if here is not None and there is not None:
                left = _seconds(matrices, vehicle, here, there)
            known = True
        left -= driving
        begin = step["arrival"] + step["waiting_time"]
        if step["type"] == "break":
            pause = pauses[step["id"]]
            if step["service"] != pause.get("service", 0):
                yield f"break {step['id']} has another length"
            yield from _inside(pause.get("time_windows"), begin, f"break {step['id']}")
            continue
        known = False
        if abs(left) >= (1 if vehicle.get("speed_factor", 1) == 1 else 2):
            yield f"the way to the step at {step['arrival']} is {left} s longer than was driven"
        if is_job(step):
            job = jobs[step["id"]]
            setup = 0 if here == job["location_index"] else job.get("setup", 0)
            if (step["setup"], step["service"]) != (setup, service_of(vehicle, job)):
                yield f"job {job['id']} takes another time"
            yield from _inside(job.get("time_windows"), begin, f"job {job['id']}")
            if not set(job.get("skills", ())) <= set(vehicle.get("skills", ())):
                yield f"job {job['id']} needs other skills"
            here = job["location_index"]


def _inside(windows: Sequence[Sequence[int]] | None, begin: int, what: str) -> Iterator[str]:
    if windows is not None and not any(start <= begin <= end for start, end in windows):
        yield f"{what} begins at {begin}, outside its windows"


def _next_place(problem: Json, vehicle: Json, steps: Sequence[Json], step: Json) -> int | None:
    """Where the first job, or the end, is that comes with this step or after it."""
    for later in steps[steps.index(step) :]:
        if is_job(later):
            return int(_job(problem, later["id"])["location_index"])
    return vehicle.get("end_index")


def _limits(problem: Json, vehicle: Json, route: Json) -> Iterator[str]:
    legs = list(pairwise(_places(problem, vehicle, route)))
    matrices = _matrices(problem, vehicle)
    jobs = sum(map(is_job, route["steps"]))
    if jobs > vehicle.get("max_tasks", jobs):
        yield f"it has {jobs} tasks"
    seconds = sum(_seconds(matrices, vehicle, a, b) for a, b in legs)
    if seconds > vehicle.get("max_travel_time", seconds):
        yield f"it travels for {seconds} s"
    if "distances" in matrices:
        metres = _metres(matrices, legs)
        if metres > vehicle.get("max_distance", metres):
            yield f"it travels {metres} m"
        if route.get("distance", metres) != metres:
            yield f"its distance is {route['distance']}, not {metres}"


def _loads(problem: Json, vehicle: Json, steps: Sequence[Json]) -> Iterator[str]:
    capacity = vehicle.get("capacity", [])
    for dimension, most in enumerate(capacity):
        jobs = [_job(problem, step["id"]) for step in steps if is_job(step)]
        load = sum(job["delivery"][dimension] for job in jobs if "delivery" in job)
        for step in steps:
            if is_job(step):
                job = _job(problem, step["id"])
                load += job.get("pickup", [0] * len(capacity))[dimension]
                load -= job.get("delivery", [0] * len(capacity))[dimension]
            if step["load"][dimension] != load:
                yield f"the load is {step['load'][dimension]}, not {load}"
            if load > most:
                yield f"the load is {load} of {most}"


def _places(problem: Json, vehicle: Json, route: Json) -> list[int]:
    """Where the route goes, from its start if it has one to its end."""
    jobs = [_job(problem, step["id"])["location_index"] for step in route["steps"] if is_job(step)]
    ends = [vehicle[key] for key in ("start_index",) if key in vehicle]
    return [*ends, *jobs, *(vehicle[key] for key in ("end_index",) if key in vehicle)]


def _seconds(matrices: Json, vehicle: Json, here: int, there: int) -> Fraction:
    """VROOM rounds the factor of speed to hundredths, and not the way."""
    factor = round(100 / vehicle.get("speed_factor", 1))
    return Fraction(matrices["durations"][here][there] * factor, 100)


def _matrices(problem: Json, vehicle: Json) -> Json:
    found: Json = problem["matrices"][vehicle.get("profile", "car")]
    return found


def _vehicle(problem: Json, route: Json) -> Json:
    return next(one for one in problem["vehicles"] if one["id"] == route["vehicle"])


def _job(problem: Json, id_: int) -> Json:
    return next(one for one in problem["jobs"] if one["id"] == id_)
