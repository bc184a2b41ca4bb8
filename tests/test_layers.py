"""The arrows between the layers hold: api -> dispatch -> solver, and nothing the other way."""

import ast
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PURE = {"llvmlite", "numba", "numpy", "ortools", "solver"} | sys.stdlib_module_names

MOST_LINES = 450

ROOMS: dict[str, dict[str, set[str]]] = {
    "solver": {
        "rules": set(),
        "judge": set(),
        "files": set(),
        "kernel": {"rules"},
        "timing": {"kernel", "rules"},
        "search": {"kernel", "timing"},
        "draft": {"kernel", "rules", "timing"},
        "explain": {"draft", "rules", "timing"},
        "ortools": {"draft", "judge", "rules", "timing"},
    },
    "dispatch": {
        "access": set(),
        "events": {"access"},
        "planning": {"events"},
        "plans": {"planning"},
        "parts": {"planning"},
        "jobs": {"parts", "planning", "plans"},
        "attachments": {"jobs"},
        # A site that is elsewhere now has its jobs placed anew, so that it stands above them.
        "company": {"jobs", "plans"},
        "views": {"company", "jobs", "planning", "plans"},
        "push": {"company", "events", "plans", "views"},
        "placing": {"company", "events", "jobs", "planning", "plans"},
        "alerts": {"company", "jobs"},
        "files": {"company", "jobs", "parts", "planning", "plans"},
        "by_hand": {"company", "jobs", "placing", "planning", "plans"},
        "settling": {"by_hand", "jobs", "placing", "planning", "plans"},
        "runs": {"planning", "plans", "views"},
        "solving": set(),
        "field": {"company", "jobs", "parts", "placing", "planning", "plans", "views"},
        "service": {
            "alerts",
            "attachments",
            "company",
            "events",
            "field",
            "planning",
            "plans",
            "push",
            "runs",
            "settling",
        },
        "demo": {"access", "alerts", "company", "files", "runs"},
        "cli": {"access", "files", "plans", "runs", "service", "views"},
    },
    "api": {"http": set(), "routes": {"http"}},
}
"""The rooms of each package from the ground up, and the arrows between them, no others."""
GROUND: dict[str, set[str]] = {
    "solver": {
        "faults", "links", "objective", "pace", "problem", "solution", "travel", "wording",
    },
    "dispatch": {
        "calendar_texts", "checklists", "coordinates", "cores", "database_files", "engines",
        "errors", "fork_server", "input_faults", "intake", "local_time", "log", "migrations",
        "models", "output", "paging", "processes", "references", "register", "search_texts",
        "settings", "store", "texts", "turns", "weakness",
    },
    "api": set(),
}  # fmt: skip
"""What is in no room: all may stand on it, and it knows of none."""
ROOF: dict[str, set[str]] = {
    "solver": {"solve", "start"},
    "dispatch": set(),
    "api": {"app", "cli", "pages", "server"},
}
"""What is in no room, and stands on all of them."""


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file, by its full name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).with_suffix("").parts[: -node.level or None]
            base = ".".join([*package, node.module or ""] if node.level else [node.module or ""])
            yield from (f"{base.strip('.')}.{name.name}" for name in node.names)


def imported_by(folder: str) -> set[tuple[str, str]]:
    """File and imported module, for every import in a folder."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    assert paths
    return {(str(path.relative_to(ROOT)), name) for path in paths for name in imports(path)}


def of(package: str, name: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def test_the_solver_imports_nothing_but_numbers_and_itself() -> None:
    strangers = {
        (path, name) for path, name in imported_by("solver") if name.split(".")[0] not in PURE
    }

    assert not strangers


def test_only_one_file_knows_how_compiled_code_is_made() -> None:
    """llvmlite is numba's own code generator."""
    users = {path for path, name in imported_by("solver") if of("llvmlite", name)}

    assert users == {"solver/kernel/views.py"}


def test_the_solver_knows_no_clock_no_network_and_no_database() -> None:
    banned = ("datetime", "zoneinfo", "sqlite3", "socket", "http", "urllib", "asyncio", "logging")
    uses = {
        (path, name)
        for path, name in imported_by("solver")
        if any(of(module, name) for module in banned)
    }

    assert not uses


def test_the_domain_knows_no_http() -> None:
    banned = ("api", "fastapi", "starlette")
    uses = {
        (path, name)
        for path, name in imported_by("dispatch")
        if any(of(module, name) for module in banned)
    }

    assert not uses


