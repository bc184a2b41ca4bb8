"""Many people at work on one day at once: threads that throw their own dice."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch.by_hand.undoing import undo_change
from dispatch.errors import DispatchError
from dispatch.models import Plan, PlanStatus, Route, Stop
from dispatch.placing.following import Follower
from dispatch.placing.placer import place_waiting
from dispatch.planning.conflicts import Conflicts
from dispatch.planning.live_days import LiveDays
from dispatch.plans.plans import discard_plan
from dispatch.plans.publishing import publish_up_to_date
from dispatch.runs.execution import execute_run
from dispatch.runs.runs import PlanRequest, request_run
from dispatch.settings import Settings
from dispatch.store import reading
from tests.dispatch.crew import MONDAY, hanoi

EIGHT = hanoi("08:00")
STEPS = 12
"""So much everybody does."""
Act = Callable[[str, random.Random, int], None]
"""By whom, with which dice, and for which time."""


def publish(engine: Engine, settings: Settings, *, at_once: bool = True) -> None:
    with Session(engine) as session:
        request = PlanRequest(starts_on=MONDAY, seconds=0.1, publish=at_once, freeze_minutes=0)
        run = request_run(session, request, actor="dana", settings=settings)
        session.commit()
    execute_run(settings.database_url, run.id, settings)


def live_jobs(session: Session, technician: str | None = None) -> list[str]:
    query = (
        select(Stop.job_id)
        .join(Route, col(Route.id) == Stop.route_id)
        .where(col(Stop.live), col(Stop.job_id).is_not(None))
        .order_by(col(Stop.start_at), col(Stop.job_id))
    )
    if technician is not None:
        query = query.where(Route.technician_id == technician)
    return [job_id for job_id in session.exec(query) if job_id]


class Crowd:
    """Everybody begins at the same moment; whoever is refused goes on with the next thing."""

    def __init__(self, engine: Engine, settings: Settings, seed: int) -> None:
        self.engine, self.settings, self.seed = engine, settings, seed
        self.days = LiveDays(reading(engine), settings)
        self.follower = Follower(engine, settings, Conflicts(reading(engine), settings))

    @property
    def everybody(self) -> dict[str, Act]:
        """What each of them does."""
        raise NotImplementedError

    def work(self) -> None:
        """Until everybody is done, and the service has nothing left to do."""
        everybody = self.everybody
        start = threading.Barrier(len(everybody))
        with ThreadPoolExecutor(len(everybody)) as pool:
            threads = [
                pool.submit(self._repeat, act, name, start) for name, act in everybody.items()
            ]
            for one in threads:
                one.result(timeout=240)
        self.settle()

    def settle(self) -> None:
        """Do what the service does by itself until nothing is left to do."""
        while place_waiting(self.engine, self.days, self.settings, EIGHT) or self.follower.look(
            EIGHT
        ):
            pass

    def _repeat(self, act: Act, name: str, start: threading.Barrier) -> None:
        dice = random.Random(f"{self.seed} {name}")
        start.wait()
        for step in range(STEPS):
            with suppress(DispatchError):
                act(name, dice, step)

    def places(self, name: str, dice: random.Random, step: int) -> None:
        place_waiting(self.engine, self.days, self.settings, EIGHT)
        self.follower.look(EIGHT)

    def plans(self, name: str, dice: random.Random, step: int) -> None:
        if step % 3 < 2:
            publish(self.engine, self.settings, at_once=step % 3 == 0)

    def publishes(self, name: str, dice: random.Random, step: int) -> None:
        """Drafts, be they left for that or about to be published by their runs; some are taken
        back."""
        with Session(self.engine) as session:
            drafts = session.exec(select(Plan.id).where(Plan.status == PlanStatus.DRAFT)).all()
            for plan_id in drafts:
                assert plan_id is not None
                if dice.random() < 0.2:
                    discard_plan(session, plan_id, actor=name)
                else:
                    made = publish_up_to_date(session, plan_id, actor=name, settings=self.settings)
                    session.commit()
                    if made.version is not None and dice.random() < 0.4:
                        undo_change(session, made.version, self.settings, actor=name)
                session.commit()
