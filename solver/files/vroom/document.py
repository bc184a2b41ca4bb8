"""What a VROOM problem says, as it says it: jobs, vehicles and matrices.

Every key of VROOM's is known here, be it taken or refused later, so that a misspelt one is told
from one that has no meaning for us. Numbers are VROOM's own: seconds, metres, ``[lon, lat]``.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from solver.files.decode import FAULTY, Decoder, Reader, pointer
from solver.files.matrices import square
from solver.problem import TimeWindow
from solver.travel import MAX_TIME, Matrix

Coordinates = tuple[float, float]
"""Longitude, latitude."""

DEFAULT_PROFILE = "car"
MOST_PRIORITY = 100
MOST_SPEED = 5.0


@dataclass(frozen=True, slots=True)
class VroomJob:
    """A place to visit; amounts are by dimension."""

    id: int
    description: str = ""
    location: Coordinates | None = None
    location_index: int | None = None
    setup: int = 0
    service: int = 0
    setup_per_type: Mapping[str, int] = field(default_factory=dict)
    service_per_type: Mapping[str, int] = field(default_factory=dict)
    amount: tuple[int, ...] = ()
    delivery: tuple[int, ...] = ()
    pickup: tuple[int, ...] = ()
    skills: frozenset[int] = frozenset()
    priority: int = 0
    time_windows: tuple[TimeWindow, ...] | None = None

    @property
    def delivered(self) -> tuple[int, ...]:
        """What is taken there; ``amount`` is an old word for it."""
        return self.delivery or (() if self.pickup else self.amount)

    def times_for(self, vehicle_type: str) -> tuple[int, int]:
        """Setup and service for vehicles of this type."""
        return (
            self.setup_per_type.get(vehicle_type, self.setup),
            self.service_per_type.get(vehicle_type, self.service),
        )


@dataclass(frozen=True, slots=True)
class VroomBreak:
    """A pause that starts inside one of its windows (None: any time)."""

    id: int
    description: str = ""
    time_windows: tuple[TimeWindow, ...] | None = None
    service: int = 0
    max_load: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class VroomCosts:
    """Prices of a vehicle: once if it is used, per hour of travel and of tasks, per kilometre."""

    fixed: int = 0
    per_hour: int = 3600
    per_task_hour: int = 0
    per_km: int = 0


@dataclass(frozen=True, slots=True)
class VroomStep:
    """A stop of the route that a vehicle is given."""

    type: str
    id: int | None = None
    service_at: int | None = None
    service_after: int | None = None
    service_before: int | None = None

    @property
    def is_bound(self) -> bool:
        """Whether it says when."""
        return (self.service_at, self.service_after, self.service_before) != (None, None, None)


@dataclass(frozen=True, slots=True)
class VroomVehicle:
    """A vehicle and its working time."""

    id: int
    profile: str = DEFAULT_PROFILE
    description: str = ""
    start: Coordinates | None = None
    start_index: int | None = None
    end: Coordinates | None = None
    end_index: int | None = None
    capacity: tuple[int, ...] = ()
    costs: VroomCosts = VroomCosts()
    skills: frozenset[int] = frozenset()
    type: str = ""
    time_window: TimeWindow | None = None
    breaks: tuple[VroomBreak, ...] = ()
    speed_factor: float = 1.0
    max_tasks: int | None = None
    max_travel_time: int | None = None
    max_distance: int | None = None
    steps: tuple[VroomStep, ...] = ()


@dataclass(frozen=True, slots=True)
class VroomMatrices:
    """Of one profile: seconds, metres and costs between places, as far as they are given."""

    durations: Matrix | None = None
    distances: Matrix | None = None
    costs: Matrix | None = None


@dataclass(frozen=True)
class VroomDocument:
    """All of a problem. ``matrices`` are by profile."""

    jobs: tuple[VroomJob, ...]
    vehicles: tuple[VroomVehicle, ...]
    matrices: Mapping[str, VroomMatrices]

    @cached_property
    def is_timed(self) -> bool:
        """Whether it says of anything when it may be: VROOM has another algorithm where it does,
        which rounds costs in another way."""
        pauses = any(one.breaks or one.time_window is not None for one in self.vehicles)
        return pauses or any(job.time_windows is not None for job in self.jobs)

    @cached_property
    def types(self) -> frozenset[str]:
        """Of the vehicles."""
        return frozenset(vehicle.type for vehicle in self.vehicles)

    def saves_setup_of(self, job: VroomJob) -> bool:
        """Whether the job has a setup, and a vehicle may be at its place already when it begins."""
        has_setup = any(job.times_for(name)[0] for name in self.types)
        return has_setup and self.place(job.location, job.location_index) in self._shared_places

    @cached_property
    def _shared_places(self) -> frozenset[Any]:
        """Those of several jobs, and those where vehicles start."""
        jobs = Counter(self.place(job.location, job.location_index) for job in self.jobs)
        starts = {self.place(one.start, one.start_index) for one in self.vehicles}
        return frozenset({place for place, times in jobs.items() if times > 1} | starts)

    def place(self, location: Coordinates | None, index: int | None) -> Any:
        """What a place is told from others by: its row, where there are matrices."""
        return index if self.matrices else location


def read_document(decoder: Decoder, data: Any) -> VroomDocument:
    """As much of a decoded JSON document as can be read; what cannot has been noted."""
    keys = {"vehicles": True, "jobs": False, "shipments": False, "matrices": False, "matrix": False}
    decoder.keys(data, "", keys)
    if not isinstance(data, dict):
        return VroomDocument((), (), {})
    if data.get("shipments", []) != []:
        cause = "shipments, picked up at one place and delivered at another, are not planned here"
        action = "leave them out; amounts that are loaded at the start are jobs with `delivery`"
        decoder.fault("not_supported", "/shipments", cause, action)
    if data.get("vehicles") == []:
        decoder.fault("no_vehicles", "/vehicles", "there is no vehicle", "add one")
    return VroomDocument(
        decoder.records(VroomJob, data.get("jobs", []), "/jobs"),
        decoder.records(VroomVehicle, data.get("vehicles", []), "/vehicles"),
        _matrices(decoder, data),
    )


def decoder_of_problem() -> Decoder:
    """Refuses unknown keys; whole numbers are from 0 up, as VROOM has them."""
    readers: dict[type | tuple[type, str], Reader] = {
        int: whole,
        TimeWindow: window,
        (VroomJob, "location"): _coordinates,
        (VroomJob, "priority"): _priority,
        (VroomVehicle, "start"): _coordinates,
        (VroomVehicle, "end"): _coordinates,
        (VroomVehicle, "speed_factor"): _speed,
    }
    return Decoder(readers, strict=True)


def whole(decoder: Decoder, value: Any, where: str) -> Any:
    """A whole number from 0 up."""
    number = decoder.integer(value, where)
    if number is FAULTY:
        return FAULTY
    if number < 0:
        return decoder.fault("negative", where, f"{number} is negative", "use 0 or more")
    if number > MAX_TIME:
        return decoder.fault("too_large", where, "it is beyond 2^40", "check the unit")
    return number


def window(decoder: Decoder, value: Any, where: str) -> Any:
    """``[start, end]``."""
    if not isinstance(value, list) or len(value) != 2:
        cause, action = "a time window is not a pair", "write [start, end] in seconds"
        return decoder.fault("wrong_type", where, cause, action)
    start, end = (whole(decoder, moment, f"{where}/{i}") for i, moment in enumerate(value))
    if FAULTY in (start, end):
        return FAULTY
    if start > end:
        cause = f"the window {start}-{end} ends before it starts"
        return decoder.fault("window_order", where, cause, "swap its ends")
    return TimeWindow(start, end)


def _coordinates(decoder: Decoder, value: Any, where: str) -> Any:
    if not isinstance(value, list) or len(value) != 2:
        cause, action = "it is no pair of coordinates", "write [longitude, latitude]"
        return decoder.fault("wrong_type", where, cause, action)
    longitude, latitude = (decoder.number(one, f"{where}/{i}") for i, one in enumerate(value))
    if FAULTY in (longitude, latitude):
        return FAULTY
    if abs(latitude) > 90:
        swapped = abs(latitude) <= 180 and abs(longitude) <= 90
        action = "swap the two: longitude comes first" if swapped else "use -90 to 90"
        return decoder.fault("latitude", f"{where}/1", f"{latitude} is off the earth", action)
    if abs(longitude) > 180:
        cause = f"{longitude} is off the earth"
        return decoder.fault("longitude", f"{where}/0", cause, "use -180 to 180")
    return longitude, latitude


def _priority(decoder: Decoder, value: Any, where: str) -> Any:
    number = whole(decoder, value, where)
    if number is not FAULTY and number > MOST_PRIORITY:
        cause = f"priority {number} is above {MOST_PRIORITY}"
        return decoder.fault("priority", where, cause, f"use 0 to {MOST_PRIORITY}")
    return number


def _speed(decoder: Decoder, value: Any, where: str) -> Any:
    number = decoder.number(value, where)
    if number is not FAULTY and not 0.01 <= number <= MOST_SPEED:
        cause = f"the factor {number} is not from 0.01 to {MOST_SPEED:g}"
        return decoder.fault("speed_factor", where, cause, "1 is the matrix's own speed")
    return number


def _matrices(decoder: Decoder, data: Mapping[str, Any]) -> Mapping[str, VroomMatrices]:
    if "matrices" not in data:
        if "matrix" not in data:
            return {}
        # An old word for the durations of the default profile.
        return {DEFAULT_PROFILE: VroomMatrices(square(decoder, data["matrix"], "/matrix"))}
    if not isinstance(data["matrices"], dict):
        cause, action = "it is no object", "write {profile: {durations: [[…]]}}"
        decoder.fault("wrong_type", "/matrices", cause, action)
        return {}
    found = {}
    kinds = dict.fromkeys(("durations", "distances", "costs"), False)
    for profile, content in data["matrices"].items():
        where = pointer("/matrices", profile)
        decoder.keys(content, where, kinds)
        given = content if isinstance(content, dict) else {}
        read = {
            kind: square(decoder, given[kind], f"{where}/{kind}") for kind in kinds if kind in given
        }
        found[profile] = VroomMatrices(**read)
    return found
