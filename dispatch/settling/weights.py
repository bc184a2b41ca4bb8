"""How much an issue matters: minutes of a customer's time that are at stake, by priority.

    weight = (stake + nearness) × factor of the priority

- ``stake``: by how many minutes a visit is late, or was moved since its customer was told; a
  working day where a job is not done at all as things stand. What is about no job in particular has
  a stake of its own.
- ``nearness``: how much less than a working day is left until it happens; the whole of it once that
  moment has come, and nothing where no moment is known.
- The factor doubles with each priority, from 1 for the lowest; of several jobs the highest counts.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from dispatch.models import Priority

WORKING_DAY = 480
"""Minutes."""
MESSAGE = 60
"""Minutes for messages that nobody understood: each may be an alarm."""
PLAN = 240
"""Minutes for days that could not be planned."""


def weight(
    stake: int | timedelta,
    happens_at: datetime | None,
    at: datetime,
    priorities: Iterable[Priority] = (),
) -> int:
    """Minutes, as described above; ``stake`` in minutes if it is a number."""
    minutes = _minutes(stake) if isinstance(stake, timedelta) else stake
    near = 0
    if happens_at is not None:
        near = WORKING_DAY - min(WORKING_DAY, max(0, _minutes(happens_at - at)))
    rank = max((priority.rank for priority in priorities), default=0)
    return (min(minutes, WORKING_DAY) + near) << rank


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
