"""What depot calls pick up: enough for every visit, from depots that have it, and no more."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from solver.draft.supply import allot, pickups, supplying_depots, total
from solver.problem import Depot, Shift, Visit
from solver.rules.lending import Lending
from solver.timing.schedule import Call
from tests.solver.problems import depot, line_problem, shift, visit

CRANE, PROBE = frozenset({"crane"}), frozenset({"probe"})
NOTHING: Counter[tuple[str, str]] = Counter()


def needs(number: int, name: str = "v") -> Visit:
    return visit(name, parts={"pump": number})


def picked_up(
    *chain: tuple[Shift, Sequence[Call]], taken: Counter[tuple[str, str]] = NOTHING
) -> list[list[dict[str, int]]] | None:
    """The parts of each call, by shift; None if something cannot be had."""
    loads = pickups(chain, taken)
    return None if loads is None else [[dict(call.parts) for call in today] for today in loads]


# --- parts -------------------------------------------------------------------------------------


def test_the_van_comes_first_and_a_call_brings_only_what_is_missing() -> None:
    van = shift(stock={"pump": 3})
    assert picked_up((van, [depot(), needs(2), needs(2)])) == [[{"pump": 1}]]
    assert picked_up((van, [depot(), needs(3)])) == [[{}]]


def test_parts_are_not_there_before_the_call() -> None:
    assert picked_up((shift(), [needs(1), depot()])) is None


def test_a_part_comes_from_the_latest_call_before_it_is_needed() -> None:
    early, late = depot("d"), depot("e")
    assert picked_up((shift(), [early, late, needs(2), depot("f")])) == [[{}, {"pump": 2}, {}]]


def test_a_part_that_the_latest_call_has_not_got_comes_from_an_earlier_one() -> None:
    early, late = depot("d", stock={"pump": 5}), depot("e", stock={"pump": 1})
    assert picked_up((shift(), [early, late, needs(3)])) == [[{"pump": 2}, {"pump": 1}]]


def test_two_calls_at_one_depot_share_its_stock() -> None:
    source = depot(stock={"pump": 2})
    assert picked_up((shift(), [source, needs(1), source, needs(1)])) == [
        [{"pump": 1}, {"pump": 1}]
    ]
    assert picked_up((shift(), [source, needs(1), source, needs(2)])) is None


def test_what_others_take_is_not_there_any_more() -> None:
    calls: list[Call] = [depot(stock={"pump": 3}), needs(2)]
    route = shift(), calls
    assert picked_up(route, taken=Counter({("d", "pump"): 1})) == [[{"pump": 2}]]
    assert picked_up(route, taken=Counter({("d", "pump"): 2})) is None
    assert picked_up(route, taken=Counter({("e", "pump"): 9, ("d", "filter"): 9})) is not None


def test_what_is_left_of_one_shift_is_used_on_the_next() -> None:
    monday, tuesday = shift(stock={"pump": 2}), shift("t", start=2000, end=3000, stock={"pump": 1})
    assert picked_up((monday, [needs(1)]), (tuesday, [depot(), needs(3)])) == [[], [{"pump": 1}]]


def test_tomorrows_load_is_not_there_today() -> None:
    tuesday = shift("t", start=2000, end=3000, stock={"pump": 9})
    assert picked_up((shift(), [needs(1)]), (tuesday, [])) is None


def test_a_call_on_one_shift_may_bring_what_the_next_one_needs() -> None:
    tuesday = shift("t", start=2000, end=3000)
    assert picked_up((shift(), [depot()]), (tuesday, [needs(2)])) == [[{"pump": 2}], []]


CALLS = st.lists(
    st.one_of(
        st.integers(1, 3).map(needs),
        st.sampled_from(
            [depot("d", stock={"pump": 3}), depot("e", stock={"pump": 1}), depot("f", stock={})]
        ),
    ),
    max_size=7,
)


@given(st.lists(st.tuples(st.integers(0, 2), CALLS), max_size=3), st.integers(0, 2))
def test_pickups_are_found_whenever_there_are_any_and_are_as_few_as_possible(
    days: list[tuple[int, list[Call]]], taken: int
) -> None:
    """As whatever is in reach stays in reach, there is enough if there is at every moment."""
    chain = [
        (shift(f"s{day}", start=day * 2000, end=day * 2000 + 1000, stock={"pump": loaded}), calls)
        for day, (loaded, calls) in enumerate(days)
    ]
    found = pickups(chain, Counter({("d", "pump"): taken}))
    used = loaded = fewest = 0
    enough, called = True, dict[str, int]()
    for day, (stock, calls) in enumerate(days):
        loaded += stock
        for call in calls:
            if isinstance(call, Depot):
                called[call.id] = {"d": 3 - taken, "e": 1, "f": 0}[call.id]
                continue
            used += call.parts["pump"]
            fewest = max(fewest, used - loaded)
            enough = enough and used - loaded <= sum(called.values())
        assert day < len(chain)
    assert (found is not None) == enough
    if found is not None:
        load = total(found)
        assert sum(load.values()) == fewest
        assert all(load[name, "pump"] <= limit for name, limit in called.items())


# --- tools -------------------------------------------------------------------------------------


def test_a_tool_is_borrowed_once_at_the_first_call_that_lends_it() -> None:
    crane = visit(tools=CRANE)
    sources = depot("d"), depot("e", tools=CRANE | PROBE), depot("f", tools=CRANE)
    (today,) = pickups([(shift(), [*sources, crane, crane])], {}) or []
    assert [call.tools for call in today] == [set(), CRANE, set()]


def test_a_tool_in_the_van_is_not_borrowed() -> None:
    (today,) = pickups([(shift(tools=CRANE), [depot(tools=CRANE), visit(tools=CRANE)])], {}) or []
    assert [call.tools for call in today] == [set()]


def test_a_tool_must_be_borrowed_before_it_is_needed_and_on_each_shift() -> None:
    crane, lender = visit(tools=CRANE), depot(tools=CRANE)
    tuesday = shift("t", start=2000, end=3000)
    assert pickups([(shift(), [crane, lender])], {}) is None
    assert pickups([(shift(), [lender, crane]), (tuesday, [crane])], {}) is None
    assert pickups([(shift(), [lender, crane]), (tuesday, [lender, crane])], {}) is not None


def test_a_tool_that_nobody_lends_cannot_be_had() -> None:
    assert pickups([(shift(), [depot(tools=PROBE), visit(tools=CRANE)])], {}) is None


# --- which depots help -------------------------------------------------------------------------


def test_a_depot_is_worth_a_call_if_it_has_something_that_the_visit_needs() -> None:
    depots = [
        depot("pumps", stock={"pump": 1}),
        depot("filters", stock={"filter": 1}),
        depot("sold out", stock={"pump": 0}),
        depot("everything"),
        depot("cranes", stock={}, tools=CRANE),
    ]
    problem = line_problem([visit()], [shift()], depots)

    def names(one: Visit, **rules: Any) -> list[str]:
        return [d.id for d in supplying_depots(problem, one, shift(**rules))]

    assert names(needs(1)) == ["pumps", "everything"]
    assert names(visit(tools=CRANE)) == ["cranes"]
    assert names(visit(tools=CRANE), tools=CRANE) == []
    assert names(replace(needs(1), tools=CRANE)) == ["pumps", "everything", "cranes"]
    assert names(visit()) == []


def test_a_tool_that_is_needed_before_a_depot_with_plenty_is_lent_by_the_one_before_it() -> None:
    """And not a second time by the depot with plenty."""
    crane = visit("a", 3, tools=CRANE)
    few, plenty = depot("few", tools=CRANE, tool_counts={"crane": 1}), depot("plenty", tools=CRANE)
    ann = shift()
    problem = line_problem([crane], [ann], [few, plenty])
    for calls, lenders in (
        ((few, crane, plenty, crane), [CRANE, frozenset()]),
        ((few, plenty, crane), [frozenset(), CRANE]),
        ((plenty, crane, few, crane), [CRANE, frozenset()]),
    ):
        found = allot([[(ann, calls)]], Lending.of(problem))
        assert found is not None
        ((today,),) = found
        assert [pickup.tools for pickup in today] == lenders
