"""A worker: a process of its own that executes runs, one at a time.

It shares nothing with the other workers: if it dies, be it of the memory or of compiled code, that
is the end of its own run only.
"""

import ctypes
import faulthandler
import logging
import signal
from contextlib import suppress
from multiprocessing.connection import Connection, wait

from dispatch.processes import Context, cause_of, exit_code, preload, settle_in, start
from dispatch.runs.execution import execute_run
from dispatch.settings import Settings

logger = logging.getLogger(__name__)
preload(__name__)

TOLD_TO_END = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
"""Signals that say nothing about the run: somebody ends the service, or just this process, and the
watchdog sees to it that the run is taken up again."""


class Worker:
    """The service's end of a worker: it starts with this, before there is a run for it. Whatever
    it has to load, which may take it seconds, it loads then."""

    def __init__(self, context: Context, settings: Settings, stopping: "ctypes.c_bool") -> None:
        self.run_id: str | None = None
        """What it is at; None: nothing."""
        self.was_ready = False
        """Whether it has ever been loaded."""
        self._talk, theirs = context.Pipe()
        self._process = context.Process(
            target=_work,
            args=(theirs, settings, stopping),
            name="worker",
            # Nobody waits for it when the service ends in disorder: it then ends by itself.
            daemon=True,
        )
        start(self._process)
        theirs.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None  # noqa: S101 - it was started
        return self._process.pid

    @property
    def signs(self) -> tuple[int, Connection]:
        """What becomes ready once it has died, or has done its run."""
        return self._process.sentinel, self._talk

    @property
    def is_ready(self) -> bool:
        """Whether it is loaded, so that it can take up a run at once."""
        with suppress(EOFError, OSError):
            if not self.was_ready and self._talk.poll():
                self._talk.recv()
                self.was_ready = True
        return self.was_ready

    def execute(self, run_id: str, deadline: float) -> None:
        """Let it take up the run, for so many seconds at most. It must be ready, and have none."""
        self.run_id = run_id
        with suppress(OSError):  # it has died, which is found out like any other death
            self._talk.send((run_id, deadline))

    def is_done(self) -> bool:
        """Whether it is through with its run since it was last asked; it then is free again."""
        with suppress(EOFError, OSError):
            if self.run_id is not None and self._talk.poll():
                self._talk.recv()
                self.run_id = None
                return True
        return False

    @property
    def is_alive(self) -> bool:
        if not wait([self._process.sentinel], 0):
            return True
        # It has closed all its files, and is gone in a moment.
        return exit_code(self._process, 1.0) is None

    def cause_of_death(self) -> str | None:
        """What ended it, in words; None: it lives, or has ended because it was told to."""
        code = exit_code(self._process)
        return None if not code or -code in TOLD_TO_END else cause_of(code)

    def hang_up(self) -> None:
        """Let it end as soon as it has no run any more."""
        self._talk.close()

    def end(self, seconds: float) -> None:
        """Wait for its end, for so long; who hangs by then is ended."""
        if exit_code(self._process, seconds) is None:
            self._process.kill()
            self._process.join()


# Inside the process


def _work(talk: Connection, settings: Settings, stopping: "ctypes.c_bool") -> None:
    """Execute whatever run comes, until the service hangs up."""
    settle_in()
    with suppress(EOFError, OSError):
        talk.send(None)
        while True:
            run_id, deadline = talk.recv()
            try:
                _execute(run_id, settings, deadline, stopping)
            except Exception:
                logger.exception("Run %s was left behind", run_id)
            talk.send(run_id)


def _execute(run_id: str, settings: Settings, deadline: float, stopping: "ctypes.c_bool") -> None:
    """Execute the run, in so many seconds at most.

    Should the solver ever hang inside compiled code, no signal and no thread of this process gets
    through to it, and the worker would be lost for good. This ends the process all the same.
    """
    faulthandler.dump_traceback_later(deadline, exit=True)
    try:
        execute_run(settings.database_url, run_id, settings, lambda: stopping.value)
    finally:
        faulthandler.cancel_dump_traceback_later()
