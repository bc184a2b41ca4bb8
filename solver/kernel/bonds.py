"""Links between visits as flat arrays: what the compiled search reads of them.

Times are *ties*: ``to`` starts at least ``lag`` seconds after ``from`` starts, and after it ends or
before ``to`` itself ends where ``served`` says so. A crew is tied both ways by ties of no length.
Persons and days are *mates*: visits whose shifts have to do with each other. What is placed and
taken out as one is a *bundle*.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from solver.kernel.arrays import (
    ALWAYS,
    BOND,
    LINKED,
    MATE,
    OTHER_DAY,
    OTHER_TECHNICIAN,
    PAIRED,
    SAME_TECHNICIAN,
    TIE,
    TIED_ROUTE,
    TIMED,
    Ints,
    Records,
)
from solver.links import After, Apart, Link, Person, Separation, Together

Tie = tuple[str, str, int, int]
"""From, to, lag, served."""


def ties_of(links: Iterable[Link]) -> Iterator[Tie]:
    """The ties of all links."""
    for link in links:
        if isinstance(link, Together):
            for one, other in permutations(link.visits, 2):
                yield one, other, 0, 0
        elif isinstance(link, After):
            yield link.first, link.second, link.least, 1
            if link.most is not None:
                yield link.second, link.first, -link.most, -1


def _mates_of(links: Iterable[Link]) -> Iterator[tuple[str, str, int]]:
    """Who has to do with whom, both ways, and how."""
    for link in links:
        if isinstance(link, Together):
            kind, visits = OTHER_TECHNICIAN, link.visits
        elif isinstance(link, Apart):
            by_day = link.by is Separation.DAY
            kind, visits = OTHER_DAY if by_day else OTHER_TECHNICIAN, link.visits
        elif link.person is not Person.ANY:
            is_same = link.person is Person.SAME
            kind = SAME_TECHNICIAN if is_same else OTHER_TECHNICIAN
            visits = (link.first, link.second)
        else:
            continue
        for one, other in permutations(visits, 2):
            yield one, other, kind


def _required(links: Iterable[Link]) -> Iterator[tuple[str, str]]:
    """A visit, and one without which it is never served."""
    for link in links:
        if isinstance(link, Together):
            yield from permutations(link.visits, 2)
        elif isinstance(link, After):
            yield link.second, link.first


def bonds(names: Sequence[str], links: Sequence[Link], services: Ints) -> dict[str, Any]:
    """The arrays of ``Arrays`` that links need, for visits with these ids; of one meaningless row
    each if there are no links. ``services`` has the seconds that those who may make each visit take
    for it: of whoever is quickest, and of whoever is slowest."""
    number = {name: row for row, name in enumerate(names)}
    ties = [(number[a], number[b], lag, served) for a, b, lag, served in ties_of(links)]
    mates = {(number[a], number[b], kind) for a, b, kind in _mates_of(links)}
    required = {(number[a], number[b]) for a, b in _required(links)}
    whole = _bundles(len(names), [(a, b) for a, b, _, _ in ties])
    found = np.zeros(len(names) if links else 1, dtype=BOND)
    if links:
        found["shortest"], found["longest"] = services
    tables: dict[str, list[tuple[int, ...]]] = {
        "ties_from": sorted((a, b, lag, served) for a, b, lag, served in ties),
        "ties_to": sorted((b, a, lag, served) for a, b, lag, served in ties),
        "mates": sorted(mates),
        "required": sorted(required),
        "bundles": [(visit, other) for visit, bundle in enumerate(whole) for other in bundle],
    }
    for name, rows in tables.items():
        for row, (visit, *_) in enumerate(rows):
            if found[f"number_of_{name}"][visit] == 0:
                found[f"first_of_{name}"][visit] = row
            found[f"number_of_{name}"][visit] += 1
    kinds = {"ties_from": TIE, "ties_to": TIE, "mates": MATE}
    arrays = {}
    for name, rows in tables.items():
        arrays[name] = np.zeros(max(1, len(rows)), dtype=kinds.get(name, np.int64))
        if rows:
            arrays[name][:] = [row[1:] if name in kinds else row[1] for row in rows]
    return {"bonds": found, **arrays}


def links_of(found: Records) -> list[int]:
    """For each visit whether it is tied to others in time, and to others in person."""
    timed = np.where(found["number_of_ties_from"] + found["number_of_ties_to"] > 0, TIMED, 0)
    return [int(flag) for flag in timed + np.where(found["number_of_mates"] > 0, PAIRED, 0)]


def _bundles(size: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """For each visit all that hang together with it, itself included; none if it is alone."""
    bundle: list[list[int]] = [[row] for row in range(size)]
    for one, other in pairs:
        if bundle[one] is not bundle[other]:
            joined = sorted(bundle[one] + bundle[other])
            for visit in joined:
                bundle[visit] = joined
    return [members if len(members) > 1 else [] for members in bundle]


def loose_ends(visits: int, shifts: int, stops: int, states: int, is_tied: bool) -> dict[str, Any]:
    """The arrays of ``Plan`` for what routes have to do with each other, if they are so long and
    have so many states of breaks; of one row each if they have nothing."""
    size, routes, rows = (visits, shifts, stops) if is_tied else (1, 1, 1)
    linked = np.zeros(max(1, size), dtype=LINKED)
    linked["early"], linked["late"], linked["hold"] = -ALWAYS, ALWAYS, -ALWAYS
    numbers = np.zeros(size + 1, dtype=np.int64)
    return {
        "linked": linked,
        "saved_linked": linked.copy(),
        "traced_linked": linked.copy(),
        "tied_routes": np.zeros(max(1, routes), dtype=TIED_ROUTE),
        "saved_tied_routes": np.zeros(max(1, routes), dtype=TIED_ROUTE),
        "queue": numbers,
        "forgotten": np.zeros(2 * size + 2, dtype=np.int64),
        "crew": numbers.copy(),
        "touched": np.zeros(routes + 1, dtype=np.int64),
        "latest": np.zeros((rows, states), dtype=np.int64),
        "clocks": np.zeros((2, states), dtype=np.int64),
    }
