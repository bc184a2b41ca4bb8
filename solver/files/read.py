"""Problem files in: our JSON, VROOM's, and those of published benchmarks (docs/formats.md)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

from solver.faults import Fault
from solver.files.decode import FAULTY, Decoder, UnreadableFile, parse_json, read_text
from solver.files.great_circles import estimated_travel
from solver.files.hhcrsp import SHARES, problem_from_hhcrsp
from solver.files.links import links_in
from solver.files.matrices import matrices, parse_problem
from solver.files.text_formats import read_trsp, read_vrptw
from solver.files.vroom.read import VroomProblem, problem_from_vroom
from solver.objective import Objective
from solver.problem import Depot, InvalidProblem, Problem, Shift, TimeWindow, Visit
from solver.travel import Matrix

Format = Literal["json", "trsp", "vrptw", "hhcrsp", "vroom"]


@dataclass(frozen=True)
class ProblemFile:
    """A problem and how its numbers relate to those of its file.

    The file's numbers times ``scale`` are the problem's integers; 1 for our own format.
    """

    problem: Problem
    format: Format
    scale: int
    vroom: VroomProblem | None = None
    """What more VROOM's format says, in which its solutions are written, too."""

    @property
    def cost_scale(self) -> int:
        """The same for costs, which in one format are a mean of several things."""
        return self.scale * (SHARES if self.format == "hhcrsp" else 1)

    @property
    def tolerance(self) -> int:
        """By how much the times of a solution may miss: none for our own format, a thousandth of
        the file's unit for the text formats, whose solutions come from programs that round. VROOM
        cuts off to whole seconds where it counts in smaller ones."""
        if self.format == "vroom":
            return self.scale - 1
        return 0 if self.format == "json" else math.ceil(self.scale / 1000)


def read_problem(path: Path, format: Format | None = None) -> ProblemFile:  # noqa: A002
    """The problem in a file, whose format is guessed from the content unless it is given.

    Raises ``InvalidProblem`` with every fault found: of the file, its syntax and its meaning.
    """
    try:
        text = read_text(path)
        match format or _guessed_format(text, path):
            case "trsp":
                problem, scale = read_trsp(text)
                return ProblemFile(problem, "trsp", scale)
            case "vrptw":
                problem, scale = read_vrptw(text)
                return ProblemFile(problem, "vrptw", scale)
            case "hhcrsp":
                problem, scale = problem_from_hhcrsp(parse_json(text, path))
                return ProblemFile(problem, "hhcrsp", scale)
            case known:
                return file_of_json(parse_problem(text, path), known, path.parent)
    except UnreadableFile as error:
        raise InvalidProblem([error.fault]) from error


def file_of_json(data: Any, format: Format | None, folder: Path | None = None) -> ProblemFile:  # noqa: A002
    """The problem in a decoded JSON document, VROOM's if ``format`` says so or, if it is None, if
    there are vehicles in it. Raises ``InvalidProblem``."""
    has_vehicles = isinstance(data, dict) and "vehicles" in data and "shifts" not in data
    if format == "vroom" or (format is None and has_vehicles):
        vroom = problem_from_vroom(data)
        return ProblemFile(vroom.problem, "vroom", vroom.travel.scale, vroom)
    return ProblemFile(problem_from_json(data, folder), "json", 1)


def problem_from_json(data: Any, folder: Path | None = None) -> Problem:
    """The problem in a decoded JSON document, which may have arrays for matrices and name files in
    the folder that hold them. Raises ``InvalidProblem``."""
    decoder = Decoder(
        {
            TimeWindow: _window,
            Fraction: _fraction,
            (Visit, "skills"): _skills,
            (Shift, "skills"): _skills,
        },
        strict=True,
    )
    keys = {"visits": True, "shifts": True, "depots": False, "objective": False, "links": False}
    by_matrix = not isinstance(data, dict) or "locations" not in data
    keys |= (
        {"travel_time": True, "distance": True}
        if by_matrix
        else {"locations": True, "speed_kmh": True, "detour_factor": False}
    )
    decoder.keys(data, "", keys)
    if not isinstance(data, dict):
        raise InvalidProblem(decoder.faults)

    travel = matrices(decoder, data, folder) if by_matrix else _great_circles(decoder, data)
    objective = decoder.record(Objective, data.get("objective", {}), "/objective")
    visits = decoder.records(Visit, data.get("visits", []), "/visits")
    shifts = decoder.records(Shift, data.get("shifts", []), "/shifts")
    depots = decoder.records(Depot, data.get("depots", []), "/depots")
    links = links_in(decoder, data.get("links", []), "/links")
    if travel is None or objective is None:
        # Nothing refers to a location or a priority soundly: further faults would only mislead.
        raise InvalidProblem(decoder.faults)
    try:
        problem = Problem(visits, shifts, *travel, depots=depots, objective=objective, links=links)
    except InvalidProblem as error:
        decoder.faults += error.faults
    if decoder.faults:
        raise InvalidProblem(decoder.faults)
    return problem


