"""Where the parts that visits use come from: the van, or a depot call on the way."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from dispatch.models import Job, Stop
from solver.solution import StopKind


@dataclass(frozen=True, slots=True)
class VanUse:
    """What a route takes out of the van, by job, and what its depot calls leave in it."""

    taken: Mapping[str, Counter[str]]
    left: Counter[str]


def van_use(stops: Iterable[Stop], used: Callable[[Stop], Mapping[str, int]]) -> VanUse:
    """Play the stops through in order: a visit uses what depot calls before it have fetched, and
    takes the rest out of the van."""
    taken: dict[str, Counter[str]] = {}
    fetched: Counter[str] = Counter()
    for stop in stops:
        if stop.kind == StopKind.DEPOT:
            fetched.update(stop.parts)
        elif stop.job_id is not None:
            wanted = Counter(used(stop))
            taken[stop.job_id] = wanted - fetched
            fetched -= wanted
    return VanUse(taken, fetched)


def parts_used(stop: Stop, job: Job) -> Mapping[str, int]:
    """What the visit has used, as reported; until then, what it is planned to use."""
    return stop.parts if job.parts_used is None else job.parts_used
