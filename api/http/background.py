"""What a service does besides answering: it begins once the database is there and is the right one.

Until then the service answers nothing but that it is not ready, and looks again and again, so that
nobody has to restart it once the database is what it should be.
"""

import logging
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TypeVar

from fastapi import FastAPI, Request

from dispatch.alerts.mqtt import Subscriber
from dispatch.errors import Unavailable
from dispatch.events.feed import Feed
from dispatch.events.sender import WebhookSender
from dispatch.placing.placer import Placer
from dispatch.planning.live_days import LiveDays
from dispatch.push.sender import PushSender
from dispatch.runs.runner import Runner
from dispatch.service import readiness
from dispatch.service.issue_watch import CurrentIssues, IssueWatcher
from dispatch.service.readiness import Readiness
from dispatch.service.scheduler import Scheduler
from dispatch.settings import Settings
from solver.faults import Fault

TRY_EVERY_SECONDS = 5.0
WITHOUT_DATABASE = frozenset({"read_health", "read_readiness"})

Part = TypeVar(
    "Part",
    Runner,
    Placer,
    Scheduler,
    CurrentIssues,
    Feed,
    IssueWatcher,
    WebhookSender,
    PushSender,
    Subscriber,
    Readiness,
)

logger = logging.getLogger(__name__)


class Background:
    """All threads of a service, from start to stop."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._started = ExitStack()
        self._stopping = threading.Event()
        self._trying = threading.Thread(target=self._try_again, name="not ready yet", daemon=True)
        self._readiness: Readiness | None = None
        self.unprepared: Sequence[Fault] = ()
        """Why nothing has begun yet."""

    def start(self) -> None:
        """Begin, or try to until it works.

        Raises the database's errors if it cannot be reached at all.
        """
        if not self._begin():
            self._trying.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._trying.ident is not None:
            self._trying.join()
        self._started.close()

    def faults(self) -> list[Fault]:
        """What keeps the service from its work; none: it is ready."""
        if self._readiness is None:
            return list(self.unprepared)
        state = self._app.state
        faults = self._readiness.faults()
        if not (state.runner.is_alive and state.placer.is_alive):
            cause = "runs or waiting jobs are not taken up any more"
            faults.append(Fault("not_at_work", "service", cause, "restart the service"))
        return faults

    def _begin(self) -> bool:
        settings: Settings = self._app.state.settings
        try:
            readiness.prepare(settings)
        except Unavailable as error:
            if error.faults != self.unprepared:
                logger.error("Not ready: %s", error)
            self.unprepared = error.faults
            return False
        try:
            self._start_all(settings)
        except Exception:
            # What has begun already must not go on beside what the next try begins.
            self._started.close()
            raise
        self.unprepared = ()
        return True

    def _try_again(self) -> None:
        while not self._stopping.wait(TRY_EVERY_SECONDS):
            try:
                if self._begin():
                    logger.warning("Ready now")
                    return
            except Exception:
                # Whatever it was: who gives up here would have to be started again by somebody.
                logger.exception("Not ready: the database could not be looked at")

    def _start_all(self, settings: Settings) -> None:
        state = self._app.state
        state.runner = self._begun(Runner(settings))
        state.days = LiveDays(state.reading_engine, settings)
        state.placer = placer = self._begun(Placer(settings, state.days, state.conflicts))
        self._begun(Scheduler(settings))
        state.feed = feed = self._begun(Feed(settings))
        issues = CurrentIssues(
            state.reading_engine, settings, state.conflicts, state.watch, feed.tell
        )
        state.issues = self._begun(issues)
        self._begun(IssueWatcher(issues, state.watch, feed))
        self._begun(WebhookSender(settings))
        if settings.push_subject is not None:
            self._begun(PushSender(settings))
        if settings.mqtt_url is not None:
            self._begun(Subscriber(settings, on_accepted=placer.wake))
        self._readiness = self._begun(Readiness(settings))

    def _begun(self, part: Part) -> Part:
        part.start()
        self._started.callback(part.stop)
        return part


async def refuse_until_prepared(request: Request) -> None:
    """Raises ``Unavailable`` for whatever would need the database."""
    background: Background = request.app.state.background
    if background.unprepared and request.scope["route"].name not in WITHOUT_DATABASE:
        raise Unavailable(*background.unprepared)
