"""Works off the wishes for a place in the plan in force, as soon as they are committed, and sees
what in force does not hold any more.

A visit that cannot stay with its technician, and that nobody else can attend on that day, is taken
off its route; its job waits then like any other, and may go to another day.
"""

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, case, col, select

from dispatch import log
from dispatch.engines import connect
from dispatch.models import PLANNABLE, Job, Placement, PlacementStatus, Priority, now
from dispatch.placing.following import Follower
from dispatch.placing.placing import CANDIDATES, PlacedProposal, Proposal, put_proposals, today
from dispatch.placing.retiming import retime
from dispatch.placing.taking_off import take_off
from dispatch.planning.candidates import CandidateRoute
from dispatch.planning.conflicts import Conflicts, broken_visits
from dispatch.planning.live_crews import place_crew
from dispatch.planning.live_day import LiveDay
from dispatch.planning.live_days import LiveDays
from dispatch.planning.loading import is_linked_in_force, released
from dispatch.planning.unable import BrokenVisit, Why
from dispatch.plans import queries
from dispatch.settings import Settings
from dispatch.store import AWAY, reading
from solver.explain.reasons import reasons

AT_ONCE = 20
"""So many jobs at most are put into one version."""
LOOK_EVERY_SECONDS = 1.0
ROUNDS = 5
"""How often a job is tried that others were faster than, before the dispatcher is told."""
OVERTAKEN = f"The plan has changed {ROUNDS} times meanwhile; place it by hand."

logger = logging.getLogger(__name__)


class Placer:
    """Places waiting jobs in a thread of its own, from start to stop.

    The list of them is in the database. ``wake`` only saves the next look at it, so a lost call
    loses nothing, and several services may work on one list.
    """

    def __init__(self, settings: Settings, days: LiveDays, conflicts: Conflicts) -> None:
        self._settings = settings
        self._days = days
        self._engine = connect(settings.database_url)
        self._follower = Follower(self._engine, settings, conflicts)
        self._awake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="placer", daemon=True)

    def start(self) -> None:
        """Place jobs from now on, until ``stop``."""
        self._thread.start()

    def wake(self) -> None:
        """Look at the list at once."""
        self._awake.set()

    def stop(self) -> None:
        """End after the version that is being made."""
        self._stopping = True
        self._awake.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._engine.dispose()

    @property
    def is_alive(self) -> bool:
        """Whether waiting jobs are being placed here."""
        return self._thread.is_alive()

    def _work(self) -> None:
        while True:
            # First of all: a service that has just started has those to answer who waited for it.
            self._awake.wait(LOOK_EVERY_SECONDS)
            self._awake.clear()
            if self._stopping:
                return
            try:
                while not self._stopping and self._place_or_follow():
                    pass
            except AWAY:
                # A busy or restarting database; the list is still there afterwards.
                logger.warning("Could not place the waiting jobs", exc_info=True)
            except Exception:
                # Whatever it is, the next job must not have to wait for a restart.
                logger.exception("Placing the waiting jobs broke off")

    def _place_or_follow(self) -> int:
        """What cannot wait comes first, and then what does not hold any more."""
        settled = place_waiting(self._engine, self._days, self._settings, now())
        return settled or self._follower.look(now())


@dataclass(slots=True, eq=False)
class _Outlook:
    """What was found out about one waiting job without locking anything."""

    placement: Placement
    proposals: dict[date, Proposal] = field(default_factory=dict)
    """At most one: for the first day that has a place."""
    needless: str | None = None
    """Why it needs no place any more."""
    cause: str | None = None
    """Why there is none on the first day on which it could be attended."""
    waits_for: frozenset[str] = frozenset()
    """Jobs that it is linked to, if it cannot be placed before they are."""
    broken: BrokenVisit | None = None
    """Why it cannot stay where it is, if it is on a route that cannot keep it."""

    @property
    def has_to_leave(self) -> bool:
        """Whether nobody but another technician, if any, can attend it."""
        return self.broken is not None and self.broken.leaves

    @property
    def has_to_be_made_up_for(self) -> bool:
        """Whether its route has too little time for it, or fetches too little, and nobody has been
        found who could attend it as things are."""
        if self.broken is None or self.broken.leaves or self.proposals:
            return False
        return self.broken.cause.why in (Why.NO_TIME, Why.PART, Why.TOOL)


def place_waiting(engine: Engine, days: LiveDays, settings: Settings, at: datetime) -> int:
    """Place the first jobs on the list, and say how many are settled by that.

    Jobs that have no place at all are settled too, with the cause. Those for which others were
    faster remain on the list; after a few rounds they are told to the dispatcher.
    """
    with Session(reading(engine)) as session:
        waiting = _waiting(session)
        jobs = {job.id: job for job in _jobs(session, waiting)}
    if not waiting:
        return 0
    try:
        return _place(engine, days, settings, at, waiting, jobs)
    except AWAY:
        raise
    except Exception:
        logger.exception("%s jobs could not be placed together", len(waiting))
    # One of them must not keep the others from their places.
    return sum(_place_alone(engine, days, settings, at, one, jobs) for one in waiting)


