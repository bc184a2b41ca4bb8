"""Files say that somebody has left, or works other hours, while a plan is in force."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from sqlmodel import Session

from dispatch.files.folder import export_folder, import_folder
from dispatch.intake import JobChange
from dispatch.jobs.jobs import change_job
from dispatch.models import JobStatus, PlacementStatus
from dispatch.settings import Settings
from tests.dispatch.crew import MONDAY, add_job, add_live_route, add_technician
from tests.dispatch.drafting import in_force, status
from tests.dispatch.follow_up import EIGHT, follow
from tests.dispatch.running import executed

pytestmark = pytest.mark.any_database


@pytest.fixture(autouse=True)
def eight_o_clock() -> Iterator[None]:
    with time_machine.travel(EIGHT):
        yield


@pytest.fixture
def monday(session: Session) -> Session:
    """Bob has two jobs, of one of which the customer was told; Ann has one."""
    add_technician(session, "ann", at=0)
    add_technician(session, "bob", at=6)
    for name, at in (("a1", 1), ("b1", 7), ("b2", 8)):
        add_job(session, name, at=at)
    add_live_route(session, "ann", [("a1", "10:00")])
    add_live_route(session, "bob", [("b1", "11:00"), ("b2", "14:00")])
    return session


def left_by_bob(folder: Path, file: str) -> Path:
    """Only that file of the company's, as it is without Bob on Mondays."""
    with (folder / file).open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    for line in rows:
        if file == "technicians.csv" and line["id"] == "bob":
            line["active"] = "false"
    if file == "working_hours.csv":
        rows = [row for row in rows if (row["technician_id"], row["weekday"]) != ("bob", "mon")]
    only = folder / "only"
    only.mkdir()
    with (only / file).open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return only


@pytest.fixture(params=["technicians.csv", "working_hours.csv"])
def without_bob(
    monday: Session, settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> Session:
    told = JobChange(told_at=EIGHT)
    change_job(monday, "b1", told, actor="dana", settings=settings)
    monday.commit()
    export_folder(monday, tmp_path, settings)
    only = left_by_bob(tmp_path, request.param)
    import_folder(monday, only, actor="dana", settings=settings)
    monday.commit()
    monday.expire_all()
    return monday


def test_the_plan_in_force_follows_an_import(without_bob: Session, settings: Settings) -> None:
    found = follow(without_bob, settings)
    assert {found[name].status for name in ("b1", "b2")} == {PlacementStatus.PLACED}
    assert {name: sorted(jobs) for name, jobs in in_force(without_bob).items()} == {
        "ann": ["a1", "b1", "b2"]
    }
    assert status(without_bob, "b1") == JobStatus.SCHEDULED


def test_a_plan_says_whose_jobs_it_gives_to_whom_and_who_was_told(
    without_bob: Session, settings: Settings
) -> None:
    run = executed(without_bob, settings, publish=True, starts_on=MONDAY)
    assert run.failure is None
    changes = run.changes
    assert changes is not None
    assert (changes.added_job_ids, changes.removed_job_ids) == ([], [])
    assert changes.reassigned_job_ids == ["b1", "b2"]
    assert changes.told_job_ids == ["b1"]
    assert changes.untenable_job_ids == ["b1", "b2"]
    assert changes.technician_ids == ["ann", "bob"]


def test_what_cannot_stay_keeps_no_plan_from_being_published(
    without_bob: Session, settings: Settings
) -> None:
    settings = settings.model_copy(update={"small_change_jobs": 1})
    run = executed(without_bob, settings, publish=True, only_small_changes=True, starts_on=MONDAY)
    assert run.failure is None
    assert run.plan_version == 2
    assert sorted(in_force(without_bob)["ann"]) == ["a1", "b1", "b2"]
