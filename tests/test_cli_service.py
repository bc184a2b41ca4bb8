"""The commands on the database: what they print, what they leave behind, how they end."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import icalendar
import pytest
import time_machine
from click.testing import Result
from sqlalchemy import Engine
from sqlmodel import Session, col, func, select
from typer.testing import CliRunner

from api import server
from api.cli import app
from dispatch.access import passwords
from dispatch.access.keys import key_of
from dispatch.cli import plans as cli_service
from dispatch.demo.accounts import accounts_file
from dispatch.models import (
    Account,
    Job,
    JobWindow,
    Plan,
    PlanStatus,
    Role,
    Route,
    Run,
    RunStatus,
    Stop,
    Technician,
    now,
)
from dispatch.plans.queries import change_run, is_queued
from dispatch.runs import execution, runs
from dispatch.runs.execution import execute_run
from dispatch.settings import Settings
from dispatch.store import reading
from solver.problem import Problem
from solver.solution import Solution
from solver.solve import Limit, solve
from tests.conftest import SECRET
from tests.dispatch.crew import hanoi
from tests.dispatch.waiting import until

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

COMPANY = {
    "skills.csv": "id,name\ngas,Bếp gas\n",
    "parts.csv": "id,name\nVALVE,Van gas\n",
    "sites.csv": "id,name,address,latitude,longitude,territory,phone\n"
    "S1,Cô Lan,12 Hàng Bông,21.03,105.85,centre,+84 95 000 0001\n",
    "technicians.csv": "id,name,phone,address,latitude,longitude,active,territories,skills,tools\n"
    "T1,Nguyễn Văn An,,Cầu Giấy,21.04,105.79,true,,gas,\n",
    "working_hours.csv": "technician_id,weekday,starts,ends,max_overtime_minutes\n"
    + "".join(f"T1,{day},08:00,17:00,0\n" for day in ("mon", "tue", "wed")),
    "van_stock.csv": "technician_id,part_id,quantity\nT1,VALVE,2\n",
}
JOBS = (
    "id,site_id,title,status,hold_reason,priority,duration_minutes,due_at,told_at,windows,skills,"
    "parts,tools,preferred,allowed,forbidden,pinned_technician_id,pinned_start_at\n"
    "J1,S1,Thay van,open,,normal,60,,,2027-03-01T09:00/2027-03-01T12:00,gas,VALVE,,,,,,\n"
    "J2,S1,Lò hơi,open,,high,60,,,2027-03-01T09:00/2027-03-01T12:00,gas:3,,,,,,,\n"
)


@pytest.fixture(autouse=True)
def monday_morning() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(hanoi("06:00")) as clock:
        yield clock


@pytest.fixture(autouse=True)
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DISPATCH_PLAN_SECONDS", "0.3")
    monkeypatch.setenv("DISPATCH_SECRET", SECRET)


def folder(path: Path, files: dict[str, str]) -> Path:
    path.mkdir()
    for name, text in files.items():
        (path / name).write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def company(tmp_path: Path) -> Path:
    return folder(tmp_path / "company", COMPANY)


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    return folder(tmp_path / "jobs", {"jobs.csv": JOBS})


def dispatch(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def imported(company: Path, jobs: Path) -> None:
    assert dispatch("import", company, jobs).exit_code == 0


def count(engine: Engine, table: Any) -> int:
    with Session(reading(engine)) as session:
        return session.exec(select(func.count()).select_from(table)).one()


def live_visits(engine: Engine) -> set[str | None]:
    with Session(reading(engine)) as session:
        return set(session.exec(select(Stop.job_id).where(col(Stop.live))))


# --- import and export -------------------------------------------------------------------------


def test_an_import_stores_the_folders_and_counts_their_lines(
    engine: Engine, company: Path, jobs: Path
) -> None:
    result = dispatch("import", company, jobs, "--json")

    assert (result.exit_code, result.stderr) == (0, "")
    counts = json.loads(result.stdout)
    assert counts[str(company)]["working_hours.csv"] == 3
    assert counts[str(jobs)] == {"jobs.csv": 2}
    assert (count(engine, Technician), count(engine, Job)) == (1, 2)
    assert "jobs.csv" in dispatch("import", jobs).stdout


def test_of_a_faulty_import_every_fault_is_listed_and_nothing_is_stored(
    engine: Engine, company: Path, tmp_path: Path
) -> None:
    faulty = JOBS.replace(",60,", ",-60,").replace("J1,S1", "J1,S7")

    result = dispatch("import", company, folder(tmp_path / "faulty", {"jobs.csv": faulty}))

    assert (result.exit_code, result.stdout) == (2, "")
    places = [line.partition(":")[0] for line in result.stderr.splitlines()]
    assert set(places) >= {
        "jobs.csv line 2, column duration_minutes",
        "jobs.csv line 3, column duration_minutes",
    }
    assert count(engine, Technician) == 0


def test_an_import_can_move_its_jobs_to_today(
    engine: Engine, company: Path, jobs: Path, monday_morning: time_machine.Traveller
) -> None:
    monday_morning.move_to(hanoi("06:00", date(2028, 2, 29)))
    assert dispatch("import", company, jobs).exit_code == 2

    assert dispatch("import", company, jobs, "--move-to", "today").exit_code == 0

    with Session(reading(engine)) as session:
        assert {moment.date() for moment in session.exec(select(JobWindow.starts_at))} == {
            date(2028, 2, 29)
        }


@pytest.mark.parametrize("day", ["tomorrow-ish", "2027-02-30", "23.11.2026", "0001-01-01"])
def test_a_day_that_is_none_is_refused(jobs: Path, day: str) -> None:
    result = dispatch("import", jobs, "--move-to", day)

    assert result.exit_code == 2
    assert "--move-to" in result.stderr


@pytest.mark.usefixtures("imported")
def test_what_was_exported_can_be_imported_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, monday_morning: time_machine.Traveller
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert json.loads(dispatch("export", first, "--json").stdout)["jobs.csv"] == 2
    monday_morning.move_to(hanoi("06:00", date(2028, 2, 29)))
    monkeypatch.setenv("DISPATCH_DATABASE_URL", f"sqlite:///{tmp_path / 'copy.db'}")

    assert dispatch("import", first).exit_code == 2
    assert dispatch("import", first, "--allow-past").exit_code == 0
    assert dispatch("export", second).exit_code == 0

    for file in first.iterdir():
        assert (second / file.name).read_bytes() == file.read_bytes()


@pytest.mark.usefixtures("imported")
def test_an_export_to_where_nothing_can_be_written_fails_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    result = dispatch("export", file)

    assert result.exit_code == 1
    assert "choose another folder" in result.stderr


# --- plan --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("imported")
def test_a_plan_is_a_draft_unless_it_is_to_be_published(engine: Engine) -> None:
    draft = dispatch("plan")
    assert (draft.exit_code, live_visits(engine)) == (0, set())
    assert "Plan 1, draft: 1 job on 1 route · 1 unassigned" in draft.stdout

    published = dispatch("plan", "--publish")
    assert (published.exit_code, live_visits(engine)) == (0, {"J1"})
    assert "Plan 2, published as version 1" in published.stdout


@pytest.mark.usefixtures("imported")
def test_a_plan_is_shown_with_routes_reasons_and_costs_and_progress_apart() -> None:
    result = dispatch("plan")

    assert "Nguyễn Văn An" in result.stdout
    assert "needs skill gas at level 3" in result.stdout
    assert "working time" in result.stdout
    assert "Planning 2027-03-01 to 2027-03-01: " in result.stderr


@pytest.mark.usefixtures("imported")
def test_a_plan_as_json_comes_alone() -> None:
    result = dispatch("plan", "--to", "2027-03-03", "--seconds", 0.2, "--json")

    plan = json.loads(result.stdout)
    assert (plan["starts_on"], plan["ends_on"]) == ("2027-03-01", "2027-03-03")
    assert [job["job_id"] for job in plan["unassigned"]] == ["J2"]


@pytest.mark.usefixtures("imported")
def test_every_fault_of_what_is_to_be_planned_is_listed(engine: Engine) -> None:
    result = dispatch("plan", "--from", "2026-12-01", "--to", "2026-12-31", "--territory", "moon")

    assert (result.exit_code, result.stdout) == (2, "")
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == [
        "ends_on",
        "territory",
    ]
    assert count(engine, Run) == 0
    assert dispatch("plan", "--seconds", "-1").exit_code == 2


@pytest.mark.usefixtures("imported")
def test_a_run_that_fails_says_why_and_ends_with_1(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object, **__: object) -> Solution:
        raise MemoryError("no room")

    monkeypatch.setattr(execution, "solve", break_off)

    result = dispatch("plan")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "no room" in result.stderr
    assert count(engine, Plan) == 0


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(("options", "status"), [([], 0), (["--publish"], 1)])
def test_ctrl_c_keeps_the_best_plan_so_far_as_a_draft(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, options: list[str], status: int
) -> None:
    usual = signal.getsignal(signal.SIGINT)

    def solve_until_cancelled(problem: Problem, *_: object, **given: Any) -> Solution:
        signal.raise_signal(signal.SIGINT)
        until(given["cancelled"])
        return solve(problem, Limit(iterations=1))

    monkeypatch.setattr(execution, "solve", solve_until_cancelled)
    monkeypatch.setattr(execution, "HEARTBEAT_SECONDS", 0.02)

    result = dispatch("plan", *options, "--seconds", 60)

    assert result.exit_code == status
    with Session(reading(engine)) as session:
        assert session.exec(select(Run.status)).one() == RunStatus.CANCELLED
        assert session.exec(select(Plan.status)).one() == PlanStatus.DRAFT
    assert signal.getsignal(signal.SIGINT) is usual


@pytest.mark.usefixtures("imported")
def test_a_run_that_a_service_was_faster_to_take_up_is_followed(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    def look(session: Session, run_id: str) -> runs.RunOut:
        nonlocal looks
        looks += 1
        if looks == 3:
            with Session(engine) as other:
                change_run(other, run_id, col(Run.owner) == "a service", status=RunStatus.QUEUED)
                other.commit()
            execute_run(settings.database_url, run_id, settings)
        return read_run(session, run_id)

    def take_up(url: str, run_id: str, settings: Settings) -> None:
        with Session(engine) as session:
            change_run(session, run_id, is_queued(), status=RunStatus.RUNNING, owner="a service")
            session.commit()

    read_run = runs.read_run
    monkeypatch.setattr(runs, "read_run", look)
    monkeypatch.setattr(execution, "execute_run", take_up)
    monkeypatch.setattr(cli_service, "LOOK_EVERY_SECONDS", 0.01)

    result = dispatch("plan", "--publish")

    assert (result.exit_code, looks) == (0, 3)
    assert live_visits(engine) == {"J1"}


# --- route -------------------------------------------------------------------------------------


@pytest.fixture
def planned(imported: None) -> None:
    assert dispatch("plan", "--publish").exit_code == 0


@pytest.mark.usefixtures("planned")
def test_a_route_tells_what_to_do_where_and_with_what() -> None:
    result = dispatch("route", "T1")

    assert result.exit_code == 0
    for text in ("Monday 01 March 2027", "To load: 1 × Van gas", "Thay van", "Cô Lan", "J1"):
        assert text in result.stdout
    assert "Nothing is planned" in dispatch("route", "T1", "--date", "2027-03-02").stdout


@pytest.mark.usefixtures("planned")
def test_a_route_comes_as_json_calendar_and_map() -> None:
    route = json.loads(dispatch("route", "T1", "--json").stdout)
    assert route["routes"][0]["stops"][0]["job_id"] == "J1"

    calendar = dispatch("route", "T1", "--ics").stdout_bytes
    [event] = icalendar.Calendar.from_ical(calendar).walk("VEVENT")
    assert event["SUMMARY"] == "Thay van – Cô Lan"

    geojson = json.loads(dispatch("route", "T1", "--geojson").stdout)
    assert geojson["type"] == "FeatureCollection"

    assert dispatch("route", "T1", "--ics", "--json").exit_code == 2


@pytest.mark.usefixtures("imported")
def test_an_unknown_technician_has_no_route() -> None:
    result = dispatch("route", "T99")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("technician T99: there is no such technician")


# --- settings and databases --------------------------------------------------------------------


def test_every_wrong_setting_is_listed_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_SPEED_KMH", "-3")
    monkeypatch.setenv("DISPATCH_TIME_ZONE", "Hanoi/Mars")

    for command in (["plan"], ["route", "T1"], ["import", "x"], ["export", "x"], ["serve"]):
        result = dispatch(*command)
        assert (result.exit_code, result.stdout) == (2, "")
        names = [line.partition(":")[0] for line in result.stderr.splitlines()]
        assert names == ["DISPATCH_TIME_ZONE", "DISPATCH_SPEED_KMH"]

    monkeypatch.setenv("DISPATCH_WEIGHTS", "overtime=4")
    assert dispatch("plan").exit_code == 2


def test_a_missing_database_is_not_made_by_commands_that_need_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "none.db"
    monkeypatch.setenv("DISPATCH_DATABASE_URL", f"sqlite:///{file}")

    for command in (["plan"], ["route", "T1"], ["export", tmp_path / "out"]):
        result = dispatch(*command)
        assert result.exit_code == 2
        assert "dispatch import" in result.stderr
    assert not file.exists()
    assert not (tmp_path / "out").exists()


def test_a_database_of_an_unknown_kind_is_refused_and_an_absent_one_is_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for url in ("mysql://root@localhost/x", "nonsense", "sqlite:///:memory:"):
        monkeypatch.setenv("DISPATCH_DATABASE_URL", url)
        result = dispatch("plan")
        assert result.exit_code == 2
        assert result.stderr.startswith("DISPATCH_DATABASE_URL: ")

    monkeypatch.setenv("DISPATCH_DATABASE_URL", "postgresql+psycopg://u:secret@127.0.0.1:1/x")
    result = dispatch("plan")
    assert result.exit_code == 1
    assert "127.0.0.1:1" in result.stderr
    assert "secret" not in result.stderr


# --- serve and demo ----------------------------------------------------------------------------


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What would have been served, and where."""
    calls: list[Any] = []
    monkeypatch.setattr(
        server, "run", lambda service, host, port: calls.append((service.title, host, port))
    )
    usual = signal.getsignal(signal.SIGTERM)
    yield calls
    signal.signal(signal.SIGTERM, usual)


