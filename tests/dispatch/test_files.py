"""Folders of CSV files go in whole or not at all, and come out as they went in."""

import csv
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Engine, event, func
from sqlmodel import Session, SQLModel, select

from dispatch import jobs
from dispatch.errors import InvalidInput
from dispatch.files import export_folder, import_folder
from dispatch.models import (
    Absence,
    Job,
    JobStatus,
    LocatedBy,
    LogEntry,
    OpeningHours,
    Site,
    Skill,
    Stop,
    TechnicianSkill,
)
from dispatch.settings import Settings
from dispatch.sheets import SHEETS
from tests.dispatch.company import SOON, put_on_live_route

DAY = SOON.date().isoformat()
COLUMNS = {sheet.file.removesuffix(".csv"): list(sheet.cells) for sheet in SHEETS}
PLACE = {"address": "12 Hàng Bông", "latitude": "21.03", "longitude": "105.84"}
COMPANY: dict[str, list[dict[str, str]]] = {
    "skills": [{"id": "electric", "name": "Điện"}, {"id": "gas", "name": "Gas"}],
    "parts": [{"id": "CAP-35UF", "name": "Tụ điện 35 µF"}],
    "tools": [{"id": "LADDER", "name": "Thang"}],
    "sites": [
        {"id": "S-1", "name": "Chị Lan", "territory": "west", "phone": "+84 95 000 0001", **PLACE},
        {"id": "S-2", "name": "=SUM(A1:A9)", "address": "''-@ ngõ 5"},
    ],
    "opening_hours": [
        {"site_id": "S-1", "weekday": "mon", "opens": "08:00", "closes": "12:00"},
        {"site_id": "S-1", "weekday": "mon", "opens": "13:30", "closes": "17:00"},
    ],
    "depots": [
        {
            "id": "K-1",
            "name": "Kho",
            **PLACE,
            "opens": "07:00",
            "closes": "19:00",
            "handling_minutes": "10",
            "tools": "LADDER",
        }
    ],
    "depot_stock": [{"depot_id": "K-1", "part_id": "CAP-35UF", "quantity": "30"}],
    "technicians": [
        {
            "id": "T-1",
            "name": "Nguyễn Văn An",
            **PLACE,
            "active": "true",
            "territories": "centre; west",
            "skills": "electric; gas:2@2031-03-31",
            "tools": "LADDER",
        }
    ],
    "working_hours": [
        {
            "technician_id": "T-1",
            "weekday": "mon",
            "starts": "08:00",
            "ends": "17:00",
            "max_overtime_minutes": "60",
        }
    ],
    "breaks": [
        {
            "technician_id": "T-1",
            "weekday": "mon",
            "earliest": "11:00",
            "latest": "13:00",
            "minutes": "45",
        }
    ],
    "absences": [
        {
            "id": "A-1",
            "technician_id": "T-1",
            "starts_at": "2026-12-24T00:00+07:00",
            "ends_at": "2026-12-26T00:00+07:00",
            "reason": "Nghỉ phép",
        }
    ],
    "van_stock": [{"technician_id": "T-1", "part_id": "CAP-35UF", "quantity": "2"}],
    "jobs": [
        {
            "id": "J-1",
            "site_id": "S-1",
            "title": "Máy lạnh không mát",
            "status": "open",
            "priority": "high",
            "duration_minutes": "60",
            "windows": f"{DAY}T08:00+07:00/{DAY}T12:00+07:00",
            "skills": "gas:2",
            "parts": "CAP-35UF:2",
            "tools": "LADDER",
            "preferred": "T-1",
            "allowed": "T-1",
            "pinned_technician_id": "T-1",
            "pinned_start_at": f"{DAY}T09:00+07:00",
        },
        {
            "id": "J-2",
            "site_id": "S-2",
            "title": "Bảo trì",
            "status": "on_hold",
            "hold_reason": "chờ phụ tùng",
            "priority": "normal",
            "duration_minutes": "30",
        },
    ],
    "travel_legs": [{"from_place": "T-1", "to_place": "S-1", "seconds": "600", "metres": "4000"}],
}