def _place_alone(
    engine: Engine,
    days: LiveDays,
    settings: Settings,
    at: datetime,
    one: Placement,
    jobs: dict[str, Job],
) -> int:
    try:
        return _place(engine, days, settings, at, [one], jobs)
    except AWAY:
        raise
    except Exception as error:
        logger.exception("Job %s could not be placed", one.job_id)
        with Session(engine) as session:
            row = session.exec(
                select(Placement).where(Placement.id == one.id).with_for_update()
            ).one()
            if row.status == PlacementStatus.WAITING:
                row.status, row.settled_at = PlacementStatus.NO_PLACE, at
                row.cause = f"The program could not look for a place: {error}. Place it by hand."
                _record(session, row)
            session.commit()
        return 1


def _place(
    engine: Engine,
    days: LiveDays,
    settings: Settings,
    at: datetime,
    waiting: Sequence[Placement],
    jobs: dict[str, Job],
) -> int:
    order = sorted(waiting, key=lambda one: (-jobs[one.job_id].priority.rank, one.id or 0))
    on_days, broken = _in_force(engine, settings, at, waiting)
    outlooks = [_Outlook(placement, broken=broken.get(placement.job_id)) for placement in order]
    to_place = [one for one in outlooks if jobs[one.placement.job_id].status in PLANNABLE]
    first = today(at, settings)
    near = {first + timedelta(days=n) for n in range(settings.place_days)}
    for day in sorted(near | on_days):
        left = [one for one in to_place if not one.proposals and not one.needless]
        if left:
            _look_at(days.at(day, at), day, left, jobs, settings)
    for one in outlooks:
        if one.broken is not None and one.placement.rounds + 1 >= ROUNDS and one.proposals:
            # Others were faster each time; it must not stay where it cannot because of that.
            one.proposals.clear()
            one.cause = OVERTAKEN
    settled, next_time = 0, _to_come_next(outlooks)
    for together in _by_version([one for one in outlooks if one not in next_time]):
        # A version by itself: whoever holds the jobs of one day waits for those of no other.
        with Session(engine) as session:
            settled += _settle(session, together, settings, at)
            session.commit()
    return settled


def _to_come_next(outlooks: Sequence[_Outlook]) -> list[_Outlook]:
    """Those that wait for what gets its place now, or for such: they are looked at again then."""
    found = [one for one in outlooks if one.proposals]
    jobs = {one.placement.job_id for one in found}
    while more := [one for one in outlooks if one not in found and one.waits_for & jobs]:
        found += more
        jobs |= {one.placement.job_id for one in more}
    return [one for one in found if not one.proposals]


def _by_version(outlooks: Sequence[_Outlook]) -> Iterable[list[_Outlook]]:
    """Those that come into, or leave, the plan together; at last those for which nothing changes.

    Who leaves comes first, and says why, before the route is given up for the sake of others.
    """
    leaving = [one for one in outlooks if one.has_to_leave and not one.proposals]
    days = sorted({day for one in outlooks for day in one.proposals})
    groups = [leaving, *([one for one in outlooks if day in one.proposals] for day in days)]
    groups.append([one for one in outlooks if not one.has_to_leave and not one.proposals])
    return (group for group in groups if group)


def _in_force(
    engine: Engine, settings: Settings, at: datetime, waiting: Sequence[Placement]
) -> tuple[set[date], Mapping[str, BrokenVisit]]:
    """The days on whose routes the jobs are that are on any, and those that cannot stay there."""
    with Session(reading(engine)) as session:
        routes = queries.live_visits(session, [one.job_id for one in waiting])
        days = {route.day for route in routes.values()}
        return days, broken_visits(session, settings, at, days=days) if days else {}


def _waiting(session: Session) -> Sequence[Placement]:
    """The next ones: what is urgent waits for nobody, however many came before."""
    ranks = {priority: priority.rank for priority in Priority}
    return session.exec(
        select(Placement)
        .join(Job, col(Job.id) == Placement.job_id)
        .where(Placement.status == PlacementStatus.WAITING)
        .order_by(case(ranks, value=Job.priority).desc(), col(Placement.id))
        .limit(AT_ONCE)
    ).all()


def _jobs(session: Session, waiting: Sequence[Placement]) -> Sequence[Job]:
    return session.exec(select(Job).where(col(Job.id).in_([one.job_id for one in waiting]))).all()


