"""One at a time, in the order of coming.

SQLite lets writers poll for its one write lock, at intervals that grow to 100 ms: whoever has
waited longest asks least often, and the lock goes to whoever happens to ask. So those of one
process wait here instead, and only other processes are polled against.
"""

import threading
from collections import deque


class Turns:
    """Like a lock, but fair: nobody who comes later is served earlier."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Event] = deque()

    def take(self, seconds: float) -> bool:
        """Wait for a turn; false if it did not come in so many seconds."""
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return True
            called = threading.Event()
            self._waiting.append(called)
        if called.wait(seconds):
            return True
        with self._lock:
            if called.is_set():
                return True  # in the last moment
            self._waiting.remove(called)
        return False

    def give_back(self) -> None:
        """To whoever has waited longest."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False
