"""A plan of ours as VROOM's output."""

from collections.abc import Iterable
from typing import Any

from solver.files.vroom.document import Coordinates, VroomJob
from solver.files.vroom.read import VroomProblem
from solver.files.vroom.schedule import Milestone, VroomRoute, amounts_of, in_full
from solver.files.vroom.steps import BREAK, END, JOB, START
from solver.solution import Solution, StopKind

MILLISECONDS = 1000
MISSING_BREAK = "missing_break"


def write_vroom(vroom: VroomProblem, solution: Solution, *, seconds: float = 0.0) -> dict[str, Any]:
    """The solution, which must keep the problem's rules, as a JSON object; ``seconds`` is how long
    it took to find it."""
    by_shift = {route.shift: route for route in solution.routes}
    order = [shift.id for shift in vroom.problem.shifts if shift.id in by_shift]
    routes = [in_full(vroom, by_shift[shift]) for shift in order]
    routes = [route for route in routes if route.jobs]
    written = [_route(vroom, route) for route in routes]
    totals = ("cost", "setup", "service", "duration", "waiting_time", "priority", "distance")
    summary = {
        "cost": 0,
        "routes": len(routes),
        "unassigned": len(solution.unassigned),
        **_amounts(vroom, [job for route in routes for job in route.jobs]),
        **{
            name: sum(route[name] for route in written)
            for name in totals
            if name != "distance" or vroom.travel.distance is not None
        },
        **({"travel": "estimated"} if vroom.travel.is_estimated else {}),
        "violations": [violation for route in written for violation in route["violations"]],
        "computing_times": {"loading": 0, "solving": round(seconds * MILLISECONDS)},
    }
    return {
        "code": 0,
        "summary": summary,
        "unassigned": [
            {
                "id": vroom.job[left.id].id,
                "type": JOB,
                **_described(vroom.job[left.id]),
                **_place_of_job(vroom.job[left.id]),
                "reasons": [
                    {
                        "code": reason.code.value,
                        "rule": None if reason.rule is None else reason.rule.value,
                        "message": reason.message,
                    }
                    for reason in left.reasons
                ],
            }
            for left in solution.unassigned
        ],
        "routes": written,
    }


def _route(vroom: VroomProblem, route: VroomRoute) -> dict[str, Any]:
    vehicle, last = vroom.vehicle[route.route.shift], route.milestones[-1]
    steps = [_step(vroom, route, at) for at in range(len(route.milestones))]
    return {
        "vehicle": vehicle.id,
        "cost": route.cost,
        **({"description": vehicle.description} if vehicle.description else {}),
        **_amounts(vroom, route.jobs),
        "setup": sum(one.setup for one in route.milestones),
        "service": sum(one.service for one in route.milestones),
        "duration": last.driven,
        "waiting_time": sum(one.waiting for one in route.milestones),
        "priority": sum(job.priority for job in route.jobs),
        **_distance(vroom, last),
        "steps": steps,
        "violations": [{"cause": MISSING_BREAK}] if route.missing else [],
    }


def _step(vroom: VroomProblem, route: VroomRoute, at: int) -> dict[str, Any]:
    milestone = route.milestones[at]
    vehicle, stop = vroom.vehicle[route.route.shift], milestone.stop
    about: dict[str, Any]
    if stop is None:
        # A route without a start, or an end, begins or ends with its jobs.
        first, last = route.jobs[0], route.jobs[-1]
        if at == 0:
            place = _place(vehicle.start, vehicle.start_index) or _place_of_job(first)
        else:
            place = _place(vehicle.end, vehicle.end_index) or _place_of_job(last)
        about = {"type": END if at else START, **place}
    elif stop.kind is StopKind.BREAK:
        pause = next(pause for pause in vehicle.breaks if str(pause.id) == stop.id)
        text = {"description": pause.description} if pause.description else {}
        about = {"type": BREAK, **text, "id": pause.id}
    else:
        job = vroom.job[stop.id]
        about = {"type": JOB, **_described(job), **_place_of_job(job), "id": job.id}
    return {
        **about,
        "setup": milestone.setup,
        "service": milestone.service,
        "waiting_time": milestone.waiting,
        **({"load": list(milestone.load)} if milestone.load else {}),
        "arrival": milestone.arrival,
        "duration": milestone.driven,
        **_distance(vroom, milestone),
        "violations": [],
    }


def _distance(vroom: VroomProblem, milestone: Milestone) -> dict[str, Any]:
    return {} if vroom.travel.distance is None else {"distance": milestone.distance}


def _amounts(vroom: VroomProblem, jobs: Iterable[VroomJob]) -> dict[str, Any]:
    """Nothing where vehicles have no capacity to speak of."""
    jobs = tuple(jobs)
    named = {
        "delivery": amounts_of(vroom, jobs, picked_up=False),
        "pickup": amounts_of(vroom, jobs, picked_up=True),
    }
    return {name: list(sums) for name, sums in named.items() if sums}


def _described(job: VroomJob) -> dict[str, Any]:
    return {"description": job.description} if job.description else {}


def _place_of_job(job: VroomJob) -> dict[str, Any]:
    return _place(job.location, job.location_index)


def _place(location: Coordinates | None, index: int | None) -> dict[str, Any]:
    """As far as the input says it."""
    return {
        **({} if location is None else {"location": list(location)}),
        **({} if index is None else {"location_index": index}),
    }
