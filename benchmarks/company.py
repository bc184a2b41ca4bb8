"""A company of any size as CSV files for ``dispatch import``, drawn from a seed.

A made-up region around Hanoi, with technicians, depots, sites with machines, and jobs for one day:
about eight jobs make a technician's day. The same arguments give the same files.

    python -m benchmarks.company --technicians 50 --jobs 400 --day 2026-11-23 --output company
"""

import argparse
import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import cos, radians
from pathlib import Path

import numpy as np

from benchmarks.engines.geography import Points, Region, nearest
from benchmarks.generate import DURATION_SHARES, DURATIONS, PARTS, SCARCE_PARTS, SKILLS, TOOLS

CENTRE = (21.0285, 105.8542)
METRES_PER_DEGREE = 111_320
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PRIORITIES = ("low", "normal", "high", "urgent")
PRIORITY_SHARES = (0.1, 0.7, 0.15, 0.05)

Rows = Iterable[Sequence[object]]


@dataclass(frozen=True, slots=True)
class Company:
    """How many of what; ids are ``T001``, ``S0001``, ``J0001`` and so on."""

    technicians: int
    jobs: int
    day: date
    seed: int = 1

    def write(self, folder: Path) -> None:
        """Write the files into the folder, which is made."""
        rng = np.random.default_rng([self.seed, self.technicians, self.jobs])
        region = Region.drawn(rng, self.technicians)
        homes = region.places(rng, self.technicians, countryside=0.05)
        places = region.places(rng, self.jobs, countryside=0.1)
        crew = [self._skills(rng) for _ in range(self.technicians)]
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("skills", "parts", "tools"):
            ids = {"skills": SKILLS, "parts": (*PARTS, *SCARCE_PARTS), "tools": TOOLS}[name]
            _write(folder / f"{name}.csv", "id,name", ((code(one), one) for one in ids))
        _write(
            folder / "technicians.csv",
            "id,name,phone,address,latitude,longitude,active,territories,skills,tools",
            (
                (technician_id(row), f"Kỹ thuật viên {row + 1}", "", "nhà", *_degrees(region, home),
                 "true", "", "; ".join(f"{code(s)}:{level}" for s, level in crew[row].items()),
                 "; ".join(tool for tool in TOOLS if rng.random() < 0.75))
                for row, home in enumerate(homes)
            ),
        )  # fmt: skip
        starts = [int(rng.choice([7, 8, 8, 8, 9])) for _ in crew]
        _write(
            folder / "working_hours.csv",
            "technician_id,weekday,starts,ends,max_overtime_minutes",
            (
                (technician_id(row), day, f"{start:02}:00", f"{start + 9:02}:00", 60)
                for row, start in enumerate(starts)
                for day in WEEKDAYS
            ),
        )
        _write(
            folder / "breaks.csv",
            "technician_id,weekday,earliest,latest,minutes",
            (
                (technician_id(row), day, "11:30", "13:00", 45)
                for row in range(len(crew))
                for day in WEEKDAYS
            ),
        )
        _write(
            folder / "van_stock.csv",
            "technician_id,part_id,quantity",
            (
                (technician_id(row), code(part), int(rng.poisson(3)))
                for row in range(len(crew))
                for part in PARTS
            ),
        )
        self._write_depots(folder, region)
        _write(
            folder / "sites.csv",
            "id,name,address,latitude,longitude,territory,phone",
            (
                (site_id(row), f"Khách hàng {row + 1}", f"Số {row + 1}", *_degrees(region, place),
                 "", "")
                for row, place in enumerate(places)
            ),
        )  # fmt: skip
        near = nearest(places, homes, min(len(crew), 10))
        self._write_jobs(folder, rng, [[crew[i] for i in row.tolist()] for row in near])

    def _skills(self, rng: np.random.Generator) -> dict[str, int]:
        held = {skill: int(rng.integers(1, 4)) for skill in SKILLS if rng.random() < 0.6}
        return held or {SKILLS[int(rng.integers(len(SKILLS)))]: 2}

    def _write_depots(self, folder: Path, region: Region) -> None:
        count = min(len(region.towns), 1 + round(self.technicians**0.5 / 3))
        ids = [f"D{number + 1}" for number in range(count)]
        _write(
            folder / "depots.csv",
            "id,name,address,latitude,longitude,opens,closes,handling_minutes,tools",
            (
                (id_, f"Kho {id_}", "kho", *_degrees(region, town), "07:00", "17:00", 10,
                 "; ".join(TOOLS))
                for id_, town in zip(ids, region.towns, strict=False)
            ),
        )  # fmt: skip
        _write(
            folder / "depot_stock.csv",
            "depot_id,part_id,quantity",
            ((id_, code(part), self.jobs) for id_ in ids for part in (*PARTS, *SCARCE_PARTS)),
        )

    def _write_jobs(
        self, folder: Path, rng: np.random.Generator, near: Sequence[Sequence[dict[str, int]]]
    ) -> None:
        _write(
            folder / "jobs.csv",
            "id,site_id,title,status,hold_reason,priority,duration_minutes,due_at,told_at,windows,"
            "skills,parts,tools,preferred,allowed,forbidden,pinned_technician_id,pinned_start_at",
            (self._job(rng, row, able) for row, able in enumerate(near)),
        )

    def _job(
        self, rng: np.random.Generator, row: int, near: Sequence[dict[str, int]]
    ) -> Sequence[object]:
        able = near[int(rng.integers(len(near)))]
        skill = list(able)[int(rng.integers(len(able)))]
        shares = 1 / np.arange(1, len(PARTS) + 1)
        part = PARTS[int(rng.choice(len(PARTS), p=shares / shares.sum()))]
        if rng.random() < 0.03:
            part = SCARCE_PARTS[int(rng.integers(len(SCARCE_PARTS)))]
        opens, closes = _WINDOWS[int(rng.choice(len(_WINDOWS), p=_WINDOW_SHARES))]
        told = rng.random() < 0.3
        return (
            f"J{row + 1:04}", site_id(row), f"Bảo trì {skill}", "open", "",
            rng.choice(PRIORITIES, p=PRIORITY_SHARES), rng.choice(DURATIONS, p=DURATION_SHARES), "",
            f"{self.day}T00:01" if told else "", f"{self.day}T{opens}/{self.day}T{closes}",
            f"{code(skill)}:{int(rng.integers(1, able[skill] + 1))}",
            "" if rng.random() < 0.5 else code(part), "", "", "", "", "", "",
        )  # fmt: skip


