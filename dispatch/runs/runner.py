"""The service's own worker processes: they take up queued runs, whoever queued them.

The queue is the database. ``submit`` only saves the next look at it, so a lost call loses nothing,
and several services may work on one queue. When the service stops, runs hand themselves back to the
queue; when a worker dies, its run fails, the others go on and another worker starts. When the
service dies, its workers die with it and the watchdog (``runs.watch_runs``) sees to their runs
after the next start.
"""

import ctypes
import logging
import socket
import threading
import time
from contextlib import suppress
from datetime import timedelta
from multiprocessing.connection import wait

from sqlmodel import Session

from dispatch.engines import connect
from dispatch.models import now
from dispatch.plans.queries import change_run, is_running, queued_runs
from dispatch.processes import context
from dispatch.runs.runs import fail_dead
from dispatch.runs.workers import Worker
from dispatch.settings import Settings
from dispatch.store import AWAY, reading

LOOK_EVERY_SECONDS = 0.5
OVERRUN_FACTOR = 3
OVERRUN_SECONDS = 60.0
"""A worker that has been at a run for so many times its solving time and so much more hangs."""
SECONDS_BETWEEN_STARTS = 10.0
"""So long until another process starts after one that died before it was ready for a run."""
SECONDS_TO_STOP = 30.0
"""So long a worker may take to hand its run back when the service stops; then it is ended."""

logger = logging.getLogger(__name__)


class Runner:
    """Works on queued runs in ``settings.solver_processes`` processes, from start to stop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine = connect(settings.database_url)
        self._context = context()
        # Without a lock, unlike an Event: a worker that is killed while it looks would keep it.
        self._stopping = self._context.RawValue(ctypes.c_bool, False)
        self._bell, self._ringing = socket.socketpair()
        for end in (self._bell, self._ringing):
            end.setblocking(False)
        self._workers: list[Worker] = []
        self._died: list[tuple[str, int, str]] = []
        """Runs whose worker died, its id and the cause, until the database knows."""
        self._vouched_at = now()
        self._start_again_at = 0.0
        self._patience = timedelta(seconds=settings.heartbeat_timeout_seconds / 4)
        self._thread = threading.Thread(target=self._work, name="runner", daemon=True)

    def start(self) -> None:
        """Begin to work on the queue; with no processes at all, leave it to other services."""
        if self._settings.solver_processes:
            self._thread.start()

    def submit(self, run_id: str) -> None:
        """Look at the queue at once: there is this run in it."""
        logger.debug("Run %s was submitted", run_id)
        self._ring()

    def stop(self) -> None:
        """Hand unfinished runs back to the queue and end all processes."""
        self._stopping.value = True
        self._ring()
        if self._thread.ident is not None:
            self._thread.join()
        for end in (self._bell, self._ringing):
            end.close()
        self._engine.dispose()

    @property
    def is_alive(self) -> bool:
        """Whether queued runs are being taken up here (or are meant to be elsewhere)."""
        return not self._settings.solver_processes or self._thread.is_alive()

    def _ring(self) -> None:
        with suppress(BlockingIOError, OSError):  # it rings already, or nobody is there any more
            self._bell.send(b"!")

    def _work(self) -> None:
        while not self._stopping.value:
            try:
                self._look_after_workers()
                self._tell_of_deaths()
                self._vouch()
                self._take_up()
            except AWAY:
                # A busy or restarting database; the queue is still there afterwards.
                logger.warning("Could not look for queued runs", exc_info=True)
            except Exception:
                # No memory for another process, say: later there may be, and runs wait until then.
                logger.exception("Could not look after the runs")
            self._wait()
        for worker in self._workers:
            worker.hang_up()
        for worker in self._workers:
            worker.end(SECONDS_TO_STOP)
            self._note_death(worker)
        with suppress(*AWAY):
            self._tell_of_deaths()

    def _wait(self) -> None:
        """Until there is something to look at."""
        signs = [sign for worker in self._workers for sign in worker.signs]
        wait([*signs, self._ringing], LOOK_EVERY_SECONDS)
        with suppress(BlockingIOError):
            while self._ringing.recv(1_000):
                pass

    def _look_after_workers(self) -> None:
        """Bring it up to date who is at work, and start new ones for those that have died."""
        living = []
        for worker in self._workers:
            worker.is_done()
            # Asked once: somebody who dies between two questions would be in neither answer.
            if worker.is_alive:
                living.append(worker)
            else:
                self._note_death(worker)
        self._workers = living
        while len(living) < self._settings.solver_processes and self._may_start():
            patient_until = time.monotonic() + SECONDS_BETWEEN_STARTS
            try:
                living.append(Worker(self._context, self._settings, self._stopping))
            except (EOFError, OSError):
                self._start_again_at = patient_until
                raise

    def _may_start(self) -> bool:
        """Whether it is time for a new process: those that die while they load are not replaced
        at once, again and again."""
        return time.monotonic() >= self._start_again_at

    def _note_death(self, worker: Worker) -> None:
        """Remember what a worker died of that has ended by itself."""
        if not worker.was_ready:
            self._start_again_at = time.monotonic() + SECONDS_BETWEEN_STARTS
        cause = worker.cause_of_death()
        if cause is None:
            return
        if worker.run_id is not None:
            self._died.append((worker.run_id, worker.pid, cause))
        if not self._stopping.value:
            logger.error("Worker process %d died: %s; a new one starts", worker.pid, cause)

    def _tell_of_deaths(self) -> None:
        while self._died:
            run_id, pid, cause = self._died[0]
            with Session(self._engine) as session:
                fail_dead(session, run_id, f"{socket.gethostname()}/{pid}/", cause)
                session.commit()
            del self._died[0]

    def _take_up(self) -> None:
        free = [one for one in self._workers if one.run_id is None and one.is_ready]
        if not free:
            return
        taken = {worker.run_id for worker in self._workers}
        with Session(reading(self._engine)) as session:
            waiting = [run for run in queued_runs(session) if run.id not in taken]
        for worker, run in zip(free, waiting, strict=False):
            worker.execute(run.id, OVERRUN_FACTOR * run.seconds + OVERRUN_SECONDS)

    def _vouch(self) -> None:
        """Report runs alive whose workers are: inside compiled code they may be silent for long."""
        moment = now()
        at_work = [worker.run_id for worker in self._workers if worker.run_id is not None]
        if not at_work or moment - self._vouched_at < self._patience:
            return
        self._vouched_at = moment
        with Session(self._engine) as session:
            for run_id in at_work:
                change_run(session, run_id, is_running(), heartbeat_at=moment)
            session.commit()
