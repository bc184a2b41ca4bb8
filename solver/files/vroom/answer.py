"""VROOM's output, or what another program writes in its place, as a solution of ours."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from solver.faults import Fault
from solver.files.decode import Decoder
from solver.files.vroom.document import whole
from solver.files.vroom.read import VroomProblem
from solver.files.vroom.schedule import cost_of, driven_seconds
from solver.files.vroom.steps import BREAK, END, JOB, START
from solver.files.write import InvalidSolution
from solver.solution import (
    Reason,
    ReasonCode,
    Route,
    Rule,
    Solution,
    Stop,
    StopKind,
    Unassigned,
    Violation,
)

LEFT_OUT = (Reason(ReasonCode.NOT_FOUND, None, "the plan leaves it out"),)


@dataclass(frozen=True, slots=True)
class AnsweredStep:
    type: str
    arrival: int
    id: int | None = None
    setup: int = 0
    service: int = 0
    waiting_time: int = 0


@dataclass(frozen=True, slots=True)
class AnsweredRoute:
    vehicle: int
    steps: tuple[AnsweredStep, ...]
    cost: int | None = None


@dataclass(frozen=True, slots=True)
class AnsweredJob:
    """One that is left out."""

    id: int


@dataclass(frozen=True, slots=True)
class AnsweredSummary:
    cost: int | None = None
    unassigned: int | None = None


@dataclass(frozen=True, slots=True)
class VroomAnswer:
    routes: tuple[AnsweredRoute, ...]
    unassigned: tuple[AnsweredJob, ...] = ()
    summary: AnsweredSummary = field(default_factory=AnsweredSummary)
    code: int = 0
    error: str = ""


def read_answer(data: Any) -> VroomAnswer:
    """What a decoded JSON document of VROOM's says; keys that say nothing of the plan are left
    aside. Raises ``InvalidSolution``."""
    decoder = Decoder({int: whole}, strict=False)
    answer = decoder.record(VroomAnswer, data, "")
    if answer is not None and answer.code:
        cause = f"it is no plan, but an error: {answer.error or answer.code}"
        decoder.fault("no_plan", "/code", cause, "solve the problem again")
    for number, route in enumerate(() if answer is None else answer.routes):
        decoder.faults += _step_faults(route, f"/routes/{number}/steps")
    if decoder.faults or answer is None:
        raise InvalidSolution(decoder.faults)
    return answer


def solution_of_answer(vroom: VroomProblem, answer: VroomAnswer) -> Solution:
    """The plan, in the problem's unit of time, which claims no cost of ours."""
    routes = tuple(_route(vroom, route) for route in answer.routes)
    left_out = tuple(Unassigned(str(job.id), LEFT_OUT) for job in answer.unassigned)
    return Solution(routes, left_out, {})


def claim_violations(vroom: VroomProblem, answer: VroomAnswer) -> Iterator[Violation]:
    """Where the plan claims another cost than VROOM would have it, or leaves out another number of
    jobs than it says. For a plan that breaks no rule.

    Where travel is counted in hundredths, a second is allowed for what was rounded on the way.
    """
    total, slack = 0, 0
    for route in answer.routes:
        jobs = [vroom.job[str(step.id)] for step in route.steps if step.type == JOB]
        if not jobs:
            continue
        shift = str(route.vehicle)
        driven = driven_seconds(vroom, shift, jobs)
        true = cost_of(vroom, shift, jobs, driven)
        total += true
        rounded = 0
        if vroom.travel.scale != 1:
            rounded = cost_of(vroom, shift, jobs, driven + len(route.steps)) - true
        slack += rounded
        if route.cost is not None and abs(route.cost - true) > rounded:
            message = f"{route.cost} is claimed, it is {true}"
            amount = abs(route.cost - true)
            yield Violation(Rule.COST, f"vehicle {route.vehicle}", amount, message, shift)
    claimed = answer.summary.cost
    if claimed is not None and abs(claimed - total) > slack:
        message = f"{claimed} is claimed, it is {total}"
        yield Violation(Rule.COST, "summary", abs(claimed - total), message)
    listed = answer.summary.unassigned
    if listed is not None and listed != len(answer.unassigned):
        message = f"{listed} are said to be unassigned, {len(answer.unassigned)} are listed"
        amount = abs(listed - len(answer.unassigned))
        yield Violation(Rule.EVERY_VISIT_ONCE, "summary", amount, message)


def _step_faults(route: AnsweredRoute, where: str) -> Iterator[Fault]:
    types = [step.type for step in route.steps]
    if types[:1] != [START] or types[-1:] != [END]:
        cause, action = "they do not begin with start and end with end", "add both"
        yield Fault("step_order", where, cause, action)
    for number, step in enumerate(route.steps[1:-1], start=1):
        if step.type not in (JOB, BREAK):
            cause = f"a step of type {step.type!r} is none on a route of ours"
            yield Fault("unknown_value", f"{where}/{number}", cause, f"use {JOB} or {BREAK}")
        elif step.id is None:
            yield Fault("missing_key", f"{where}/{number}", 'key "id" is missing', "add it")


def _route(vroom: VroomProblem, route: AnsweredRoute) -> Route:
    scale, name = vroom.travel.scale, str(route.vehicle)
    first, *between, last = route.steps
    stops = []
    for step in between:
        start = step.arrival + step.waiting_time
        departure = start + step.setup + step.service
        kind = StopKind.BREAK if step.type == BREAK else StopKind.VISIT
        # A break lies between two places, and is no place to come to.
        arrival = start if kind is StopKind.BREAK else step.arrival
        visit = vroom.problem.visit.get(str(step.id)) if kind is StopKind.VISIT else None
        if visit is not None and visit.access:
            # The technician comes to the visit after the setup.
            arrival = start = start + step.setup
        times = (arrival * scale, start * scale, departure * scale)
        stops.append(Stop(kind, str(step.id), *times))
    return Route(name, name, first.arrival * scale, last.arrival * scale, tuple(stops))
