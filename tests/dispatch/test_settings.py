import pytest

from dispatch import settings as module
from dispatch.cores import available_cores
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


def test_what_may_be_none_can_be_set_to_none_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PLACE_AT_ONCE", "BUMP_FOR", "REPLAN_EVERY_MINUTES", "SERVICE_AREA"):
        monkeypatch.setenv(f"DISPATCH_{name}", "null")

    settings = Settings()

    assert settings.place_at_once is None
    assert settings.bump_for is None
    assert settings.replan_every_minutes is None
    assert settings.service_area is None