def _look_at(
    live: LiveDay,
    day: date,
    left: Sequence[_Outlook],
    jobs: dict[str, Job],
    settings: Settings,
) -> None:
    """Find each job its place on the day, next to those that were found one before."""
    names = [one.placement.job_id for one in left]
    held = live.translation.held - live.translation.snapshot.doomed
    # What is in force against its links is bound by them as soon as it is to be moved.
    to_move = {name for name in names if name in held or is_linked_in_force(live, name)}
    if to_move:
        live = released(live, to_move, settings)
    live.remove([name for name in names if name in live.translation.visits])
    crews: dict[str, Mapping[str, CandidateRoute]] = {}
    for one in left:
        job = jobs[one.placement.job_id]
        if job.id in live.translation.snapshot.doomed:
            one.cause = one.cause or f"{day}: Nobody else can attend it in time any more."
        elif job.id in live.translation.begun and not one.has_to_leave:
            one.needless = "It has begun or is about to."
        elif job.id in live.waiting:
            crew = crews.get(job.id) or place_crew(live, job.id)
            crews |= dict.fromkeys(crew, crew)
            if crew:
                one.proposals[day], one.cause = Proposal.of_crew(job.id, crew), None
            else:
                one.cause = one.cause or f"{day}: {live.waiting[job.id].message}"
                links = live.translation.snapshot.links
                bound = [facts.job_ids for facts in links if job.id in facts.job_ids]
                one.waits_for = frozenset(name for some in bound for name in some) - {job.id}
            continue
        elif job.id in live.translation.left_out:
            out = live.translation.left_out[job.id]
            one.cause = one.cause or (out.message if out else "Its site has no coordinates.")
        if job.id not in live.translation.visits:
            continue
        ways = live.ways(job.id, CANDIDATES)
        if not ways and job.priority.is_at_least(settings.bump_for):
            ways = live.ways_with_room_made(job.id, None)
        if ways:
            live.take(ways[0])
            one.proposals[day] = Proposal.best_of(job.id, ways, afresh=one.broken is not None)
            one.cause = None
        elif one.cause is None:
            why = reasons(live.draft, live.draft.visit(job.id))
            one.cause = f"{day}: " + "; ".join(reason.message for reason in why)


def _settle(
    session: Session, outlooks: Sequence[_Outlook], settings: Settings, at: datetime
) -> int:
    """Put the proposals, all of one day, into the plan, or take off what has to leave, and write
    down what became of each wish."""
    ids = [one.placement.id for one in outlooks]
    held = {
        placement.id: placement
        for placement in session.exec(
            select(Placement).where(col(Placement.id).in_(ids)).with_for_update()
        )
        if placement.status == PlacementStatus.WAITING
    }
    mine = [one for one in outlooks if one.placement.id in held]
    leaving = [one.placement.job_id for one in mine if one.has_to_leave and not one.proposals]
    off = take_off(session, leaving, settings, actor=_actor(mine), at=at) if leaving else {}
    pressed = [one.placement.job_id for one in mine if one.has_to_be_made_up_for]
    retimed = retime(session, pressed, settings, actor=_actor(mine), at=at) if pressed else None
    if retimed is not None:
        off |= retimed.off
    placed: dict[str, PlacedProposal] = {}
    for day in {day for one in mine for day in one.proposals}:
        proposals = [one.proposals[day] for one in mine]
        placed = put_proposals(session, proposals, day, settings, actor=_actor(mine), at=at)
    for one in mine:
        row, job_id = held[one.placement.id], one.placement.job_id
        if job_id in off:
            # Now that it is on no route, it may go anywhere.
            row.rounds, row.cause = 0, off[job_id].cause.message
        elif retimed is not None and job_id in retimed.staying:
            row.status, row.plan_id, row.settled_at = PlacementStatus.PLACED, retimed.plan.id, at
            _record(session, row)
        else:
            _write_down(session, row, one, placed.get(job_id), at)
    session.flush()
    return len(off) + sum(one.status != PlacementStatus.WAITING for one in held.values())


def _actor(mine: Sequence[_Outlook]) -> str:
    """Who asked, if it was one."""
    names = {one.placement.asked_by for one in mine}
    return names.pop() if len(names) == 1 else "placer"


def _write_down(
    session: Session, row: Placement, outlook: _Outlook, placed: PlacedProposal | None, at: datetime
) -> None:
    job = session.get_one(Job, row.job_id)
    row.rounds += 1
    # It says so while the job waits after it has been taken off a route.
    was_taken_off = row.cause
    if placed is not None:
        row.status, row.plan_id, row.cause = PlacementStatus.PLACED, placed.plan.id, None
        row.bumped_job_ids = placed.option.bumped_job_ids
    elif job.status not in PLANNABLE:
        row.status, row.cause = PlacementStatus.WITHDRAWN, f"It is {job.status}."
    elif outlook.needless is not None:
        row.status, row.cause = PlacementStatus.WITHDRAWN, outlook.needless
    elif not outlook.proposals and outlook.cause is None and was_taken_off is None:
        row.status = PlacementStatus.WITHDRAWN
        row.cause = "It is to be attended later, or is planned already for then."
    elif not outlook.proposals:
        causes = [cause for cause in (was_taken_off, outlook.cause) if cause is not None]
        row.status, row.cause = PlacementStatus.NO_PLACE, " ".join(causes)
    elif row.rounds >= ROUNDS:
        row.status = PlacementStatus.NO_PLACE
        row.cause = OVERTAKEN
    else:
        return
    row.settled_at = at
    _record(session, row)


def _record(session: Session, row: Placement) -> None:
    after = {"job_id": row.job_id, "plan_id": row.plan_id, "cause": row.cause}
    log.record(
        session, row.asked_by, row.status.value, log.Entity.PLACEMENT, str(row.id), after=after
    )
