"""The cheapest plan of a small problem, found by looking at every plan that there is.

Nothing is shared with the search but what a route costs and how its times follow: which visits are
served, by whom, in what order, after which depot calls and out of whose stock is tried in every
combination. Of one shift each order is timed; of those in which what needs supplies comes in the
same order after the same depot calls, the cheapest is kept. Where going by a depot is never shorter
than the straight way, a second call at a depot on a shift is never of use, and none is tried.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from solver.objective import Objective
from solver.problem import Depot, Problem, Shift, Visit
from solver.rules.cost import RouteCost
from solver.rules.eligibility import UNLIMITED, at_pinned_time, eligibility_matrix, stock_of
from solver.rules.lending import Lending, Loan, lent_by
from solver.rules.limits import keeps_limits
from solver.rules.places import ends_of, on_places
from solver.timing.schedule import Call, legs_of
from solver.timing.timing import cheapest

Calls = tuple[int, ...]
"""Visits by number, and behind them depots."""
Taken = tuple[int, ...]
"""What is taken of each stock that could run out."""


@dataclass(frozen=True, slots=True)
class Optimum:
    """The lowest cost there is, and a plan that has it: calls by shift, and who is left out."""

    cents: int
    sequences: Mapping[str, tuple[Call, ...]]
    unassigned: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to serve some visits: what it costs, what it takes, and the calls of each shift."""

    cents: int
    taken: Taken
    calls: tuple[tuple[str, Calls], ...]

    def is_as_good_as(self, other: "_Way") -> bool:
        return self.cents <= other.cents and all(
            own <= theirs for own, theirs in zip(self.taken, other.taken, strict=True)
        )


@dataclass(frozen=True, slots=True)
class _Week:
    """A route for each shift of a technician; of each what has to do with supplies, and all."""

    cents: int
    keys: tuple[Calls, ...]
    orders: tuple[Calls, ...]


def optimum(problem: Problem) -> Optimum:
    """The cheapest plan. Takes seconds for seven visits, or for five where parts are scarce."""
    return _Enumeration(problem).optimum()


