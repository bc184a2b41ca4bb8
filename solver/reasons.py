"""Why a visit is unassigned: impossible for anyone, lost to other work, or not found in time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from solver.eligibility import obstacles
from solver.insertion import Draft
from solver.problem import Shift, Visit
from solver.schedule import Call, earliest_end
from solver.solution import Reason, ReasonCode, Rule
from solver.supply import supplying_depots

MOST_SHIFTS_TRIED = 30
"""So many shifts are tried with less important work taken out, for each visit."""


def reasons(draft: Draft, empty: Draft, visit: Visit) -> tuple[Reason, ...]:
    """At least one reason, fit for a dispatcher, why the draft's plan has no place for the visit.

    ``empty`` is a draft of the same problem with nothing in it. ``impossible`` is a proof: no
    shift could take the visit even if nobody had anything else to do. ``outbid`` says that each
    shift that could is kept by work that costs as much or more to leave out; ``not_found`` that
    one of them has room, at least once cheaper work makes way, or that not all of them were
    tried that might.
    """
    problem = draft.problem
    if not problem.shifts:
        return (Reason(ReasonCode.IMPOSSIBLE, Rule.SHIFT, "nobody works in the planned time"),)
    eligible = draft.eligible[visit.id]
    if not eligible:
        # As it was asked for: the draft's visit has its pinned time in place of its windows.
        return _nobody_may(draft, next(v for v in problem.visits if v.id == visit.id))
    for shift in draft.shifts_with_time(visit):
        if draft.best_place(visit, shift) is not None:
            message = f"technician {shift.technician} has room for it; more solving time helps"
            return (Reason(ReasonCode.NOT_FOUND, None, message),)
    in_time = empty.shifts_with_time(visit)
    cheaper = {shift.id: _cheaper_work(draft, visit, shift) for shift in in_time}
    tried = _most_promising([shift for shift in in_time if cheaper[shift.id]], draft, cheaper)
    for shift in tried:
        without = _without(draft, shift, cheaper[shift.id])
        if draft.best_place(visit, shift, without) is not None:
            message = (
                f"technician {shift.technician} could do it instead of less important work"
                f" ({', '.join(cheaper[shift.id])}); more solving time may help"
            )
            return (Reason(ReasonCode.NOT_FOUND, None, message),)
    untried = sum(bool(names) for names in cheaper.values()) - len(tried)
    if untried and any(_possible_alone(empty, visit, shift) for shift in in_time):
        message = (
            f"nobody has room for it as it stands; {untried} shifts might, instead of less"
            " important work; more solving time may help"
        )
        return (Reason(ReasonCode.NOT_FOUND, None, message),)
    able = [shift for shift in in_time if _possible_alone(empty, visit, shift)]
    return (_outbid(draft, visit, able),) if able else _nobody_can(draft, visit)


def _most_promising(
    shifts: Sequence[Shift], draft: Draft, cheaper: Mapping[str, Sequence[str]]
) -> list[Shift]:
    """Those shifts, in the same order, that would have most time if the cheaper work made way."""
    if len(shifts) <= MOST_SHIFTS_TRIED:
        return list(shifts)
    freed = {
        shift.id: sum(draft.visit(name).duration for name in cheaper[shift.id]) for shift in shifts
    }
    longest = sorted(shifts, key=lambda shift: -freed[shift.id])[:MOST_SHIFTS_TRIED]
    chosen = {shift.id for shift in longest}
    return [shift for shift in shifts if shift.id in chosen]


def _possible_alone(empty: Draft, visit: Visit, shift: Shift) -> bool:
    """Whether the shift could do it with nothing else to do, a day before included to fetch."""
    if empty.possible(shift, (visit,)):
        return True
    depots = supplying_depots(empty.problem, visit, shift)
    if any(empty.possible(shift, (depot, visit)) for depot in depots):
        return True
    if empty.best_place(visit, shift) is not None:
        return True
    in_time = earliest_end(shift, (visit,), empty.legs) is not None
    first = empty.chains[shift.technician][0]
    return in_time and bool(visit.parts) and not visit.tools - shift.tools and first is not shift


def _nobody_may(draft: Draft, visit: Visit) -> tuple[Reason, ...]:
    """The rules that keep every technician away or, if each is kept by another, all of them."""
    supplies = draft.supplies
    by_technician: dict[str, dict[Rule, str]] = {}
    for shift in draft.problem.shifts:
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
    roomy = {shift.id for shift in draft.shifts_with_time(visit)}
    if any(_has_time(draft, visit, shift) for shift in able if shift.id in roomy):
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
