"""What the documents say is so: examples run, tables are complete, links lead somewhere."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import icalendar
import numpy as np
import pytest
from typer.main import get_command

from api.cli import app
from dispatch.files.headings import OF_COLUMNS, OF_IDS, OF_NAMES, OF_SHEETS
from dispatch.files.sheets import SHEETS
from dispatch.files.words import KINDS
from dispatch.settings import Settings
from solver.kernel import anywhere, bundles, flattening, holding
from solver.kernel import search as kernel_search
from solver.kernel.settings import SearchSettings
from solver.search import cover, elite, partition, relaxation, searches
from solver.search import search as single_search
from solver.solution import HARD, SOFT, Rule
from tests.dispatch.waiting import until

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
QUICK_START = (ROOT / "docs" / "quick-start.md").read_text(encoding="utf-8")
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("fixtures/**/*.md")]

CURL = f"""#!{sys.executable}
# As much of curl as the quick start uses, for machines that have none.
import argparse, sys, urllib.request
parser = argparse.ArgumentParser()
parser.add_argument("-s", action="store_true", required=True)
parser.add_argument("-H", action="append", default=[])
parser.add_argument("-d")
parser.add_argument("url")
given = parser.parse_args()
body = sys.stdin.read() if given.d == "@-" else given.d
headers = dict(header.split(": ", 1) for header in given.H)
request = urllib.request.Request(given.url, body.encode() if body else None, headers)
sys.stdout.buffer.write(urllib.request.urlopen(request).read())
"""


def section(title: str) -> str:
    [found] = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    return str(found)


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def first_column(table: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)


@pytest.mark.usefixtures("compiled_search")
def test_the_solver_example_prints_what_the_readme_says() -> None:
    [example] = blocks("python", README)
    answer = README.split(example)[1].split("```")[2].strip()

    done = subprocess.run(
        [sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == answer
    assert len(example.splitlines()) <= 10


def test_every_rule_is_explained_once() -> None:
    hard, soft = section("What it plans").split("Soft rules have a price")

    assert sorted(first_column(hard)) == sorted(rule.value for rule in {*HARD} - {Rule.COST})
    assert sorted(first_column(soft)) == sorted(rule.value for rule in SOFT)


def test_every_setting_is_listed_with_its_default() -> None:
    text = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `DISPATCH_(\w+)` \| (.+?) \|", text, re.MULTILINE))
    fields = Settings.model_fields

    assert [name.lower() for name in table] == list(fields)
    for name, shown in table.items():
        default = fields[name.lower()].get_default(call_default_factory=True)
        text = shown.strip("`")
        if default is None:
            assert text == "–"
        elif isinstance(default, str):
            assert text == default
        else:
            assert json.loads(text) == json.loads(json.dumps(default))


def test_parameters_of_the_engine_are_as_they_are_listed() -> None:
    text = (ROOT / "docs/engine.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `([\w.]+)` \| ([\d., ]+) \|", text, re.MULTILINE))
    owners = {
        "SearchSettings": SearchSettings(),
        "search": searches,
        "flattening": flattening,
        "elite": elite,
        "partition": partition,
        "relaxation": relaxation,
        "cover": cover,
        "search.search": single_search,
        "kernel.search": kernel_search,
        "kernel.anywhere": anywhere,
        "kernel.bundles": bundles,
        "kernel.holding": holding,
    }

    assert {f"SearchSettings.{name}" for name in SearchSettings._fields} <= listed.keys()
    for name, value in listed.items():
        owner, constant = name.rsplit(".", 1)
        assert json.loads(f"[{value}]") == list(np.atleast_1d(getattr(owners[owner], constant)))


def test_every_other_name_of_columns_sheets_and_kinds_is_listed() -> None:
    text = (ROOT / "docs/csv.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z_` ]+)` \| (.+?) \|$", text, re.MULTILINE))
    tables = (("{}", OF_COLUMNS), ("id` of `{}", OF_IDS), ("name` of `{}", OF_NAMES))
    for called, names in tables:
        for name, others in names.items():
            assert rows[called.format(name)] == ", ".join(others)
    said = [(name, ", ".join(others)) for name, others in OF_SHEETS.items()]
    said += [(str(kind), words) for kinds in KINDS.values() for kind, words in kinds.items()]
    for name, words in said:
        assert f"| `{name}` | {words} |" in text


def test_every_column_of_the_csv_files_is_listed() -> None:
    text = (ROOT / "docs/csv.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+\.csv)` \| (.+?) \|$", text, re.MULTILINE)

    assert {file: re.findall(r"`(\w+)`", columns) for file, columns in rows} == {
        sheet.file: list(sheet.cells) for sheet in SHEETS
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_files_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))

    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_that_are_mentioned_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    mentioned = set(re.findall(r"(?:^|`|\$ |\.venv/bin/| {4})dispatch ([a-z]+)\b", text, re.M))

    assert mentioned <= set(get_command(app).commands)  # type: ignore[attr-defined]


def test_targets_of_make_that_are_mentioned_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        assert set(re.findall(r"(?:^|`)make ([a-z]+)\b", text, re.MULTILINE)) <= targets


@contextmanager
def demo(directory: Path) -> Iterator[int]:
    """The service of ``make run``, in a hurry and elsewhere; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-c", "from api.cli import app; app()", "demo"]
    folders = [str(ROOT / "fixtures/hanoi"), str(ROOT / "fixtures/hanoi/day")]
    others = {key: value for key, value in os.environ.items() if not key.startswith("DISPATCH_")}
    log = directory / "log"
    with log.open("w") as output:
        service = subprocess.Popen(
            [*command, *folders, "--port", str(port)],
            cwd=directory,
            env={**others, "PYTHONPATH": str(ROOT), "DISPATCH_PLAN_SECONDS": "3"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: service.poll() is not None or "running on" in log.read_text(), seconds=120)
        assert service.poll() is None, log.read_text()
        yield port
    finally:
        service.terminate()
        assert service.wait(60) == 0, log.read_text()
    assert "Traceback" not in log.read_text()


@pytest.mark.usefixtures("compiled_search")
def test_the_quick_start_puts_the_job_on_the_technicians_route(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    curl = tools / "curl"
    curl.write_text(CURL)
    curl.chmod(0o755)
    signing_in, create, look, plan, fetch = (
        block for block in blocks("sh", QUICK_START) if "$" in block
    )
    before = signing_in + create.split("curl")[0]
    with demo(tmp_path) as port:

        def answers(*steps: str) -> str:
            script = "set -eu\n" + before + "".join(steps)
            return subprocess.run(
                [str(shutil.which("sh")), "-c", script.replace(":8000", f":{port}")],
                cwd=tmp_path,
                env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
                capture_output=True,
                text=True,
                check=True,
            ).stdout

        job = json.loads(answers("curl" + create.split("curl", 1)[1]))
        until(lambda: '"waiting"' not in answers(look))
        wish = json.loads(answers(look))["placements"][0]
        run = json.loads(answers(plan).splitlines()[-1])
        as_json, as_calendar, as_geojson = map(answers, fetch.splitlines())

    assert (wish["job_id"], wish["trigger"]) == (job["id"], "new_job")
    assert wish["status"] in ("placed", "no_place")  # as full as her day is at this hour
    assert run["status"] == "finished", run["failure"]
    # Where nothing better was found in that time, what is in force stays.
    assert run["plan_status"] in ("published", "discarded")
    [shift] = json.loads(as_json)["routes"]
    [stop] = [stop for stop in shift["stops"] if stop["job_id"] == job["id"]]
    assert stop["name"] == "Quán cà phê Hồ Gươm"
    events = icalendar.Calendar.from_ical(as_calendar).walk("VEVENT")
    assert any(job["title"] in event["SUMMARY"] for event in events)
    assert job["id"] in {
        feature["properties"].get("job_id") for feature in json.loads(as_geojson)["features"]
    }
