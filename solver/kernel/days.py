"""When calls are open, and how long they take, by the day and the pace of shifts."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from solver.kernel.arrays import ALWAYS, WINDOW, Ints, Records
from solver.problem import Depot, Shift, TimeWindow, Visit
from solver.rules.windows import one_after_the_other


def days_of(
    shifts: Sequence[Shift], calls: Sequence[Visit | Depot]
) -> tuple[list[Shift], list[int]]:
    """A shift of each day, and the day of each shift: on which the same windows can be kept, at the
    same pace."""
    several = [call.windows for call in calls if len(call.windows) > 1]
    starts = np.array([w.start for windows in several for w in windows], dtype=np.int64)
    ends = np.array([w.end for windows in several for w in windows], dtype=np.int64)
    known: dict[tuple[object, ...], int] = {}
    examples, day_of = [], []
    for shift in shifts:
        open_then = (ends >= shift.start) & (starts <= shift.end + shift.max_overtime)
        key = (np.packbits(open_then).tobytes(), shift.pace, *sorted(shift.paces.items()))
        if key not in known:
            known[key] = len(known)
            examples.append(shift)
        day_of.append(known[key])
    return examples, day_of


def windows_of(days: Sequence[Shift], calls: Sequence[Visit | Depot]) -> tuple[Records, Ints, Ints]:
    """Windows by day and call, single ones of those that have several, and what the cheapest one of
    the day costs; single ones have what they cost beyond that."""
    windows = np.zeros((max(1, len(days)), len(calls)), dtype=WINDOW)
    cheapest = np.zeros(windows.shape, dtype=np.int64)
    spans: list[tuple[int, int, int]] = []
    for column, call in enumerate(calls):
        if len(call.windows) <= 1:
            window = call.windows[0] if call.windows else TimeWindow(-ALWAYS, ALWAYS)
            windows[:, column] = (window.start, window.end, 0, 1, call.duration)
            cheapest[:, column] = window.price
            continue
        for row, shift in enumerate(days):
            last = shift.end + shift.max_overtime
            open_then = [w for w in call.windows if w.end >= shift.start and w.start <= last]
            inside = one_after_the_other(open_then)
            if not inside:
                windows[row, column] = (ALWAYS, -ALWAYS, 0, 1, call.duration)
                continue
            opening, closing = inside[0].start, max(w.end for w in inside)
            windows[row, column] = (opening, closing, len(spans), len(inside), call.duration)
            least = cheapest[row, column] = min(w.price for w in inside)
            if len(inside) > 1:
                spans += [(w.start, w.end, w.price - least) for w in inside]
    for row, shift in enumerate(days):
        if shift.is_paced:
            windows["service"][row] = [shift.service(call) for call in calls]
    return windows, np.array(spans, dtype=np.int64).reshape(-1, 3), cheapest


def service_times(windows: Records, day_of: Sequence[int], able: npt.NDArray[np.bool_]) -> Ints:
    """Seconds that those who may make each visit take for it: of whoever is quickest, and of
    whoever is slowest."""
    service = windows["service"][:, : len(able)]
    may = np.zeros(service.shape, dtype=np.bool_)
    for shift, day in enumerate(day_of):
        may[day] |= able[:, shift]
    may |= ~may.any(axis=0)
    shortest = np.where(may, service, ALWAYS).min(axis=0)
    longest = np.where(may, service, 0).max(axis=0)
    return np.array([shortest, longest], dtype=np.int64)
