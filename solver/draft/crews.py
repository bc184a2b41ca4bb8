"""Crews and chains put into a draft: as one, or not at all.

The members of a crew are placed one after the other, each where it costs least within what those
before it leave open in time, by other technicians or the same as the links say; several places of
the first are tried, and the cheapest of all that comes to an end is taken. A chain is placed in its
order; if all of it has no place, as much of its beginning as has.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from solver.draft.closing import Patience
from solver.draft.draft import Draft
from solver.draft.insertion import Option, best_place
from solver.draft.tied import tied, within
from solver.links import (
    After,
    Apart,
    Bonds,
    Link,
    Separation,
    Together,
    calendar_day,
    linked,
)
from solver.problem import Problem, Shift, Visit
from solver.rules.cost import cost
from solver.solution import Route
from solver.timing.moments import Moments, held
from solver.timing.schedule import NEVER, Call
from solver.timing.slack import Slack
from solver.timing.ties import Ties, bound_starts
from solver.timing.timing import cheapest
from solver.travel import MAX_TIME

MOST_PLACES_OF_THE_FIRST = 12
MOST_PLACES_OF_THE_NEXT = 3
"""So many places of the first member are tried, and of each of the others next to those before."""
MOST_PLACES_ON_A_SHIFT = 3
MOST_ATTEMPTS_FOR_A_CREW = 3_000
"""So many places are priced before a crew is given up."""
ATTEMPTS_FOR_A_CREW = 10
"""As much work as so many places for a single visit it is taken to be, whatever it was."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a linked visit is: its shift, and from when to when it could start there."""

    shift: Shift
    earliest: int
    latest: int


@dataclass(frozen=True, slots=True)
class _Trial:
    """A draft with some members of a crew in it, not at their moments yet."""

    draft: Draft
    spots: Mapping[str, _Spot]

    def touched(self, members: Iterable[str]) -> dict[str, tuple[Call, ...]]:
        names = {self.spots[member].shift.id for member in members}
        return {name: self.draft.sequences[name] for name in names}


