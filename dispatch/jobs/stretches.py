"""A job that takes longer than anybody works at once: one job for each stretch of it.

The stretches are as long as each other. They are one after the other, by the same technician (of a
crew, each by their own), today or on following days. The last one is the job itself, so that what
comes after the job comes after all of it, and the job is completed when all of it is; what is
needed at the beginning belongs to the first.
"""

from collections.abc import Mapping
from typing import Any


def number_of_stretches(minutes: int, longest: int | None) -> int:
    """Into how many stretches of at most ``longest`` minutes (None: any) so many minutes go."""
    return 1 if longest is None else -(-minutes // longest)


def minutes_of(minutes: int, number: int) -> list[int]:
    """The minutes of each of ``number`` stretches, at least one; together they are ``minutes``,
    if these are as many."""
    short, longer = divmod(minutes, number)
    return [max(1, short + (index < longer)) for index in range(number)]


def own_to(index: int, number: int) -> Mapping[str, Any]:
    """What a stretch has not of the job: parts are taken along to the first, which is at the time
    to which the job is pinned; due is the last."""
    own: dict[str, Any] = {}
    if index > 0:
        own |= {"parts": [], "pinned_start_at": None}
    if index < number - 1:
        own |= {"due_at": None}
    return own


def id_of(job_id: str, index: int, number: int) -> str:
    """The id of a stretch: that of the job with a number, or without one if it is the last."""
    return job_id if index == number - 1 else f"{job_id}-{index + 1}"
