"""The rules of visits that hang together, as the checker sees them: on stops, and nothing else."""

from collections import Counter
from collections.abc import Callable, Iterator

from solver.judge.replay import Replay, at
from solver.links import After, Apart, Separation, Together, calendar_day
from solver.problem import Shift
from solver.solution import Rule, Stop, Violation

Placed = dict[str, tuple[Shift, Stop]]
"""Where each visit is served; the first time, should it be served more often."""


def together(case: Replay, tolerance: int) -> Iterator[Violation]:
    """The visits of a crew start at the same moment, each with another technician, all or none.

    Only starts are subject to the tolerance.
    """
    crews = [link for link in case.problem.links if isinstance(link, Together)]
    placed = _placed(case) if crews else {}
    for crew in crews:
        there = [visit for visit in crew.visits if visit in placed]
        missing = [visit for visit in crew.visits if visit not in placed]
        if there and missing:
            message = f"of its crew {missing} are not served"
            yield _of(placed, there[0], Rule.TOGETHER, len(missing), message, *missing)
        earliest = min((placed[visit][1].start for visit in there), default=0)
        for visit in there:
            late = placed[visit][1].start - earliest
            if late > tolerance:
                message = f"it starts {late} s after the first of its crew"
                yield _of(placed, visit, Rule.TOGETHER, late, message, *crew.visits)
        yield from _shared(placed, there, Rule.TOGETHER, _technician)


def after(case: Replay, tolerance: int) -> Iterator[Violation]:
    """The second visit starts at least and at most so long after the first ends, with the same or
    another technician; it is not served without the first."""
    links = [link for link in case.problem.links if isinstance(link, After)]
    placed = _placed(case) if links else {}
    for link in links:
        first, second = link.first, link.second
        if second not in placed:
            continue
        if first not in placed:
            message = f"it is served without {first!r}, which it comes after"
            yield _of(placed, second, Rule.AFTER, 1, message, first)
            continue
        gap = placed[second][1].start - placed[first][1].departure
        if link.least - gap > tolerance:
            message = f"it starts {gap} s after the end of {first!r}, at least are {link.least}"
            yield _of(placed, second, Rule.AFTER, link.least - gap, message, first)
        if link.most is not None and gap - link.most > tolerance:
            message = f"it starts {gap} s after the end of {first!r}, at most are {link.most}"
            yield _of(placed, second, Rule.AFTER, gap - link.most, message, first)
        same = _technician(placed, first) == _technician(placed, second)
        if not link.person.allows(same):
            whom = "another" if same else "the same"
            message = f"{whom} technician has to make it as made {first!r}"
            yield _of(placed, second, Rule.AFTER, 1, message, first)


def apart(case: Replay) -> Iterator[Violation]:
    """No two of the visits share their technician, or the day on which their shifts start."""
    links = [link for link in case.problem.links if isinstance(link, Apart)]
    placed = _placed(case) if links else {}
    for link in links:
        there = [visit for visit in link.visits if visit in placed]
        shares = _day if link.by is Separation.DAY else _technician
        yield from _shared(placed, there, Rule.APART, shares)


def _shared(
    placed: Placed, visits: list[str], rule: Rule, what: Callable[[Placed, str], str]
) -> Iterator[Violation]:
    """Once for each thing that several of the visits share."""
    for shared, times in Counter(what(placed, visit) for visit in visits).items():
        sharing = [visit for visit in visits if what(placed, visit) == shared]
        if times > 1:
            message = f"{sharing} all have {shared}"
            yield _of(placed, sharing[-1], rule, times - 1, message, *sharing[:-1])


def _technician(placed: Placed, visit: str) -> str:
    return f"technician {placed[visit][0].technician!r}"


def _day(placed: Placed, visit: str) -> str:
    return f"day {calendar_day(placed[visit][0].start)}"


def _placed(case: Replay) -> Placed:
    found: Placed = {}
    for shift, route in case.routes:
        for visit, stop in case.served(route):
            found.setdefault(visit.id, (shift, stop))
    return found


def _of(
    placed: Placed, visit: str, rule: Rule, amount: int, message: str, *subjects: str
) -> Violation:
    shift, stop = placed[visit]
    return Violation(rule, at(shift, stop), amount, message, shift.id, stop.id, subjects)
