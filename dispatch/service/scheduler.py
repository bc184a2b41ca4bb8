"""What the service does by itself, by the clock. The logic is in the functions called here."""

import logging

from apscheduler.schedulers.background import BackgroundScheduler
from sqlmodel import Session

from dispatch.geocoding import locate_sites
from dispatch.missed import reopen_missed
from dispatch.models import now
from dispatch.nightly import plan_the_night
from dispatch.replanning import replan_if_worth_it
from dispatch.runs import watch_runs
from dispatch.settings import Settings
from dispatch.store import connect

NIGHTLY_SECONDS = 20
REPLAN_SECONDS = 5
MISSED_SECONDS = 60
GEOCODING_SECONDS = 60

logger = logging.getLogger(__name__)


class Scheduler:
    """Calls the nightly plan, the watchdog and others, from start to stop.

    Calls repeat at short intervals and ask each time whether something is due: what was missed
    while the service was down, or is due in an hour that the clock skips, is found the same way.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine = connect(settings.database_url)
        # A call that takes long makes the next one wait; missed ones are made up for by one.
        defaults = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        self._scheduler = BackgroundScheduler(timezone=settings.zone, job_defaults=defaults)
        watch_seconds = max(1.0, settings.heartbeat_timeout_seconds / 3)
        calls = [(self._watch, watch_seconds)]
        if settings.nightly_plan_at is not None:
            calls.append((self._plan_the_night, NIGHTLY_SECONDS))
        if settings.replan_every_minutes is not None:
            calls.append((self._replan, REPLAN_SECONDS))
        if settings.missed_after_hours is not None:
            calls.append((self._reopen_missed, MISSED_SECONDS))
        if settings.geocoder != "off":
            calls.append((self._locate, GEOCODING_SECONDS))
        for call, seconds in calls:
            self._scheduler.add_job(call, "interval", seconds=seconds, next_run_time=now())

    def start(self) -> None:
        """Begin, with one call of each at once."""
        self._scheduler.start()

    def stop(self) -> None:
        """End after the calls under way."""
        self._scheduler.shutdown(wait=True)
        self._engine.dispose()

    def _watch(self) -> None:
        with Session(self._engine) as session:
            for run_id, status in watch_runs(session, self._settings, now()).items():
                logger.warning("The process of run %s has died; it is %s now", run_id, status)
            session.commit()

    def _plan_the_night(self) -> None:
        with Session(self._engine) as session:
            run = plan_the_night(session, self._settings, now())
            session.commit()
        if run is not None:
            logger.info("Queued %s to plan %s", run.id, run.starts_on)

    def _replan(self) -> None:
        with Session(self._engine) as session:
            run = replan_if_worth_it(session, self._settings, now())
            session.commit()
        if run is not None:
            logger.info("Queued %s to plan today again: %s", run.id, run.trigger)

    def _reopen_missed(self) -> None:
        with Session(self._engine) as session:
            missed = reopen_missed(session, self._settings, now())
            session.commit()
        if missed:
            logger.warning("Nobody came to %s; they wait for a place again", ", ".join(missed))

    def _locate(self) -> None:
        logger.info("Geocoding: %s", locate_sites(self._engine, self._settings))
