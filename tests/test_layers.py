"""The arrows between the layers hold: api -> dispatch -> solver, and nothing the other way."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PURE = {"llvmlite", "numba", "numpy", "ortools", "solver"} | sys.stdlib_module_names


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


def test_nobody_imports_the_fixtures_or_the_tests() -> None:
    for folder in ("api", "dispatch", "solver"):
        uses = {
            (path, name)
            for path, name in imported_by(folder)
            if of("fixtures", name) or of("tests", name)
        }
        assert not uses


def test_the_verifier_shares_no_code_with_the_engines() -> None:
    verifier = {"solver.check", "solver.replay"}
    for module in ("check", "replay"):
        used = {
            name.rsplit(".", 1)[0]
            for name in imports(ROOT / "solver" / f"{module}.py")
            if of("solver", name)
        }
        assert used <= verifier | {"solver.problem", "solver.solution"}

    # Acceptance plays plans through as the checker does, to ask the model of record about them.
    users = {
        path
        for path, name in imported_by("solver")
        if path not in ("solver/check.py", "solver/replay.py")
        and any(of(module, name) for module in verifier)
    }
    assert users <= {"solver/acceptance.py", "solver/solve.py"}


def test_engines_are_not_asked_to_judge_themselves() -> None:
    """Whoever makes plans has no hand in what is said of them in the end."""
    judges = ("solver.check", "solver.acceptance")
    users = {
        path
        for path, name in imported_by("solver")
        if any(of(module, name) for module in judges) and path != "solver/solve.py"
    }

    assert not users
