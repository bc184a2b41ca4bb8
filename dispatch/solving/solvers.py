"""Processes that solve what comes in, one order each at a time.

They start when they are first needed and are kept: where no fork server has loaded it, the compiled
search takes them a second or two to load. One that does not stop when nobody waits for its answer
any more is ended, and so is one that hangs; the others know nothing of it.
"""

import ctypes
import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from dispatch.processes import Context, cause_of, context, exit_code, preload, settle_in, start
from dispatch.solving.orders import NotJson, SolveOrder, carried_out
from solver.faults import Fault
from solver.problem import InvalidProblem

LOOK_EVERY_SECONDS = 0.05
SECONDS_TO_STOP = 2.0
"""So long a process may take to come to an end of an order that nobody waits for any more."""
OVERRUN_SECONDS = 60.0
"""One that takes so much longer than it may hangs."""

logger = logging.getLogger(__name__)
preload(__name__)


class NobodyWaits(Exception):  # noqa: N818 - says what it is
    """Whoever gave the order has gone, or the service ends."""


class SolverDied(RuntimeError):  # noqa: N818
    """The process has ended without an answer, or had to be ended."""


@dataclass(frozen=True, slots=True)
class _Reply:
    """What a process has to say of an order: an answer, or else why there is none."""

    answer: bytes | None = None
    faults: Sequence[Fault] = ()
    not_json: str | None = None
    failure: str | None = None


class Solvers:
    """As many processes as have orders at the same time; how many that may be is not for them to
    say."""

    def __init__(self) -> None:
        self._context = context()
        self._free: list[_SolverProcess] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def solve(self, order: SolveOrder, gone: threading.Event) -> bytes:
        """The answer, for which the calling thread waits until ``gone`` is set.

        Raises ``NotJson``, ``InvalidProblem``, ``NobodyWaits`` and ``SolverDied``.
        """
        process = self._taken()
        try:
            reply = process.reply_to(order, lambda: gone.is_set() or self._stopping.is_set())
        finally:
            self._give_back(process)
        if reply.not_json is not None:
            raise NotJson(reply.not_json)
        if reply.faults:
            raise InvalidProblem(reply.faults)
        if reply.answer is None:
            raise SolverDied(reply.failure)
        return reply.answer

    def stop(self) -> None:
        """End all processes; what they were at is dropped."""
        self._stopping.set()
        with self._lock:
            free, self._free = self._free, []
        for process in free:
            process.end()

    def _taken(self) -> "_SolverProcess":
        with self._lock:
            while self._free:
                process = self._free.pop()
                if process.is_alive:
                    return process
        try:
            return _SolverProcess(self._context)
        except (EOFError, OSError) as error:
            raise SolverDied("it could not be started") from error

    def _give_back(self, process: "_SolverProcess") -> None:
        with self._lock:
            if process.is_idle and not self._stopping.is_set():
                self._free.append(process)
                return
        process.end()


class _SolverProcess:
    """The service's end of a process."""

    def __init__(self, context: Context) -> None:
        self.is_idle = True
        # Without a lock, unlike an Event: a process that is killed while it looks would keep it.
        self._cancelled = context.RawValue(ctypes.c_bool, False)
        self._talk, theirs = context.Pipe()
        self._process = context.Process(
            target=_work, args=(theirs, self._cancelled), name="solver", daemon=True
        )
        start(self._process)
        theirs.close()

    @property
    def is_alive(self) -> bool:
        return exit_code(self._process) is None

    def reply_to(self, order: SolveOrder, nobody_waits: Callable[[], bool]) -> _Reply:
        """Raises ``NobodyWaits`` and ``SolverDied``, after which the process may be of no use."""
        self.is_idle, self._cancelled.value = False, False
        give_up_at = time.monotonic() + order.most_seconds + OVERRUN_SECONDS
        try:
            self._talk.send(order)
            while not wait([self._talk], LOOK_EVERY_SECONDS):
                if nobody_waits():
                    self._call_off()
                    raise NobodyWaits
                if time.monotonic() > give_up_at:
                    raise SolverDied("it hangs")
            return self._received()
        except (EOFError, OSError) as error:
            code = exit_code(self._process, 1.0)
            cause = "it does not answer" if code is None else cause_of(code)
            raise SolverDied(cause) from error

    def end(self) -> None:
        self._talk.close()
        self._process.kill()
        self._process.join()

    def _call_off(self) -> None:
        """Have it stop, so that it can take another order."""
        self._cancelled.value = True
        if wait([self._talk], SECONDS_TO_STOP):
            self._received()

    def _received(self) -> _Reply:
        reply: _Reply = self._talk.recv()
        self.is_idle = True
        return reply


# Inside the process


def _work(talk: Connection, cancelled: "ctypes.c_bool") -> None:
    """Carry out whatever order comes, until the service hangs up."""
    settle_in()
    with suppress(EOFError, OSError):
        while True:
            talk.send(_reply(talk.recv(), cancelled))


def _reply(order: SolveOrder, cancelled: "ctypes.c_bool") -> _Reply:
    try:
        return _Reply(carried_out(order, lambda: cancelled.value))
    except NotJson as error:
        return _Reply(not_json=str(error))
    except InvalidProblem as error:
        return _Reply(faults=error.faults)
    except Exception as error:
        logger.exception("An order could not be carried out")
        return _Reply(failure=f"{type(error).__name__}: {error}")
