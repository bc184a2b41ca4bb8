"""The JSON of the home health care benchmark: patients who need one or two caregivers, the two at
the same time or one after the other (docs/formats.md)."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from solver.files.decode import FAULTY, Decoder
from solver.links import After, Apart, Link, Person, Together
from solver.objective import Objective
from solver.problem import InvalidProblem, Problem, Shift, TimeWindow, Visit
from solver.travel import MAX_TIME

SHARES = 3
"""The cost is the mean of distance, total tardiness and largest tardiness."""
SCALES = (1_000, 100_000)
"""The first that makes all numbers whole; with the last, travel is rounded up."""

Floats = npt.NDArray[np.float64]


def problem_from_hhcrsp(data: Any) -> tuple[Problem, int]:
    """Visits `<patient>:<service>`, a shift without an end for each caregiver, and the scale of
    times. Costs are to be divided by ``SHARES``, too. Raises ``InvalidProblem``."""
    decoder = Decoder({}, strict=False)
    known = dict.fromkeys(("patients", "caregivers", "central_offices", "distances"), True)
    if not decoder.keys(data, "", known):
        raise InvalidProblem(decoder.faults)
    lists = ("patients", "caregivers", "central_offices", "distances")
    for name in lists:
        if not isinstance(data[name], list):
            decoder.fault("wrong_type", f"/{name}", "it is no list", "make it one")
    if decoder.faults:
        raise InvalidProblem(decoder.faults)
    if len(data["central_offices"]) != 1:
        cause = f"there are {len(data['central_offices'])} central offices"
        decoder.fault("not_supported", "/central_offices", cause, "give one")
    lasting = _default_durations(decoder, data.get("services", []))
    patients = [
        _Patient(decoder, item, f"/patients/{number}", lasting)
        for number, item in enumerate(data["patients"])
    ]
    carers = [
        _caregiver(decoder, item, f"/caregivers/{number}")
        for number, item in enumerate(data["caregivers"])
    ]
    distances = _distances(decoder, data["distances"], 1 + len(patients))
    if decoder.faults or distances is None:
        raise InvalidProblem(decoder.faults)
    numbers = [*distances.ravel(), *(number for one in patients for number in one.numbers)]
    scale = next((one for one in SCALES if _whole(numbers, one)), SCALES[-1])
    return _problem(patients, carers, distances, scale), scale


def _problem(
    patients: Sequence["_Patient"],
    caregivers: Iterable[tuple[str, Mapping[str, int]]],
    distances: Floats,
    scale: int,
) -> Problem:
    travel = np.ceil(distances * scale - _NOISE).astype(np.int64)
    visits = [
        visit
        for location, patient in enumerate(patients, start=1)
        for visit in patient.visits(location, scale)
    ]
    latest = max((visit.windows[0].start for visit in visits), default=0)
    longest = int(travel.max(initial=0))
    # One caregiver could do everything, one after the other, and still be back.
    end = latest + sum(visit.duration + 2 * longest for visit in visits) + longest
    end += sum(patient.gap(scale) for patient in patients)
    return Problem(
        visits=tuple(visits),
        shifts=tuple(Shift(name, name, 0, 0, 0, end, skills=skills) for name, skills in caregivers),
        travel_time=travel,
        distance=travel,
        objective=Objective(
            unassigned=(1,), working_time=0, distance=1, lateness=1, worst_lateness=1
        ),
        links=tuple(link for patient in patients for link in patient.links(scale)),
    )


class _Patient:
    """A patient as the file has it, in the file's unit of time."""

    def __init__(
        self, decoder: Decoder, item: Any, where: str, lasting: Mapping[str, float]
    ) -> None:
        self.name = ""
        self.window = (0.0, 0.0)
        self.services: list[tuple[str, float]] = []
        self.kind: str | None = None
        self.distance = (0.0, 0.0)
        keys = {"id": True, "time_window": True, "required_caregivers": True}
        if not decoder.keys(item, where, keys):
            return
        self.name = decoder.text(item["id"], f"{where}/id")
        self.window = _pair(decoder, item["time_window"], f"{where}/time_window")
        wanted = item["required_caregivers"]
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= 2:
            cause = "it does not list one or two services"
            decoder.fault("not_supported", f"{where}/required_caregivers", cause, "list them")
            return
        for number, one in enumerate(wanted):
            self._add(decoder, one, f"{where}/required_caregivers/{number}", lasting)
        if len({service for service, _ in self.services}) < len(self.services):
            cause = "both services are the same"
            decoder.fault("not_supported", f"{where}/required_caregivers", cause, "name two")
        if item.get("synchronization") is not None:
            self._tie(decoder, item, f"{where}/synchronization")

    def _add(self, decoder: Decoder, one: Any, where: str, lasting: Mapping[str, float]) -> None:
        if not decoder.keys(one, where, {"service": True}):
            return
        service = decoder.text(one["service"], f"{where}/service")
        if "duration" in one:
            duration = decoder.number(one["duration"], f"{where}/duration")
        elif service in lasting:
            duration = lasting[service]
        else:
            cause = f"nothing says how long service {service!r} lasts"
            duration = decoder.fault("missing_key", where, cause, "add duration")
        if FAULTY not in (service, duration):
            self.services.append((service, duration))

    def _tie(self, decoder: Decoder, item: Any, where: str) -> None:
        value = item["synchronization"]
        if not decoder.keys(value, where, {"type": True}):
            return
        known = {"simultaneous": 1, "sequential": 2}
        self.kind = decoder.text(value["type"], f"{where}/type")
        if self.kind not in known:
            if isinstance(self.kind, str):
                decoder.unknown_name("unknown_value", f"{where}/type", "type", self.kind, known)
        elif len(item["required_caregivers"]) < 2:
            cause = "only one service is required"
            decoder.fault("contradiction", where, cause, "add the other, or drop this")
        if self.kind == "sequential" and decoder.keys(value, where, {"distance": True}):
            self.distance = _pair(decoder, value["distance"], f"{where}/distance")

    @property
    def numbers(self) -> list[float]:
        return [*self.window, *self.distance, *(duration for _, duration in self.services)]

    def gap(self, scale: int) -> int:
        return _up(self.distance[1] * scale)

    def visits(self, location: int, scale: int) -> Iterable[Visit]:
        """The start of the window is hard; its end is when a service should have begun."""
        opens, closes = _up(self.window[0] * scale), _down(self.window[1] * scale)
        for service, lasts in self.services:
            duration = _up(lasts * scale)
            yield Visit(
                id=f"{self.name}:{service}",
                location=location,
                duration=duration,
                windows=(TimeWindow(opens, FAR),),
                skills={service: 1},
                priority=0,
                due=closes + duration,
            )

    def links(self, scale: int) -> Iterable[Link]:
        names = [f"{self.name}:{service}" for service, _ in self.services]
        if len(names) < 2:
            return
        if self.kind == "simultaneous":
            yield Together(tuple(names))
        elif self.kind == "sequential":
            # From start to start in the file, from the end of the first here.
            lasts = _up(self.services[0][1] * scale)
            least, most = _up(self.distance[0] * scale), _down(self.distance[1] * scale)
            first, second = names
            yield After(first, second, least - lasts, most - lasts, Person.DIFFERENT)
        else:
            yield Apart(tuple(names))


