"""Everything that can be measured, behind one face: our engines and other solvers."""

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from benchmarks.engines.peers import pyvrp_answer, pyvrp_version, vroom_answer, vroom_version
from benchmarks.generate import generate
from solver.problem import Problem
from solver.solution import Solution
from solver.solve import Limit, Progress, solve

OnCost = Callable[[int], None]
"""Is told of every plan that costs less than those before."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A plan and, where the engine counts them, the iterations it took."""

    solution: Solution
    iterations: int | None


class Search(Protocol):
    def __call__(
        self, problem: Problem, *, seconds: float, seed: int, cores: int, on_cost: OnCost
    ) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Engine:
    """How to run a solver, and what it can do.

    ``prepare`` is what a service does once at its start and is not timed: loading compiled code.
    ``version`` raises ``PackageNotFoundError`` if the solver is not installed.
    """

    families: tuple[str, ...]
    many_cores: bool
    seeded: bool
    version: Callable[[], str]
    prepare: Callable[[int], None]
    search: Search


def _ours(
    engine: str, problem: Problem, *, seconds: float, seed: int, cores: int, on_cost: OnCost
) -> Answer:
    iterations = 0

    def progress(now: Progress) -> None:
        nonlocal iterations
        on_cost(now.objective)
        if engine == "kernel":
            iterations = now.iterations

    solution = _solve(engine, cores)(problem, Limit(seconds=seconds), seed=seed, progress=progress)
    return Answer(solution, iterations or None)


def _warm_up(engine: str, cores: int) -> None:
    """Solve something tiny, in which every rule occurs: compiled code is then in memory."""
    _solve(engine, cores)(generate(visits=12, technicians=2), Limit(iterations=200))


def _solve(engine: str, cores: int) -> Callable[..., Solution]:
    """Our solver with that engine; only the kernel can use cores."""
    if engine == "kernel":
        return partial(solve, engine=engine, cores=cores)
    return partial(solve, engine=engine)


def _pyvrp(problem: Problem, *, seconds: float, seed: int, cores: int, on_cost: OnCost) -> Answer:
    return Answer(*pyvrp_answer(problem, seconds, seed, on_cost))


def _vroom(problem: Problem, *, seconds: float, seed: int, cores: int, on_cost: OnCost) -> Answer:
    return Answer(vroom_answer(problem, seconds), None)


def _own_version() -> str:
    """The version, and in a clone the commit too, with a + if files differ from it."""
    git = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        done = subprocess.run(  # noqa: S603 - nothing of it comes from outside
            git, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
        )
        commit = f" ({done.stdout.strip()})" if done.returncode == 0 else ""
    except OSError:
        commit = ""
    own = version("field-service-dispatch")
    return f"field-service-dispatch {own}{commit}, OR-Tools {version('ortools')}"


def _engine_of_ours(name: str) -> Engine:
    return Engine(
        families=("trsp", "vrptw", "hhcrsp", "generated"),
        many_cores=name == "kernel",
        seeded=True,
        version=_own_version,
        prepare=partial(_warm_up, name),
        search=partial(_ours, name),
    )


def _peer(of: Callable[[], str], search: Search, seeded: bool) -> Engine:
    return Engine(("vrptw",), False, seeded, of, lambda cores: None, search)


ENGINES: Mapping[str, Engine] = {
    "kernel": _engine_of_ours("kernel"),
    "routing": _engine_of_ours("routing"),
    "pyvrp": _peer(pyvrp_version, _pyvrp, seeded=True),
    "vroom": _peer(vroom_version, _vroom, seeded=False),
}