def written(folder: Path, company: Mapping[str, list[dict[str, str]]]) -> Path:
    """The folder, with a file for each kind."""
    folder.mkdir(exist_ok=True)
    for kind, lines in company.items():
        with (folder / f"{kind}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS[kind], restval="")
            writer.writeheader()
            writer.writerows(lines)
    return folder


def read(folder: Path) -> dict[str, list[dict[str, str]]]:
    """What the files say, without empty cells and without looking through this program's eyes."""
    company = {}
    for file in folder.glob("*.csv"):
        with file.open(encoding="utf-8-sig", newline="") as lines:
            company[file.stem] = [
                {name: cell for name, cell in line.items() if cell}
                for line in csv.DictReader(lines)
            ]
    return company


def take_in(session: Session, folder: Path, settings: Settings, **how: Any) -> dict[str, int]:
    counts = import_folder(session, folder, actor="lan", settings=settings, **how)
    session.commit()
    return counts


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


def count(session: Session, table: type[SQLModel]) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def with_job(**cells: str) -> dict[str, list[dict[str, str]]]:
    """The company with another first job."""
    return COMPANY | {"jobs": [COMPANY["jobs"][0] | cells]}


# Round trip


def test_what_went_in_comes_out(session: Session, settings: Settings, tmp_path: Path) -> None:
    counts = take_in(session, written(tmp_path / "in", COMPANY), settings)
    assert counts == {f"{kind}.csv": len(lines) for kind, lines in COMPANY.items()}
    assert export_folder(session, tmp_path / "out", settings) == counts
    out = read(tmp_path / "out")
    sites = {site["id"]: site for site in out["sites"]}
    assert sites["S-1"]["phone"] == "'+84 95 000 0001"
    assert (sites["S-2"]["name"], sites["S-2"]["address"]) == ("'=SUM(A1:A9)", "''-@ ngõ 5")
    stored = session.get_one(Site, "S-2")
    assert (stored.name, stored.address) == ("=SUM(A1:A9)", "'-@ ngõ 5")
    assert out | {"sites": []} == COMPANY | {"sites": []}


names = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=20
).filter(lambda text: text.strip())
nasty = st.sampled_from(
    ["=1+1", "+84", "-x", "@a", "'=x", "''", "'", 'a"b', "a,b", "a;b", "ế", "ế"]
)
codes = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,7}", fullmatch=True)
coordinates = st.tuples(
    st.floats(min_value=8.0, max_value=23.5), st.floats(min_value=102.0, max_value=110.0)
)


@st.composite
def companies(draw: st.DrawFn) -> dict[str, list[dict[str, str]]]:
    def catalogue() -> list[dict[str, str]]:
        ids = draw(st.lists(codes, min_size=1, max_size=3, unique=True))
        return [{"id": id_, "name": draw(names | nasty)} for id_ in ids]

    def some_of(lines: list[dict[str, str]]) -> list[str]:
        ids = [line["id"] for line in lines]
        return draw(st.lists(st.sampled_from(ids), max_size=3, unique=True))

    def place() -> dict[str, str]:
        latitude, longitude = draw(coordinates)
        return {
            "address": draw(names | nasty),
            "latitude": repr(latitude),
            "longitude": repr(longitude),
        }

    def numbered(ids: list[str]) -> str:
        return "; ".join(f"{id_}:{draw(st.integers(1, 9))}" for id_ in ids)

    def moment() -> str:
        return draw(
            st.datetimes(
                datetime(2100, 1, 1),  # noqa: DTZ001 - the zone comes on its own
                datetime(2110, 1, 1),  # noqa: DTZ001
                timezones=st.sampled_from([UTC]),
            )
        ).isoformat()

    skills, parts, tools = catalogue(), catalogue(), catalogue()
    technicians = [
        entry
        | place()
        | {
            "active": draw(st.sampled_from(["true", "false"])),
            "territories": "; ".join(draw(st.lists(codes, max_size=2, unique=True))),
            "skills": numbered(some_of(skills)),
            "tools": "; ".join(some_of(tools)),
        }
        for entry in catalogue()
    ]
    sites = [
        entry | (place() if draw(st.booleans()) else {"address": "?"}) for entry in catalogue()
    ]
    work = [
        {
            "id": entry["id"],
            "title": entry["name"],
            "site_id": draw(st.sampled_from(sites))["id"],
            "priority": draw(st.sampled_from(["low", "normal", "emergency"])),
            "duration_minutes": str(draw(st.integers(1, 1440))),
            "due_at": moment(),
            "windows": "/".join(sorted([moment(), moment()])),
            "skills": numbered(some_of(skills)),
            "parts": numbered(some_of(parts)),
            "tools": "; ".join(some_of(tools)),
            "preferred": "; ".join(some_of(technicians)),
        }
        for entry in catalogue()
    ]
    return {
        "skills": skills,
        "parts": parts,
        "tools": tools,
        "technicians": technicians,
        "sites": sites,
        "jobs": work,
    }


