"""Links between jobs in folders of CSV files."""

from pathlib import Path

import pytest
from sqlmodel import Session

from dispatch import store
from dispatch.errors import InvalidInput
from dispatch.jobs import jobs
from dispatch.jobs.links import LINKS
from dispatch.models import Job
from dispatch.settings import Settings
from tests.dispatch.folders import COMPANY, take_in, written

CREW = {"id": "L-9", "kind": "together", "job_ids": "W-1; W-2"}


def company(*links: dict[str, str], **second: str) -> dict[str, list[dict[str, str]]]:
    """Two jobs at one site that are the same but for what is said of the second, and links."""
    job = {
        "site_id": "S-1",
        "title": "Lắp máy",
        "status": "open",
        "priority": "normal",
        "duration_minutes": "60",
    }
    both = [{"id": "W-1", **job}, {"id": "W-2", **job, **second}]
    return COMPANY | {"jobs": both, "job_links": [*links]}


def faults(error: pytest.ExceptionInfo[InvalidInput]) -> set[tuple[str, str]]:
    return {(fault.code, fault.where) for fault in error.value.faults}


def test_a_crew_is_a_line_for_each_place_and_one_that_links_them(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    take_in(session, written(tmp_path / "in", company(CREW)), settings)
    assert [link.id for link in jobs.read_job(session, "W-2").links] == ["L-9"]


def test_a_line_that_changes_a_link_replaces_its_jobs(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    after = {"id": "L-9", "kind": "after", "job_ids": "W-1; W-2"}
    take_in(session, written(tmp_path / "in", company(after)), settings)
    assert jobs.read_job(session, "W-1").revision == 1
    turned = after | {"job_ids": "W-2; W-1", "least_minutes": "60"}
    take_in(session, written(tmp_path / "in", {"job_links": [turned]}), settings)
    found = LINKS.read(session, "L-9")
    assert (found.job_ids, found.least_minutes) == (["W-2", "W-1"], 60)
    assert jobs.read_job(session, "W-1").revision == 2


def test_links_that_cannot_be_kept_are_faults_of_their_lines_and_nothing_is_stored(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput) as error:
        take_in(session, written(tmp_path / "in", company(CREW, site_id="S-2")), settings)
    session.rollback()
    assert faults(error) == {("crew_differs", "job_links.csv line 2, column job_ids")}
    assert not store.existing_ids(session, Job, ["W-1"])


def test_a_file_of_jobs_does_not_part_a_crew(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    take_in(session, written(tmp_path / "in", company(CREW)), settings)
    alone = {"jobs": [company(priority="urgent")["jobs"][1]]}
    with pytest.raises(InvalidInput) as error:
        take_in(session, written(tmp_path / "more", alone), settings)
    assert faults(error) == {("crew_differs", "job_links.csv, L-9")}


def test_what_a_line_of_links_does_not_say_right_is_told_with_its_column(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    lines = (
        {"id": "L-1", "kind": "after", "job_ids": "W-1"},
        {"id": "L-2", "kind": "near", "job_ids": "W-1; W-2"},
        {"id": "L-3", "kind": "apart", "job_ids": "W-1; W-3"},
        {"id": "L-4", "kind": "after", "job_ids": "W-1; W-2", "least_minutes": "soon"},
    )
    with pytest.raises(InvalidInput) as error:
        take_in(session, written(tmp_path / "in", company(*lines)), settings)
    assert faults(error) == {
        ("too_short", "job_links.csv line 2, column job_ids"),
        ("enum", "job_links.csv line 3, column kind"),
        ("unknown_reference", "job_links.csv line 4, column job_ids"),
        ("not_a_number", "job_links.csv line 5, column least_minutes"),
    }
