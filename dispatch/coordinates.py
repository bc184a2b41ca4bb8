"""Coordinates that may come in: both or none, on the globe, and inside the service area."""

from typing import Annotated

from pydantic import Field, ValidationInfo
from pydantic_core import PydanticCustomError

from solver.faults import Fault

Latitude = Annotated[
    float,
    Field(strict=True, allow_inf_nan=False, json_schema_extra={"minimum": -90, "maximum": 90}),
]
Longitude = Annotated[
    float,
    Field(strict=True, allow_inf_nan=False, json_schema_extra={"minimum": -180, "maximum": 180}),
]


def check_coordinates(longitude: float | None, info: ValidationInfo) -> float | None:
    """Both coordinates or none, on the globe; called for ``longitude``, the second of the two."""
    if "latitude" not in info.data:
        return longitude
    latitude: float | None = info.data["latitude"]
    if (latitude is None) != (longitude is None):
        raise PydanticCustomError(
            "half_a_location",
            "latitude and longitude must come together",
            {"action": "give both or none"},
        )
    if latitude is None or longitude is None or _on_globe(latitude, longitude):
        return longitude
    swapped = _on_globe(longitude, latitude)
    raise PydanticCustomError(
        "swapped_coordinates" if swapped else "coordinates_out_of_range",
        "latitude {latitude} and longitude {longitude} are not on the globe",
        {
            "latitude": latitude,
            "longitude": longitude,
            "action": "swap latitude and longitude"
            if swapped
            else "give a latitude from -90 to 90 and a longitude from -180 to 180",
        },
    )


def _on_globe(latitude: float, longitude: float) -> bool:
    return -90 <= latitude <= 90 and -180 <= longitude <= 180


def area_faults(
    latitude: float | None,
    longitude: float | None,
    area: tuple[float, float, float, float] | None,
    where: str,
) -> list[Fault]:
    """A fault if the place is outside of the service area (south, west, north, east), or is the
    point in the sea, zero in both, that programs name when they know of no place."""
    if latitude is None or longitude is None:
        return []
    if area is None or _is_within(latitude, longitude, area):
        if (latitude, longitude) != (0, 0):
            return []
        cause = "latitude 0 and longitude 0 are in the sea: they mean that no place is known"
        action = "give the place, or leave the coordinates out"
        return [Fault("outside_service_area", where, cause, action)]
    south, west, north, east = area
    swapped = _is_within(longitude, latitude, area)
    return [
        Fault(
            "swapped_coordinates" if swapped else "outside_service_area",
            where,
            f"latitude {latitude} and longitude {longitude} are outside the service area "
            f"({south} to {north} north, {west} to {east} east)",
            "swap latitude and longitude"
            if swapped
            else "correct them, or widen DISPATCH_SERVICE_AREA",
        )
    ]


def _is_within(latitude: float, longitude: float, area: tuple[float, float, float, float]) -> bool:
    south, west, north, east = area
    return south <= latitude <= north and west <= longitude <= east
