"""Whether the days in a file keep the rules, from that file and those of the instances alone.

Nothing here is shared with what plans and drives. All faults of a day are told.

    python -m benchmarks.dynamic.check .bench/dynamic.jsonl --data ../shared/bench
"""

import argparse
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NEAR = 1e-3
"""Of the unit of the files: coordinates' distances are no round numbers."""

DEPOT = 0
_PLACE = re.compile(r"(\d+)" + r"\s+([-\d.]+)" * 5 + r"\s*\[(.*?)\]" * 3)


@dataclass(frozen=True, slots=True)
class Node:
    """The depot, a technician's home or a request; of a technician what he has and can."""

    x: float
    y: float
    opens: float
    closes: float
    service: float
    skills: frozenset[int]
    tools: frozenset[int]
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class World:
    """An instance with its release dates; of what is known before the day the date is -1."""

    technicians: int
    nodes: Mapping[int, Node]
    released: Mapping[int, float]


def read_world(data: Path, name: str, percent: int) -> World:
    """Raises ``OSError`` and ``ValueError``."""
    nodes: dict[int, Node] = {}
    technicians: int | None = None
    lines = (data / "trsp" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if line.startswith("CREW COUNT"):
            technicians = int(lines[number + 1].split()[0])
        row = _PLACE.fullmatch(line.strip())
        if row:
            x, y, opens, closes, service = (float(row[i]) for i in range(2, 7))
            skills, tools, parts = ([int(n) for n in re.findall(r"\d+", row[i])] for i in (7, 8, 9))
            nodes[int(row[1])] = Node(
                x, y, opens, closes, service, frozenset(skills), frozenset(tools), tuple(parts)
            )
    if technicians is None:
        raise ValueError(f"{name}.txt does not say how many technicians there are")
    dates = (data / "dtrsp" / f"{name}_rd_{percent}.txt").read_text(encoding="utf-8")
    rows = [line.split() for line in dates.splitlines() if line.strip()]
    below = rows[rows.index(["ID", "RD"]) + 1 :]
    released = {int(request): float(date) for request, date in below}
    return World(technicians, nodes, released)


def faults(world: World, day: Mapping[str, Any]) -> Iterator[str]:
    """Every rule that the day breaks, in words."""
    requests = {number for number in world.nodes if number > world.technicians}
    told = Counter(int(name) for name in day["rejected"])
    told.update(
        int(stop["id"]) for route in day["routes"] for stop in route["stops"] if int(stop["id"])
    )
    for request in sorted(requests | told.keys()):
        if request not in requests:
            yield f"there is no request {request}"
        elif told[request] != 1:
            yield f"request {request} is served or rejected {told[request]} times"
    drivers = Counter(int(route["technician"]) for route in day["routes"])
    for technician, number in drivers.items():
        if number > 1:
            yield f"technician {technician} has {number} routes"
    total = sum(route["back"] - route["leave"] for route in day["routes"])
    if not math.isclose(total, day["working_time"], abs_tol=NEAR):
        yield f"the working time is {total}, not {day['working_time']}"
    for route in day["routes"]:
        technician = int(route["technician"])
        if not 0 < technician <= world.technicians:
            yield f"there is no technician {technician}"
            continue
        if all(int(stop["id"]) in world.nodes for stop in route["stops"]):
            for found in (*_times(world, route), *_means(world, route)):
                yield f"technician {technician}: {found}"


def _times(world: World, route: Mapping[str, Any]) -> Iterator[str]:
    """Where the technician is when, and what he could know then."""
    home = world.nodes[int(route["technician"])]
    place, free = home, route["leave"]
    if route["leave"] < home.opens - NEAR:
        yield f"leaves at {route['leave']}, before the day"
    for position, stop in enumerate(route["stops"]):
        name, depart = int(stop["id"]), stop["depart"]
        node = world.nodes[name]
        # A depot call is known to be possible all day.
        released = world.released.get(name, -1.0)
        if depart < released - NEAR or stop["decided"] < released - NEAR:
            yield f"{name} is decided at {stop['decided']}, left for at {depart}: unknown yet"
        if depart < stop["decided"] - NEAR:
            yield f"{name} is left for at {depart}, before it was decided"
        if position == 0 and depart > free + NEAR:
            yield f"leaves at {free}, but not for {name}"
        if depart < free - NEAR:
            yield f"{name} is left for at {depart}, before {free}"
        if abs(depart + _distance(place, node) - stop["arrival"]) > NEAR:
            yield f"{name} is reached at {stop['arrival']}, not as far as it is"
        if stop["start"] < max(stop["arrival"], node.opens) - NEAR:
            yield f"{name} starts at {stop['start']}, too early"
        if stop["start"] > node.closes + NEAR:
            yield f"{name} starts at {stop['start']}, after {node.closes}"
        if stop["departure"] < stop["start"] + node.service - NEAR:
            yield f"{name} is over at {stop['departure']}, too early"
        place, free = node, stop["departure"]
    if route["back"] < free + _distance(place, home) - NEAR:
        yield f"is back at {route['back']}, too early"
    if route["back"] > home.closes + NEAR:
        yield f"is back at {route['back']}, after the day"


def _means(world: World, route: Mapping[str, Any]) -> Iterator[str]:
    """What the technician can do and has with him; from a depot call on, all tools and parts."""
    technician = world.nodes[int(route["technician"])]
    stock = list(technician.parts)
    supplied = False
    for stop in route["stops"]:
        name = int(stop["id"])
        node = world.nodes[name]
        if name == DEPOT:
            supplied = True
            continue
        if not node.skills <= technician.skills:
            yield f"{name} needs skills {sorted(node.skills - technician.skills)}"
        if supplied:
            continue
        if not node.tools <= technician.tools:
            yield f"{name} needs tools {sorted(node.tools - technician.tools)}"
        for part, number in enumerate(node.parts):
            stock[part] -= number
            if number and stock[part] < 0:
                yield f"{name} needs {-stock[part]} more of part {part}"


def _distance(one: Node, other: Node) -> float:
    return math.hypot(one.x - other.x, one.y - other.y)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit status is 1 if a day breaks a rule."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dynamic.check")
    parser.add_argument("days", type=Path, help="a file with a line of JSON for each day")
    parser.add_argument("--data", type=Path, required=True, help="has trsp/ and dtrsp/")
    chosen = parser.parse_args(arguments)
    broken = 0
    for line in chosen.days.read_text(encoding="utf-8").splitlines():
        day = json.loads(line)
        world = read_world(chosen.data, day["instance"], day["dynamic_percent"])
        for found in faults(world, day):
            broken += 1
            sys.stdout.write(f"{day['instance']} {day['dynamic_percent']} %: {found}\n")
    sys.stdout.write("no rule is broken\n" if not broken else "")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
