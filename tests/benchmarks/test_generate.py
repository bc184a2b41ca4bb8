"""Generated problems: the same from the same seed, with every rule in them, and readable."""

from collections import Counter
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from benchmarks.generate import (
    DAY,
    HOUR,
    LENT_TOOLS,
    SCARCE_PARTS,
    SCARCE_SKILLS,
    generate,
    main,
)
from solver.files.read import read_problem
from solver.objective import Objective
from solver.problem import Problem


@pytest.fixture(scope="module")
def problem() -> Problem:
    return generate(visits=200, technicians=20, seed=7)


def same(one: Problem, other: Problem) -> bool:
    return (
        (one.visits, one.shifts, one.depots) == (other.visits, other.shifts, other.depots)
        and np.array_equal(one.travel_time, other.travel_time)
        and np.array_equal(one.distance, other.distance)
    )


def test_the_same_seed_gives_the_same_problem_and_another_seed_another(problem: Problem) -> None:
    assert same(problem, generate(visits=200, technicians=20, seed=7))
    assert not same(problem, generate(visits=200, technicians=20, seed=8))


def test_visits_have_every_wish(problem: Problem) -> None:
    visits = problem.visits

    assert len(visits) == 200
    assert {visit.priority for visit in visits} == {0, 1, 2, 3, 4}
    assert {len(visit.skills) for visit in visits} == {0, 1, 2}
    assert {skill for v in visits for skill in v.skills} > set(SCARCE_SKILLS)
    assert {level for v in visits for level in v.skills.values()} == {1, 2, 3}
    assert any(len(visit.parts) == 0 for visit in visits)
    assert any(len(visit.parts) == 2 for visit in visits)
    assert any(sum(visit.parts.values()) >= 4 for visit in visits)
    assert any(visit.tools & set(LENT_TOOLS) for visit in visits)
    assert any(visit.tools - set(LENT_TOOLS) for visit in visits)
    assert any(visit.due is not None for visit in visits)
    assert any(visit.allowed is not None for visit in visits)
    assert any(visit.forbidden for visit in visits)
    assert any(visit.preferred for visit in visits)
    assert any(visit.territory is not None for visit in visits)
    assert {visit.pin.start is None for visit in visits if visit.pin} == {True, False}
    assert {visit.previous.told for visit in visits if visit.previous} == {True, False}
    assert all(30 * 60 <= visit.duration <= 60 * 60 for visit in visits)


def test_windows_are_wide_narrow_alternative_and_missing(problem: Problem) -> None:
    lengths = {w.end - w.start for visit in problem.visits for w in visit.windows}

    assert {1 * HOUR, 2 * HOUR, 4 * HOUR} <= lengths
    assert {len(visit.windows) for visit in problem.visits} == {0, 1, 2}


def test_technicians_differ(problem: Problem) -> None:
    shifts = problem.shifts

    assert len({shift.technician for shift in shifts}) == 20
    for skill in SCARCE_SKILLS:
        assert sum(skill in shift.skills for shift in shifts) == 1
    assert len({tuple(sorted(shift.stock.items())) for shift in shifts}) > 10
    assert len({shift.tools for shift in shifts}) > 3
    assert not any(shift.tools & set(LENT_TOOLS) for shift in shifts)
    assert {bool(shift.breaks) for shift in shifts} == {True, False}
    assert {bool(shift.territories) for shift in shifts} == {True, False}
    assert len({shift.max_overtime for shift in shifts}) > 1
    assert len({shift.end - shift.start for shift in shifts}) > 1
    assert any(shift.start_location != shift.end_location for shift in shifts)


def test_depots_have_too_little_of_scarce_parts_and_warehouses_everything(
    problem: Problem,
) -> None:
    limited = [depot for depot in problem.depots if depot.stock is not None]
    warehouses = [depot for depot in problem.depots if depot.stock is None]
    needed, supplied = Counter[str](), Counter[str]()
    for visit in problem.visits:
        needed.update(visit.parts)
    for stock in [one.stock for one in limited] + [one.stock for one in problem.shifts]:
        supplied.update(stock)

    assert limited
    assert warehouses
    assert all(depot.windows and depot.duration for depot in problem.depots)
    assert {tool for depot in problem.depots for tool in depot.tools} > set(LENT_TOOLS)
    for part in SCARCE_PARTS:
        assert needed[part] <= supplied[part] <= needed[part] + 1
    visits = {part for visit in problem.visits for part in visit.parts}
    assert all(supplied[part] > needed[part] for part in visits - set(SCARCE_PARTS))


def test_every_weight_counts(problem: Problem) -> None:
    """And those that go by priority differ by it. The largest lateness of all is what benchmarks
    with links ask for."""
    for weight in (one for one in fields(Objective) if one.name != "worst_lateness"):
        found = getattr(problem.objective, weight.name)
        assert found, weight.name
        if isinstance(found, tuple):
            assert len(set(found)) > 1, weight.name
            assert list(found) == sorted(found), weight.name


def test_time_and_distance_agree_and_no_detour_is_shorter(problem: Problem) -> None:
    time, distance = problem.travel_time, problem.distance
    by_distance = np.argsort(distance, axis=None)

    assert np.array_equal(time, time.T)
    assert (np.diff(time.ravel()[by_distance]) >= 0).all()
    for matrix in (time, distance):
        for between in range(0, len(matrix), 10):
            assert (matrix <= matrix[:, between, None] + matrix[None, between, :]).all()


def test_every_visit_has_someone_who_could_do_it_as_far_as_person_and_skill_go(
    problem: Problem,
) -> None:
    for visit in problem.visits:
        assert any(
            all(shift.skills.get(skill, 0) >= level for skill, level in visit.skills.items())
            and (visit.allowed is None or shift.technician in visit.allowed)
            and shift.technician not in visit.forbidden
            and (visit.pin is None or shift.technician == visit.pin.technician)
            and (
                visit.territory is None
                or not shift.territories
                or visit.territory in shift.territories
            )
            for shift in problem.shifts
        )


def test_several_days_have_a_shift_each_and_windows_on_each() -> None:
    problem = generate(visits=120, technicians=4, seed=1, days=3)

    days = Counter(shift.start // DAY for shift in problem.shifts)
    assert days == {0: 4, 1: 4, 2: 4}
    assert {w.start // DAY for visit in problem.visits for w in visit.windows} == {0, 1, 2}
    assert any(len({w.start // DAY for w in visit.windows}) > 1 for visit in problem.visits)


@pytest.mark.parametrize("size", [(1, 1), (1, 3), (30, 1)])
def test_any_size_will_do(size: tuple[int, int]) -> None:
    visits, technicians = size

    assert len(generate(visits, technicians).visits) == visits


def test_nothing_to_plan_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        generate(visits=0)


def test_the_written_file_is_the_problem(
    tmp_path: Path, problem: Problem, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "problem.json"

    main(["--visits", "200", "--technicians", "20", "--seed", "7", "--output", str(path)])

    file = read_problem(path)
    assert file.format == "json"
    assert same(file.problem, problem)
    assert file.problem.objective == problem.objective
    assert "200 visits, 20 shifts" in capsys.readouterr().err