class _Enumeration:
    """Sets of visits are numbers, with a bit for each."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem = on_places(problem)
        self.visits = [at_pinned_time(visit) for visit in problem.visits]
        self.calls: list[Call] = [*self.visits, *problem.depots]
        self.legs, self.metres = legs_of(problem.travel_time), legs_of(problem.distance)
        self.driven = legs_of(problem.driven)
        self.able = eligibility_matrix(problem)
        self.price_of = RouteCost(problem)
        self.chains: dict[str, list[Shift]] = {}
        for shift in sorted(problem.shifts, key=lambda shift: shift.start):
            self.chains.setdefault(shift.technician, []).append(shift)
        parts = sorted({part for visit in self.visits for part in visit.parts})
        self.lending = Lending.of(problem)
        self.limits: dict[tuple[str, str | Loan], int] = {
            (depot.id, part): stock_of(depot, part)
            for depot in problem.depots
            for part in parts
            if 0 < stock_of(depot, part) < UNLIMITED
        }
        for depot, shift in product(problem.depots, problem.shifts):
            for tool, number in depot.tool_counts.items():
                for loan in self.lending.loans(depot, tool, shift):
                    self.limits[loan] = max(0, number - self.lending.out.get(loan, 0))
        self.row = {key: row for row, key in enumerate(self.limits)}
        self.nothing: Taken = (0,) * len(self.limits)
        self.known: dict[tuple[str, tuple[Calls, ...]], list[Taken]] = {}
        needed = {*parts, *(tool for visit in self.visits for tool in visit.tools)}
        self.depots = [
            number
            for number, call in enumerate(self.calls)
            if isinstance(call, Depot)
            and (call.tools & needed or any(stock_of(call, part) > 0 for part in parts))
        ]

    def optimum(self) -> Optimum:
        plans: dict[int, list[_Way]] = {0: [_Way(0, self.nothing, ())]}
        for technician in self.chains:
            own = self._of_technician(technician)
            plans = self._together(plans, {0: [_Way(0, self.nothing, ())], **own})
        prices = [self.problem.prices[visit.id] for visit in self.visits]
        total, way, served = min(
            (
                (
                    way.cents + sum(p for bit, p in enumerate(prices) if not served >> bit & 1),
                    way,
                    served,
                )
                for served, ways in plans.items()
                for way in ways
            ),
            key=lambda plan: plan[0],
        )
        return Optimum(
            total,
            {shift: tuple(self.calls[call] for call in calls) for shift, calls in way.calls},
            tuple(self.visits[bit].id for bit in self._missing(served)),
        )

    def _missing(self, served: int) -> list[int]:
        return [bit for bit in range(len(self.visits)) if not served >> bit & 1]

    def _together(
        self, some: Mapping[int, list[_Way]], others: Mapping[int, list[_Way]]
    ) -> dict[int, list[_Way]]:
        """All that two can do side by side, without what is worse in every respect."""
        found: dict[int, list[_Way]] = {}
        for one, two in product(some, others):
            if one & two:
                continue
            for first, second in product(some[one], others[two]):
                taken = tuple(a + b for a, b in zip(first.taken, second.taken, strict=True))
                if all(n <= most for n, most in zip(taken, self.limits.values(), strict=True)):
                    way = _Way(first.cents + second.cents, taken, first.calls + second.calls)
                    found.setdefault(one | two, []).append(way)
        return {served: _best(ways) for served, ways in found.items()}

    def _of_technician(self, technician: str) -> dict[int, list[_Way]]:
        """The ways of one technician to serve each set of visits."""
        chain = self.chains[technician]
        days = [
            self._of_shift(shift, number == len(chain) - 1) for number, shift in enumerate(chain)
        ]
        weeks: dict[int, list[_Week]] = {0: [_Week(0, (), ())]}
        for routes in days:
            longer: dict[int, list[_Week]] = {}
            for (before, ways), (served, by_key) in product(weeks.items(), routes.items()):
                if not before & served:
                    longer.setdefault(before | served, []).extend(
                        _Week(week.cents + cents, (*week.keys, key), (*week.orders, order))
                        for week, (key, (cents, order)) in product(ways, by_key.items())
                    )
            weeks = longer
        found = {served: self._supplied(chain, ways) for served, ways in weeks.items() if served}
        return {served: ways for served, ways in found.items() if ways}

    def _supplied(self, chain: Sequence[Shift], weeks: Sequence[_Week]) -> list[_Way]:
        """Each way to do it with each choice of what to take from where, without what is worse in
        every respect."""
        kept: list[_Way] = []
        for week in sorted(weeks, key=lambda week: week.cents):
            calls = tuple(
                (s.id, order) for s, order in zip(chain, week.orders, strict=True) if order
            )
            for taken in self._takes(chain, week.keys):
                way = _Way(week.cents, taken, calls)
                if not any(other.is_as_good_as(way) for other in kept):
                    kept.append(way)
            if any(way.taken == self.nothing for way in kept):
                break
        return kept

    def _of_shift(self, shift: Shift, is_last: bool) -> dict[int, dict[Calls, tuple[int, Calls]]]:
        """For each set of visits and each order of what has to do with supplies the cheapest route
        and its cost."""
        column = self.problem.shifts.index(shift)
        able = [row for row in range(len(self.visits)) if self.able[row, column]]
        found: dict[int, dict[Calls, tuple[int, Calls]]] = {0: {(): (0, ())}}
        for served, order, least in self._orders(shift, able):
            is_idle = is_last and order[-1] >= len(self.visits)
            if is_idle:
                continue
            key = self._key(order)
            known = found.setdefault(served, {})
            if key in known and known[key][0] <= least:
                continue
            calls = [self.calls[number] for number in order]
            if not keeps_limits(self.problem, shift, calls):
                continue
            route = cheapest(self.problem, shift, calls, self.legs)
            if route is not None:
                cents = sum(cents for _, cents in self.price_of.of(route))
                if key not in known or cents < known[key][0]:
                    known[key] = (cents, order)
        return found

    def _orders(self, shift: Shift, able: Sequence[int]) -> Iterator[tuple[int, Calls, int]]:
        """Every order of calls that could be in time, breaks left aside: the visits in it, itself,
        and what it costs at least."""
        costs = self.problem.objective.at(shift.rates)
        latest = shift.end + shift.max_overtime
        first, last = ends_of(shift)

        def orders(
            served: int, order: Calls, here: int, clock: int, cents: int
        ) -> Iterator[tuple[int, Calls, int]]:
            if order:
                yield served, order, cents + costs.shift_use + self._leg(costs, here, last)
            for number in (*able, *self.depots):
                call = self.calls[number]
                if number in order:
                    continue
                arrival = clock + self.legs[here][call.location]
                starts = [max(arrival, w.start) for w in call.windows if arrival <= w.end]
                begin = min(starts, default=latest + 1) if call.windows else arrival
                leave = begin + shift.service(call)
                if leave + self.legs[call.location][last] <= latest:
                    yield from orders(
                        served | (1 << number if isinstance(call, Visit) else 0),
                        (*order, number),
                        call.location,
                        leave,
                        cents
                        + self._leg(costs, here, call.location)
                        + costs.working_time * shift.service(call),
                    )

        return orders(0, (), first, shift.start, 0)

    def _leg(self, costs: Objective, a: int, b: int) -> int:
        """Cents for going from one place to another."""
        paid = costs.travel_time * self.driven[a][b] + costs.distance * self.metres[a][b]
        return paid + costs.working_time * self.legs[a][b]

    def _key(self, order: Calls) -> Calls:
        """What of an order has to do with supplies; of depots in a row, the order is no matter."""
        key: list[int] = []
        row: list[int] = []
        for number in order:
            call = self.calls[number]
            if isinstance(call, Depot):
                row.append(number)
            elif call.parts or call.tools:
                key += [*sorted(row), number]
                row = []
        return (*key, *sorted(row))

    def _takes(self, chain: Sequence[Shift], keys: tuple[Calls, ...]) -> list[Taken]:
        """What the technician may take from the depots so that nobody lacks anything: every choice
        of who gives what. A van's own parts are used first, since what it keeps for later it could
        take along then just as well."""
        known = self.known.get((chain[0].technician, keys))
        if known is None:
            known = self.known[chain[0].technician, keys] = self._worked_out(chain, keys)
        return known

    def _worked_out(self, chain: Sequence[Shift], keys: tuple[Calls, ...]) -> list[Taken]:
        van: Counter[str] = Counter()
        called: list[Depot] = []
        takes = {self.nothing}
        for shift, key in zip(chain, keys, strict=True):
            van.update(shift.stock)
            held, today = set(shift.tools), list[Depot]()
            for call in (self.calls[number] for number in key):
                if isinstance(call, Depot):
                    called += [] if call in called else [call]
                    today.append(call)
                    continue
                for tool in sorted(call.tools - held):
                    held.add(tool)
                    lenders = [depot for depot in today if tool in lent_by([depot])]
                    if all(tool in depot.tool_counts for depot in lenders):
                        loans = [self.lending.loans(depot, tool, shift) for depot in lenders]
                        takes = {more for taken in takes for more in self._lent(taken, loans)}
                for part, number in call.parts.items():
                    from_van = min(number, van[part])
                    van[part] -= from_van
                    if any(stock_of(depot, part) >= UNLIMITED for depot in called):
                        continue
                    rows = [
                        self.row[depot.id, part] for depot in called if (depot.id, part) in self.row
                    ]
                    for _ in range(number - from_van):
                        takes = {more for taken in takes for more in self._one_more(taken, rows)}
        return sorted(takes)

    def _lent(self, taken: Taken, choices: Sequence[Sequence[tuple[str, Loan]]]) -> Iterator[Taken]:
        """With one of the choices out, too, where there are enough."""
        limits = tuple(self.limits.values())
        for loans in choices:
            rows = {self.row[loan] for loan in loans}
            more = tuple(number + (row in rows) for row, number in enumerate(taken))
            if all(more[row] <= limits[row] for row in rows):
                yield more

    def _one_more(self, taken: Taken, rows: Sequence[int]) -> Iterator[Taken]:
        limits = tuple(self.limits.values())
        for row in rows:
            if taken[row] < limits[row]:
                yield (*taken[:row], taken[row] + 1, *taken[row + 1 :])


def _best(ways: list[_Way]) -> list[_Way]:
    """Without those that are worse than another in every respect."""
    kept: list[_Way] = []
    for way in sorted(ways, key=lambda way: (way.cents, way.taken)):
        if not any(other.is_as_good_as(way) for other in kept):
            kept.append(way)
    return kept
