"""A problem as it came in, solved: what happens inside a process of the service's own."""

import json
import time
from collections.abc import Callable, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dispatch.settings import Settings
from solver.draft.draft import Draft
from solver.explain.linked import with_reasons
from solver.faults import Fault
from solver.files.decode import UnreadableFile
from solver.files.matrices import parse_problem
from solver.files.plans import plan_as_json
from solver.files.read import Format, ProblemFile, file_of_json
from solver.problem import InvalidProblem
from solver.solution import Solution
from solver.solve import Limit, solve
from solver.start import start_from

BODY = Path("body")
"""What the problem is called where it has no file."""
COUNTED = ("visits", "shifts", "depots", "locations", "jobs", "vehicles")


@dataclass(frozen=True, slots=True)
class SolveOrder:
    """A problem in JSON, and for how long to search.

    With ``iterations`` the same order always gets the same answer. ``most_seconds`` end it whatever
    it asks for.
    """

    text: bytes
    form: Format
    seconds: float | None
    iterations: int | None
    seed: int
    most_seconds: float
    most_places: int

    @property
    def limit(self) -> Limit:
        return Limit(seconds=self.seconds, iterations=self.iterations)


class NotJson(ValueError):  # noqa: N818 - says what it is
    """The order's text is no JSON; the message says where."""


def checked_order(
    text: bytes,
    form: Format,
    settings: Settings,
    *,
    seconds: float | None,
    iterations: int | None,
    seed: int,
) -> SolveOrder:
    """The order, if it does not ask for more than it may. With neither limit it takes as long as a
    run would. Raises ``InvalidProblem``."""
    most = settings.solve_seconds
    if seconds is not None and seconds > most:
        cause = f"{seconds:g} s are more than the {most:g} s that a problem may take here"
        raise InvalidProblem([Fault("too_long", "query parameter seconds", cause, "ask for less")])
    if seconds is None and iterations is None:
        seconds = min(settings.plan_seconds, most)
    return SolveOrder(text, form, seconds, iterations, seed, most, settings.solve_places)


def carried_out(order: SolveOrder, cancelled: Callable[[], bool]) -> bytes:
    """The solution as JSON, in the problem's own form.

    Raises ``NotJson``, and ``InvalidProblem`` with every fault found.
    """
    began = time.monotonic()
    file = file_of_json(_parsed(order), order.form)
    solution = _solved(order, file, began, cancelled)
    answer = plan_as_json(file, solution, time.monotonic() - began)
    return json.dumps(answer, ensure_ascii=False).encode()


def _parsed(order: SolveOrder) -> Any:
    try:
        text = order.text.decode("utf-8-sig")
        data = parse_problem(text, BODY)
    except UnicodeDecodeError as error:
        raise NotJson(f"byte {error.start + 1} is not UTF-8") from error
    except UnreadableFile as error:
        raise NotJson(f"{error.fault.where}: {error.fault.cause}") from error
    if isinstance(data, dict):
        faults = [
            _too_many(name, size, order.most_places)
            for name in COUNTED
            if isinstance(data.get(name), Sized) and (size := len(data[name])) > order.most_places
        ]
        if faults:
            raise InvalidProblem(faults)
    return data


def _too_many(name: str, size: int, most: int) -> Fault:
    cause = f"there are {size:,} of them, and at most {most:,} are taken"
    return Fault("too_many", f"/{name}", cause, "solve it in parts, or with dispatch solve")


def _solved(
    order: SolveOrder, file: ProblemFile, began: float, cancelled: Callable[[], bool]
) -> Solution:
    overdue = False

    def is_over() -> bool:
        nonlocal overdue
        overdue = overdue or time.monotonic() - began > order.most_seconds
        return overdue or cancelled()

    known = None
    if file.vroom is not None and (given := file.vroom.start()) is not None:
        known = start_from(file.problem, given)
    nothing_to_do = not (file.problem.visits and file.problem.shifts)
    solution = solve(
        file.problem,
        Limit(iterations=0) if nothing_to_do else order.limit,
        seed=order.seed,
        start=None if known is None else known.plan,
        cancelled=is_over,
    )
    if overdue and order.seconds is None:
        # What came of it would be another thing on a slower day.
        cause = f"so many iterations take longer than {order.most_seconds:g} s"
        action = "ask for fewer, or for seconds"
        raise InvalidProblem([Fault("too_long", "query parameter iterations", cause, action)])
    if known is not None and known.plan.objective < solution.objective:
        return with_reasons(Draft(file.problem), known.plan)
    return solution
