"""Hard rules set aside for one visit, deliberately and by a measured amount.

A ``Waiver`` is what a dispatcher signs ("Tuấn may go although he has level 1 of 2"), and it is the
smallest change that lets a visit in. ``waived`` makes the problem in which it holds: whatever is
valid there breaks the rules of the problem as it was by no more than was waived.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from solver.problem import Break, Pin, Problem, Shift, TimeWindow, Visit
from solver.solution import EARLIER, LATER, START, Rule, Violation


@dataclass(frozen=True, slots=True)
class Waiver:
    """One rule set aside for one visit with one technician; plain data, fit to be stored.

    | rule         | subject                 | amount  | what it does                              |
    |--------------|-------------------------|---------|-------------------------------------------|
    | SKILLS       | the skill               | levels  | so much less of it is required            |
    | TIME_WINDOWS | "earlier" or "later"    | seconds | all windows open earlier, or close later  |
    | TECHNICIANS  |                         | 1       | the technician is allowed                 |
    | TERRITORY    | the territory           | 1       | it lies where the shift goes              |
    | PINS         | "technician" or "start" | 1, or s | the promise of who, or of when, is void   |
    | SHIFT        |                         | seconds | so much more overtime on the shift        |
    | BREAKS       | the break               | seconds | it may start so much earlier or later     |
    | PARTS        | the part                | number  | so many more are in the shift's van       |
    | TOOLS        | the tool                | 1       | it is in the shift's van                  |

    ``visit`` is the one whose rule is set aside, for the last four the one that asks for it.
    """

    rule: Rule
    visit: str
    technician: str
    shift: str
    subject: str = ""
    amount: int = 1


OF_SHIFTS = frozenset({Rule.SHIFT, Rule.BREAKS, Rule.PARTS, Rule.TOOLS})
"""These are set aside on a shift; the others for a visit."""


def waived(problem: Problem, waivers: Collection[Waiver]) -> Problem:
    """The problem in which these rules are set aside, amounts of equal ones added up.

    A visit with a waiver of its own is pinned to the waiver's technician, so that it lowers the
    demands for nobody else. Visits and shifts that are not there, or no longer, are passed over;
    a waiver of a shift holds whether its visit is still to come or not. Overtime ends at the latest
    when the technician's next shift starts.
    """
    if not waivers:
        return problem
    of_visit: defaultdict[str, list[Waiver]] = defaultdict(list)
    of_shift: defaultdict[str, list[Waiver]] = defaultdict(list)
    for waiver in waivers:
        if waiver.rule in OF_SHIFTS:
            of_shift[waiver.shift].append(waiver)
        else:
            of_visit[waiver.visit].append(waiver)
    room = _room_for_overtime(problem.shifts) if of_shift else {}
    return replace(
        problem,
        visits=tuple(
            _visit_with(visit, of_visit[visit.id]) if visit.id in of_visit else visit
            for visit in problem.visits
        ),
        shifts=tuple(
            _shift_with(shift, of_shift[shift.id], room.get(shift.id))
            if shift.id in of_shift
            else shift
            for shift in problem.shifts
        ),
    )


def waivers_for(
    problem: Problem, violations: Iterable[Violation], visit: str, shift: str
) -> tuple[Waiver, ...] | None:
    """What has to be waived so that none of these violations is one; None where no waiver can.

    They come of having ``visit`` on ``shift``, for whose sake rules of shifts and depots are set
    aside. What a depot is short of, the van has to have. Nothing helps against travel that does not
    fit, against a depot that is closed then, and against a visit that is on two routes.
    """
    shifts = {shift.id: shift for shift in problem.shifts}
    found: dict[Waiver, int] = {}
    for violation in violations:
        where = shifts.get(violation.shift or shift)
        waivers = [] if where is None else list(_of_violation(problem, violation, where, visit))
        if not waivers:
            return None
        for waiver in waivers:
            kind, known = replace(waiver, amount=0), found.get(replace(waiver, amount=0), 0)
            # Only parts that are missing here and there add up.
            sums = waiver.rule is Rule.PARTS
            found[kind] = known + waiver.amount if sums else max(known, waiver.amount)
    return tuple(replace(kind, amount=amount) for kind, amount in found.items())


def _of_violation(
    problem: Problem, violation: Violation, shift: Shift, visit: str
) -> Iterable[Waiver]:
    rule, subjects, amount = violation.rule, violation.subjects, violation.amount

    def waivers(whose: str, *subjects: str, rule: Rule = rule) -> Iterable[Waiver]:
        for subject in subjects or ("",):
            each = 1 if rule is Rule.TOOLS else amount
            yield Waiver(rule, whose, shift.technician, shift.id, subject, each)

    match rule:
        case Rule.SKILLS | Rule.TIME_WINDOWS | Rule.PINS | Rule.TERRITORY | Rule.TECHNICIANS:
            return waivers(violation.stop, *subjects) if violation.stop in problem.visit else ()
        case Rule.SHIFT:
            return waivers(visit)
        case Rule.BREAKS:
            known = {pause.id for pause in shift.breaks}
            return waivers(visit, violation.stop) if violation.stop in known else ()
        case Rule.PARTS | Rule.TOOLS:
            return waivers(violation.stop, *subjects)
        case Rule.DEPOT_STOCK:
            return waivers(visit, *subjects, rule=Rule.PARTS) if subjects else ()
        case _:
            return ()


def _visit_with(visit: Visit, waivers: Sequence[Waiver]) -> Visit:
    technician = waivers[0].technician
    skills = dict(visit.skills)
    earlier = later = 0
    start = None if visit.pin is None else visit.pin.start
    for waiver in waivers:
        match waiver.rule:
            case Rule.SKILLS:
                skills[waiver.subject] = skills.get(waiver.subject, 0) - waiver.amount
            case Rule.TIME_WINDOWS if waiver.subject == EARLIER:
                earlier += waiver.amount
            case Rule.TIME_WINDOWS if waiver.subject == LATER:
                later += waiver.amount
            case Rule.TERRITORY:
                visit = replace(visit, territory=None)
            case Rule.TECHNICIANS:
                allowed = visit.allowed and visit.allowed | {technician}
                forbidden = visit.forbidden - {technician}
                visit = replace(visit, allowed=allowed, forbidden=forbidden)
            case Rule.PINS if waiver.subject == START:
                start = None
            case _:
                pass
    return replace(
        visit,
        skills={skill: level for skill, level in skills.items() if level > 0},
        windows=tuple(
            replace(w, start=w.start - earlier, end=w.end + later) for w in visit.windows
        ),
        pin=Pin(technician, start),
    )


def _shift_with(shift: Shift, waivers: Sequence[Waiver], room: int | None) -> Shift:
    stock, tools = dict(shift.stock), set(shift.tools)
    overtime = shift.max_overtime
    breaks = list(shift.breaks)
    for waiver in waivers:
        match waiver.rule:
            case Rule.SHIFT:
                overtime += waiver.amount
            case Rule.PARTS:
                stock[waiver.subject] = stock.get(waiver.subject, 0) + waiver.amount
            case Rule.TOOLS:
                tools.add(waiver.subject)
            case Rule.BREAKS:
                breaks = [_break_with(pause, waiver) for pause in breaks]
            case _:
                pass
    if room is not None:
        overtime = max(shift.max_overtime, min(overtime, room))
    return replace(
        shift, max_overtime=overtime, stock=stock, tools=frozenset(tools), breaks=tuple(breaks)
    )


def _break_with(pause: Break, waiver: Waiver) -> Break:
    if pause.id != waiver.subject:
        return pause
    window = TimeWindow(pause.window.start - waiver.amount, pause.window.end + waiver.amount)
    return replace(pause, window=window)


def _room_for_overtime(shifts: Sequence[Shift]) -> dict[str, int]:
    """Seconds from each shift's end to the same technician's next one; the last ones have none."""
    by_technician: defaultdict[str, list[Shift]] = defaultdict(list)
    for shift in sorted(shifts, key=lambda shift: (shift.start, shift.end)):
        by_technician[shift.technician].append(shift)
    return {
        earlier.id: later.start - earlier.end
        for theirs in by_technician.values()
        for earlier, later in pairwise(theirs)
    }
