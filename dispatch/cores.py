"""How many processor cores there are to use."""

import os


def available_cores() -> int:
    """Cores that this process may run on, at least 1; limits of a container's time do not count."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS and Windows