def test_a_port_that_is_taken_is_a_failure(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-c", "from api.cli import app; app()", "serve"]
        done = subprocess.run(
            [*command, "--port", str(port)], capture_output=True, text=True, timeout=60
        )

    assert done.returncode == 1
    assert "address already in use" in done.stderr


@pytest.mark.parametrize("clock", ["00:30", "06:00", "23:30"])
def test_the_demo_plans_the_whole_of_today_at_any_hour(
    engine: Engine,
    company: Path,
    jobs: Path,
    served: list[Any],
    monday_morning: time_machine.Traveller,
    clock: str,
) -> None:
    today = date(2027, 9, 7)
    monday_morning.move_to(hanoi(clock, today))

    result = dispatch("demo", company, jobs, "--port", 8123)

    assert result.exit_code == 0
    assert "1 route is in force for today, 2027-09-07" in result.stdout
    assert "http://127.0.0.1:8123/ and" in result.stdout
    assert "http://127.0.0.1:8123/my-day" in result.stdout
    assert served == [("Field service dispatch", "127.0.0.1", 8123)]
    with Session(reading(engine)) as session:
        assert session.exec(select(Route.day).where(col(Route.live))).all() == [today]


def test_a_second_demo_keeps_the_data_and_plans_nothing(
    engine: Engine,
    company: Path,
    jobs: Path,
    served: list[Any],
    monday_morning: time_machine.Traveller,
) -> None:
    assert dispatch("demo", company, jobs).exit_code == 0
    (jobs / "jobs.csv").unlink()

    again = dispatch("demo", company, jobs)
    assert "1 route is in force for today, 2027-03-01" in again.stdout

    monday_morning.move_to(hanoi("06:00", date(2027, 3, 2)))
    next_day = dispatch("demo", company, jobs)
    assert "nothing is planned for today, 2027-03-02" in next_day.stdout

    assert len(served) == 3
    assert (count(engine, Run), count(engine, Plan)) == (1, 1)


# --- accounts, keys, the secret ----------------------------------------------------------------


def add_account(*arguments: str, password: str = "bốn chiếc thuyền giấy\n") -> Result:
    return CliRunner().invoke(app, ["account", "add", *arguments], input=password)


def accounts(engine: Engine) -> dict[str, Account]:
    with Session(reading(engine), expire_on_commit=False) as session:
        return {account.id: account for account in session.exec(select(Account))}


def test_the_first_administrator_is_made_here_with_a_password_from_standard_input(
    engine: Engine,
) -> None:
    result = add_account("Lan", "--role", "administrator", "--name", "Nguyễn Thị Lan")

    assert (result.exit_code, result.stderr) == (0, "")
    lan = accounts(engine)["lan"]
    assert (lan.name, lan.role) == ("Nguyễn Thị Lan", Role.ADMINISTRATOR)
    assert passwords.matches("bốn chiếc thuyền giấy", lan.password_hash)
    assert add_account("lan", "--role", "dispatcher").exit_code == 1


def test_an_account_that_makes_no_sense_is_refused(engine: Engine) -> None:
    for arguments in (
        ["lan", "--role", "boss"],
        ["lan", "--role", "integration"],
        ["lan", "--role", "technician"],
        ["lan", "--role", "technician", "--technician", "T404"],
        ["scheduler", "--role", "dispatcher"],
        ["two words", "--role", "dispatcher"],
    ):
        assert add_account(*arguments).exit_code == 2, arguments
    for weak in ("", "short", "password-1234", "aaaaaaaaaaaaaaaa", "a\tb\tc-d-e-f-g-h-i"):
        assert add_account("lan", "--role", "dispatcher", password=weak).exit_code == 2, weak
    assert accounts(engine) == {}


def test_a_forgotten_password_is_replaced(engine: Engine) -> None:
    add_account("lan", "--role", "administrator")
    result = CliRunner().invoke(app, ["account", "password", "lan"], input="một con trâu xanh lá\n")

    assert result.exit_code == 0
    assert passwords.matches("một con trâu xanh lá", accounts(engine)["lan"].password_hash)
    assert accounts(engine)["lan"].revision == 2
    nobody = CliRunner().invoke(app, ["account", "password", "mai"], input="một con trâu xanh\n")
    assert nobody.exit_code == 2


def test_a_key_is_printed_alone_on_standard_output(engine: Engine) -> None:
    result = dispatch("key", "add", "ThingsBoard")

    with Session(reading(engine)) as session:
        row = key_of(session, result.stdout.strip(), now())
    assert row is not None
    assert (row.name, row.role) == ("ThingsBoard", Role.INTEGRATION)
    assert dispatch("key", "add", "x", "--role", "technician").exit_code == 2


@pytest.mark.parametrize(
    "secret",
    [
        None,
        "",
        "tooeasy",
        "x" * 64,
        "abcdefg0" * 8,
        "change-me-change-me-change-me-change-me",
        "this-is-our-secret-for-production",
    ],
)
def test_the_service_does_not_start_without_a_strong_secret(
    secret: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: list[Any]
) -> None:
    file = tmp_path / "none.db"
    monkeypatch.setenv("DISPATCH_DATABASE_URL", f"sqlite:///{file}")
    monkeypatch.delenv("DISPATCH_SECRET")
    if secret is not None:
        monkeypatch.setenv("DISPATCH_SECRET", secret)

    result = dispatch("serve")

    assert (result.exit_code, result.stdout, served) == (2, "", [])
    assert result.stderr.startswith("DISPATCH_SECRET: ")
    assert "openssl rand" in result.stderr
    assert not secret or secret not in result.stderr
    assert not file.exists()


def test_a_service_without_accounts_says_how_to_make_one(served: list[Any]) -> None:
    assert "dispatch account add" in dispatch("serve").stderr
    add_account("lan", "--role", "administrator")
    assert "dispatch account add" not in dispatch("serve").stderr
    assert len(served) == 2


def test_the_demo_shows_the_same_accounts_at_each_start_and_keeps_them_to_its_owner(
    engine: Engine,
    settings: Settings,
    company: Path,
    jobs: Path,
    served: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DISPATCH_SECRET")
    first, second = dispatch("demo", company, jobs), dispatch("demo", company, jobs)

    shown = dict(re.findall(r"^  (\S+) +(\S+)$", first.stdout, re.MULTILINE))
    assert shown == dict(re.findall(r"^  (\S+) +(\S+)$", second.stdout, re.MULTILINE))
    found = accounts(engine)
    assert {name: (one.role, one.technician_id) for name, one in found.items()} == {
        "administrator": (Role.ADMINISTRATOR, None),
        "dispatcher": (Role.DISPATCHER, None),
        "t1": (Role.TECHNICIAN, "T1"),
    }
    assert all(passwords.matches(shown[name], one.password_hash) for name, one in found.items())
    with Session(reading(engine)) as session:
        key = key_of(session, shown["(alerts)"], now())
    assert key is not None
    assert key.role == Role.INTEGRATION
    file = accounts_file(settings)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().count("\nsecret ") == 1

    file.unlink()
    dispatch("demo", company, jobs)
    assert not passwords.matches(shown["t1"], accounts(engine)["t1"].password_hash)


# --- help --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        *("serve", "import", "export", "plan", "route", "demo", "solve", "check"),
        *("account add", "account password", "key add"),
    ],
)
def test_the_help_of_every_command_has_examples_and_exit_codes(command: str) -> None:
    result = dispatch(*command.split(), "--help")

    assert result.exit_code == 0
    assert f"dispatch {command}" in result.stdout.partition("Example")[2]
    assert "Exit status: " in result.stdout
