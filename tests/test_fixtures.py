"""The demo company is what ``fixtures/README.md`` says it is."""

import csv
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from dispatch.files.folder import import_folder
from dispatch.settings import Settings

FIXTURES = Path(__file__).parents[1] / "fixtures"
HANOI = FIXTURES / "hanoi"
MONDAY = date(2026, 11, 23)
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

BOXES = {
    "Ba Đình": (21.015, 21.055, 105.800, 105.860),
    "Bắc Từ Liêm": (21.035, 21.110, 105.715, 105.805),
    "Cầu Giấy": (21.000, 21.060, 105.765, 105.815),
    "Đống Đa": (20.995, 21.035, 105.795, 105.845),
    "Hà Đông": (20.910, 21.000, 105.705, 105.805),
    "Hai Bà Trưng": (20.990, 21.025, 105.840, 105.885),
    "Hoàn Kiếm": (21.015, 21.045, 105.840, 105.870),
    "Hoàng Mai": (20.945, 21.005, 105.805, 105.910),
    "Long Biên": (20.990, 21.085, 105.840, 105.940),
    "Nam Từ Liêm": (20.975, 21.060, 105.725, 105.800),
    "Tây Hồ": (21.035, 21.105, 105.790, 105.850),
    "Thanh Xuân": (20.980, 21.010, 105.790, 105.845),
}
"""South, north, west and east of each district, rounded outwards."""

IMPOSSIBLE = {
    "Chiller trung tâm: thu hồi môi chất": "skills",
    "X-quang răng: kiểm tra phát tia": "skills",
    "Bếp công nghiệp: sửa bo và đường gas": "skills",
    "Máy xét nghiệm: sửa bo nguồn": "technicians",
    "Máy pha cà phê hai họng: cân chỉnh áp suất": "technicians",
    "Điều hòa trung tâm: chỉnh hệ VRV": "territory",
    "Hệ VRV: thay máy nén trục vít": "parts",
    "Thay hàng loạt tụ điều hòa": "parts",
    "Phòng X-quang: đo liều rò": "tools",
    "Tủ đông: sửa khi hết khách": "time_windows",
}
"""Which rule leaves nobody for the job."""

Row = dict[str, str]


def rows(file: Path) -> list[Row]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def items(cell: str) -> list[str]:
    return cell.split("; ") if cell else []


def quantities(cell: str) -> dict[str, int]:
    """``gas:2; electric`` as gas twice and electric once."""
    pairs = [item.partition(":") for item in items(cell)]
    return {name: int(number or 1) for name, _, number in pairs}