_WINDOWS = (
    ("07:00", "17:00"),
    ("08:00", "12:00"),
    ("12:30", "16:30"),
    ("08:00", "10:00"),
    ("10:00", "12:00"),
    ("13:00", "15:00"),
    ("15:00", "17:00"),
)
_WINDOW_SHARES = (0.3, 0.2, 0.2, 0.075, 0.075, 0.075, 0.075)


def code(name: str) -> str:
    return name.replace(" ", "-")


def technician_id(row: int) -> str:
    return f"T{row + 1:03}"


def site_id(row: int) -> str:
    return f"S{row + 1:04}"


def _degrees(region: Region, place: Points) -> tuple[str, str]:
    latitude, longitude = CENTRE
    east, north = (place - region.side / 2).tolist()
    return (
        f"{latitude + north / METRES_PER_DEGREE:.6f}",
        f"{longitude + east / (METRES_PER_DEGREE * cos(radians(latitude))):.6f}",
    )


def _write(file: Path, header: str, rows: Rows) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(header.split(","))
        writer.writerows(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write one company."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.company", description=__doc__)
    parser.add_argument("--technicians", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=800)
    parser.add_argument("--day", type=date.fromisoformat, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    chosen = parser.parse_args(arguments)
    Company(chosen.technicians, chosen.jobs, chosen.day, chosen.seed).write(chosen.output)


if __name__ == "__main__":
    main()
