"""What the service does by itself, by the clock. The logic is in the functions called here."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from apscheduler.schedulers.background import BackgroundScheduler
from sqlmodel import Session

from dispatch.alerts.handling import judge_what_outlived_its_job, judge_what_was_held_back
from dispatch.company.geocoding import locate_sites
from dispatch.engines import connect
from dispatch.field.missed import reopen_missed
from dispatch.models import now
from dispatch.runs.nightly import plan_the_night
from dispatch.runs.replanning import replan_if_worth_it
from dispatch.runs.runs import watch_runs
from dispatch.service import retention, upkeep
from dispatch.settings import Settings

NIGHTLY_SECONDS = 20
REPLAN_SECONDS = 5
MISSED_SECONDS = 60
GEOCODING_SECONDS = 60
JUDGING_SECONDS = 20
LOG_SECONDS = 5
STATISTICS_SECONDS = 24 * 60 * 60
RETENTION_SECONDS = 60 * 60
SETTLING_IN_SECONDS = 60
"""What is done once an hour or less often waits for so long after the start."""

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


class Scheduler:
    """Calls the nightly plan, the watchdog and others, from start to stop.

    Calls repeat at short intervals and ask each time whether something is due: what was missed
    while the service was down, or is due in an hour that the clock skips, is found the same way.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine = connect(settings.database_url)
        self._stopping = threading.Event()
        # A call that takes long makes the next one wait; missed ones are made up for by one.
        defaults = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        self._scheduler = BackgroundScheduler(timezone=settings.zone, job_defaults=defaults)
        watch_seconds = max(1.0, settings.heartbeat_timeout_seconds / 3)
        calls: list[tuple[Callable[[], object], float]] = [
            (self._watch, watch_seconds),
            (self._judge_again, JUDGING_SECONDS),
            (self._remove_old, RETENTION_SECONDS),
        ]
        if self._engine.dialect.name == "sqlite":
            calls.append((upkeep.WriteAheadLog(self._engine).shorten, LOG_SECONDS))
            calls.append((self._gather_statistics, STATISTICS_SECONDS))
        if settings.nightly_plan_at is not None:
            calls.append((self._plan_the_night, NIGHTLY_SECONDS))
        if settings.replan_every_minutes is not None:
            calls.append((self._replan, REPLAN_SECONDS))
        if settings.missed_after_hours is not None:
            calls.append((self._reopen_missed, MISSED_SECONDS))
        if settings.geocoder != "off":
            calls.append((self._locate, GEOCODING_SECONDS))
        # By the scheduler's own clock: from a moment that is long past by that one it would count
        # every call that was missed since.
        at_once = datetime.now(settings.zone)
        later = at_once + timedelta(seconds=SETTLING_IN_SECONDS)
        for call, seconds in calls:
            first = later if seconds >= RETENTION_SECONDS else at_once
            self._scheduler.add_job(call, "interval", seconds=seconds, next_run_time=first)

    def start(self) -> None:
        """Begin, with one call at once of each that is made more often than once an hour."""
        self._scheduler.start()

    def stop(self) -> None:
        """End after the calls under way."""
        self._stopping.set()
        self._scheduler.shutdown(wait=True)
        self._engine.dispose()

    def _committed(self, work: Callable[[Session, Settings, datetime], Result]) -> Result:
        """What the work says of what is due now, once it is stored."""
        with Session(self._engine) as session:
            result = work(session, self._settings, now())
            session.commit()
        return result

    def _watch(self) -> None:
        for run_id, status in self._committed(watch_runs).items():
            logger.warning("The process of run %s has died; it is %s now", run_id, status)

    def _judge_again(self) -> None:
        judged = self._committed(judge_what_was_held_back)
        if judged:
            logger.info("Judged %d alerts whose devices are no longer held back", len(judged))
        outlived = self._committed(judge_what_outlived_its_job)
        if outlived:
            logger.info("Judged %d alerts that have outlived their jobs", len(outlived))

    def _remove_old(self) -> None:
        removed = retention.remove_old(self._engine, self._settings, now(), self._stopping)
        if removed:
            counts = ", ".join(f"{number} {kind}" for kind, number in removed.items())
            logger.info("Removed what is kept no longer: %s", counts)

    def _gather_statistics(self) -> None:
        upkeep.gather_statistics(self._engine)

    def _plan_the_night(self) -> None:
        run = self._committed(plan_the_night)
        if run is not None:
            logger.info("Queued %s to plan %s", run.id, run.starts_on)

    def _replan(self) -> None:
        run = self._committed(replan_if_worth_it)
        if run is not None:
            logger.info("Queued %s to plan today again: %s", run.id, run.trigger)

    def _reopen_missed(self) -> None:
        missed = self._committed(reopen_missed)
        if missed:
            logger.warning("Nobody came to %s; they wait for a place again", ", ".join(missed))

    def _locate(self) -> None:
        logger.info("Geocoding: %s", locate_sites(self._engine, self._settings))
