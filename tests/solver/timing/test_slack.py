"""Where there is time for one more visit: asked of all shifts at once or one by one, the answer is
the same, and nothing is refused that is possible."""

from hypothesis import given, settings
from hypothesis import strategies as st

from solver.draft.draft import Draft
from solver.draft.insertion import best_place, fill
from solver.problem import Problem
from solver.rules.eligibility import at_pinned_time
from solver.timing.schedule import Call, earliest_end, legs_of
from solver.timing.slack import Openings, Slack
from tests.solver.problems import depot, line_problem, problems, shift, visit, window


def filled(problem: Problem) -> Draft:
    """Every other visit is placed."""
    draft = Draft(problem)
    fill(draft, draft.visits[::2])
    return draft


def slack_of(problem: Problem, sequence: tuple[Call, ...] = ()) -> Slack:
    return Slack(problem.shifts[0], sequence, legs_of(problem.travel_time))


@given(problems())
@settings(deadline=None)
def test_all_shifts_at_once_answer_as_each_one_by_one(problem: Problem) -> None:
    draft = filled(problem)
    legs = legs_of(problem.travel_time)
    slacks = [Slack(one, draft.sequences[one.id], legs) for one in problem.shifts]
    openings = Openings(problem.travel_time, slacks)
    for one in draft.visits:
        assert openings.admit(one).tolist() == [
            any(slack.admits(one, gap, legs) for gap in range(len(slack.latest)))
            for slack in slacks
        ]


@given(problems())
@settings(deadline=None)
def test_a_gap_that_is_refused_has_no_time(problem: Problem) -> None:
    draft = filled(problem)
    for each in problem.shifts:
        sequence = draft.sequences[each.id]
        slack = Slack(each, sequence, draft.legs)
        for one in draft.visits:
            for gap in range(len(sequence) + 1):
                if not slack.admits(one, gap, draft.legs):
                    trial = (*sequence[:gap], one, *sequence[gap:])
                    assert earliest_end(each, trial, draft.legs) is None


@given(problems())
@settings(deadline=None)
def test_on_a_shift_without_time_there_is_no_place(problem: Problem) -> None:
    draft = filled(problem)
    for one in draft.unassigned():
        with_time = draft.shifts_with_time(one)
        assert {able.id for able in with_time} <= {s.id for s in draft.eligible[one.id]}
        for each in draft.eligible[one.id]:
            assert each in with_time or best_place(draft, one, each) is None


def test_shifts_with_time_are_told_anew_after_each_change() -> None:
    problem = line_problem([visit("a", 1, 60), visit("b", 1, 60)], [shift(end=100)])
    draft = Draft(problem)
    first, second = draft.visits
    assert [one.id for one in draft.shifts_with_time(second)] == ["s"]
    fill(draft, [first])
    assert draft.shifts_with_time(second) == []
    draft.remove(["a"])
    assert [one.id for one in draft.shifts_with_time(second)] == ["s"]


def test_without_shifts_nobody_has_time() -> None:
    assert Draft(line_problem([visit()])).shifts_with_time(at_pinned_time(visit())) == []


# --- depot calls before the visit --------------------------------------------------------------

AT_100 = visit("at 100", 1, 10, windows=(window(100, 100),))


def test_a_depot_is_passed_where_there_is_time_to() -> None:
    problem = line_problem([AT_100], [shift(end=150)], size=9)
    slack = slack_of(problem, (AT_100,))
    legs = legs_of(problem.travel_time)
    assert slack.may_pass(depot(location=5), legs)
    assert not slack.may_pass(depot(location=6), legs)
    assert not slack.may_pass(depot(location=5, duration=11), legs)


def test_after_a_depot_call_there_is_time_only_for_what_the_call_leaves() -> None:
    problem = line_problem([AT_100], [shift(end=200)], size=9)
    slack = slack_of(problem, (AT_100,))
    legs = legs_of(problem.travel_time)
    task = visit("task", 2, 15)
    assert slack.admitting_after([depot(location=2)], 0, task, legs) == [0, 1]
    assert slack.admitting_after([depot(location=2)], 1, task, legs) == [1]
    assert slack.admitting_after([depot(location=5)], 0, task, legs) == [1]
    assert slack.admitting_after([depot(location=6)], 0, task, legs) == []
    closed = depot(windows=(window(0, 19),))
    assert slack.admitting_after([closed], 0, task, legs) == []


@given(problems(), st.integers(0, 5))
@settings(deadline=None)
def test_a_gap_after_a_depot_call_is_admitted_like_one_of_a_sequence_with_the_call(
    problem: Problem, first: int
) -> None:
    draft = filled(problem)
    for each in problem.shifts:
        sequence = draft.sequences[each.id]
        gap = min(first, len(sequence))
        for call in problem.depots:
            longer = Slack(each, (*sequence[:gap], call, *sequence[gap:]), draft.legs)
            for one in draft.visits:
                slack = Slack(each, sequence, draft.legs)
                for index in slack.admitting_after([call], gap, one, draft.legs):
                    assert longer.admits(one, index + 1, draft.legs)