def _guessed_format(text: str, path: Path) -> Literal["trsp", "vrptw", "hhcrsp"] | None:
    """None: it looks like JSON, ours or VROOM's."""
    if text.lstrip()[:1] in ("{", "["):
        return "hhcrsp" if '"patients"' in text and '"caregivers"' in text else None
    lines = {" ".join(line.split()).upper() for line in text.splitlines()}
    if "DEPOT TECHNICIANS AND REQUESTS" in lines:
        return "trsp"
    if "VEHICLE" in lines:
        return "vrptw"
    raise UnreadableFile(
        Fault("unknown_format", str(path), "it is in no known format", "name it: --format")
    )


def _window(decoder: Decoder, value: Any, where: str) -> Any:
    """``[start, end]``, or ``[start, end, price]``."""
    if not isinstance(value, list) or len(value) not in (2, 3):
        action = "write [start, end] in seconds, or [start, end, price]"
        return decoder.fault("wrong_type", where, "a window is not a pair", action)
    numbers = [decoder.integer(number, f"{where}/{i}") for i, number in enumerate(value)]
    return FAULTY if FAULTY in numbers else TimeWindow(*numbers)


def _fraction(decoder: Decoder, value: Any, where: str) -> Any:
    """``"6/5"``, or a number: 1.2 is 6/5, and not what is next to it in binary."""
    if not isinstance(value, str):
        number = decoder.number(value, where, 'a number, or a fraction such as "6/5"')
        return number if number is FAULTY else Fraction(str(number))
    try:
        return Fraction(value)
    except (ValueError, ZeroDivisionError):
        cause = f"{value!r} is no fraction"
        return decoder.fault("wrong_type", where, cause, 'write "6/5", or a number')


def _skills(decoder: Decoder, value: Any, where: str) -> Any:
    """``{"gas": 2}``, or ``["gas"]`` for level 1."""
    if isinstance(value, list):
        names = [decoder.text(name, f"{where}/{i}") for i, name in enumerate(value)]
        return FAULTY if FAULTY in names else dict.fromkeys(names, 1)
    return decoder.mapping(value, where, decoder.text, decoder.integer)


def _great_circles(decoder: Decoder, data: Mapping[str, Any]) -> tuple[Matrix, Matrix] | None:
    """Times and distances between coordinates; None having noted what is wrong."""
    before = len(decoder.faults)
    # Where it is missing that was noted already.
    given = "speed_kmh" in data
    speed: Any = _at_least(decoder, data["speed_kmh"], "/speed_kmh", 1) if given else FAULTY
    detour = _at_least(decoder, data.get("detour_factor", 1), "/detour_factor", 1)
    locations = data["locations"] if isinstance(data["locations"], list) else None
    if locations is None:
        decoder.fault("wrong_type", "/locations", "it is no list", "list the coordinates")
        return None
    points = [_point(decoder, item, f"/locations/{i}") for i, item in enumerate(locations)]
    if len(decoder.faults) > before or speed is FAULTY:
        return None
    latitude, longitude = np.array(points, dtype=float).reshape(-1, 2).T
    travel = estimated_travel(latitude, longitude, speed, detour)
    if travel is None:
        cause = "with this speed and detour factor, ways are longer than 2^40 seconds"
        decoder.fault("too_large", "/locations", cause, "check the units of both")
    return travel


def _point(decoder: Decoder, value: Any, where: str) -> tuple[Any, Any]:
    if not decoder.keys(value, where, {"latitude": True, "longitude": True}):
        return FAULTY, FAULTY
    latitude = decoder.number(value["latitude"], f"{where}/latitude")
    longitude = decoder.number(value["longitude"], f"{where}/longitude")
    if latitude is FAULTY or longitude is FAULTY:
        return FAULTY, FAULTY
    if abs(latitude) > 90:
        swapped = abs(latitude) <= 180 and abs(longitude) <= 90
        action = "swap latitude and longitude" if swapped else "use -90 to 90"
        decoder.fault("latitude", f"{where}/latitude", f"{latitude} is off the earth", action)
    if abs(longitude) > 180:
        cause = f"{longitude} is off the earth"
        decoder.fault("longitude", f"{where}/longitude", cause, "use -180 to 180")
    return latitude, longitude


def _at_least(decoder: Decoder, value: Any, where: str, least: float) -> Any:
    number = decoder.number(value, where)
    if number is not FAULTY and number < least:
        return decoder.fault("too_small", where, f"{number} is less than {least}", "use more")
    return number
