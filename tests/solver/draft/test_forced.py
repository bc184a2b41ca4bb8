"""A visit that is put somewhere by force breaks only what it has to."""

from hypothesis import given
from hypothesis import strategies as st

from solver.draft.draft import Draft
from solver.draft.forced import forced, in_order
from solver.draft.insertion import fill
from solver.judge.check import check
from solver.problem import Problem
from solver.solution import Rule, Solution
from solver.timing.schedule import earliest_end
from tests.solver.problems import line_problem, pause, problems, shift, solution_of, visit, window

BENT = {
    Rule.TIME_WINDOWS,
    Rule.SHIFT,
    Rule.BREAKS,
    Rule.PARTS,
    Rule.TOOLS,
    Rule.DEPOT_STOCK,
    Rule.SKILLS,
    Rule.TECHNICIANS,
    Rule.TERRITORY,
    Rule.PINS,
}


@given(problem=problems(cut_off=True), choice=st.data())
def test_nobody_is_in_two_places_at_once(problem: Problem, choice: st.DataObject) -> None:
    draft = Draft(problem)
    fill(draft, draft.unassigned())
    for left_out in draft.unassigned()[:2]:
        for on in problem.shifts:
            sequence = draft.sequences[on.id]
            gap = choice.draw(st.integers(0, len(sequence)))
            others = [route for route in draft.routes() if route.shift != on.id]
            for route in forced(draft, left_out, on, sequence, gap):
                assert left_out.id in [stop.id for stop in route.stops]
                found = check(problem, Solution((*others, route), (), {}))
                # Where there is no way the visit is there all the same, and the checker says so.
                rules = {v.rule for v in found if "there is no way" not in v.message}
                assert rules - {Rule.COST, Rule.EVERY_VISIT_ONCE} <= BENT


@given(problem=problems())
def test_what_can_be_kept_is_nearly_as_good_by_force(problem: Problem) -> None:
    """Routes without breaks that can be kept at all are kept in order, too."""
    draft = Draft(problem)
    fill(draft, draft.unassigned())
    for on in problem.shifts:
        sequence = draft.sequences[on.id]
        end = earliest_end(on, sequence, draft.legs)
        if sequence and end is not None and not on.breaks:
            assert in_order(on, sequence, draft.legs).end == end


def test_a_late_break_is_taken_as_soon_as_it_can_be() -> None:
    ann = shift(end=1000, breaks=(pause(start=0, end=20),))
    fixed = visit("a", 1, 50, windows=(window(10, 10),))
    problem = line_problem([fixed], [ann])
    draft = Draft(problem)
    routes = list(forced(draft, draft.visit("a"), problem.shifts[0], (), 0))
    broken = [
        [(v.rule, v.amount) for v in check(problem, solution_of(problem, route))]
        for route in routes
    ]
    assert broken[0] == [(Rule.TIME_WINDOWS, 20)]


def test_a_visit_that_may_begin_at_moment_0_does_not_begin_before() -> None:
    problem = line_problem(
        [visit("a", 1, 5, windows=(window(0, 50),))], [shift(start=-100, end=900)]
    )
    route = in_order(problem.shifts[0], problem.visits, Draft(problem).legs)
    assert route.stops[0].start == 0
