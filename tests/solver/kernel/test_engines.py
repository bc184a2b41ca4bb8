"""Two engines that share no search, and what each thinks of the other's plan."""

from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from solver.judge.check import check
from solver.ortools.routing import RoutingModel
from solver.ortools.rules import NotInTheModel
from solver.problem import Problem
from solver.rules.places import on_places
from solver.solution import Solution, StopKind
from solver.solve import Limit, solve
from solver.timing.schedule import Call
from tests.solver.kernel.plans import KernelPlan, plan_cost, supply_problems
from tests.solver.problems import problems

ANY_PROBLEM = problems(every_rule=True) | supply_problems()


def sequences_of(problem: Problem, solution: Solution) -> dict[str, tuple[Call, ...]]:
    visits = {v.id: v for v in problem.visits}
    depots = {d.id: d for d in problem.depots}
    sequences: dict[str, tuple[Call, ...]] = {}
    for route in solution.routes:
        stops = [stop for stop in route.stops if stop.kind is not StopKind.BREAK]
        sequences[route.shift] = tuple(
            visits[stop.id] if stop.kind is StopKind.VISIT else depots[stop.id] for stop in stops
        )
    return sequences


@given(ANY_PROBLEM, st.integers(0, 99))
@settings(max_examples=2 * settings().max_examples)
def test_the_routing_model_counts_the_kernels_plan_as_the_kernel_does(
    problem: Problem, seed: int
) -> None:
    solution = solve(problem, Limit(iterations=50), seed=seed)
    assert check(problem, solution) == ()
    assume(solution.routes)
    problem = on_places(problem)
    sequences = sequences_of(problem, solution)
    try:
        model = RoutingModel(problem, sequences)
    except NotInTheModel:
        reject()
    answer = model.accept_timed(sequences, {route.shift: route for route in solution.routes})
    assert answer is not None
    assert answer.objective == solution.objective == KernelPlan(problem, sequences).cents


@given(ANY_PROBLEM, st.integers(0, 99))
@settings(max_examples=2 * settings().max_examples)
def test_the_kernel_counts_the_routing_models_plan_as_it_costs_once_placed(
    problem: Problem, seed: int
) -> None:
    try:
        solution = solve(problem, Limit(iterations=600), seed=seed, engine="routing")
    except NotInTheModel:
        reject()
    assert check(problem, solution) == ()
    problem = on_places(problem)
    sequences = sequences_of(problem, solution)
    kernel = KernelPlan(problem, sequences)
    if kernel.arrays.count["scarce"]:
        # It fetches all that a visit lacks from one depot; the model may use several.
        assert kernel.cents == plan_cost(problem, kernel.sequences())
        return
    assert {name: calls for name, calls in kernel.sequences().items() if calls} == sequences
    assert kernel.cents == plan_cost(problem, sequences)
