"""Processes of the service's own: what they are forked off, and whom they end with."""

import logging
import multiprocessing
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from pathlib import Path
from unittest.mock import patch

import pytest

from dispatch import processes
from dispatch.processes import Process, cause_of, context, exit_code, settle_in, start
from dispatch.solving import solvers
from tests.dispatch.waiting import until

TASKS = Path("/proc/self/task")
needs_proc = pytest.mark.skipif(not TASKS.is_dir(), reason="there is no /proc here")
SECONDS = 60.0
GROUP = """
import sys
from tests.dispatch.test_processes import at_work, told
with at_work(told) as (process, talk):
    print(process.pid, talk.recv()[0], flush=True)
    sys.stdin.read()
"""
"""A service, with a process that has settled in; it prints this one's id, and its fork server's."""


def told(talk: Connection) -> None:
    """Say about oneself what others cannot see; then wait."""
    is_loaded = processes._is_loaded
    settle_in()
    own = (os.getppid(), is_loaded, random.random(), signal.getsignal(signal.SIGTERM))
    talk.send(own)
    with suppress(EOFError):
        talk.recv()


def threads_of_parent(talk: Connection) -> None:
    talk.send(len(os.listdir(f"/proc/{os.getppid()}/task")))


def files_of_parent(talk: Connection) -> None:
    folder = Path(f"/proc/{os.getppid()}/fd")
    talk.send([os.readlink(one) for one in folder.iterdir()])


@contextmanager
def at_work(target: Callable[[Connection], None]) -> Iterator[tuple[Process, Connection]]:
    made_with = context()
    talk, theirs = made_with.Pipe()
    process = made_with.Process(target=target, args=(theirs,), daemon=True)
    start(process)
    theirs.close()
    try:
        yield process, talk
    finally:
        talk.close()
        process.kill()
        process.join()


def answer(target: Callable[[Connection], None]) -> object:
    with at_work(target) as (_, talk):
        assert talk.poll(SECONDS)
        return talk.recv()


def is_gone(pid: int) -> bool:
    """Zombies, which nobody may come to bury, count as gone."""
    with suppress(ProcessLookupError, FileNotFoundError):
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state == "Z"
    return True


def test_a_new_process_has_the_search_already_and_dice_of_its_own() -> None:
    with at_work(told) as (_, first), at_work(told) as (_, second):
        (server, loaded, drawn, handler), other = first.recv(), second.recv()

    assert loaded
    assert server != os.getpid()
    assert server == other[0]
    assert drawn != other[2]
    assert handler == signal.SIG_DFL


@needs_proc
def test_what_processes_are_forked_off_has_no_threads() -> None:
    assert answer(threads_of_parent) == 1


@needs_proc
def test_what_processes_are_forked_off_has_no_database_open() -> None:
    found = answer(files_of_parent)

    assert isinstance(found, list)
    assert not [one for one in found if ".db" in one]
    # It listens for those who want a process, and is connected to nobody.
    assert len([one for one in found if one.startswith("socket:")]) == 1


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_meant_for_the_service_do_not_end_what_processes_are_forked_off(
    sign: signal.Signals,
) -> None:
    with at_work(told) as (process, talk):
        server = talk.recv()[0]
        os.kill(server, sign)
        with at_work(told) as (_, other):
            assert other.recv()[0] == server
        process.terminate()
        assert exit_code(process, SECONDS) == -signal.SIGTERM


def test_ctrl_c_does_not_end_a_process() -> None:
    with at_work(told) as (process, talk):
        talk.recv()
        assert process.pid is not None
        os.kill(process.pid, signal.SIGINT)
        talk.send(None)  # what it waits for, and then ends by itself
        assert exit_code(process, SECONDS) == 0


def test_when_the_fork_server_is_killed_its_processes_end_and_new_ones_start() -> None:
    with at_work(told) as (process, talk):
        server = talk.recv()[0]
        os.kill(server, signal.SIGKILL)
        code = exit_code(process, SECONDS)
        assert code == processes.LOST
        assert "the process it was forked from has ended" in cause_of(code)
        assert wait([talk], SECONDS)
        with pytest.raises((EOFError, OSError)):
            talk.recv()
        with at_work(told) as (_, other):
            now = other.recv()
    assert now[0] != server
    assert now[1]


@needs_proc
def test_nothing_outlives_a_service_that_is_killed() -> None:
    service = subprocess.Popen(
        [sys.executable, "-c", GROUP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with service:
        assert service.stdout is not None
        pids = [int(pid) for pid in service.stdout.readline().split()]
        assert not any(is_gone(pid) for pid in pids)
        service.kill()
        service.wait()
        until(lambda: all(is_gone(pid) for pid in pids))
    assert len(pids) == 2


def test_a_search_that_cannot_be_loaded_is_tried_again_by_who_needs_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        patch.object(processes, "_is_loaded", new=False),
        patch.object(processes, "compile_search", side_effect=MemoryError) as load,
        caplog.at_level(logging.ERROR),
    ):
        processes.load_search()
        processes.load_search()
        assert not processes._is_loaded

    assert load.call_count == 2
    assert "The search engine could not be loaded" in caplog.text


def test_nothing_starts_before_the_first_process() -> None:
    script = (
        "import dispatch.runs.runner, dispatch.solving.solvers as s\n"
        "s.Solvers()\n"
        "from multiprocessing import forkserver as f\n"
        "print(f._forkserver._forkserver_pid)"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout == "None\n"


def test_the_environment_is_as_before_after_a_start() -> None:
    before = dict(os.environ)
    assert answer(told)
    assert dict(os.environ) == before


def test_an_order_whose_process_cannot_be_started_is_told_so() -> None:
    with (
        patch.object(forkserver, "ensure_running", side_effect=ConnectionRefusedError),
        patch.object(processes, "SECONDS_TO_VANISH", 0.0),
        pytest.raises(solvers.SolverDied, match="could not be started"),
    ):
        solvers.Solvers()._taken()


def test_where_no_server_can_fork_processes_each_is_started_by_itself() -> None:
    with patch.object(multiprocessing, "get_all_start_methods", return_value=["spawn"]):
        assert context().get_start_method() == "spawn"
        with at_work(told) as (_, talk):
            parent, is_loaded, *_ = talk.recv()
    assert (parent, is_loaded) == (os.getpid(), False)


@pytest.mark.parametrize(
    ("code", "cause"),
    [(1, "it ended with status 1"), (-11, "it was ended by SIGSEGV"), (-99, "by signal 99")],
)
def test_what_ended_a_process_is_told_in_words(code: int, cause: str) -> None:
    assert cause in cause_of(code)
