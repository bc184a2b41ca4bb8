"""Processes of the service's own, in which the solver works: each for itself, so that none takes
others with it when it dies.

Where the platform has it they are forked off a process that does nothing else, the fork server,
which has loaded everything once (``dispatch.fork_server``): a new one is there at once and shares
that memory. It starts when the first of them does, and ends with the last and with the service.
"""

import faulthandler
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, ForkServerProcess, SpawnContext, SpawnProcess
from pathlib import Path
from typing import TypeAlias

from solver.search.compilation import compile_search

Context: TypeAlias = ForkServerContext | SpawnContext
Process: TypeAlias = ForkServerProcess | SpawnProcess

LOST = 255
"""The exit code of a process whose fork server is gone: nobody knows it any more."""
SECONDS_TO_VANISH = 0.1
"""So long a fork server that was killed may seem to be there still."""

logger = logging.getLogger(__name__)

_preloaded: list[str] = []
_one_at_a_time = threading.Lock()
"""Whoever starts a process also asks all others whether they live. Where two ask at the same time
for an exit code, which is told once, one of them is told a wrong one."""
_is_loaded = False
"""Whether the search is in the memory of this process."""


def preload(module: str) -> None:
    """Have the fork server load this module too, which must do nothing but define: processes need
    it. Of effect until the fork server starts."""
    if module not in _preloaded:
        _preloaded.append(module)


def context() -> Context:
    """What processes are made with; it starts nothing yet."""
    if "forkserver" in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("forkserver")
    return multiprocessing.get_context("spawn")


def start(process: Process) -> None:
    """Start it; the first one waits until the fork server has loaded everything.

    Raises ``OSError`` and ``EOFError`` if it cannot be started.
    """
    with _one_at_a_time:
        try:
            _start(process)
        except (EOFError, OSError):
            # A fork server that was just killed is not known to be gone before it is buried.
            time.sleep(SECONDS_TO_VANISH)
            _start(process)


def _start(process: Process) -> None:
    if isinstance(process, ForkServerProcess):
        forkserver.set_forkserver_preload(["dispatch.fork_server", *_preloaded])
        with _same_path():
            forkserver.ensure_running()
    process.start()


@contextmanager
def _same_path() -> Iterator[None]:
    """The fork server looks for modules where this process does. By itself it would look in the
    current folder first, in which there may be other code of the same name."""
    path = os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path)
    wanted = {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def exit_code(process: Process, seconds: float = 0.0) -> int | None:
    """How it ended, for which it has so many seconds; None: it lives."""
    wait([process.sentinel], seconds)
    with _one_at_a_time:
        return process.exitcode


def cause_of(code: int) -> str:
    """What ended a process with that exit code, in words."""
    if code == LOST:
        return "the process it was forked from has ended, and it with that"
    if code >= 0:
        return f"it ended with status {code}"
    try:
        return f"it was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"it was ended by signal {-code}"


# Inside a process


def load_search() -> None:
    """Load the compiled search, which takes a second or so, unless it is there."""
    global _is_loaded
    if _is_loaded:
        return
    try:
        compile_search()
    except Exception:
        # Whatever needs it will say so.
        logger.exception("The search engine could not be loaded")
    else:
        _is_loaded = True


def settle_in() -> None:
    """What a new process does first: it ends with the service and with the fork server, however
    these end, and has the compiled search."""
    faulthandler.enable()
    # Ctrl-C reaches the whole process group; it is the service that tells its processes what to do.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        ends = [parent.sentinel]
        server = sys.modules.get("dispatch.fork_server")
        if server is not None:
            ends.append(server.alive)
        threading.Thread(target=_die_with, args=(ends,), daemon=True).start()
    load_search()


def _die_with(ends: list[int]) -> None:
    wait(ends)
    os._exit(1)
