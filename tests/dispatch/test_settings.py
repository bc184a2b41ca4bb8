import pytest

from dispatch import settings as module
from dispatch.cores import available_cores
from dispatch.models import Priority
from dispatch.settings import Settings


def test_cores_are_shared_out_among_the_processes_unless_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "available_cores", lambda: 5)
    for name in ("DISPATCH_SOLVER_CORES", "DISPATCH_SOLVER_PROCESSES"):
        monkeypatch.delenv(name, raising=False)

    def cores(**values: int) -> int:
        return Settings(**values).cores_for_a_run  # type: ignore[arg-type]

    assert cores() == 5
    assert cores(solver_processes=2) == 2
    assert cores(solver_processes=8) == 1
    assert cores(solver_processes=0) == 5  # the service solves nothing; dispatch plan has them all
    assert cores(solver_processes=8, solver_cores=3) == 3


def test_there_is_a_core_to_run_on() -> None:
    assert available_cores() >= 1


def test_a_policy_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_PLACE_AT_ONCE", "null")
    monkeypatch.setenv("DISPATCH_BUMP_FOR", "high")
    assert (Settings().place_at_once, Settings().bump_for) == (None, Priority.HIGH)