FAR = MAX_TIME
"""The end of a window that never closes."""
_NOISE = 1e-6
"""Allowed for when rounding, so that the last bit of a float decides nothing."""


def _default_durations(decoder: Decoder, value: Any) -> dict[str, float]:
    found: dict[str, float] = {}
    for number, item in enumerate(value if isinstance(value, list) else []):
        where = f"/services/{number}"
        if decoder.keys(item, where, {"id": True}) and "default_duration" in item:
            lasts = decoder.number(item["default_duration"], f"{where}/default_duration")
            if lasts is not FAULTY:
                found[str(item["id"])] = lasts
    return found


def _caregiver(decoder: Decoder, item: Any, where: str) -> tuple[str, Mapping[str, int]]:
    if not decoder.keys(item, where, {"id": True, "abilities": True}):
        return "", {}
    name = decoder.text(item["id"], f"{where}/id")
    if not isinstance(item["abilities"], list):
        decoder.fault("wrong_type", f"{where}/abilities", "it is no list", "list the services")
        return "", {}
    able = [decoder.text(one, f"{where}/abilities/{i}") for i, one in enumerate(item["abilities"])]
    return name, {} if FAULTY in able else dict.fromkeys(able, 1)


def _pair(decoder: Decoder, value: Any, where: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        decoder.fault("wrong_type", where, "it is not a pair", "write [from, to]")
        return 0.0, 0.0
    start, end = (decoder.number(one, f"{where}/{i}") for i, one in enumerate(value))
    if FAULTY in (start, end):
        return 0.0, 0.0
    if start > end:
        decoder.fault("window_order", where, f"{start} is after {end}", "swap them")
    return start, end


def _distances(decoder: Decoder, rows: Sequence[Any], size: int) -> Floats | None:
    if len(rows) != size or any(not isinstance(row, list) or len(row) != size for row in rows):
        cause = f"it is not {size} by {size}: the office and each patient"
        decoder.fault("shape", "/distances", cause, "give a number for each pair")
        return None
    found = [
        [decoder.number(one, f"/distances/{i}/{j}") for j, one in enumerate(row)]
        for i, row in enumerate(rows)
    ]
    if any(one is FAULTY for row in found for one in row):
        return None
    distances = np.array(found, dtype=np.float64)
    if distances.min(initial=0) < 0:
        decoder.fault("negative", "/distances", "a distance is negative", "use 0 or more")
        return None
    return distances


def _whole(numbers: Iterable[float], scale: int) -> bool:
    return all(abs(number * scale - round(number * scale)) < _NOISE for number in numbers)


def _up(number: float) -> int:
    return math.ceil(number - _NOISE)


def _down(number: float) -> int:
    return math.floor(number + _NOISE)