class Crews:
    """The linked visits of a draft over the whole problem: those on routes are held at moments at
    which all of them keep their links."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.problem: Problem = draft.problem
        self.bonds = Bonds(self.problem.links)
        self.ties = Ties(self.problem, draft.legs)
        self._spots: dict[str, _Spot] = {}

    # --- what is there already --------------------------------------------------------------------

    def adopt(self, routes: Iterable[Route]) -> None:
        """Take over these routes as far as they are possible and keep their links; whatever hangs
        together with what does not is left out."""
        self.draft.adopt(routes)
        self.settle()

    def settle(self, known: Moments | None = None) -> None:
        """Hold the linked visits of the draft at the cheapest moments that are found; leave out
        those that break a link, and all that depend on them. ``known``: moments at which all can be
        kept that the draft holds."""
        if not self.bonds.of:
            return
        plain = {visit.id: visit for visit in self.draft.visits}
        gone = self._breaking()
        moments = self._moments(plain, gone, None if gone else known)
        prices = self.problem.prices
        for unit in sorted(self.bonds.units(), key=lambda unit: prices[unit[0]]):
            if moments is not None:
                break
            gone |= self.bonds.leaving[unit[0]]
            moments = self._moments(plain, gone)
        self.draft.remove(gone)
        self._hold(plain, moments or {})
        while left := self._breaking() & self._spots.keys():
            # Who left may have taken others along, for a way or for what they fetched.
            self._leave_out(left)

    def _moments(
        self, plain: Mapping[str, Visit], gone: set[str], known: Moments | None = None
    ) -> Moments | None:
        return self.ties.cheapest(self._sequences(plain, gone), known)

    def _sequences(
        self, plain: Mapping[str, Visit], gone: Collection[str]
    ) -> dict[str, tuple[Call, ...]]:
        """What the draft holds, less some, with the windows of the problem."""
        return {
            name: tuple(
                plain[call.id] if isinstance(call, Visit) else call
                for call in calls
                if not (isinstance(call, Visit) and call.id in gone)
            )
            for name, calls in self.draft.sequences.items()
        }

    def _hold(self, plain: Mapping[str, Visit], moments: Mapping[str, int]) -> None:
        self._spots = {}
        lost: set[str] = set()
        for shift in self.problem.shifts:
            calls = self.draft.sequences[shift.id]
            bound = [c.id for c in calls if isinstance(c, Visit) and c.id in self.bonds.of]
            if not bound:
                continue
            free = [plain[c.id] if isinstance(c, Visit) else c for c in calls]
            if not self.draft.hold({shift.id: held(free, moments)}):
                lost.update(bound)
                continue
            for name in bound:
                start, end = (moments[name],) * 2 if name in moments else _whole(shift)
                self._spots[name] = _Spot(shift, start, end)
        if lost:
            self._leave_out(lost)

    def routes(self) -> tuple[Route, ...]:
        """The draft's routes; at times that the price of the worst lateness has a say in."""
        routes = self.draft.routes()
        if not self.problem.objective.worst_lateness:
            return routes
        ties = Ties(self.problem, self.draft.legs, lateness=True)
        plain = {visit.id: visit for visit in self.draft.visits}
        moments = ties.cheapest(self._sequences(plain, set()))
        if moments is None:
            return routes
        timed = [
            cheapest(self.problem, shift, held(calls, moments), self.draft.legs)
            for shift in self.problem.shifts
            if (calls := self.draft.sequences[shift.id])
        ]
        if None in timed:
            return routes
        again = self.draft.supplied([route for route in timed if route is not None])
        return min(routes, again, key=lambda ones: sum(cost(self.problem, ones, ()).values()))

    def tied(self) -> Problem:
        """The problem for all that places visits one by one next to what is linked here."""
        return tied(self.problem, self.draft.routes() if self.problem.links else ())

    def _leave_out(self, names: Iterable[str]) -> None:
        gone = {other for name in names for other in self.bonds.leaving[name]}
        self.draft.remove(gone)
        for name in gone:
            self._spots.pop(name, None)

    def _breaking(self) -> set[str]:
        """Linked visits of the draft that are there without those they need, or with the wrong
        technician, and all that depend on them."""
        where = {
            call.id: shift
            for shift in self.problem.shifts
            for call in self.draft.sequences[shift.id]
            if isinstance(call, Visit) and call.id in self.bonds.of
        }
        wrong = {name for name in self.bonds.of if name not in where}
        for name, shift in where.items():
            others = {other: one for other, one in where.items() if other != name}
            if not self._may(name, shift, others):
                wrong.add(name)
                where = others
        return {other for name in wrong for other in self.bonds.leaving[name]}

    # --- what is not there yet --------------------------------------------------------------------

    def waiting(self) -> list[list[tuple[str, ...]]]:
        """The units that are on no route and hang together, in the order in which they may be
        placed; what costs most to leave out first."""
        prices = self.problem.prices
        left = [unit for unit in self.bonds.units() if unit[0] not in self._spots]
        return sorted(
            self._groups(left),
            key=lambda group: -max(prices[name] for unit in group for name in unit),
        )

    def _groups(self, units: Sequence[tuple[str, ...]]) -> list[list[tuple[str, ...]]]:
        """The units, those together that are tied, in their order."""
        groups: list[list[tuple[str, ...]]] = []
        for unit in units:
            near = {v for name in unit for link in self._ties(name) for v in linked(link)}
            mine = [group for group in groups if any(near & set(one) for one in group)]
            groups = [group for group in groups if group not in mine]
            groups.append([*(one for group in mine for one in group), unit])
        order = {unit: number for number, unit in enumerate(units)}
        return [sorted(group, key=order.__getitem__) for group in groups]

    def improve(self, patience: Patience) -> None:
        """Take out what hangs together and put it back where it costs least, for as long as that
        pays and there is patience."""
        better = True
        while better and not patience.is_over:
            better = False
            for group in self._groups([u for u in self.bonds.units() if u[0] in self._spots]):
                before, spots = self.draft.copy(), self._spots
                cents = before.cents()
                names = {name for unit in group for name in unit}
                if self._place_without(names, group, patience) and self.draft.cents() < cents:
                    better = True
                else:
                    self.draft.take_from(before)
                    self._spots = spots

    def place_all(self, patience: Patience) -> None:
        """Place all that waits, as far as that costs less than to leave it out, for as long as
        there is patience."""
        for group in self.waiting():
            if patience.is_over:
                break
            self.place(group, patience)

    def place(self, group: Sequence[tuple[str, ...]], patience: Patience) -> bool:
        """Place these units, or as many from the first on as have a place; whether any has. Those
        which they depend on, and which are not among them, have to be on routes."""
        for number in range(len(group), 0, -1):
            members = [name for unit in group[:number] for name in unit]
            if any(self._needs(name) - set(members) - self._spots.keys() for name in members):
                continue
            best = self._best(members, patience)
            if best is not None:
                self.draft.take_from(best.draft)
                self._spots = dict(best.spots)
                return True
        return False

    def place_instead(self, group: Sequence[tuple[str, ...]], patience: Patience) -> bool:
        """Place these units where they would be if nothing else was there, and take off those
        shifts whatever is on them, as well as the visits that the units are linked to; whether they
        have a place then. Who has left is on no route."""
        before, spots = self.draft.copy(), self._spots
        names = [name for unit in group for name in unit]
        every = {call.id for calls in before.sequences.values() for call in calls}
        if not self._place_without(every & before.rows.keys(), group, patience):
            return False
        taken = {self._spots[name].shift.id for name in names if name in self._spots}
        self.draft.take_from(before)
        self._spots = spots
        gone = {call.id for name in taken for call in before.sequences[name]}
        gone |= {other for name in names for link in self.bonds.of[name] for other in linked(link)}
        gone |= {
            other for name in gone & self.bonds.of.keys() for other in self.bonds.leaving[name]
        }
        return self._place_without(gone & before.rows.keys(), group, patience)

    def _place_without(
        self, names: Collection[str], group: Sequence[tuple[str, ...]], patience: Patience
    ) -> bool:
        before, spots = self.draft.copy(), self._spots
        self.draft.remove(names)
        self._spots = {name: spot for name, spot in spots.items() if name not in names}
        if not self._breaking() & self._spots.keys() and self.place(group, patience):
            return True
        self.draft.take_from(before)
        self._spots = spots
        return False

    def _needs(self, name: str) -> set[str]:
        return {other for other, them in self.bonds.leaving.items() if name in them}

    def _ties(self, name: str) -> list[Link]:
        return [link for link in self.bonds.of[name] if not isinstance(link, Apart)]

    def _best(self, members: Sequence[str], all_patience: Patience) -> _Trial | None:
        if not all_patience.spend(ATTEMPTS_FOR_A_CREW):
            return None
        patience = Patience(MOST_ATTEMPTS_FOR_A_CREW, all_patience.over)
        before = sum(map(self.draft.cents_of, self.problem.shifts))
        lowest = before + sum(self.problem.prices[name] for name in members)
        best = None
        order = list(members)
        if not any(isinstance(link, After) for name in members for link in self._ties(name)):
            order.sort(key=lambda name: len(self.draft.eligible[name]))
        for trial in self._trials(_Trial(self.draft.copy(), self._spots), order, patience, 0):
            whole = self._at_moments(trial, members)
            if whole is not None:
                cents = sum(map(whole.draft.cents_of, self.problem.shifts))
                if cents < lowest:
                    lowest, best = cents, whole
        return best

    def _trials(
        self, trial: _Trial, members: Sequence[str], patience: Patience, depth: int
    ) -> Iterator[_Trial]:
        """Ways to place these members next to those that are there."""
        if not members:
            yield trial
            return
        name, *others = members
        most = MOST_PLACES_OF_THE_NEXT if depth else MOST_PLACES_OF_THE_FIRST
        for option in self._options(trial, name, patience)[:most]:
            draft = trial.draft.copy()
            if not draft.hold({option.shift.id: option.sequence}):
                continue
            spot = self._spot(draft, name, option)
            if spot is not None:
                spots = {**trial.spots, name: spot}
                yield from self._trials(_Trial(draft, spots), others, patience, depth + 1)

    def _options(self, trial: _Trial, name: str, patience: Patience) -> list[Option]:
        """Places for the visit, the cheapest first."""
        found: list[Option] = []
        where = {other: spot.shift for other, spot in trial.spots.items()}
        lasts = [shift.service(self.draft.visit(name)) for shift in self.draft.eligible[name]]
        if not lasts:
            return []
        widest = self._narrowed(trial, name, min(lasts), max(lasts))
        for shift in trial.draft.shifts_with_time(widest):
            if not self._may(name, shift, where):
                continue
            service = shift.service(widest)
            visit = self._narrowed(trial, name, service, service)
            here: list[Option] = []
            for gap in range(len(trial.draft.sequences[shift.id]) + 1):
                if not patience.spend():
                    break
                option = best_place(trial.draft, visit, shift, gap=gap)
                if option is not None:
                    here.append(option)
            here.sort(key=lambda option: option.cost)
            found += here[:MOST_PLACES_ON_A_SHIFT]
        return sorted(found, key=lambda option: option.cost)

    def _may(self, name: str, shift: Shift, where: Mapping[str, Shift]) -> bool:
        """Whether no link keeps the visit off the shift, for who makes the others, and when."""
        for link in self.bonds.of[name]:
            others = [where[other] for other in linked(link) if other != name and other in where]
            same = [other.technician == shift.technician for other in others]
            match link:
                case Together():
                    wrong = any(same)
                case After():
                    wrong = not all(map(link.person.allows, same))
                case Apart(by=Separation.TECHNICIAN):
                    wrong = any(same)
                case Apart():
                    wrong = any(
                        calendar_day(other.start) == calendar_day(shift.start) for other in others
                    )
            if wrong:
                return False
        return True

    def _narrowed(self, trial: _Trial, name: str, shortest: int, longest: int) -> Visit:
        """The visit, at those times that the ones which are there leave open to whoever takes so
        long for it."""
        visit = self.draft.visit(name)
        earliest, latest = -NEVER, NEVER
        for lag in self.ties.before.get(name, ()):
            if lag.earlier in trial.spots:
                spot = trial.spots[lag.earlier]
                lasts = longest if lag.served == name else self._lasts(lag.earlier, spot)
                earliest = max(earliest, spot.earliest + lag.from_start(lasts))
        for lag in self.ties.after.get(name, ()):
            if lag.later in trial.spots:
                spot = trial.spots[lag.later]
                lasts = shortest if lag.served == name else self._lasts(lag.later, spot)
                latest = min(latest, spot.latest - lag.from_start(lasts))
        if (earliest, latest) == (-NEVER, NEVER):
            return visit
        earliest, latest = max(earliest, -MAX_TIME), min(latest, MAX_TIME)
        return replace(visit, windows=within(visit.windows, earliest, latest))

    def _lasts(self, name: str, spot: _Spot) -> int:
        return spot.shift.service(self.draft.visit(name))

    def _spot(self, draft: Draft, name: str, option: Option) -> _Spot | None:
        sequence = draft.sequences[option.shift.id]
        if not self.ties.binds(self.draft.visit(name)):
            return _Spot(option.shift, *_whole(option.shift))
        found = bound_starts(option.shift, sequence, draft.legs, {name: -NEVER})
        if found is None:
            return None
        index = next(
            number
            for number, call in enumerate(sequence)
            if isinstance(call, Visit) and call.id == name
        )
        # Not the end of a window, but when it has to begin for all behind it to be kept.
        slack = Slack(option.shift, sequence, draft.legs)
        return _Spot(option.shift, found[name], max(found[name], slack.latest[index]))

    def _at_moments(self, trial: _Trial, members: Sequence[str]) -> _Trial | None:
        """The trial with the members at their cheapest moments; None if there are none."""
        sequences = trial.touched(members)
        moments = self.ties.cheapest(sequences)
        if moments is None:
            return None
        plain = {name: self.draft.visit(name) for name in members}
        spots = dict(trial.spots)
        for name, calls in sequences.items():
            free = [plain.get(c.id, c) if isinstance(c, Visit) else c for c in calls]
            if not trial.draft.hold({name: held(free, moments)}):
                return None
        for name in members:
            if name in moments:
                spots[name] = _Spot(spots[name].shift, moments[name], moments[name])
        return _Trial(trial.draft, spots)


def _whole(shift: Shift) -> tuple[int, int]:
    return shift.start, shift.end + shift.max_overtime
