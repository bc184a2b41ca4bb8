"""The instances of each family: third-party files in a folder of the user's, or made up."""

import csv
import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from benchmarks.generate import generate
from solver.files.read import Format, read_problem
from solver.problem import Problem

FAMILIES = ("trsp", "vrptw", "hhcrsp", "generated")

PUBLISHED_COLUMN = {
    "trsp": "working_time",
    "vrptw": "distance_trunc_1_decimal",
    "hhcrsp": "total_cost",
}
"""Of ``FAMILY/published.csv``, whose other column is ``instance``."""

FORMATS: dict[str, Format] = {"trsp": "trsp", "vrptw": "vrptw", "hhcrsp": "hhcrsp"}

GENERATOR_SEED = 1


@dataclass(frozen=True, slots=True)
class Instance:
    """A problem with its name; its costs divided by ``scale`` are in the unit of its file."""

    family: str
    name: str
    problem: Problem
    scale: int
    published: float | None

    @property
    def group(self) -> str:
        """The class by Solomon's names (``R1`` of ``R101`` and of ``R1_4_3``), or ``-``."""
        named = re.match(r"(RC|R|C)[12]", self.name) if self.family != "generated" else None
        return named.group() if named else "-"


def instance_names(family: str, data: Path | None, pattern: str = "*") -> list[str]:
    """The names of a family's files in the folder that match the pattern, in order.

    Raises ``FileNotFoundError`` if there are none.
    """
    if data is None:
        raise FileNotFoundError(f"{family} instances are needed: --data FOLDER or BENCH_DATA")
    ending = _ending(family)
    names = sorted(path.stem for path in (data / family).glob(f"*{ending}"))
    chosen = [name for name in names if fnmatch(name, pattern)]
    if not chosen:
        raise FileNotFoundError(f"{data / family} has no instance {pattern}{ending}")
    return chosen


def load(family: str, name: str, data: Path | None) -> Instance:
    """Read an instance, or make it up. Raises ``InvalidProblem`` and ``OSError``."""
    if family == "generated":
        return Instance(family, name, generate(*size(name)), 1, None)
    if data is None:
        raise FileNotFoundError(f"{family} instances are needed: --data FOLDER or BENCH_DATA")
    file = read_problem(data / family / f"{name}{_ending(family)}", FORMATS[family])
    return Instance(family, name, file.problem, file.cost_scale, _published(family, name, data))


def _ending(family: str) -> str:
    return ".json" if family == "hhcrsp" else ".txt"


def size(name: str) -> tuple[int, int, int, int]:
    """Visits, technicians, seed and days of ``1000x100`` or ``1000x100x5``; one day by default.

    Raises ``ValueError``.
    """
    if not re.fullmatch(r"\d+x\d+(x\d+)?", name):
        raise ValueError(f"{name} is no size; write visits, technicians and days like 1000x100x5")
    visits, technicians, *days = (int(number) for number in name.split("x"))
    return visits, technicians, GENERATOR_SEED, days[0] if days else 1


def _published(family: str, name: str, data: Path) -> float | None:
    path = data / family / "published.csv"
    if not path.exists():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        values = {row["instance"]: row[PUBLISHED_COLUMN[family]] for row in csv.DictReader(file)}
    return float(values[name]) if values.get(name) else None
