"""A tiny company as a folder of CSV files."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, SQLModel, select

from dispatch.files.folder import import_folder
from dispatch.files.sheets import SHEETS
from dispatch.settings import Settings
from tests.dispatch.companies import SOON

DAY = SOON.date().isoformat()
COLUMNS = {sheet.file.removesuffix(".csv"): list(sheet.cells) for sheet in SHEETS}
PLACE = {"address": "12 Hàng Bông", "latitude": "21.03", "longitude": "105.84"}
COMPANY: dict[str, list[dict[str, str]]] = {
    "skills": [{"id": "electric", "name": "Điện"}, {"id": "gas", "name": "Gas"}],
    "parts": [{"id": "CAP-35UF", "name": "Tụ điện 35 µF"}],
    "tools": [{"id": "LADDER", "name": "Thang"}],
    "sites": [
        {
            "id": "S-1",
            "name": "Chị Lan",
            "territory": "west",
            "phone": "+84 95 000 0001",
            "access_minutes": "12",
            **PLACE,
        },
        {"id": "S-2", "name": "=SUM(A1:A9)", "address": "''-@ ngõ 5", "access_minutes": "0"},
    ],
    "opening_hours": [
        {"site_id": "S-1", "weekday": "mon", "opens": "08:00", "closes": "12:00"},
        {"site_id": "S-1", "weekday": "mon", "opens": "13:30", "closes": "17:00"},
    ],
    "assets": [{"id": "A-1", "site_id": "S-1", "name": "Kho lạnh", "serial_number": "7"}],
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
            "pace_percent": "85",
            "max_visits": "8",
            "max_travel_minutes": "240",
            "max_distance_km": "150",
            "cost_per_hour": "95000",
            "cost_per_km": "2500",
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
    "job_links": [
        {
            "id": "L-1",
            "kind": "after",
            "job_ids": "J-2; J-1",
            "least_minutes": "-30",
            "most_minutes": "2880",
            "person": "different",
        },
        {"id": "L-2", "kind": "apart", "job_ids": "J-1; J-2", "by": "day"},
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


def count(session: Session, table: type[SQLModel]) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def with_job(**cells: str) -> dict[str, list[dict[str, str]]]:
    """The company with another first job, and no others."""
    return COMPANY | {"jobs": [COMPANY["jobs"][0] | cells], "job_links": []}
