"""Insertion: the best place in a draft for one more visit, and for all that are left.

``best_place`` answers where a visit could go, with a depot call in front if it needs one; ``fill``
places all that are left, the visit that would regret waiting most first (Potvin & Rousseau, *A
parallel route building algorithm for the vehicle routing and scheduling problem with time
windows*, EJOR 1993).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from solver.draft.draft import Draft
from solver.draft.supply import supplying_depots
from solver.problem import Depot, Shift, Visit
from solver.timing.schedule import Call
from solver.timing.slack import Slack

NO_SECOND_CHOICE = 2**60
"""The regret of a visit that has one shift left to go to."""
MOST_CALLS_FOR_A_VISIT = 3
"""So many depots in a row are tried for one visit that needs something from each."""
MOST_DEPOTS_TO_COMBINE = 8
"""Of so many depots, the nearest ones, rows are tried."""


@dataclass(frozen=True, slots=True)
class Option:
    """A visit's best place on a shift, and the shift's sequence with it."""

    cost: int
    """Cents that the plan costs more then."""
    shift: Shift
    sequence: tuple[Call, ...]


def best_place(
    draft: Draft,
    visit: Visit,
    shift: Shift,
    sequence: tuple[Call, ...] | None = None,
    gap: int | None = None,
) -> Option | None:
    """The cheapest place for the visit on the shift, or None if there is none.

    ``sequence`` stands in for what the shift has now. ``gap`` says before which call of the
    sequence, by number, it has to be.
    """
    calls, slack = _calls_of(draft, shift, sequence)
    return _place_among(draft, visit, shift, calls, slack, gap)


def cheapest_place(
    draft: Draft,
    visit: Visit,
    shift: Shift,
    sequence: tuple[Call, ...] | None = None,
    gap: int | None = None,
) -> Option | None:
    """As ``best_place``, which of the possible gaps takes that with the least detour; here
    every gap is priced where a later start of any visit has a price."""
    calls, slack = _calls_of(draft, shift, sequence)
    gaps: Iterable[int | None] = [gap]
    if gap is None and any(draft.is_hurried(call) for call in (visit, *calls)):
        gaps = range(len(calls) + 1)
    options = [_place_among(draft, visit, shift, calls, slack, one) for one in gaps]
    return min((one for one in options if one), key=lambda one: one.cost, default=None)


def has_place(
    draft: Draft,
    visit: Visit,
    shift: Shift,
    sequence: tuple[Call, ...],
    slack: Slack,
    gap: int | None = None,
) -> bool:
    """Whether there is any ``best_place``; ``slack`` is that of the shift with the sequence."""
    gaps = range(len(sequence) + 1) if gap is None else [gap]
    admitting = [index for index in gaps if slack.admits(visit, index, draft.legs)]
    supplies = bool(visit.parts or visit.tools)
    for index in admitting:
        trial = (*sequence[:index], visit, *sequence[index:])
        if draft.possible(shift, trial, supplies=supplies):
            return True
    if not (admitting and supplies):
        return False
    return _best_place_after_depot(draft, visit, shift, sequence, slack, gap) is not None


def fill(draft: Draft, wanted: Iterable[Visit], stop: Callable[[], bool] = lambda: False) -> None:
    """Place as many visits as fit: pinned ones first, then by priority, then by regret."""
    tiers: dict[tuple[bool, int], list[Visit]] = {}
    for visit in wanted:
        tiers.setdefault((visit.pin is None, -visit.priority), []).append(visit)
    for _, tier in sorted(tiers.items(), key=lambda item: item[0]):
        _fill_tier(draft, tier, stop)


def make_room(draft: Draft, visit: Visit) -> bool:
    """Put the visit in the place of one that can go elsewhere or costs less to leave out.

    This is the shortest ejection chain; it finds what insertion alone cannot.
    """
    prices = draft.problem.prices
    for shift in draft.eligible[visit.id]:
        before = draft.sequences[shift.id]
        for other in [call for call in before if isinstance(call, Visit)]:
            kept = tuple(call for call in before if call is not other)
            option = best_place(draft, visit, shift, kept)
            if option is None:
                continue
            draft.commit(shift, option.sequence)
            elsewhere = [best_place(draft, other, s) for s in draft.eligible[other.id]]
            options = [option for option in elsewhere if option is not None]
            if options:
                cheapest = min(options, key=lambda option: option.cost)
                draft.commit(cheapest.shift, cheapest.sequence)
                return True
            if prices[other.id] < prices[visit.id]:
                return True
            draft.commit(shift, before)
    return False


def _fill_tier(draft: Draft, tier: Sequence[Visit], stop: Callable[[], bool]) -> None:
    options: dict[str, dict[str, Option]] = {}
    for visit in tier:
        if stop():
            return
        options[visit.id] = {}
        for shift in draft.shifts_with_time(visit):
            _refresh(draft, options[visit.id], visit, shift)
    left = {visit.id: visit for visit in tier if options[visit.id]}
    while left and not stop():
        name = max(left, key=lambda name: _regret(options[name].values()))
        option = min(options[name].values(), key=lambda option: option.cost)
        visit = left[name]
        if draft.possible(option.shift, option.sequence):
            draft.commit(option.shift, option.sequence)
            del left[name]
        for other in list(left.values()):
            for shift in _touched(draft, option.shift, visit, other):
                _refresh(draft, options[other.id], other, shift)
            if not options[other.id]:
                del left[other.id]


def _touched(draft: Draft, changed: Shift, visit: Visit, other: Visit) -> list[Shift]:
    """Shifts on which the other visit's best place may have changed with this visit's: the
    same shift, and the technician's other ones if both need a part that the van may lack."""
    rivals = not visit.parts.keys().isdisjoint(other.parts)
    return [
        shift
        for shift in draft.eligible[other.id]
        if shift is changed or (rivals and shift.technician == changed.technician)
    ]


