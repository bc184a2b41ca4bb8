"""How often somebody may do something: moving windows, in the memory of this process."""

import math
import threading
import time
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``amount`` times in any ``minutes``."""

    name: str
    amount: int
    minutes: int = 1

    @property
    def item(self) -> RateLimitItemPerMinute:
        return RateLimitItemPerMinute(self.amount, self.minutes, namespace=self.name)


class Rates:
    """What was done lately, by whom. Each process counts for itself."""

    def __init__(self) -> None:
        self._windows = MovingWindowRateLimiter(MemoryStorage())
        # The windows' own locks do not cover forgetting.
        self._lock = threading.Lock()

    def take(self, limit: Limit, who: str) -> bool:
        """Count once more; false, and not counted, if that would be too often."""
        with self._lock:
            return self._windows.hit(limit.item, who)

    def forget(self, limit: Limit, who: str) -> None:
        with self._lock:
            self._windows.clear(limit.item, who)

    def seconds_to_wait(self, limit: Limit, who: str) -> int:
        """Until one more is allowed, at least 1."""
        reset_at = self._windows.get_window_stats(limit.item, who).reset_time
        return max(1, math.ceil(reset_at - time.time()))
