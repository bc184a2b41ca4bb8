"""The least that has to be waived for a shift to take one more visit.

What the technician lacks for it is beyond doubt. Where time or supplies are in the way, each rule
is set aside alone, then two together; by how little each of them has to give is found by bisection.
``insertion.has_place`` says whether there is a place.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from solver.draft.draft import Draft
from solver.draft.insertion import best_place, cheapest_place, has_place
from solver.links import linked
from solver.problem import Problem, Shift, TimeWindow, Visit
from solver.rules.eligibility import Supplies
from solver.rules.waivers import Waiver, waived
from solver.solution import EARLIER, LATER, START, TECHNICIAN, Rule
from solver.timing.schedule import Call, Sequences
from solver.timing.slack import Slack
from solver.timing.timing import cheapest

MINUTE = 60
MOST_SECONDS = 12 * 60 * MINUTE
"""No window is moved further, and no shift lasts so much longer."""
MOST_TOGETHER = 2
"""So many rules of time and supply at most are set aside together."""

Relaxation = tuple[Waiver, ...]
"""What is set aside, each rule by its amount; empty: nothing is."""


def unmet_demands(supplies: Supplies, visit: Visit, shift: Shift) -> Relaxation:
    """What keeps the visit from the shift whatever the time, and is not to be had on the way."""

    def waiver(rule: Rule, subject: str = "", amount: int = 1) -> Waiver:
        return Waiver(rule, visit.id, shift.technician, shift.id, subject, amount)

    found = []
    if visit.pin is not None and visit.pin.technician != shift.technician:
        found.append(waiver(Rule.PINS, TECHNICIAN))
    if visit.pin is not None and visit.pin.start is not None and visit.windows:
        at = visit.pin.start
        seconds, side = min(
            (max(0, w.start - at, at - w.end), EARLIER if at < w.start else LATER)
            for w in visit.windows
        )
        if seconds:
            found.append(waiver(Rule.TIME_WINDOWS, side, seconds))
    barred = visit.allowed is not None and shift.technician not in visit.allowed
    if barred or shift.technician in visit.forbidden:
        found.append(waiver(Rule.TECHNICIANS))
    if visit.territory and shift.territories and visit.territory not in shift.territories:
        found.append(waiver(Rule.TERRITORY, visit.territory))
    for skill, level in sorted(visit.skills.items()):
        held = shift.skills.get(skill, 0)
        if held < level:
            found.append(waiver(Rule.SKILLS, skill, level - held))
    for tool in sorted(visit.tools - shift.tools - supplies.lent):
        found.append(waiver(Rule.TOOLS, tool))
    for part, needed in sorted(visit.parts.items()):
        short = needed - supplies.in_van[shift.id].get(part, 0) - supplies.in_depots[part]
        if short > 0:
            found.append(waiver(Rule.PARTS, part, short))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Leniency:
    """A rule that can be set aside bit by bit."""

    waiver: Waiver
    step: int
    steps: int
    apply: Callable[[Visit, Shift, int], tuple[Visit, Shift]]

    def by(self, steps: int) -> Waiver:
        return replace(self.waiver, amount=self.step * steps)


def least_changes(
    draft: Draft,
    asked: Visit,
    shift: Shift,
    sequence: tuple[Call, ...],
    gap: int | None = None,
) -> Iterator[Relaxation]:
    """The waivers of time and supply, as few as can be, with each of which the shift can take the
    visit into the sequence (before call number ``gap``); nothing if none help.

    ``draft`` is one in which its demands for the technician are met. The visit is ``asked`` for
    with its own windows, which hold once its pinned time, if any, is waived; until then that is
    kept. Each amount is the least, in whole minutes, with the others as they are; it may differ by
    less than a minute from what is broken in the end.

    Of a linked visit nothing is said: what it takes for one place of a crew, or for the second
    before its first, would not let it in.
    """
    if any(asked.id in linked(link) for link in draft.problem.links):
        return
    visit = draft.visit(asked.id)
    leniencies = list(_leniencies(draft, asked, shift))
    slacks: dict[int, Slack] = {}

    def suffices(steps: Sequence[tuple[_Leniency, int]]) -> bool:
        one, on = visit, shift
        # A time that is void gives back the windows that others then open.
        for leniency, number in sorted(steps, key=lambda step: step[0].waiver.subject != START):
            one, on = leniency.apply(one, on, leniency.step * number)
        if on.max_overtime not in slacks:
            slacks[on.max_overtime] = Slack(on, sequence, draft.legs)
        return has_place(draft, one, on, sequence, slacks[on.max_overtime], gap)

    wide = [(leniency, leniency.steps) for leniency in leniencies]
    if not suffices(wide):
        return
    needed = [one for one in wide if not suffices([other for other in wide if other is not one])]
    others = [one for one in wide if one not in needed]
    for number in range(MOST_TOGETHER - len(needed) + 1):
        found = False
        for more in combinations(others, number):
            together = [*needed, *more]
            if suffices(together):
                found = True
                yield tuple(leniency.by(steps) for leniency, steps in _tight(suffices, together))
        if found:
            return


def _tight(
    suffices: Callable[[Sequence[tuple[_Leniency, int]]], bool],
    together: Sequence[tuple[_Leniency, int]],
) -> list[tuple[_Leniency, int]]:
    """The same, each in turn as little lenient as it can be with the others as they then are."""
    steps = list(together)
    for index, (leniency, most) in enumerate(together):

        def enough(number: int, index: int = index, leniency: _Leniency = leniency) -> bool:
            return suffices([*steps[:index], (leniency, number), *steps[index + 1 :]])

        steps[index] = leniency, _least(enough, most)
    return steps


@dataclass(frozen=True, slots=True)
class RelaxedDraft:
    """A draft that holds the visit, and what was waived for that."""

    change: Relaxation
    draft: Draft


def placed(
    problem: Problem,
    sequences: Sequences,
    name: str,
    shift_id: str,
    gap: int | None = None,
) -> Iterator[RelaxedDraft]:
    """Ways to put the visit into the shift's sequence (before call number ``gap``) next to all the
    others, with as little waived as can be, the smallest change first: nothing, if that does."""
    asked = problem.visit[name]
    draft = _holding(problem, sequences)
    demands = unmet_demands(draft.supplies, asked, _shift(problem, shift_id))
    able = _holding(waived(problem, demands), sequences) if demands else draft
    shift, sequence = _shift(able.problem, shift_id), able.sequences[shift_id]
    changes: Iterable[Relaxation]
    if best_place(able, able.visit(name), shift, sequence, gap) is not None:
        changes = [demands]
    else:
        wanted = replace(able.problem.visit[name], windows=asked.windows)
        found = least_changes(able, wanted, shift, sequence, gap)
        changes = sorted((_with_demands(demands, change) for change in found), key=effort)
    for change in changes:
        lenient = able if change == demands else _holding(waived(problem, change), sequences)
        on = _shift(lenient.problem, shift_id)
        option = cheapest_place(lenient, lenient.visit(name), on, lenient.sequences[shift_id], gap)
        if option is not None:
            lenient.take({**lenient.sequences, shift_id: option.sequence})
            yield RelaxedDraft(_off_its_pin(lenient, on, asked, change), lenient)


def _with_demands(demands: Relaxation, change: Relaxation) -> Relaxation:
    """Both; where the promised time is void, its windows need not be opened for it."""
    if any(waiver.subject == START for waiver in change):
        demands = tuple(one for one in demands if one.rule is not Rule.TIME_WINDOWS)
    return together(demands, change)


def _off_its_pin(draft: Draft, shift: Shift, asked: Visit, change: Relaxation) -> Relaxation:
    """The change with the seconds by which a promised time is missed, which its timing tells."""
    promised = None if asked.pin is None else asked.pin.start
    if promised is None or all(waiver.subject != START for waiver in change):
        return change
    route = cheapest(draft.problem, shift, draft.sequences[shift.id], draft.legs)
    assert route is not None  # noqa: S101 - a draft can be kept at any moment
    start = next(stop.start for stop in route.stops if stop.id == asked.id)
    off = max(1, abs(start - promised))
    return tuple(
        replace(waiver, amount=off) if waiver.subject == START else waiver for waiver in change
    )


def _holding(problem: Problem, sequences: Sequences) -> Draft:
    draft = Draft(problem)
    draft.take(sequences)
    return draft


def _shift(problem: Problem, shift_id: str) -> Shift:
    return next(shift for shift in problem.shifts if shift.id == shift_id)


def together(change: Relaxation, other: Relaxation) -> Relaxation:
    """Both, amounts of the same kind added up."""
    amounts: Counter[Waiver] = Counter()
    for waiver in (*change, *other):
        amounts[replace(waiver, amount=0)] += waiver.amount
    return tuple(replace(waiver, amount=amount) for waiver, amount in amounts.items())


def effort(change: Relaxation) -> tuple[int, int]:
    """What the smaller of two changes has less of: waivers, then minutes; what has no minutes
    counts as an hour each."""
    of_time = {Rule.TIME_WINDOWS, Rule.SHIFT, Rule.BREAKS}
    minutes = sum(w.amount // MINUTE if w.rule in of_time else 60 * w.amount for w in change)
    return len(change), minutes


def _least(enough: Callable[[int], bool], most: int) -> int:
    """The least number that is enough; ``most`` is."""
    least = 1
    while least < most:
        middle = (least + most) // 2
        if enough(middle):
            most = middle
        else:
            least = middle + 1
    return most


def _leniencies(draft: Draft, asked: Visit, shift: Shift) -> Iterator[_Leniency]:
    def waiver(rule: Rule, subject: str = "") -> Waiver:
        return Waiver(rule, asked.id, shift.technician, shift.id, subject, 0)

    minutes = MOST_SECONDS // MINUTE
    if asked.pin is not None and asked.pin.start is not None:
        void = replace(asked, pin=replace(asked.pin, start=None))
        yield _Leniency(waiver(Rule.PINS, START), 1, 1, lambda visit, on, _: (void, on))
    if asked.windows:
        yield _Leniency(waiver(Rule.TIME_WINDOWS, LATER), MINUTE, minutes, _later)
        yield _Leniency(waiver(Rule.TIME_WINDOWS, EARLIER), MINUTE, minutes, _earlier)
    room = [
        own.start - shift.end for own in draft.chains[shift.technician] if own.start > shift.start
    ]
    longest = min([MOST_SECONDS, *(seconds - shift.max_overtime for seconds in room)])
    if longest >= MINUTE:
        yield _Leniency(waiver(Rule.SHIFT), MINUTE, longest // MINUTE, _longer)
    for pause in shift.breaks:
        yield _Leniency(waiver(Rule.BREAKS, pause.id), MINUTE, minutes, _with_break_moved(pause.id))
    for part, needed in sorted(asked.parts.items()):
        if needed:
            yield _Leniency(waiver(Rule.PARTS, part), 1, needed, _with_part(part))
    for tool in sorted(asked.tools - shift.tools):
        yield _Leniency(waiver(Rule.TOOLS, tool), 1, 1, _with_tool(tool))


def _later(visit: Visit, shift: Shift, seconds: int) -> tuple[Visit, Shift]:
    return _with_windows(visit, 0, seconds), shift


def _earlier(visit: Visit, shift: Shift, seconds: int) -> tuple[Visit, Shift]:
    return _with_windows(visit, seconds, 0), shift


def _with_windows(visit: Visit, earlier: int, later: int) -> Visit:
    """Opened by so many seconds; a promised time that is not void stays the only one."""
    if visit.pin is not None and visit.pin.start is not None:
        return visit
    windows = tuple(TimeWindow(w.start - earlier, w.end + later) for w in visit.windows)
    return replace(visit, windows=windows)


def _longer(visit: Visit, shift: Shift, seconds: int) -> tuple[Visit, Shift]:
    return visit, replace(shift, max_overtime=shift.max_overtime + seconds)


def _with_break_moved(name: str) -> Callable[[Visit, Shift, int], tuple[Visit, Shift]]:
    def apply(visit: Visit, shift: Shift, seconds: int) -> tuple[Visit, Shift]:
        breaks = tuple(
            replace(
                pause,
                window=TimeWindow(pause.window.start - seconds, pause.window.end + seconds),
            )
            if pause.id == name
            else pause
            for pause in shift.breaks
        )
        return visit, replace(shift, breaks=breaks)

    return apply


def _with_part(part: str) -> Callable[[Visit, Shift, int], tuple[Visit, Shift]]:
    """The van has more of it: as good as the visit needing less."""

    def apply(visit: Visit, shift: Shift, number: int) -> tuple[Visit, Shift]:
        parts = {**visit.parts, part: visit.parts[part] - number}
        return replace(visit, parts={name: n for name, n in parts.items() if n > 0}), shift

    return apply


def _with_tool(tool: str) -> Callable[[Visit, Shift, int], tuple[Visit, Shift]]:
    def apply(visit: Visit, shift: Shift, _: int) -> tuple[Visit, Shift]:
        return replace(visit, tools=visit.tools - {tool}), shift

    return apply