def _refresh(draft: Draft, options: dict[str, Option], visit: Visit, shift: Shift) -> None:
    option = best_place(draft, visit, shift)
    if option is None:
        options.pop(shift.id, None)
    else:
        options[shift.id] = option


def _calls_of(
    draft: Draft, shift: Shift, sequence: tuple[Call, ...] | None
) -> tuple[tuple[Call, ...], Slack]:
    """The sequence that stands in for what the shift has, or that, with its slack."""
    if sequence is None:
        return draft.sequences[shift.id], draft.slack_of(shift)
    return sequence, Slack(shift, sequence, draft.legs)


def _place_among(
    draft: Draft,
    visit: Visit,
    shift: Shift,
    sequence: tuple[Call, ...],
    slack: Slack,
    gap: int | None,
) -> Option | None:
    candidates = sorted(
        (draft.detour(shift, sequence, index, visit), index)
        for index in (range(len(sequence) + 1) if gap is None else [gap])
        if slack.admits(visit, index, draft.legs)
    )
    for _, index in candidates:
        trial = (*sequence[:index], visit, *sequence[index:])
        if draft.possible(shift, trial, supplies=bool(visit.parts or visit.tools)):
            return _option(draft, shift, trial)
    if not candidates:
        return None
    return _best_place_after_depot(draft, visit, shift, sequence, slack, gap)


def _best_place_after_depot(
    draft: Draft,
    visit: Visit,
    shift: Shift,
    sequence: tuple[Call, ...],
    slack: Slack,
    only: int | None = None,
) -> Option | None:
    """The cheapest place with a depot call before it, or a few in a row.

    Depots are combined only if there is time for each alone and what one has is not enough.
    """
    depots = [
        depot
        for depot in supplying_depots(draft.problem, visit, shift)
        if slack.may_pass(depot, draft.legs)
    ]
    if not draft.has_supply(shift, (*depots, *sequence, visit)):
        return None
    needs = len(visit.parts) + len(visit.tools - shift.tools)
    for number in range(1, min(len(depots), needs, MOST_CALLS_FOR_A_VISIT) + 1):
        trials: list[tuple[int, int, tuple[Call, ...]]] = []
        insufficient: list[Depot] = []
        for calls in permutations(depots, number):
            in_time = list(_with_depot_calls(draft, visit, shift, sequence, slack, calls, only))
            if not in_time:
                continue
            if not draft.has_supply(shift, (*calls, *sequence, visit)):
                insufficient += calls
                continue
            for cost, trial in in_time:
                trials.append((cost, len(trials), trial))
        for _, _, trial in sorted(trials, key=lambda trial: trial[:2]):
            if draft.possible(shift, trial):
                return _option(draft, shift, trial)
        if number == 1:
            depots = _nearest(draft, visit, insufficient)
            if not draft.has_supply(shift, (*depots, *sequence, visit)):
                return None
    return None


def _nearest(draft: Draft, visit: Visit, depots: Sequence[Depot]) -> list[Depot]:
    """Those to combine with each other, in the same order."""
    by_distance = sorted(depots, key=lambda depot: draft.legs[depot.location][visit.location])
    nearest = {depot.id for depot in by_distance[:MOST_DEPOTS_TO_COMBINE]}
    return [depot for depot in depots if depot.id in nearest]


def _with_depot_calls(
    draft: Draft,
    visit: Visit,
    shift: Shift,
    sequence: tuple[Call, ...],
    slack: Slack,
    calls: Sequence[Depot],
    only: int | None = None,
) -> Iterator[tuple[int, tuple[Call, ...]]]:
    """(detour, sequence) for the calls in a row anywhere and the visit anywhere after them, or
    only in one gap."""
    for first in range(len(sequence) + 1):
        gaps = slack.admitting_after(calls, first, visit, draft.legs)
        if not gaps:
            continue
        before: tuple[Call, ...] = sequence
        detour = 0
        for index, depot in enumerate(calls, start=first):
            detour += draft.detour(shift, before, index, depot)
            before = (*before[:index], depot, *before[index:])
        for gap in gaps if only is None else {only}.intersection(gaps):
            index = gap + len(calls)
            trial = (*before[:index], visit, *before[index:])
            yield detour + draft.detour(shift, before, index, visit), trial


def _option(draft: Draft, shift: Shift, trial: tuple[Call, ...]) -> Option:
    """What the trial costs more than the shift as it is."""
    return Option(draft.estimate(shift, trial) - draft.cents_of(shift), shift, trial)


def _regret(options: Iterable[Option]) -> tuple[int, int]:
    costs = sorted(option.cost for option in options)
    if len(costs) == 1:
        return NO_SECOND_CHOICE, -costs[0]
    return costs[1] - costs[0], -costs[0]