@pytest.mark.parametrize("package", ROOMS)
def test_arrows_between_rooms_are_those_of_the_table(package: str) -> None:
    found: dict[str, set[str]] = {room: set() for room in ROOMS[package]}
    upward = set()
    for path, name in imported_by(package):
        own = Path(path).with_suffix("").parts[1]
        imported = name.split(".")[1] if name.startswith(f"{package}.") else own
        if own in found and imported in found and imported != own:
            found[own].add(imported)
        elif (own in GROUND[package] and imported in found) or (
            own not in ROOF[package] and imported in ROOF[package]
        ):
            upward.add((path, name))

    assert found == ROOMS[package]
    assert not upward


@pytest.mark.parametrize("package", ROOMS)
def test_rooms_stand_on_those_before_them(package: str) -> None:
    order = list(ROOMS[package])
    upward = {
        (room, imported)
        for room, arrows in ROOMS[package].items()
        for imported in arrows
        if order.index(imported) >= order.index(room)
    }

    assert not upward


@pytest.mark.parametrize("package", ROOMS)
def test_every_module_has_its_room(package: str) -> None:
    folders = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    modules = {path.stem for path in (ROOT / package).glob("*.py")} - {"__init__"}

    assert folders | modules == set(ROOMS[package]) | GROUND[package] | ROOF[package]


def test_no_module_is_longer_than_can_be_kept_in_mind() -> None:
    """Migrations aside, which are read once."""
    files = [file for package in ROOMS for file in (ROOT / package).rglob("*.py")]
    lines = {file: file.read_text("utf-8").count("\n") for file in files}
    long = {str(file.relative_to(ROOT)) for file, many in lines.items() if many > MOST_LINES}
    assert {file for file in long if "/migrations/" not in file} == set()


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Not even for its types, or when a function runs."""
    paths = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for package in ROOMS
        for path in (ROOT / package).rglob("*.py")
        if path.name != "__init__.py"
    }
    arrows = {
        module: {
            imported
            for name in imports(path)
            for imported in (name, name.rpartition(".")[0])
            if imported in paths
        }
        for module, path in paths.items()
    }

    TopologicalSorter(arrows).prepare()  # raises CycleError, which has the circle


def test_plans_get_in_through_one_door() -> None:
    """Only there are they made, and only there is it said which routes are in force."""
    makers = set()
    for path in sorted((ROOT / "dispatch").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            made = isinstance(node, ast.Call) and ast.unparse(node.func) in ("Plan", "models.Plan")
            moved = isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Attribute)
                and target.attr == "live"
                and ast.unparse(target.value) != "self"
                for target in node.targets
            )
            if made or moved:
                makers.add(str(path.relative_to(ROOT)))

    assert makers == {"dispatch/plans/versions.py"}


def test_nobody_imports_the_fixtures_or_the_tests() -> None:
    for folder in ("api", "dispatch", "solver"):
        uses = {
            (path, name)
            for path, name in imported_by(folder)
            if of("fixtures", name) or of("tests", name)
        }
        assert not uses


def test_the_verifier_shares_no_code_with_the_engines() -> None:
    modules = ("check", "cost", "lending", "links", "replay")
    verifier = {f"solver.judge.{module}" for module in modules}
    for module in modules:
        used = {
            name.rsplit(".", 1)[0]
            for name in imports(ROOT / "solver" / "judge" / f"{module}.py")
            if of("solver", name)
        }
        ground = {f"solver.{word}" for word in ("links", "problem", "solution", "travel")}
        assert used <= verifier | ground

    # Acceptance plays plans through as the checker does, to ask the model of record about them.
    users = {
        path
        for path, name in imported_by("solver")
        if path not in {f"solver/judge/{module}.py" for module in modules}
        and any(of(module, name) for module in verifier)
    }
    # What is given to start from was made by others, and is told what it breaks.
    assert users <= {"solver/ortools/acceptance.py", "solver/solve.py", "solver/start.py"}


def test_engines_are_not_asked_to_judge_themselves() -> None:
    """Whoever makes plans has no hand in what is said of them in the end."""
    judges = ("solver.judge.check", "solver.judge.cost", "solver.ortools.acceptance")
    users = {
        path
        for path, name in imported_by("solver")
        if any(of(module, name) for module in judges)
        and path not in ("solver/judge/check.py", "solver/solve.py", "solver/start.py")
    }

    assert not users
