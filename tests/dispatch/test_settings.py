from typing import Any

import pytest
from pydantic import ValidationError

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


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://dispatch.example", "https://dispatch.example"),
        ("http://10.0.0.5:8000/", "http://10.0.0.5:8000"),
        ("https://[2001:db8::1]/field/", "https://[2001:db8::1]/field"),
        ("dispatch.example", None),
        ("ftp://dispatch.example", None),
        ("https://dispatch.example/?x=1", None),
        ("https://lan@dispatch.example", None),
        ("https://dispatch.example\n", None),
    ],
)
def test_the_public_address_is_one_to_which_paths_can_be_added(
    given: str, kept: str | None
) -> None:
    if kept is None:
        with pytest.raises(ValidationError, match=r"must be like https://dispatch\.example"):
            Settings(public_url=given)
    else:
        assert Settings(public_url=given).public_url == kept


def test_prices_by_priority_are_changed_and_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = '{"promptness": [0, 0, 0, 0, 9000], "lateness_factors": [], "overtime": 4200}'
    monkeypatch.setenv("DISPATCH_WEIGHTS", weights)
    objective = Settings().objective
    assert (objective.prompt_cents(3), objective.prompt_cents(4)) == (0, 9000)
    assert objective.late_cents(0) == objective.late_cents(4) == objective.lateness
    assert objective.overtime == 4200


@pytest.mark.parametrize(
    ("weights", "wrong"),
    [
        ({"promptness": 300}, "a list with a number for each of low, normal"),
        ({"lateness_factors": [1, 2]}, "a list with a number for each of low, normal"),
        ({"overtime": [1, 2, 3, 4, 5]}, "overtime must be a number"),
        ({"haste": 1}, "unknown weights"),
    ],
)
def test_a_price_that_has_another_form_is_refused(weights: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        Settings(weights=weights)
