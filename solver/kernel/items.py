"""What visits need, vans hold and depots have, as numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from solver.kernel.arrays import NEED, Ints
from solver.problem import Problem, Visit
from solver.rules.eligibility import UNLIMITED, stock_of
from solver.rules.lending import Lending


def supplies_of(
    problem: Problem, visits: Sequence[Visit], lending: Lending
) -> tuple[list[int], Mapping[str, Any]]:
    """Where the needs of each call start, and the ``Arrays`` of needs, vans and depots."""
    parts = sorted({part for visit in visits for part, number in visit.parts.items() if number})
    tools = sorted({tool for visit in visits for tool in visit.tools})
    tool_items = {tool: item for item, tool in enumerate(tools, start=len(parts))}
    rows: list[tuple[int, int]] = []
    first_need = []
    for visit in visits:
        first_need.append(len(rows))
        rows += [(parts.index(p), number) for p, number in visit.parts.items() if number]
        rows += [(tool_items[tool], 1) for tool in sorted(visit.tools)]
    first_need += [len(rows)] * (len(problem.depots) + 1)
    needs = np.array(rows, dtype=NEED)
    wanted = np.zeros(len(parts) + len(tools), dtype=np.int64)
    np.add.at(wanted, needs["item"], needs["number"])
    van = np.zeros((len(problem.shifts), len(wanted)), dtype=np.int64)
    stock = np.zeros((len(problem.depots), len(wanted)), dtype=np.int64)
    for row, shift in enumerate(problem.shifts):
        for item, part in enumerate(parts):
            van[row, item] = min(UNLIMITED, shift.stock.get(part, 0))
        for tool, item in tool_items.items():
            van[row, item] = UNLIMITED if tool in shift.tools else 0
    for row, depot in enumerate(problem.depots):
        for item, part in enumerate(parts):
            stock[row, item] = stock_of(depot, part)
        for tool, item in tool_items.items():
            if tool in depot.tools:
                stock[row, item] = depot.tool_counts.get(tool, UNLIMITED)
    # Beside those for which somebody wants one, some may be out already.
    for tool, item in tool_items.items():
        wanted[item] += sum(tool in shift.borrowed for shift in problem.shifts)
    stock[stock >= wanted] = UNLIMITED
    is_scarce = np.any((stock > 0) & (stock < UNLIMITED), axis=0).reshape(-1)
    counted = {tool: item for tool, item in tool_items.items() if is_scarce[item]}
    stock, first_cell = _by_cell(problem, lending, counted, stock)
    return first_need, {
        "needs": needs,
        "van": van,
        "stock": stock,
        "first_cell": first_cell,
        "stays": np.arange(len(wanted)) < len(parts),
        "is_scarce": is_scarce,
    }


def _by_cell(
    problem: Problem, lending: Lending, counted: Mapping[str, int], stock: Ints
) -> tuple[Ints, Ints]:
    """The stock by cell, those of the slots of counted tools, given with their items, behind those
    of all items; and where the cells of each item begin."""
    slots = max((theirs.stop for theirs in lending.slots.values()), default=0)
    depots, items = stock.shape
    first_cell = np.arange(items, dtype=np.int64)
    columns = [stock]
    for number, (tool, item) in enumerate(counted.items()):
        first_cell[item] = items + number * slots
        left = np.repeat(stock[:, [item]], slots, axis=1)
        for row in range(depots):
            for slot in range(slots):
                if left[row, slot] < UNLIMITED:
                    out = lending.out.get((problem.depots[row].id, (tool, slot)), 0)
                    left[row, slot] = max(0, left[row, slot] - out)
        columns.append(left)
    return np.concatenate(columns, axis=1), first_cell
