"""How often somebody may do something: moving windows, in the memory of this process."""

import math
import threading
import time
from collections import deque
from dataclasses import dataclass

TIDIED_EVERY = 1_000
"""Counts, after which those who have not been heard of lately are forgotten."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``amount`` times in any ``minutes``."""

    name: str
    amount: int
    minutes: int = 1


class Rates:
    """What was done lately, by whom. Each process counts for itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: dict[tuple[str, int, str], deque[float]] = {}
        """By the limit's name and minutes, and by who; the oldest first."""
        self._counted = 0

    def take(self, limit: RateLimit, who: str) -> bool:
        """Count once more; false, and not counted, if that would be too often."""
        key, at = (limit.name, limit.minutes, who), time.time()
        with self._lock:
            times = self._times.setdefault(key, deque())
            _forget_old(times, limit.minutes, at)
            if len(times) >= limit.amount:
                return False
            times.append(at)
            self._counted += 1
            if self._counted % TIDIED_EVERY == 0:
                self._tidy(at)
        return True

    def forget(self, limit: RateLimit, who: str) -> None:
        with self._lock:
            self._times.pop((limit.name, limit.minutes, who), None)

    def seconds_to_wait(self, limit: RateLimit, who: str) -> int:
        """Until one more is allowed, at least 1."""
        with self._lock:
            times = self._times.get((limit.name, limit.minutes, who), deque())
            freed_at = (
                times[-limit.amount] + 60 * limit.minutes if len(times) >= limit.amount else 0
            )
        return max(1, math.ceil(freed_at - time.time()))

    def _tidy(self, at: float) -> None:
        for key, times in list(self._times.items()):
            _forget_old(times, key[1], at)
            if not times:
                del self._times[key]


def _forget_old(times: deque[float], minutes: int, at: float) -> None:
    while times and times[0] <= at - 60 * minutes:
        times.popleft()
