"""Links between visits, and the worst lateness, as constraints of the OR-Tools routing model.

A link holds as soon as the visits that it is about are served. OR-Tools has nothing for that but
constraints between variables of its own: who is served, by which vehicle, when.
"""

from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Any

from solver.links import After, Apart, Person, Separation, Together, calendar_day, linked
from solver.ortools.rules import same_service
from solver.ortools.skeleton import Skeleton
from solver.problem import Shift


def add_links(model: Skeleton) -> None:
    """Crews, gaps and separations."""
    node_of = {visit.id: node for node, visit in enumerate(model.visits)}
    who, days = _Named(model, lambda shift: shift.technician), None
    for link in model.problem.links:
        nodes = [node_of[visit] for visit in linked(link) if visit in node_of]
        match link:
            case Together():
                _together(model, who, nodes, whole=len(nodes) == len(link.visits))
            case After():
                _after(model, who, link, node_of)
            case Apart(by=Separation.TECHNICIAN):
                for one, other in combinations(nodes, 2):
                    _if_both(model, one, other, who.differ(one, other))
            case Apart():
                days = days or _Named(model, lambda shift: str(calendar_day(shift.start)))
                for one, other in combinations(nodes, 2):
                    _if_both(model, one, other, days.differ(one, other))


def add_worst_lateness(model: Skeleton) -> None:
    """A sum along each route that is at least the lateness of each of its visits; what all routes
    together span, from nothing to the largest, costs."""
    rate = model.problem.objective.worst_lateness
    due = [(node, visit) for node, visit in enumerate(model.visits) if visit.due is not None]
    if not rate or not due:
        return
    lasts = {node: same_service(model, node, "worst lateness") for node, _ in due}
    unavoidable = max(lasts[node] - (visit.due or 0) for node, visit in due) + model.latest
    most = max(0, unavoidable + model.epoch)
    model.routing.AddDimension(model.vector([0] * len(model.nodes)), most, most, True, "lateness")
    lateness = model.routing.GetDimensionOrDie("lateness")
    for node, visit in due:
        index = model.index(node)
        on_time = (visit.due or 0) - lasts[node] - model.epoch
        late = model.time.CumulVar(index) - on_time
        served = model.routing.ActiveVar(index)
        model.solver.Add((late <= lateness.CumulVar(index)).Var() >= served)
    lateness.SetGlobalSpanCostCoefficient(rate)
    for vehicle in range(len(model.shifts)):
        model.routing.AddVariableMinimizedByFinalizer(lateness.CumulVar(model.end(vehicle)))


class _Named:
    """What the vehicles of visits have in common: their technicians, or their days."""

    def __init__(self, model: Skeleton, name: Callable[[Shift], str]) -> None:
        self._model = model
        names: dict[str, int] = {}
        numbers = [names.setdefault(name(shift), len(names) + 1) for shift in model.shifts]
        # Who is on no route has vehicle -1.
        self._numbers = [0, *numbers]

    def of(self, node: int) -> Any:
        vehicle = self._model.routing.VehicleVar(self._model.index(node))
        return self._model.solver.Element(self._numbers, vehicle + 1)

    def differ(self, one: int, other: int) -> Any:
        """Whether the two have nothing in common, as an expression of 0 or 1."""
        return (self.of(one) != self.of(other)).Var()


def _active(model: Skeleton, node: int) -> Any:
    return model.routing.ActiveVar(model.index(node))


def _start(model: Skeleton, node: int) -> Any:
    return model.time.CumulVar(model.index(node))


def _service(model: Skeleton, node: int) -> Any:
    """Seconds that whoever makes the visit takes for it."""
    seconds = [shift.service(model.visits[node]) for shift in model.shifts]
    # Who is on no route has vehicle -1.
    vehicle = model.routing.VehicleVar(model.index(node))
    return model.solver.Element([0, *seconds], vehicle + 1)


def _if_both(model: Skeleton, one: int, other: int, holds: Any) -> None:
    both = _active(model, one) + _active(model, other) - 1
    model.solver.Add(holds >= both)


def _never(model: Skeleton, nodes: Iterable[int]) -> None:
    for node in nodes:
        _active(model, node).SetValue(0)


def _together(model: Skeleton, who: _Named, nodes: list[int], whole: bool) -> None:
    if not whole:
        # One of the crew is in no model: nobody can do it.
        _never(model, nodes)
        return
    for one, other in combinations(nodes, 2):
        model.solver.Add(_active(model, one) == _active(model, other))
        same_moment = (_start(model, one) == _start(model, other)).Var()
        _if_both(model, one, other, same_moment)
        _if_both(model, one, other, who.differ(one, other))


def _after(model: Skeleton, who: _Named, link: After, node_of: dict[str, int]) -> None:
    if link.second not in node_of:
        return
    second = node_of[link.second]
    if link.first not in node_of:
        _never(model, [second])
        return
    first = node_of[link.first]
    model.solver.Add(_active(model, second) <= _active(model, first))
    end = _start(model, first) + _service(model, first)
    model.solver.Add((_start(model, second) >= end + link.least).Var() >= _active(model, second))
    if link.most is not None:
        in_time = (_start(model, second) <= end + link.most).Var()
        model.solver.Add(in_time >= _active(model, second))
    if link.person is not Person.ANY:
        differ = who.differ(first, second)
        holds = differ if link.person is Person.DIFFERENT else 1 - differ
        _if_both(model, first, second, holds)
