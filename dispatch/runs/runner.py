"""The service's own worker processes: they take up queued runs, whoever queued them.

The queue is the database. ``submit`` only saves the next look at it, so a lost call loses nothing,
and several services may work on one queue. When the service stops, runs hand themselves back
to the queue; when it dies, its workers die with it and the watchdog (``runs.watch_runs``) sees
to their runs after the next start.
"""

import ctypes
import faulthandler
import logging
import multiprocessing
import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from datetime import timedelta
from multiprocessing.connection import wait

from sqlmodel import Session

from dispatch.execution import execute_run
from dispatch.models import now
from dispatch.plans_store import change_run, is_running, queued_runs
from dispatch.settings import Settings
from dispatch.store import AWAY, connect, reading
from solver.compilation import compile_search

LOOK_EVERY_SECONDS = 0.5
OVERRUN_FACTOR = 3
OVERRUN_SECONDS = 60.0
"""A worker that has been at a run for so many times its solving time and so much more hangs."""

logger = logging.getLogger(__name__)


class Runner:
    """Works on queued runs in ``settings.solver_processes`` processes, from start to stop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine = connect(settings.database_url)
        self._context = multiprocessing.get_context("spawn")
        # Without a lock, unlike an Event: a worker that is killed while it looks would keep it.
        self._stopping = self._context.RawValue(ctypes.c_bool, False)
        self._look = threading.Event()
        self._running: dict[str, Future[None]] = {}
        self._vouched_at = now()
        self._patience = timedelta(seconds=settings.heartbeat_timeout_seconds / 4)
        self._pool: ProcessPoolExecutor | None = None
        self._thread = threading.Thread(target=self._work, name="runner", daemon=True)

    def start(self) -> None:
        """Begin to work on the queue; with no processes at all, leave it to other services."""
        if self._settings.solver_processes:
            self._thread.start()

    def submit(self, run_id: str) -> None:
        """Look at the queue at once: there is this run in it."""
        logger.debug("Run %s was submitted", run_id)
        self._look.set()

    def stop(self) -> None:
        """Hand unfinished runs back to the queue and end all processes."""
        self._stopping.value = True
        self._look.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._engine.dispose()

    @property
    def is_alive(self) -> bool:
        """Whether queued runs are being taken up here (or are meant to be elsewhere)."""
        return not self._settings.solver_processes or self._thread.is_alive()

    def _new_pool(self) -> ProcessPoolExecutor:
        processes = self._settings.solver_processes
        pool = ProcessPoolExecutor(
            processes, mp_context=self._context, initializer=_prepare, initargs=(self._stopping,)
        )
        with suppress(BrokenProcessPool):  # found out again by the first run
            for _ in range(processes):
                # A process starts when there is work, and to load the solver takes it seconds.
                pool.submit(_nothing)
        return pool

    def _work(self) -> None:
        # Ctrl-C reaches the whole process group; the service tells its workers what to do. They
        # inherit this from the thread that starts them.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self._pool = self._new_pool()
        while not self._stopping.value:
            self._look.clear()
            try:
                self._take_up()
            except AWAY:
                # A busy or restarting database; the queue is still there afterwards.
                logger.warning("Could not look for queued runs", exc_info=True)
            except BrokenProcessPool:
                # A worker died (out of memory, say) and took the pool along. The watchdog sees
                # to its run once its heartbeats are missed.
                logger.exception("A worker process died; starting new ones")
                self._running.clear()
                if self._pool is not None:
                    self._pool.shutdown(wait=False)
                self._pool = self._new_pool()
            self._look.wait(LOOK_EVERY_SECONDS)

    def _take_up(self) -> None:
        for run_id, done in list(self._running.items()):
            if done.done():
                del self._running[run_id]
                error = done.exception()
                if isinstance(error, BrokenProcessPool):
                    raise error
                if error is not None:
                    logger.error("Run %s was left behind", run_id, exc_info=error)
        self._vouch()
        free = self._settings.solver_processes - len(self._running)
        if free <= 0 or self._pool is None:
            return
        with Session(reading(self._engine)) as session:
            waiting = [run for run in queued_runs(session) if run.id not in self._running]
        for run in waiting[:free]:
            deadline = OVERRUN_FACTOR * run.seconds + OVERRUN_SECONDS
            self._running[run.id] = self._pool.submit(
                _execute, self._settings.database_url, run.id, self._settings, deadline
            )
            self._running[run.id].add_done_callback(lambda _: self._look.set())

    def _vouch(self) -> None:
        """Report runs alive whose workers are: inside compiled code they may be silent for long."""
        moment = now()
        if not self._running or moment - self._vouched_at < self._patience:
            return
        self._vouched_at = moment
        with Session(self._engine) as session:
            for run_id in self._running:
                change_run(session, run_id, is_running(), heartbeat_at=moment)
            session.commit()


# Inside a worker process

_service_stops: ctypes.c_bool | None = None


def _prepare(stopping: ctypes.c_bool) -> None:
    """Make the worker end with its service, however that ends, and load the compiled search."""
    global _service_stops
    _service_stops = stopping
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent.sentinel,), daemon=True).start()
    try:
        compile_search()
    except Exception:
        # The run that needs it will say so; an error here would only start workers for ever.
        logger.exception("The search engine could not be loaded")


def _die_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _nothing() -> None:
    """Work for a process that is only to be started."""


def _execute(database_url: str, run_id: str, settings: Settings, deadline: float) -> None:
    """Execute the run, in so many seconds at most.

    Should the solver ever hang inside compiled code, no signal and no thread of this process gets
    through to it, and the worker would be lost for good. This ends the process all the same.
    """
    stopping = _service_stops
    assert stopping is not None  # noqa: S101 - every worker was prepared
    faulthandler.dump_traceback_later(deadline, exit=True)
    try:
        execute_run(database_url, run_id, settings, lambda: stopping.value)
    finally:
        faulthandler.cancel_dump_traceback_later()