def clock(day: date, time: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{time}")


@dataclass(frozen=True)
class Company:
    """The company with one of the two sets of jobs."""

    jobs: list[Row]
    sites: dict[str, Row]
    opening_hours: list[Row]
    absences: list[Row]
    technicians: dict[str, Row]
    working_hours: dict[tuple[str, str], Row]
    van_stock: list[Row]
    depots: list[Row]
    depot_stock: list[Row]

    def windows(self, job: Row) -> list[tuple[datetime, datetime]]:
        """When the job may start; a job without windows whenever its site is open that Monday."""
        pairs = [item.split("/") for item in items(job["windows"])]
        found = [(datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in pairs]
        return found or [
            (clock(MONDAY, row["opens"]), clock(MONDAY, row["closes"]))
            for row in self.opening_hours
            if (row["site_id"], row["weekday"]) == (job["site_id"], "mon")
        ]

    def obstacle(self, job: Row) -> str | None:
        """The rule after which no technician is left for the job, tried one after the other."""
        left = list(self.technicians)
        for rule, passes in (
            ("skills", self.has_skills),
            ("technicians", self.may_come),
            ("territory", self.serves),
            ("parts", self.can_get_parts),
            ("tools", self.can_get_tools),
            ("time_windows", self.has_time),
        ):
            left = [technician for technician in left if passes(technician, job)]
            if not left:
                return rule
        return None

    def has_skills(self, technician: str, job: Row) -> bool:
        held: dict[str, int] = {}
        for item in items(self.technicians[technician]["skills"]):
            skill, _, expires_on = item.partition("@")
            if not expires_on or date.fromisoformat(expires_on) >= MONDAY:
                held |= quantities(skill)
        return all(
            held.get(skill, 0) >= level for skill, level in quantities(job["skills"]).items()
        )

    def may_come(self, technician: str, job: Row) -> bool:
        welcome = not job["allowed"] or technician in items(job["allowed"])
        return (
            welcome and technician not in items(job["forbidden"]) and not self.away(technician, job)
        )

    def away(self, technician: str, job: Row) -> bool:
        spans = [
            (datetime.fromisoformat(row["starts_at"]), datetime.fromisoformat(row["ends_at"]))
            for row in self.absences
            if row["technician_id"] == technician
        ]
        return all(
            any(leaves <= opens and closes <= returns for leaves, returns in spans)
            for opens, closes in self.windows(job)
        )

    def serves(self, technician: str, job: Row) -> bool:
        territories = items(self.technicians[technician]["territories"])
        return not territories or self.sites[job["site_id"]]["territory"] in territories

    def in_van(self, technician: str) -> dict[str, int]:
        own = [row for row in self.van_stock if row["technician_id"] == technician]
        return {row["part_id"]: int(row["quantity"]) for row in own}

    def can_get_parts(self, technician: str, job: Row) -> bool:
        """From the van and from all depots together."""
        stock = self.in_van(technician)
        for row in self.depot_stock:
            stock[row["part_id"]] = stock.get(row["part_id"], 0) + int(row["quantity"])
        return all(stock.get(part, 0) >= count for part, count in quantities(job["parts"]).items())

    def can_get_tools(self, technician: str, job: Row) -> bool:
        places = [self.technicians[technician], *self.depots]
        return set(items(job["tools"])) <= {
            tool for place in places for tool in quantities(place["tools"])
        }

    def has_all_in_van(self, technician: str, job: Row) -> bool:
        stock = self.in_van(technician)
        tools = items(self.technicians[technician]["tools"])
        parts = quantities(job["parts"]).items()
        return set(items(job["tools"])) <= set(tools) and all(
            stock.get(part, 0) >= count for part, count in parts
        )

    def has_time(self, technician: str, job: Row) -> bool:
        """Whether a shift has room for the job inside one of its windows, travel aside."""
        duration = timedelta(minutes=int(job["duration_minutes"]))
        for opens, closes in self.windows(job):
            shift = self.working_hours[technician, WEEKDAYS[opens.weekday()]]
            starts, ends = (clock(opens.date(), shift[name]) for name in ("starts", "ends"))
            overtime = timedelta(minutes=int(shift["max_overtime_minutes"]))
            first = max(opens, starts)
            if first <= closes and first + duration <= ends + overtime:
                return True
        return False


@pytest.fixture(scope="module", params=["day", "week"])
def company(request: pytest.FixtureRequest) -> Company:
    folder = HANOI / request.param
    return Company(
        jobs=rows(folder / "jobs.csv"),
        sites={row["id"]: row for row in rows(folder / "sites.csv")},
        opening_hours=rows(folder / "opening_hours.csv"),
        absences=rows(folder / "absences.csv"),
        technicians={row["id"]: row for row in rows(HANOI / "technicians.csv")},
        working_hours={
            (row["technician_id"], row["weekday"]): row for row in rows(HANOI / "working_hours.csv")
        },
        van_stock=rows(HANOI / "van_stock.csv"),
        depots=rows(HANOI / "depots.csv"),
        depot_stock=rows(HANOI / "depot_stock.csv"),
    )


def places() -> Iterator[Row]:
    """Everything that has an address."""
    for file in ("technicians.csv", "depots.csv", "day/sites.csv", "week/sites.csv"):
        yield from rows(HANOI / file)


def test_the_generator_makes_exactly_these_files(tmp_path: Path) -> None:
    script = FIXTURES / "make_hanoi.py"
    subprocess.run([sys.executable, "-B", str(script), str(tmp_path)], check=True)
    made = {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*.csv")}
    kept = {file.relative_to(HANOI): file.read_bytes() for file in HANOI.rglob("*.csv")}
    assert made == kept


def test_the_company_has_the_size_that_the_readme_says() -> None:
    files = ("technicians", "depots", "parts", "skills", "tools", "day/jobs", "week/jobs")
    counts = [len(rows(HANOI / f"{file}.csv")) for file in files]
    assert counts == [20, 3, 60, 15, 12, 120, 500]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("jobs", ["day", "week"])
def test_the_company_and_its_jobs_can_be_imported_for_any_day(
    session: Session, settings: Settings, jobs: str
) -> None:
    sunday = date(2028, 2, 27)
    import_folder(session, HANOI, actor="test", settings=settings)
    counts = import_folder(session, HANOI / jobs, actor="test", settings=settings, move_to=sunday)
    assert counts["jobs.csv"] == len(rows(HANOI / jobs / "jobs.csv"))


def test_every_place_lies_in_its_district_and_territory() -> None:
    of_territories: dict[str, str] = {}
    for place in places():
        match = re.fullmatch(r"Số \d+ .+, quận (?P<district>[^,]+), Hà Nội", place["address"])
        assert match, place["address"]
        south, north, west, east = BOXES[match["district"]]
        assert south < float(place["latitude"]) < north, place
        assert west < float(place["longitude"]) < east, place
        if "territory" in place:
            known = of_territories.setdefault(match["district"], place["territory"])
            assert place["territory"] == known
    assert of_territories.keys() == BOXES.keys()


def test_names_are_vietnamese_with_diacritics_composed() -> None:
    for file in HANOI.rglob("*.csv"):
        text = file.read_text("utf-8")
        assert unicodedata.is_normalized("NFC", text), file
    for thing in (*places(), *rows(HANOI / "parts.csv"), *rows(HANOI / "skills.csv")):
        assert not thing["name"].isascii(), thing


def test_everybody_works_every_day_of_the_week(company: Company) -> None:
    assert company.working_hours.keys() == {
        (technician, weekday) for technician in company.technicians for weekday in WEEKDAYS
    }


def test_everything_named_exists(company: Company) -> None:
    known = {
        kind: {row["id"] for row in rows(HANOI / f"{kind}.csv")}
        for kind in ("skills", "parts", "tools", "technicians")
    }
    assert {row["site_id"] for row in company.opening_hours} <= company.sites.keys()
    assert {row["part_id"] for row in company.van_stock + company.depot_stock} <= known["parts"]
    for place in (*company.technicians.values(), *company.depots):
        assert quantities(place["tools"]).keys() <= known["tools"]
    for technician in company.technicians.values():
        skills = quantities(re.sub(r"@[-0-9]+", "", technician["skills"]))
        assert skills.keys() <= known["skills"]
    for job in company.jobs:
        assert job["site_id"] in company.sites
        assert quantities(job["skills"]).keys() <= known["skills"]
        assert quantities(job["parts"]).keys() <= known["parts"]
        assert set(items(job["tools"])) <= known["tools"]
        for wish in ("preferred", "allowed", "forbidden", "pinned_technician_id"):
            assert set(items(job[wish])) <= known["technicians"]


def test_every_job_can_start_while_its_site_is_open(company: Company) -> None:
    for job in company.jobs:
        windows = company.windows(job)
        assert windows, job
        hours = [row for row in company.opening_hours if row["site_id"] == job["site_id"]]
        for opens, closes in windows:
            assert opens < closes, job
            assert 0 <= (opens.date() - MONDAY).days < 5, job
            today = [row for row in hours if row["weekday"] == WEEKDAYS[opens.weekday()]]
            assert not hours or any(
                clock(opens.date(), row["opens"]) <= closes
                and opens <= clock(opens.date(), row["closes"])
                for row in today
            ), job


def test_the_jobs_that_no_one_can_do_are_those_that_the_readme_lists(company: Company) -> None:
    found = {job["title"]: rule for job in company.jobs if (rule := company.obstacle(job))}
    wanted = dict(IMPOSSIBLE)
    if len(company.jobs) == 120:
        del wanted["Bếp công nghiệp: sửa bo và đường gas"]
        del wanted["Thay hàng loạt tụ điều hòa"]
    assert found == wanted
    readme = (FIXTURES / "README.md").read_text("utf-8")
    for job in company.jobs:
        assert (f"| {job['id']}" in readme) == (job["title"] in IMPOSSIBLE), job


def test_some_jobs_need_a_depot(company: Company) -> None:
    needy = [
        job
        for job in company.jobs
        if company.obstacle(job) is None
        and not any(
            company.has_all_in_van(technician, job)
            for technician in company.technicians
            if company.has_skills(technician, job)
            and company.may_come(technician, job)
            and company.serves(technician, job)
        )
    ]
    assert len(needy) >= 12


def test_more_than_half_of_the_jobs_use_parts(company: Company) -> None:
    assert 0.5 < sum(bool(job["parts"]) for job in company.jobs) / len(company.jobs) < 0.7


def test_both_promises_can_be_kept(company: Company) -> None:
    promised = [job for job in company.jobs if job["pinned_technician_id"]]
    assert len(promised) == 2
    for job in promised:
        able = [
            passes(job["pinned_technician_id"], job)
            for passes in (company.has_skills, company.may_come, company.serves, company.has_time)
        ]
        assert all(able)
        if job["pinned_start_at"]:
            start = datetime.fromisoformat(job["pinned_start_at"])
            assert any(opens <= start <= closes for opens, closes in company.windows(job))
