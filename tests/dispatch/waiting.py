"""Waiting for what other processes and threads do."""

import threading
from collections.abc import Callable
from time import monotonic


def until(condition: Callable[[], bool], seconds: float = 180) -> None:
    """Wait until it is true, but not forever."""
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, f"{condition} has not come true in {seconds} s"
        threading.Event().wait(0.02)
