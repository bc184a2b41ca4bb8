"""Folders of CSV files go in whole or not at all, and come out as they went in."""

import csv
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlmodel import Session, select

from dispatch.company.technicians import HOW_THEY_WORK
from dispatch.files.folder import export_folder, import_folder
from dispatch.jobs import jobs
from dispatch.models import (
    Absence,
    DepotTool,
    Job,
    JobStatus,
    LocatedBy,
    LogEntry,
    OpeningHours,
    Placement,
    PlacementStatus,
    Site,
    Skill,
    Stop,
    Technician,
    TechnicianSkill,
)
from dispatch.settings import Settings
from dispatch.texts import cleaned
from tests.dispatch.companies import SOON, put_on_live_route
from tests.dispatch.folders import COLUMNS, COMPANY, count, read, take_in, with_job, written

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
).filter(cleaned)
nasty = st.sampled_from(
    ["=1+1", "+84", "-x", "@a", "'=x", "''", "'", 'a"b', "a,b", "a;b", "ế", "ế"]
)
codes = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,7}", fullmatch=True)
coordinates = st.tuples(
    st.floats(min_value=8.0, max_value=23.5), st.floats(min_value=102.0, max_value=110.0)
)


limits = st.fixed_dictionaries(
    {},
    optional={
        "max_visits": st.integers(1, 1_000).map(str),
        "max_travel_minutes": st.integers(1, 1440).map(str),
        "max_distance_km": st.integers(1, 10_000).map(str),
        "cost_per_hour": st.integers(0, 100_000_000).map(str),
        "cost_per_km": st.integers(0, 1_000_000).map(str),
    },
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
            "pace_percent": str(draw(st.integers(10, 1000))),
        }
        | draw(limits)
        for entry in catalogue()
    ]
    sites = [
        entry
        | (place() if draw(st.booleans()) else {"address": "?"})
        | {"access_minutes": str(draw(st.integers(0, 1440)))}
        for entry in catalogue()
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


def test_the_numbers_of_a_depots_tools_come_out_as_they_went_in(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    tools = [{"id": id_, "name": id_} for id_ in ("crane", "osc", "winch")]
    depot = COMPANY["depots"][0] | {"tools": "winch; osc:2; crane:0"}
    take_in(session, written(tmp_path / "in", {"tools": tools, "depots": [depot]}), settings)

    def stored() -> dict[str, int]:
        session.expire_all()
        return {row.tool_id: row.number for row in session.exec(select(DepotTool))}

    assert stored() == {"crane": 0, "osc": 2, "winch": 1}
    export_folder(session, tmp_path / "out", settings)
    [out] = read(tmp_path / "out")["depots"]
    assert out["tools"] == "crane:0; osc:2; winch"
    depot["tools"] = "osc:3; winch:1"
    take_in(session, written(tmp_path / "in", {"depots": [depot]}), settings)
    assert stored() == {"osc": 3, "winch": 1}


def test_a_file_of_before_depots_had_numbers_of_tools_says_that_there_is_one_of_each(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    known = {kind: COMPANY[kind] for kind in ("tools", "depots")}
    assert known["depots"][0]["tools"] == "LADDER"
    take_in(session, written(tmp_path / "in", known), settings)
    assert session.get_one(DepotTool, ("K-1", "LADDER")).number == 1
    export_folder(session, tmp_path / "out", settings)
    assert read(tmp_path / "out")["depots"] == known["depots"]


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


def without_column(folder: Path, name: str, *columns: str) -> Path:
    """A folder with this file of another one, as it was before there were these columns."""
    lines = [
        {column: cell for column, cell in line.items() if column not in columns}
        for line in read(folder)[name]
    ]
    header = [column for column in COLUMNS[name] if column not in columns]
    older = folder.with_name("older")
    older.mkdir(exist_ok=True)
    with (older / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="")
        writer.writeheader()
        writer.writerows(lines)
    return older


def test_a_file_of_before_there_was_access_is_read_and_changes_none(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    folder = written(tmp_path / "in", {"sites": COMPANY["sites"]})
    older = without_column(folder, "sites", "access_minutes")
    take_in(session, older, settings)
    assert session.get_one(Site, "S-1").access_minutes == 0
    take_in(session, folder, settings)
    take_in(session, older, settings)
    assert session.get_one(Site, "S-1").access_minutes == 12
    site = COMPANY["sites"][0] | {"access_minutes": "", "name": "Cô Lan"}
    take_in(session, written(tmp_path / "empty", {"sites": [site]}), settings)
    session.expire_all()
    stored = session.get_one(Site, "S-1")
    assert (stored.name, stored.access_minutes) == ("Cô Lan", 0)


def test_a_file_of_before_there_were_paces_limits_and_rates_is_read_and_changes_none(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    known = {kind: COMPANY[kind] for kind in ("skills", "tools", "technicians")}
    folder = written(tmp_path / "in", known)
    take_in(session, folder, settings)
    take_in(session, without_column(folder, "technicians", *HOW_THEY_WORK), settings)

    def stored() -> list[int | None]:
        session.expire_all()
        return [getattr(session.get_one(Technician, "T-1"), column) for column in HOW_THEY_WORK]

    assert stored() == [85, 8, 240, 150, 95_000, 2_500]
    emptied = COMPANY["technicians"][0] | dict.fromkeys(HOW_THEY_WORK, "")
    take_in(session, written(tmp_path / "empty", {"technicians": [emptied]}), settings)
    assert stored() == [100, None, None, None, None, None]


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


@pytest.mark.parametrize("said", [JobStatus.SCHEDULED, JobStatus.DISPATCHED])
def test_a_job_that_no_plan_has_is_open_whatever_its_line_says(
    session: Session, settings: Settings, tmp_path: Path, said: JobStatus
) -> None:
    take_in(session, written(tmp_path / "new", with_job(status=said)), settings)
    assert jobs.read_job(session, "J-1").status == JobStatus.OPEN
    held = with_job(status="on_hold", hold_reason="chờ")
    take_in(session, written(tmp_path / "held", held), settings)
    take_in(session, written(tmp_path / "again", with_job(status=said)), settings)
    assert jobs.read_job(session, "J-1").status == JobStatus.OPEN


def asked(session: Session) -> list[tuple[str, str]]:
    """The wishes for a place that wait, and why; they are settled then."""
    rows = session.exec(select(Placement).where(Placement.status == PlacementStatus.WAITING)).all()
    found = [(row.job_id, row.trigger) for row in rows]
    for row in rows:
        row.status = PlacementStatus.NO_PLACE
    session.commit()
    return found


def test_a_job_from_a_file_that_cannot_wait_is_to_get_a_place_at_once(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    take_in(session, written(tmp_path / "high", COMPANY), settings)
    assert asked(session) == []
    take_in(session, written(tmp_path / "urgent", with_job(priority="urgent")), settings)
    assert asked(session) == [("J-1", "changed_job")]
    title = with_job(priority="urgent", title="Khác")
    take_in(session, written(tmp_path / "title", title), settings)
    assert asked(session) == []
    held = with_job(id="J-3", priority="emergency", status="on_hold", hold_reason="chờ")
    take_in(session, written(tmp_path / "held", held), settings)
    assert asked(session) == []
    take_in(session, written(tmp_path / "new", with_job(id="J-4", priority="emergency")), settings)
    assert asked(session) == [("J-4", "new_job")]
    put_on_live_route(session, "J-1")
    longer = with_job(priority="urgent", title="Khác", duration_minutes="70")
    take_in(session, written(tmp_path / "longer", longer), settings)
    assert asked(session) == []


def test_an_urgent_job_is_looked_at_again_when_a_file_says_where_its_site_is(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    nowhere = COMPANY["sites"][0] | {"latitude": "", "longitude": ""}
    start = with_job(priority="urgent") | {"sites": [nowhere, *COMPANY["sites"][1:]]}
    take_in(session, written(tmp_path / "in", start), settings)
    asked(session)
    renamed = {"sites": [nowhere | {"name": "Cô Lan"}]}
    take_in(session, written(tmp_path / "renamed", renamed), settings)
    assert asked(session) == []
    take_in(session, written(tmp_path / "there", {"sites": [COMPANY["sites"][0]]}), settings)
    assert asked(session) == [("J-1", "changed_site")]


def test_what_is_moved_to_be_planned_as_a_whole_is_not_placed_one_by_one(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    folder = written(tmp_path / "in", with_job(priority="urgent"))
    take_in(session, folder, settings, move_to=SOON.date())
    assert asked(session) == []


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


def test_hundreds_of_lines_are_stored_in_few_statements(
    engine: Engine, session: Session, settings: Settings, tmp_path: Path
) -> None:
    work = [COMPANY["jobs"][0] | {"id": f"W-{number}"} for number in range(500)]
    folder = written(tmp_path / "in", COMPANY | {"jobs": work, "job_links": []})
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    take_in(session, folder, settings)
    assert len(statements) < 120
    assert count(session, Job) == 500
