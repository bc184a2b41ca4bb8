"""Works off the wishes for a place in the plan in force, as soon as they are committed."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch import log
from dispatch.live_day import LiveDay
from dispatch.live_days import LiveDays
from dispatch.models import PLANNABLE, Job, Placement, PlacementStatus, now
from dispatch.placing import CANDIDATES, Placed, Proposal, put_proposals, today
from dispatch.settings import Settings
from dispatch.store import AWAY, connect, reading
from solver.insertion import Draft
from solver.reasons import reasons

AT_ONCE = 20
"""So many jobs at most are put into one version."""
LOOK_EVERY_SECONDS = 1.0
ROUNDS = 5
"""How often a job is tried that others were faster than, before the dispatcher is told."""

logger = logging.getLogger(__name__)


class Placer:
    """Places waiting jobs in a thread of its own, from start to stop.

    The list of them is in the database. ``wake`` only saves the next look at it, so a lost call
    loses nothing, and several services may work on one list.
    """

    def __init__(self, settings: Settings, days: LiveDays) -> None:
        self._settings = settings
        self._days = days
        self._engine = connect(settings.database_url)
        self._awake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="placer", daemon=True)

    def start(self) -> None:
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
        while not self._stopping:
            self._awake.clear()
            try:
                while not self._stopping and place_waiting(
                    self._engine, self._days, self._settings, now()
                ):
                    pass
            except AWAY:
                # A busy or restarting database; the list is still there afterwards.
                logger.warning("Could not place the waiting jobs", exc_info=True)
            except Exception:
                # Whatever it is, the next job must not have to wait for a restart.
                logger.exception("Placing the waiting jobs broke off")
            self._awake.wait(LOOK_EVERY_SECONDS)


@dataclass(slots=True)
class _Outlook:
    """What was found out about one waiting job without locking anything."""

    placement: Placement
    proposals: dict[date, Proposal] = field(default_factory=dict)
    """At most one: for the first day that has a place."""
    needless: str | None = None
    """Why it needs no place any more."""
    cause: str | None = None
    """Why there is none on the first day on which it could be attended."""


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
    outlooks = [_Outlook(placement) for placement in order]
    to_place = [one for one in outlooks if jobs[one.placement.job_id].status in PLANNABLE]
    first = today(at, settings)
    for day in (first + timedelta(days=n) for n in range(settings.place_days)):
        left = [one for one in to_place if not one.proposals and not one.needless]
        if left:
            _look_at(days.at(day, at), day, left, jobs, settings)
    with Session(engine) as session:
        settled = _settle(session, outlooks, settings, at)
        session.commit()
    return settled


def _waiting(session: Session) -> Sequence[Placement]:
    return session.exec(
        select(Placement)
        .where(Placement.status == PlacementStatus.WAITING)
        .order_by(col(Placement.id))
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
    live.remove([name for name in names if name in live.translation.visits])
    for one in left:
        job = jobs[one.placement.job_id]
        if job.id in live.translation.begun:
            one.needless = "It has begun or is about to."
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
            one.proposals[day] = Proposal.best_of(job.id, ways)
            one.cause = None
        elif one.cause is None:
            why = reasons(live.draft, Draft(live.problem), live.draft.visit(job.id))
            one.cause = f"{day}: " + "; ".join(reason.message for reason in why)


def _settle(
    session: Session, outlooks: Sequence[_Outlook], settings: Settings, at: datetime
) -> int:
    """Put the proposals into the plan, and write down what became of each wish."""
    ids = [one.placement.id for one in outlooks]
    held = {
        placement.id: placement
        for placement in session.exec(
            select(Placement).where(col(Placement.id).in_(ids)).with_for_update()
        )
        if placement.status == PlacementStatus.WAITING
    }
    mine = [one for one in outlooks if one.placement.id in held]
    placed: dict[str, Placed] = {}
    for day in sorted({day for one in mine for day in one.proposals}):
        proposals = [one.proposals[day] for one in mine if day in one.proposals]
        placed |= put_proposals(session, proposals, day, settings, actor=_actor(mine), at=at)
    for one in mine:
        _write_down(session, held[one.placement.id], one, placed.get(one.placement.job_id), at)
    session.flush()
    return sum(one.status != PlacementStatus.WAITING for one in held.values())


def _actor(mine: Sequence[_Outlook]) -> str:
    """Who asked, if it was one."""
    names = {one.placement.asked_by for one in mine}
    return names.pop() if len(names) == 1 else "placer"


def _write_down(
    session: Session, row: Placement, outlook: _Outlook, placed: Placed | None, at: datetime
) -> None:
    job = session.get_one(Job, row.job_id)
    row.rounds += 1
    if placed is not None:
        row.status, row.plan_id = PlacementStatus.PLACED, placed.plan.id
        row.bumped_job_ids = placed.option.bumped_job_ids
    elif job.status not in PLANNABLE:
        row.status, row.cause = PlacementStatus.WITHDRAWN, f"It is {job.status}."
    elif outlook.needless is not None:
        row.status, row.cause = PlacementStatus.WITHDRAWN, outlook.needless
    elif not outlook.proposals and outlook.cause is None:
        row.status = PlacementStatus.WITHDRAWN
        row.cause = "It is to be attended later, or is planned already for then."
    elif not outlook.proposals:
        row.status, row.cause = PlacementStatus.NO_PLACE, outlook.cause
    elif row.rounds >= ROUNDS:
        row.status = PlacementStatus.NO_PLACE
        row.cause = f"The plan has changed {ROUNDS} times meanwhile; place it by hand."
    else:
        return
    row.settled_at = at
    _record(session, row)


def _record(session: Session, row: Placement) -> None:
    after = {"job_id": row.job_id, "plan_id": row.plan_id, "cause": row.cause}
    log.record(session, row.asked_by, row.status.value, "placement", str(row.id), after=after)
