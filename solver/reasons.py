"""Why a visit is unassigned: impossible for anyone, lost to other work, or not found in time."""

from collections.abc import Sequence
from dataclasses import replace

from solver.eligibility import Supplies, obstacles
from solver.insertion import Draft
from solver.problem import Problem, Shift, Visit
from solver.schedule import Call, earliest_end
from solver.solution import Reason, ReasonCode, Rule


def reasons(draft: Draft, empty: Draft, visit: Visit) -> tuple[Reason, ...]:
    """At least one reason, fit for a dispatcher, why the draft's plan has no place for the visit.

    ``empty`` is a draft of the same problem with nothing in it. ``impossible`` is a proof: no
    shift could take the visit even if nobody had anything else to do. ``outbid`` says that each
    shift that could is kept by work that costs as much or more to leave out; ``not_found`` that
    one of them has room, at least once cheaper work makes way.
    """
    problem = draft.problem
    if not problem.shifts:
        return (Reason(ReasonCode.IMPOSSIBLE, Rule.SHIFT, "nobody works in the planned time"),)
    eligible = draft.eligible[visit.id]
    if not eligible:
        # As it was asked for: the draft's visit has its pinned time in place of its windows.
        return _nobody_may(problem, next(v for v in problem.visits if v.id == visit.id))
    able = [shift for shift in eligible if _possible_alone(empty, visit, shift)]
    if not able:
        return _nobody_can(draft, visit)
    for shift in able:
        if draft.best_place(visit, shift) is not None:
            message = f"technician {shift.technician} has room for it; more solving time helps"
            return (Reason(ReasonCode.NOT_FOUND, None, message),)
    for shift in able:
        cheaper = _cheaper_work(draft, visit, shift)
        without = _without(draft, shift, cheaper)
        if cheaper and draft.best_place(visit, shift, without) is not None:
            message = (
                f"technician {shift.technician} could do it instead of less important work"
                f" ({', '.join(cheaper)}); more solving time may help"
            )
            return (Reason(ReasonCode.NOT_FOUND, None, message),)
    return (_outbid(draft, visit, able),)


def _possible_alone(empty: Draft, visit: Visit, shift: Shift) -> bool:
    """Whether the shift could do it with nothing else to do, a day before included to fetch."""
    if empty.best_place(visit, shift) is not None:
        return True
    in_time = earliest_end(shift, (visit,), empty.legs) is not None
    first = empty.chains[shift.technician][0]
    return in_time and bool(visit.parts) and not visit.tools - shift.tools and first is not shift


def _nobody_may(problem: Problem, visit: Visit) -> tuple[Reason, ...]:
    """The rules that keep every technician away or, if each is kept by another, all of them."""
    supplies = Supplies.of(problem)
    by_technician: dict[str, dict[Rule, str]] = {}
    for shift in problem.shifts:
        found = by_technician.setdefault(shift.technician, {})
        found.update(obstacles(supplies, visit, shift))
    rules = {rule: "" for found in by_technician.values() for rule in found}
    general = [rule for rule in rules if all(rule in found for found in by_technician.values())]
    told = []
    for rule in general or rules:
        held_back = [found[rule] for found in by_technician.values() if rule in found]
        if rule in general:
            message = f"{held_back[0]}, which no technician can meet"
        else:
            number = f"{len(held_back)} of {len(by_technician)} technicians"
            message = f"{held_back[0]}, which {number} cannot meet"
        told.append(Reason(ReasonCode.IMPOSSIBLE, rule, message))
    return tuple(told)


def _nobody_can(draft: Draft, visit: Visit) -> tuple[Reason, ...]:
    """Technicians may do it, but time does not allow it, not even on an empty day."""
    found: dict[Rule, int] = {}
    for shift in draft.eligible[visit.id]:
        rule = _time_obstacle(draft, visit, shift)
        found[rule] = found.get(rule, 0) + 1
    who = f"{len(draft.eligible[visit.id])} shifts that could otherwise do it"
    return tuple(
        Reason(ReasonCode.IMPOSSIBLE, rule, f"{_TIME_MESSAGES[rule]} ({number} of {who})")
        for rule, number in found.items()
    )


_TIME_MESSAGES = {
    Rule.TIME_WINDOWS: "no one can be there inside its time windows",
    Rule.PINS: "no one can be there at the pinned time",
    Rule.BREAKS: "it leaves no time for the break",
    Rule.SHIFT: "travel and service do not fit into the shift",
    Rule.PARTS: "the parts cannot be fetched from a depot in time",
    Rule.TOOLS: "the tools cannot be fetched from a depot in time",
}


def _time_obstacle(draft: Draft, visit: Visit, shift: Shift) -> Rule:
    if earliest_end(shift, (visit,), draft.legs) is not None:
        return Rule.TOOLS if visit.tools - shift.tools else Rule.PARTS
    if earliest_end(replace(shift, breaks=()), (visit,), draft.legs) is not None:
        return Rule.BREAKS
    if earliest_end(shift, (replace(visit, windows=()),), draft.legs) is not None:
        pinned = visit.pin is not None and visit.pin.start is not None
        return Rule.PINS if pinned else Rule.TIME_WINDOWS
    return Rule.SHIFT


def _cheaper_work(draft: Draft, visit: Visit, shift: Shift) -> list[str]:
    """Visits of the shift, cheapest first, that together cost less to leave out than this one."""
    prices = draft.problem.prices
    theirs = [call.id for call in draft.sequences[shift.id] if isinstance(call, Visit)]
    affordable = []
    budget = prices[visit.id]
    for name in sorted(theirs, key=lambda name: prices[name]):
        budget -= prices[name]
        if budget <= 0:
            break
        affordable.append(name)
    return affordable


def _without(draft: Draft, shift: Shift, names: Sequence[str]) -> tuple[Call, ...]:
    calls = draft.sequences[shift.id]
    return tuple(call for call in calls if not (isinstance(call, Visit) and call.id in names))


def _outbid(draft: Draft, visit: Visit, able: Sequence[Shift]) -> Reason:
    technicians = sorted({shift.technician for shift in able})
    who = ", ".join(technicians[:5]) + (" and others" if len(technicians) > 5 else "")
    if any(_has_time(draft, visit, shift) for shift in able):
        scarce = ", ".join(sorted([*visit.parts, *visit.tools]))
        message = f"what it needs ({scarce}) goes to work that matters as much or more"
        return Reason(ReasonCode.OUTBID, Rule.PARTS, f"{message}; able: {who}")
    message = "everyone who could do it is busy then with work that matters as much or more"
    rule = Rule.TIME_WINDOWS if visit.windows else Rule.SHIFT
    return Reason(ReasonCode.OUTBID, rule, f"{message}: {who}")


def _has_time(draft: Draft, visit: Visit, shift: Shift) -> bool:
    sequence = draft.sequences[shift.id]
    trials = ((*sequence[:i], visit, *sequence[i:]) for i in range(len(sequence) + 1))
    return any(earliest_end(shift, trial, draft.legs) is not None for trial in trials)
