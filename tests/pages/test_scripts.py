"""The scripts by themselves: what they work out without a page, and that they know the answers."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from api.pages import WEB
from dispatch.models import AlarmState, JobStatus, PlanStatus, Priority, Role, RunStatus, Severity
from tests.api.test_openapi import DOCUMENT
from tests.pages.conftest import NODE
from tests.pages.reading import SCRIPTS

HERE = Path(__file__).parent / "scripts"
MOST_LINES = 300
TESTS = sorted(HERE.glob("*.test.mjs"))


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.name.partition(".")[0])
def test_what_scripts_work_out_without_a_page(file: Path) -> None:
    """Node's own tests, one file at a time: what they print is what a failure shows."""
    assert NODE, "there is no node; make test brings one"
    setup = ["--import", str(HERE / "setup.mjs")]
    run = subprocess.run(
        [NODE, *setup, "--test", "--test-reporter=spec", str(file)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "TZ": "UTC", "NODE_NO_WARNINGS": "1"},
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    # A file without tests would pass too.
    assert re.search(r"^ℹ pass [1-9]", run.stdout, re.MULTILINE), run.stdout


def test_no_script_is_longer_than_can_be_read_at_once() -> None:
    lines = {file.name: len(file.read_text("utf-8").splitlines()) for file in SCRIPTS}
    assert {name for name, many in lines.items() if many > MOST_LINES} == set()


# What the scripts take answers to be (api.d.ts)

TYPES = (WEB / "scripts" / "api.d.ts").read_text(encoding="utf-8")
INTERFACE = re.compile(
    r"^  interface (\w+)(?: extends (\w+))? \{\n(.*?)^  \}", re.MULTILINE | re.DOTALL
)
FIELD = re.compile(r"^    (\w+)(\??): (.+);$", re.MULTILINE)
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
INTERFACES = {name: (base, FIELD.findall(body)) for name, base, body in INTERFACE.findall(TYPES)}
ENUMS = {
    "AlarmState": AlarmState,
    "JobStatus": JobStatus,
    "PlanStatus": PlanStatus,
    "Priority": Priority,
    "Role": Role,
    "RunStatus": RunStatus,
    "Severity": Severity,
}


def fields_of(name: str) -> list[tuple[str, str, str]]:
    """Also those of what it extends."""
    base, fields = INTERFACES[name]
    return [*(fields_of(base) if base else []), *fields]


def may_be_null(schema: dict[str, Any]) -> bool:
    return any(one.get("type") == "null" for one in schema.get("anyOf", []))


@pytest.mark.parametrize("name", INTERFACES)
def test_whatever_scripts_read_is_answered_by_the_service(name: str) -> None:
    properties = SCHEMAS[name]["properties"]
    fields = fields_of(name)
    assert fields
    assert {field for field, _, _ in fields} <= properties.keys()
    for field, optional, kind in fields:
        # What is left out when there is nothing is not null in the scripts.
        if not optional:
            assert ("| null" in kind) == may_be_null(properties[field]), field


@pytest.mark.parametrize("name", ENUMS)
def test_scripts_know_the_words_of_the_service(name: str) -> None:
    found = re.search(rf"^  type {name} =([^;]+);$", TYPES, re.MULTILINE)
    assert found
    assert set(re.findall(r'"(\w+)"', found[1])) == {one.value for one in ENUMS[name]}