@given(company=companies())
@examples(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_importing_an_export_gives_the_same_data(
    engine: Engine, settings: Settings, tmp_path: Path, company: dict[str, list[dict[str, str]]]
) -> None:
    folders = [written(tmp_path / "0", company), tmp_path / "1", tmp_path / "2"]
    for source, target in pairwise(folders):
        with Session(engine) as session:
            import_folder(session, source, actor="lan", settings=settings)
            export_folder(session, target, settings)
    assert read(folders[2]) == read(folders[1])
    for kind, lines in company.items():
        assert {line["id"] for line in read(folders[1])[kind]} == {line["id"] for line in lines}


def test_importing_again_changes_and_logs_nothing(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    folder = written(tmp_path / "in", COMPANY)
    take_in(session, folder, settings)
    logged = count(session, LogEntry)
    take_in(session, folder, settings)
    assert jobs.read_job(session, "J-1").revision == 1
    assert count(session, LogEntry) == logged + 1
    last = session.exec(select(LogEntry).order_by(LogEntry.id.desc())).first()  # type: ignore[union-attr]
    assert last is not None
    assert (last.entity, last.after) == (
        "folder",
        {f"{kind}.csv": len(lines) for kind, lines in COMPANY.items()},
    )


def test_a_spreadsheet_with_byte_order_mark_and_semicolons_is_read(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    content = "\ufeffid;name\r\ngas;Khí đốt, gas\r\n\r\n;\r\n"
    (tmp_path / "skills.csv").write_bytes(content.encode())
    take_in(session, tmp_path, settings)
    assert session.get_one(Skill, "gas").name == "Khí đốt, gas"


# Changing what is there


def test_a_line_changes_what_has_its_id_and_leaves_the_rest(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    take_in(session, written(tmp_path / "in", COMPANY), settings)
    job = COMPANY["jobs"][0] | {"title": "Khác", "skills": "electric"}
    take_in(session, written(tmp_path / "change", {"jobs": [job]}), settings)
    changed = jobs.read_job(session, "J-1")
    assert (changed.title, changed.revision) == ("Khác", 2)
    assert [skill.skill_id for skill in changed.skills] == ["electric"]
    assert jobs.read_job(session, "J-2").revision == 1
    entry = session.exec(
        select(LogEntry).where(LogEntry.entity == "job", LogEntry.before.is_not(None))  # type: ignore[union-attr]
    ).one()
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["title"], entry.after["title"]) == ("Máy lạnh không mát", "Khác")


def test_hours_in_a_file_replace_all_hours_of_the_sites_it_names(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    take_in(session, written(tmp_path / "in", COMPANY), settings)
    new = {"weekday": "mon", "opens": "09:00", "closes": "12:00"}
    take_in(
        session,
        written(tmp_path / "other", {"opening_hours": [{"site_id": "S-2", **new}]}),
        settings,
    )
    assert count(session, OpeningHours) == 3
    take_in(
        session,
        written(tmp_path / "same", {"opening_hours": [{"site_id": "S-1", **new}]}),
        settings,
    )
    assert count(session, OpeningHours) == 2
    take_in(
        session,
        written(tmp_path / "none", {"sites": COMPANY["sites"], "opening_hours": []}),
        settings,
    )
    assert count(session, OpeningHours) == 0


def test_an_import_does_not_take_a_job_back_from_its_plan(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    folder = written(tmp_path / "in", COMPANY)
    take_in(session, folder, settings)
    session.get_one(Job, "J-1").status = JobStatus.SCHEDULED
    session.commit()
    take_in(session, folder, settings)
    assert jobs.read_job(session, "J-1").status == JobStatus.SCHEDULED


def test_a_file_that_cancels_a_job_takes_it_off_the_live_route(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    take_in(session, written(tmp_path / "in", COMPANY), settings)
    put_on_live_route(session, "J-1")
    take_in(session, written(tmp_path / "same", COMPANY), settings)
    assert session.exec(select(Stop)).one().live
    take_in(session, written(tmp_path / "off", with_job(status="cancelled")), settings)
    assert not session.exec(select(Stop)).one().live


def test_what_a_session_had_read_before_an_import_is_up_to_date_after_it(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    take_in(session, written(tmp_path / "in", COMPANY), settings)
    site = session.get_one(Site, "S-1")
    assert site.name == "Chị Lan"
    folder = written(tmp_path / "new", {"sites": [COMPANY["sites"][0] | {"name": "Cô Lan"}]})
    import_folder(session, folder, actor="lan", settings=settings)
    assert site.name == "Cô Lan"


def test_a_job_that_is_over_is_not_changed_by_a_file(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    folder = written(tmp_path / "in", COMPANY)
    take_in(session, folder, settings)
    session.get_one(Job, "J-1").status = JobStatus.COMPLETED
    session.commit()
    assert faults_of(session, folder, settings) == [("not_changeable", "jobs.csv line 2")]


def test_a_geocoded_site_keeps_its_location_until_its_address_changes(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    folder = written(tmp_path / "in", COMPANY)
    take_in(session, folder, settings)
    site = session.get_one(Site, "S-2")
    site.latitude, site.longitude, site.located_by = 21.0, 105.8, LocatedBy.GEOCODER
    session.commit()
    take_in(session, folder, settings)
    assert session.get_one(Site, "S-2").located_by == LocatedBy.GEOCODER
    moved = COMPANY["sites"][1] | {"address": "9 Láng Hạ"}
    take_in(session, written(tmp_path / "moved", {"sites": [moved]}), settings)
    assert session.get_one(Site, "S-2").latitude is None


def test_all_dates_move_such_that_the_first_window_falls_on_a_day(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    company = with_job(
        windows="2020-01-06T08:00/2020-01-06T12:00; 2020-01-07T08:00/2020-01-07T12:00",
        due_at="2020-01-08T00:00",
        pinned_start_at="",
    )
    company["absences"] = [
        COMPANY["absences"][0] | {"starts_at": "2020-01-06T00:00", "ends_at": "2020-01-07T00:00"}
    ]
    folder = written(tmp_path / "in", company)
    day = (SOON + timedelta(days=3)).date()
    take_in(session, folder, settings, move_to=day)
    job = jobs.read_job(session, "J-1")
    local = [window.starts_at.astimezone(settings.zone) for window in job.windows]
    assert [moment.date() for moment in local] == [day, day + timedelta(days=1)]
    assert local[0].hour == 8
    assert job.due_at is not None
    assert job.due_at.astimezone(settings.zone).date() == day + timedelta(days=2)
    absence = session.exec(select(Absence)).one()
    assert absence.starts_at.astimezone(settings.zone).date() == day
    held = session.get_one(TechnicianSkill, ("T-1", "gas"))
    assert held.expires_on == date(2031, 3, 31) + (day - date(2020, 1, 6))


# Faults


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
    company["van_stock"] = [{"technician_id": "T-9", "part_id": "CAP-35UF", "quantity": "x"}]
    company["working_hours"] = [COMPANY["working_hours"][0] | {"technician_id": "T-9"}]
    assert faults_of(session, written(tmp_path / "in", company), settings) == [
        ("duplicate_id", "sites.csv line 4, column id"),
        ("ends_before_it_starts", "jobs.csv line 2, column windows"),
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
        ("id,name\ngas,Khí\n".encode("utf-16"), "wrong_encoding", "skills.csv line 1"),
        (b"id,name\ngas,G\0s\n", "control_character", "skills.csv line 2"),
        (b"id,name\ngas,G\x07s\n", "control_character", "skills.csv line 2, column name"),
        (b'id,name\ngas,"Gas\nx,"y"z\n', "malformed_csv", "skills.csv line 2"),
        (b"id,name\ngas\n", "wrong_number_of_cells", "skills.csv line 2"),
        (b"id,name\ngas,Gas,2\n", "wrong_number_of_cells", "skills.csv line 2"),
        (b"id\ngas\n", "missing_column", "skills.csv line 1, column name"),
        (b"id,name,color\n", "unknown_column", "skills.csv line 1, column color"),
        (b"id,name,id\n", "duplicate_column", "skills.csv line 1, column id"),
        (b"id,name\ngas,A\ngas,B\n", "duplicate_id", "skills.csv line 3, column id"),
        (b'id,name\ngas,"A\nB"\n', "control_character", "skills.csv line 2, column name"),
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


def test_a_done_job_may_lie_in_the_past(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    company = with_job(
        status="completed", windows="2024-01-01T08:00/2024-01-01T12:00", pinned_start_at=""
    )
    take_in(session, written(tmp_path / "in", company), settings)
    assert jobs.read_job(session, "J-1").status == JobStatus.COMPLETED


def test_hundreds_of_lines_are_stored_in_few_statements(
    engine: Engine, session: Session, settings: Settings, tmp_path: Path
) -> None:
    work = [COMPANY["jobs"][0] | {"id": f"W-{number}"} for number in range(500)]
    folder = written(tmp_path / "in", COMPANY | {"jobs": work})
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    take_in(session, folder, settings)
    assert len(statements) < 100
    assert count(session, Job) == 500
