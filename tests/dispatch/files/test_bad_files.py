"""A faulty folder is refused whole, with every file, line and column that is at fault."""

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from dispatch.errors import InvalidInput
from dispatch.files.folder import export_folder
from dispatch.files.sheets import SHEETS
from dispatch.jobs import jobs
from dispatch.models import Absence, Job, JobStatus
from dispatch.settings import Settings
from tests.dispatch.companies import SOON
from tests.dispatch.folders import COMPANY, count, take_in, with_job, written

pytestmark = pytest.mark.any_database

DAY = SOON.date().isoformat()


def faults_of(
    session: Session, folder: Path, settings: Settings, **how: Any
) -> list[tuple[str, str]]:
    """Codes and places of all faults; nothing was stored."""
    before = {sheet.table: count(session, sheet.table) for sheet in SHEETS}
    with pytest.raises(InvalidInput) as error:
        take_in(session, folder, settings, **how)
    session.commit()
    assert {sheet.table: count(session, sheet.table) for sheet in SHEETS} == before
    assert all(fault.cause and fault.action for fault in error.value.faults)
    return sorted((fault.code, fault.where) for fault in error.value.faults)


def test_every_fault_of_every_file_is_named_at_once(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    company = with_job(
        duration_minutes="-5",
        windows=f"{DAY}T12:00/{DAY}T08:00",
        skills="gaz",
        due_at="soon",
        priority="",
    )
    company["sites"] = [
        COMPANY["sites"][0] | {"latitude": "105.84", "longitude": "21.03"},
        COMPANY["sites"][0],
        COMPANY["sites"][0] | {"name": "Hai"},
        {"id": "S-3", "name": "Paris", "address": "?", "latitude": "48.8", "longitude": "2.3"},
        {"id": "", "name": "x" * 201, "address": "?"},
    ]
    company["depots"] = [COMPANY["depots"][0] | {"tools": "LADDER:-1; LADER:2"}]
    company["van_stock"] = [{"technician_id": "T-9", "part_id": "CAP-35UF", "quantity": "x"}]
    company["working_hours"] = [COMPANY["working_hours"][0] | {"technician_id": "T-9"}]
    assert faults_of(session, written(tmp_path / "in", company), settings) == [
        ("duplicate_id", "sites.csv line 4, column id"),
        ("ends_before_it_starts", "jobs.csv line 2, column windows"),
        ("greater_than_equal", "depots.csv line 2, column tools"),
        ("greater_than_equal", "jobs.csv line 2, column duration_minutes"),
        ("missing", "sites.csv line 6, column id"),
        ("not_a_moment", "jobs.csv line 2, column due_at"),
        ("not_a_number", "van_stock.csv line 2, column quantity"),
        ("outside_service_area", "sites.csv line 5, column longitude"),
        ("string_too_long", "sites.csv line 6, column name"),
        ("swapped_coordinates", "sites.csv line 2, column longitude"),
        ("unknown_reference", "working_hours.csv line 2, column technician_id"),
    ]


@pytest.mark.parametrize(
    ("content", "code", "where"),
    [
        ("id,name\ngas,Ölofen\n".encode("cp1252"), "wrong_encoding", "skills.csv line 2"),
        ("id,name\ngas,Khí\n".encode("utf-16")[:-1], "wrong_encoding", "skills.csv line 2"),
        (b"id,name\ngas,G\0s\n", "control_character", "skills.csv line 2"),
        (b"id,name\ngas,G\x07s\n", "control_character", "skills.csv line 2, column name"),
        (b'id,name\ngas,"Gas\nx,"y"z\n', "malformed_csv", "skills.csv line 2"),
        (b"id,name\ngas\n", "wrong_number_of_cells", "skills.csv line 2"),
        (b"id,name\ngas,Gas,2\n", "wrong_number_of_cells", "skills.csv line 2"),
        (b"id\ngas\n", "missing_column", "skills.csv line 1, column name"),
        (b"id,name,color\n", "unknown_column", "skills.csv line 1, column color"),
        (b"id,name,id\n", "duplicate_column", "skills.csv line 1, column id"),
        (b"id,name\ngas,A\ngas,B\n", "duplicate_id", "skills.csv line 3, column id"),
        (b"id,name\ngas,\n", "missing", "skills.csv line 2, column name"),
        (b"id,name\n" + b"gas," + b"x" * 200_000, "malformed_csv", "skills.csv line 2"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_is_not_as_it_should_be_is_refused_with_the_place(
    session: Session, settings: Settings, tmp_path: Path, content: bytes, code: str, where: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "skills.csv").write_bytes(content)
    assert faults_of(session, folder, settings) == [(code, where)]


def test_an_empty_file_lacks_its_columns(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "skills.csv").write_bytes(b"")
    assert [code for code, _ in faults_of(session, tmp_path, settings)] == ["missing_column"] * 2


def test_what_a_broken_file_may_hold_is_not_called_unknown_elsewhere(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    folder = written(tmp_path / "in", COMPANY)
    (folder / "skills.csv").write_bytes(b"id\n")
    assert faults_of(session, folder, settings) == [
        ("missing_column", "skills.csv line 1, column name")
    ]


def test_a_folder_without_known_files_is_refused(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    assert faults_of(session, tmp_path, settings) == [("empty_folder", str(tmp_path))]
    missing = tmp_path / "missing"
    assert faults_of(session, missing, settings) == [("no_such_folder", str(missing))]
    (tmp_path / "job.csv").write_text("id\n")
    assert faults_of(session, tmp_path, settings) == [("unknown_file", "job.csv")]


def test_a_local_time_in_the_gap_of_daylight_saving_is_named_by_line_and_column(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    berlin = settings.model_copy(update={"time_zone": "Europe/Berlin"})
    company = with_job(due_at="2026-03-29T02:30")
    assert faults_of(session, written(tmp_path / "in", company), berlin) == [
        ("nonexistent_local_time", "jobs.csv line 2, column due_at")
    ]


def test_a_new_job_in_the_past_is_refused_unless_it_is_meant(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    company = with_job(windows="2024-01-01T08:00/2024-01-01T12:00", pinned_start_at="")
    folder = written(tmp_path / "in", company)
    assert faults_of(session, folder, settings) == [
        ("in_the_past", "jobs.csv line 2, column windows")
    ]
    take_in(session, folder, settings, allow_past=True)
    take_in(session, folder, settings)
    assert count(session, Job) == 1


def test_a_job_that_is_changed_is_not_moved_into_the_past_but_may_lie_there(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    take_in(session, written(tmp_path / "in", COMPANY), settings)
    over = {"windows": "2020-01-06T08:00/2020-01-06T12:00", "pinned_start_at": "2020-01-06T09:00"}
    folder = written(tmp_path / "over", with_job(**over))
    assert faults_of(session, folder, settings) == [
        ("in_the_past", "jobs.csv line 2, column pinned_start_at"),
        ("in_the_past", "jobs.csv line 2, column windows"),
    ]
    take_in(session, folder, settings, allow_past=True)
    take_in(session, written(tmp_path / "later", with_job(**over, title="Khác")), settings)
    assert jobs.read_job(session, "J-1").title == "Khác"


def test_an_absence_of_no_length_is_refused_and_left_out_of_exports(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    moment = "2026-12-24T10:00+07:00"
    away = COMPANY["absences"][0] | {"starts_at": moment, "ends_at": moment}
    folder = written(tmp_path / "in", COMPANY | {"absences": [away]})
    assert faults_of(session, folder, settings) == [
        ("empty_span", "absences.csv line 2, column ends_at")
    ]
    take_in(session, written(tmp_path / "good", COMPANY), settings)
    stored = session.exec(select(Absence)).one()
    stored.ends_at = stored.starts_at
    session.commit()
    assert export_folder(session, tmp_path / "out", settings)["absences.csv"] == 0


def test_what_a_spreadsheet_leaves_of_a_long_number_is_refused(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    company = COMPANY | {
        "sites": [COMPANY["sites"][0] | {"phone": "9.5E+08"}, COMPANY["sites"][1]],
        "technicians": [COMPANY["technicians"][0] | {"phone": "8,49E+10"}],
        "assets": [COMPANY["assets"][0] | {"serial_number": "1.23457E+15"}],
    }
    folder = written(tmp_path / "in", company)
    assert faults_of(session, folder, settings) == [
        ("spoilt_number", "assets.csv line 2, column serial_number"),
        ("spoilt_number", "sites.csv line 2, column phone"),
        ("spoilt_number", "technicians.csv line 2, column phone"),
    ]
    take_in(session, folder, settings, allow_past=True)
    company["sites"] = COMPANY["sites"]
    company["technicians"] = COMPANY["technicians"]
    company["assets"] = [COMPANY["assets"][0] | {"serial_number": "12E+3", "model": "1E+5"}]
    take_in(session, written(tmp_path / "good", company), settings)


def test_a_done_job_may_lie_in_the_past(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    company = with_job(
        status="completed", windows="2024-01-01T08:00/2024-01-01T12:00", pinned_start_at=""
    )
    take_in(session, written(tmp_path / "in", company), settings)
    assert jobs.read_job(session, "J-1").status == JobStatus.COMPLETED


def test_a_job_that_is_over_is_not_changed_by_a_file(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    folder = written(tmp_path / "in", COMPANY)
    take_in(session, folder, settings)
    session.get_one(Job, "J-1").status = JobStatus.COMPLETED
    session.commit()
    assert faults_of(session, folder, settings) == [("not_changeable", "jobs.csv line 2")]
