"""Small VROOM problems of our own making."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

from benchmarks.engines.vroom_rules import Json, rank, service_of

SECONDS = [[0, 600, 900, 1200], [600, 0, 300, 1500], [900, 300, 0, 400], [1200, 1500, 400, 0]]
METRES = [[way * 12 for way in row] for row in SECONDS]


def problem(*jobs: Json, vehicles: Sequence[Json] = ({},), **more: Any) -> Json:
    """Jobs 1, 2, … at places 1, 2, … for vehicles 1, 2, … that start and end at place 0."""
    return {
        "jobs": [{"id": i, "location_index": i, **job} for i, job in enumerate(jobs, start=1)],
        "vehicles": [
            {"id": i, **({} if "end_index" in one else {"start_index": 0, "end_index": 0}), **one}
            for i, one in enumerate(vehicles, start=1)
        ],
        "matrices": {"car": {"durations": SECONDS, "distances": METRES}},
        **more,
    }


@st.composite
def problems(draw: st.DrawFn, *, shared: bool) -> Json:
    """Anything that is taken, on six places: one for the vehicles, and one for each of up to five
    jobs, or if they are ``shared`` any of them."""
    places, most = 6, 5
    legs = st.lists(st.integers(0, 900), min_size=places, max_size=places)
    durations = draw(st.lists(legs, min_size=places, max_size=places))
    for place in range(places):
        durations[place][place] = 0
    kind = draw(st.sampled_from(["delivery", "pickup"]))
    jobs = [draw(_job(i, kind)) for i in range(1, draw(st.integers(1, most)) + 1)]
    for job in jobs if shared else ():
        job["location_index"] = draw(st.integers(0, 3))
    speed = draw(st.sampled_from([1, 1, 0.9, 1.7]))
    fixed = draw(st.sampled_from([{}, {}, {"fixed": 500}, {"per_task_hour": 900}]))
    vehicles = [draw(_vehicle(i, speed, fixed)) for i in range(1, draw(st.integers(1, 3)) + 1)]
    distances = [[way * 7 for way in row] for row in durations]
    matrices = {"durations": durations, "distances": distances}
    return {"jobs": jobs, "vehicles": vehicles, "matrices": {"car": matrices}}


@st.composite
def _job(draw: st.DrawFn, number: int, kind: str) -> Json:
    start = draw(st.integers(0, 4000))
    optional: Json = {
        "setup": draw(st.integers(0, 300)),
        "service": draw(st.integers(1, 900)),
        "service_per_type": {"van": draw(st.integers(1, 900))},
        kind: [draw(st.integers(0, 3))],
        "skills": draw(st.sampled_from([[], [1], [1, 7]])),
        "priority": draw(st.sampled_from([0, 0, 10, 100])),
        "time_windows": [[start, start + 300 + draw(st.integers(0, 3000))]],
    }
    kept = {"service", *draw(st.sets(st.sampled_from(sorted(optional))))}
    return {"id": number, "location_index": number, **{name: optional[name] for name in kept}}


@st.composite
def _vehicle(draw: st.DrawFn, number: int, speed: float, fixed: Json) -> Json:
    start = draw(st.integers(0, 1000))
    end = start + draw(st.integers(2000, 9000))
    pause = draw(st.integers(start, end - 600))
    prices: Json = draw(st.sampled_from([{}, {}, {"per_hour": 1200, "per_km": 40}]))
    optional: Json = {
        "skills": draw(st.sampled_from([[1], [1, 7, 9]])),
        "type": "van",
        "time_window": [start, end],
        "max_tasks": draw(st.integers(0, 4)),
        "max_travel_time": draw(st.integers(0, 3000)),
        "max_distance": draw(st.integers(0, 30_000)),
        "breaks": [{"id": 1, "service": 300, "time_windows": [[pause, pause + 900]]}],
    }
    kept = draw(st.sets(st.sampled_from(sorted(optional))))
    ends = draw(st.sampled_from([("start_index",), ("end_index",), ("start_index", "end_index")]))
    return {
        "id": number,
        "capacity": [draw(st.integers(0, 9))],
        "speed_factor": speed,
        "costs": {**fixed, **prices},
        **{name: optional[name] for name in kept},
        **dict.fromkeys(ends, 0),
    }


def best_rank(problem: Json) -> tuple[int, int, int]:
    """Of every plan that there is, for vehicles without breaks."""
    jobs = [job["id"] for job in problem["jobs"]]
    owners: list[int | None] = [None, *range(len(problem["vehicles"]))]
    found = []
    for chosen in itertools.product(owners, repeat=len(jobs)):
        shared = [[j for j, own in zip(jobs, chosen, strict=True) if own == v] for v in owners[1:]]
        orders = [list(_possible(problem, v, theirs)) for v, theirs in enumerate(shared)]
        for routes in itertools.product(*orders):
            steps = [
                [{"type": "job", "id": j, **_task(problem, v, order, j)} for j in order]
                for v, order in enumerate(routes)
            ]
            plan = {
                "routes": [
                    {"vehicle": problem["vehicles"][v]["id"], "steps": one}
                    for v, one in enumerate(steps)
                    if one
                ]
            }
            found.append(rank(problem, plan))
    return min(found)


def _task(problem: Json, vehicle: int, order: Sequence[int], job: int) -> Json:
    at = order.index(job)
    own = problem["vehicles"][vehicle]
    before = own.get("start_index") if at == 0 else _job_of(problem, order[at - 1])
    here = _job_of(problem, job)
    place = before if at == 0 else before["location_index"]
    return {
        "setup": 0 if place == here["location_index"] else here.get("setup", 0),
        "service": service_of(own, here),
    }


def _job_of(problem: Json, id_: int) -> Any:
    return next(job for job in problem["jobs"] if job["id"] == id_)


def _possible(problem: Json, vehicle: int, jobs: Sequence[int]) -> Iterator[Sequence[int]]:
    own = problem["vehicles"][vehicle]
    for order in itertools.permutations(jobs):
        if _can_be_kept(problem, own, order):
            yield order


def _can_be_kept(problem: Json, own: Json, order: Sequence[int]) -> bool:
    durations = problem["matrices"]["car"]["durations"]
    hundredths = round(100 / own.get("speed_factor", 1))
    opens, closes = own.get("time_window", (0, 2**40))
    clock, here = opens * 100, own.get("start_index")
    driven = 0
    for name in ("delivery", "pickup"):
        amounts = [_job_of(problem, j).get(name, [0])[0] for j in order]
        if sum(amounts) > own.get("capacity", [2**40])[0]:
            return False
    if len(order) > own.get("max_tasks", len(order)):
        return False
    for number in order:
        job = _job_of(problem, number)
        if not set(job.get("skills", [])) <= set(own.get("skills", [])):
            return False
        there = job["location_index"]
        way = 0 if here is None else durations[here][there] * hundredths
        clock, driven = clock + way, driven + way
        later = [
            max(clock, start * 100)
            for start, end in sorted(job.get("time_windows", [[0, 2**40]]))
            if clock <= end * 100
        ]
        if not later:
            return False
        setup = 0 if here == there else job.get("setup", 0)
        clock, here = later[0] + 100 * (setup + service_of(own, job)), there
    if order and "end_index" in own:
        way = durations[here][own["end_index"]] * hundredths
        clock, driven = clock + way, driven + way
    # Metres are seven times the seconds, before any factor.
    within = driven <= own.get("max_travel_time", 2**40) * 100
    within = within and driven // hundredths * 7 <= own.get("max_distance", 2**40)
    return within and clock <= closes * 100
