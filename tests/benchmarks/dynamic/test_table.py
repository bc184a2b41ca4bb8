"""The tables of dynamic days next to published values."""

from pathlib import Path

import pytest

from benchmarks.dynamic.records import Conditions, write_conditions, write_records
from benchmarks.dynamic.table import BEGIN, END, PublishedDay, main, report_days

CONDITIONS = Conditions(
    seconds=0.5,
    iterations=None,
    seed=1,
    cores=1,
    version="1.0",
    machine="A machine",
    date="2026-01-02",
    slowest=0.49,
)


def day(instance: str, percent: int, working: float, *rejected: str) -> dict[str, object]:
    return {
        "instance": instance,
        "dynamic_percent": percent,
        "working_time": working,
        "rejected": list(rejected),
        "routes": [],
    }


def cells(text: str, start: str) -> list[str]:
    (line,) = (line for line in text.splitlines() if line.startswith(f"| {start} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_means_stand_beside_what_was_published() -> None:
    published = {
        ("R101", 10): PublishedDay(100, 0, 200, 1),
        ("C101", 10): PublishedDay(300, 1, 400, 2),
    }

    text = report_days(
        [day("R101", 10, 110, "7"), day("C101", 10, 250), day("X1", 10, 1)], published, CONDITIONS
    )

    assert cells(text, "10 %") == [
        *("10 %", "2", "180.0", "1", "200.0", "1", "300.0", "3"),
        *("0.900", "0.967"),
    ]
    assert cells(text, "R1") == ["R1", "1.100 (+1)"]
    assert cells(text, "C1") == ["C1", "0.833 (-1)"]
    assert "0.5 s; the slowest plan took 0.49 s" in text


def test_only_what_is_between_the_markers_is_written(tmp_path: Path) -> None:
    days, page = tmp_path / "days.jsonl", tmp_path / "page.md"
    (tmp_path / "dtrsp").mkdir()
    (tmp_path / "dtrsp" / "published.csv").write_text(
        "instance,dynamic_percent,palns_working_time,palns_rejected,"
        "insertion_working_time,insertion_rejected\nR101,10,100,0,200,1\n"
    )
    write_records(days, [day("R101", 10, 90)])
    write_conditions(days, CONDITIONS)
    page.write_text(f"# By hand\n\n{BEGIN}\nold\n{END}\n\nThe rest.\n")

    assert main([str(days), "--data", str(tmp_path), "--output", str(page)]) == 0

    text = page.read_text()
    assert text.startswith("# By hand\n")
    assert text.endswith(f"{END}\n\nThe rest.\n")
    assert "old" not in text
    assert cells(text, "R1") == ["R1", "0.900"]


def test_without_days_there_is_nothing_to_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "none.jsonl")

    assert main([missing, "--data", str(tmp_path), "--output", str(tmp_path / "page.md")]) == 2
    assert "has no days" in capsys.readouterr().err
