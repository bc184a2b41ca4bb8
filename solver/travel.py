"""Travel as two matrices: seconds and metres from place to place, and where there is no way."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from solver.faults import Fault
from solver.wording import counted

Matrix = npt.NDArray[np.int64]

MAX_TIME = 2**40
"""No time may be further than this from the epoch (35,000 years): it keeps sums within 64 bits."""
NO_WAY = 4 * MAX_TIME
"""Stands in both matrices where there is no leg from one place to another.

It is longer than the longest shift (from ``-MAX_TIME`` to ``MAX_TIME``, and ``MAX_TIME`` of
overtime), so that whoever takes it for a length never finds the time to go there.
"""
MAX_WEIGHT_OF_NO_WAY = 2**10
"""Cents that a second of work and of travel and a metre may cost together where there are such
legs: so that the cost of a thousand of them, which a search may sum up, fits into 64 bits."""


def frozen(given: npt.ArrayLike) -> Matrix:
    """The same numbers, which nobody can change: whole ones row by row in 64 bits.

    A matrix over thousands of places takes gigabytes and is not copied without need.
    """
    matrix = np.asarray(given)
    whole = np.issubdtype(matrix.dtype, np.integer)
    if matrix.size == 0:
        matrix = np.zeros((0, 0), dtype=np.int64)
    elif not (
        matrix.dtype == np.int64
        and matrix.flags.owndata
        and matrix.flags.c_contiguous
        and not matrix.flags.writeable
    ):
        matrix = np.array(matrix, dtype=np.int64 if whole else None, order="C")
    matrix.setflags(write=False)
    return matrix


def longest_leg(matrix: Matrix) -> int:
    """The largest entry that stands for a leg; 0 if there is none."""
    longest = int(matrix.max(initial=0))
    if longest < NO_WAY:
        return longest
    return int(matrix.max(initial=0, where=matrix < NO_WAY))


def travel_faults(travel_time: Matrix, distance: Matrix, weight: int) -> Iterator[Fault]:
    """What is wrong with either matrix, or with the two together. ``weight`` is what a second of
    work and of travel and a metre cost together, in cents."""
    shape = travel_time.shape
    yield from _matrix_faults("travel_time", travel_time, shape)
    yield from _matrix_faults("distance", distance, shape)
    yield from _no_way_faults(travel_time, distance, weight)


def _matrix_faults(name: str, matrix: Matrix, shape: tuple[int, ...]) -> Iterator[Fault]:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        yield Fault(
            "matrix_shape", name, f"the matrix is {matrix.shape}, not square", "make it n × n"
        )
    elif matrix.shape != shape:
        yield Fault(
            "matrix_shape",
            name,
            f"the matrix is {matrix.shape}, the travel times are {shape}",
            "give both matrices the same locations",
        )
    if not np.issubdtype(matrix.dtype, np.integer):
        yield Fault(
            "matrix_type", name, f"the entries are {matrix.dtype}", "round them to whole numbers"
        )
    elif matrix.size and int(matrix.min()) < 0:
        row, column = (int(i) for i in np.argwhere(matrix < 0)[0])
        yield Fault(
            "negative", name, f"entry [{row}, {column}] is negative", "use 0 or more everywhere"
        )
    elif matrix.size and int(matrix.max()) > MAX_TIME:
        if np.any((matrix > MAX_TIME) & (matrix != NO_WAY)):
            yield Fault("too_large", name, "an entry is beyond 2^40", "check the unit")
        nowhere = np.flatnonzero(matrix.diagonal() == NO_WAY)
        if len(nowhere):
            place = int(nowhere[0])
            cause = f"there is no way from location {place} to itself"
            yield Fault("no_way", f"{name} [{place}, {place}]", cause, "write 0 there")


def _no_way_faults(travel_time: Matrix, distance: Matrix, weight: int) -> Iterator[Fault]:
    """Both matrices agree on where there is no leg, and what legs cost can be summed up."""
    whole = all(np.issubdtype(m.dtype, np.integer) for m in (travel_time, distance))
    if not whole or travel_time.shape != distance.shape or not travel_time.size:
        return
    if max(int(travel_time.max()), int(distance.max())) < NO_WAY:
        return
    differ = np.argwhere((travel_time == NO_WAY) != (distance == NO_WAY))
    if len(differ):
        row, column = (int(i) for i in differ[0])
        yield Fault(
            "no_way",
            f"travel_time and distance [{row}, {column}]",
            "there is a leg in one of them and none in the other",
            "write the same in both",
        )
    if weight > MAX_WEIGHT_OF_NO_WAY:
        yield Fault(
            "too_large",
            "objective",
            f"a second of work and of travel and a metre cost {weight} cents, which is too much "
            "to be summed up where legs are missing",
            f"use smaller weights, {MAX_WEIGHT_OF_NO_WAY} together at most",
        )


def location_faults(where: str, location: int, size: int) -> Iterator[Fault]:
    """A fault if there is no such location in matrices of that size."""
    if not 0 <= location < size:
        among = counted(size, "location")
        yield Fault(
            "unknown_location",
            where,
            f"location {location} is not among the {among} of the travel matrices",
            f"use 0 to {size - 1}" if size else "add the location to the matrices",
        )


def time_faults(where: str, windows: Iterable[tuple[int, int]], duration: int) -> Iterator[Fault]:
    """What is wrong with windows, each a start and an end, and with how long something takes."""
    if duration < 0:
        yield Fault("negative", where, f"the duration is {duration}, negative", "use 0 or more")
    for start, end in windows:
        if start > end:
            yield Fault(
                "window_order",
                where,
                f"the window {start}-{end} ends before it starts",
                "swap its ends",
            )
        if max(abs(start), abs(end)) > MAX_TIME:
            yield Fault("too_large", where, "a time is beyond 2^40 seconds", "check unit and epoch")
    if duration > MAX_TIME:
        yield Fault("too_large", where, "a duration is beyond 2^40 seconds", "check the unit")
