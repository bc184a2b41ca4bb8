"""The plan in force as a ``LiveDay``: what comes too late is held, what cannot be done is off."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from dispatch.planning.live_day import LiveDay
from dispatch.planning.outgrown import pushed
from dispatch.planning.snapshot import Scope, Snapshot, load_snapshot
from dispatch.planning.translate import to_problem
from dispatch.planning.unable import unable
from dispatch.settings import Settings


def live_day_of(snapshot: Snapshot, settings: Settings, before: LiveDay | None = None) -> LiveDay:
    """The snapshot's routes in force. Visits that nobody can attend in time any more are left where
    they are, unless their technician is not there for them, or cannot do them, or they are to go to
    another day.

    ``before`` is the same of an earlier snapshot, which the later one was read from: routes that
    are still the very same hold as they did then.

    Raises ``InvalidProblem`` if the rows contradict each other.
    """
    snapshot, live = _followed(snapshot, settings, before)
    return _held(snapshot, live, _too_late(live), settings)


def is_linked_in_force(live: LiveDay, job_id: str) -> bool:
    """Whether the job is on a route in force, and bound there by what it is linked to."""
    return job_id in live.translation.snapshot.partners and live.day_of(job_id) is not None


def released(
    live: LiveDay, job_ids: Collection[str], settings: Settings, *, by_hand: bool = False
) -> LiveDay:
    """The same routes, on which these jobs are to be moved, or taken off: they are not held where
    they, or what comes after them, come too late, nor where they are against their links."""
    snapshot = live.translation.snapshot
    scope = replace(snapshot.scope, released=snapshot.scope.released | {*job_ids})
    if by_hand:
        scope = replace(scope, by_hand=scope.by_hand | {*job_ids})
    free = replace(snapshot, scope=scope, doomed=frozenset(), unable=frozenset())
    return live_day_of(free, settings)


def _followed(
    snapshot: Snapshot, settings: Settings, before: LiveDay | None = None
) -> tuple[Snapshot, LiveDay]:
    """The snapshot with what technicians cannot do any more, and its routes in force."""
    translation = to_problem(snapshot, settings)
    same = () if before is None else _known_to_hold(before.translation.snapshot)
    broken = unable(snapshot, settings, timed=translation.left_out, known_to_hold=same)
    if broken:
        leaving = (name for name, found in broken.items() if found.leaves)
        snapshot = replace(snapshot, unable=frozenset(leaving))
        translation = to_problem(snapshot, settings)
    return snapshot, LiveDay(translation)


def _known_to_hold(snapshot: Snapshot) -> Collection[int]:
    """The identities of the routes in which nothing was found that somebody cannot do."""
    return {id(live) for live in snapshot.live if live.job_ids.isdisjoint(snapshot.unable)}


def _too_late(live: LiveDay) -> frozenset[str]:
    """What nobody can attend in time any more because time was lost. Where there is too little time
    for a visit, its route is timed anew (``retiming``), and nothing is held until then."""
    doomed = live.doomed()
    going = doomed and live.translation.snapshot.scope.released
    if going:
        # What only these keep from its place is in time once they are gone.
        without = live.copy()
        without.remove(going)
        doomed = frozenset(name for name in doomed if not without.is_placed(name))
    return doomed - pushed(live.translation) if doomed else doomed


def _held(snapshot: Snapshot, live: LiveDay, doomed: frozenset[str], settings: Settings) -> LiveDay:
    doomed -= snapshot.scope.released
    return LiveDay(to_problem(replace(snapshot, doomed=doomed), settings)) if doomed else live


def load_live_day(
    session: Session, scope: Scope, at: datetime, freeze: timedelta, settings: Settings
) -> LiveDay:
    """As ``live_day_of``, of a scope as it is at that moment. If it has some technicians only, the
    others are asked, too, whether they could attend in time what these cannot.

    Raises ``InvalidProblem`` if the rows contradict each other.
    """
    snapshot, live = _followed(load_snapshot(session, scope, at, freeze), settings)
    doomed = _too_late(live)
    if doomed - scope.released and scope.technician_ids is not None:
        whole = replace(scope, technician_ids=None, moved_job_id=None)
        _, everybody = _followed(load_snapshot(session, whole, at, freeze), settings)
        doomed &= _too_late(everybody)
    return _held(snapshot, live, doomed, settings)
