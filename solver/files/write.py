"""Solutions as JSON, out and in (docs/formats.md)."""

from collections.abc import Iterable
from typing import Any

from solver.faults import Fault
from solver.files.decode import FAULTY, Decoder
from solver.problem import Problem
from solver.solution import SOFT, Reason, Route, Solution, Stop, StopKind, Unassigned


class InvalidSolution(ValueError):  # noqa: N818 - as InvalidProblem
    """A document is no solution; ``faults`` lists everything found."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def write_solution(solution: Solution, scale: int, cost_scale: int | None = None) -> dict[str, Any]:
    """The solution as a JSON object, with times and costs in the units of the problem's file; the
    two scales are the same if only one is given."""

    def unscaled(number: int, by: int = scale) -> float:
        return number if by == 1 else number / by

    per_cost = scale if cost_scale is None else cost_scale

    def stop_object(stop: Stop) -> dict[str, Any]:
        picked_up = {"parts": dict(stop.parts), "tools": sorted(stop.tools)}
        return {
            "kind": stop.kind.value,
            "id": stop.id,
            "arrival": unscaled(stop.arrival),
            "start": unscaled(stop.start),
            "departure": unscaled(stop.departure),
            **(picked_up if stop.kind is StopKind.DEPOT else {}),
        }

    return {
        "objective": unscaled(solution.objective, per_cost),
        "cost": {rule.value: unscaled(cost, per_cost) for rule, cost in solution.cost.items()},
        "routes": [
            {
                "technician": route.technician,
                "shift": route.shift,
                "start": unscaled(route.start),
                "end": unscaled(route.end),
                "stops": [stop_object(stop) for stop in route.stops],
            }
            for route in solution.routes
        ],
        "unassigned": [
            {
                "id": visit.id,
                "reasons": [
                    {
                        "code": reason.code.value,
                        "rule": None if reason.rule is None else reason.rule.value,
                        "message": reason.message,
                    }
                    for reason in visit.reasons
                ],
            }
            for visit in solution.unassigned
        ],
    }


def read_solution(
    data: Any, problem: Problem, scale: int, cost_scale: int | None = None
) -> Solution:
    """The solution in a decoded JSON document, which another program may have written.

    Keys that are not ours are left aside. A route needs no shift if its technician has only one,
    a visit left out no reasons. A document that claims no cost has an empty ``cost``. Whether the
    solution is any good is for ``solver.judge.check`` to say. Raises ``InvalidSolution``.
    """

    per_cost = scale if cost_scale is None else cost_scale

    def scaled(decoder: Decoder, value: Any, where: str, by: int = scale) -> Any:
        if by == 1:
            return decoder.integer(value, where)
        number = decoder.number(value, where)
        return number if number is FAULTY else round(number * by)

    times: tuple[tuple[type, str], ...] = (
        (Route, "start"),
        (Route, "end"),
        (Stop, "arrival"),
        (Stop, "start"),
        (Stop, "departure"),
    )
    decoder = Decoder(
        {str: _name, **dict.fromkeys(times, scaled)},
        {(Unassigned, "reasons"): (), (Reason, "rule"): None},
        strict=False,
    )
    keys = {"objective": False, "cost": False, "routes": True, "unassigned": False}
    if not decoder.keys(data, "", keys):
        raise InvalidSolution(decoder.faults)
    routes = decoder.records(Route, _with_shifts(data["routes"], problem), "/routes")
    unassigned = decoder.records(Unassigned, data.get("unassigned", []), "/unassigned")
    cost = decoder.mapping(
        data.get("cost", {}),
        "/cost",
        lambda name, where: _soft_rule(decoder, name, where),
        lambda value, where: scaled(decoder, value, where, per_cost),
    )
    objective: Any = FAULTY
    if "objective" in data:
        objective = scaled(decoder, data["objective"], "/objective", per_cost)
    if FAULTY not in (objective, cost) and "cost" in data:
        rounding = 0 if per_cost == 1 else len(cost) + per_cost // 1000
        if abs(objective - sum(cost.values())) > rounding:
            cause = f"{data['objective']} is not the sum of the costs"
            decoder.fault("contradiction", "/objective", cause, "correct one of them")
    if decoder.faults:
        raise InvalidSolution(decoder.faults)
    return Solution(routes, unassigned, cost)


def _with_shifts(routes: Any, problem: Problem) -> Any:
    """The routes as they are, with the shift added where the technician has only one."""
    by_technician: dict[str, list[str]] = {}
    for shift in problem.shifts:
        by_technician.setdefault(shift.technician, []).append(shift.id)
    if not isinstance(routes, list):
        return routes
    completed = []
    for route in routes:
        theirs = (
            by_technician.get(str(route.get("technician")), []) if isinstance(route, dict) else []
        )
        completed.append({"shift": theirs[0], **route} if len(theirs) == 1 else route)
    return completed


def _name(decoder: Decoder, value: Any, where: str) -> Any:
    """An id; where ids are numbers, other programs write them as such."""
    return str(value) if type(value) is int else decoder.text(value, where)


def _soft_rule(decoder: Decoder, name: str, where: str) -> Any:
    rules = {rule.value: rule for rule in SOFT}
    return rules.get(name) or decoder.unknown_name("unknown_key", where, "cost", name, rules)
