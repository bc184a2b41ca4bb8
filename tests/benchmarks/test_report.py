"""The report's means, and what it leaves alone."""

from pathlib import Path

import pytest

from benchmarks.engines.plot import mean_curves
from benchmarks.engines.results import append_result
from benchmarks.report import BEGIN, END, Comparison, insert, main, report
from tests.benchmarks.measurements import measured


def rows(text: str, start: str) -> list[list[str]]:
    """The cells of all table rows that start with this cell."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines if line[0].strip() == start]


def test_seeds_are_averaged_before_instances_are() -> None:
    comparison = Comparison(
        [
            measured("R101", "kernel", 101, seed=1),
            measured("R101", "kernel", 103, seed=2),
            measured("R102", "kernel", 94),
        ]
    )

    assert comparison.cost("R101", "kernel") == 102
    assert comparison.gap("R101", "kernel") == pytest.approx(0.02)
    assert comparison.mean_gap(["R101", "R102"], "kernel") == (pytest.approx(-0.02), 2)
    assert comparison.better_than_published("kernel") == (1, 2)


def test_ratios_are_geometric_means_over_what_both_have_done() -> None:
    comparison = Comparison(
        [
            measured("R101", "kernel", 200),
            measured("R101", "pyvrp", 100),
            measured("R102", "kernel", 100),
            measured("R102", "pyvrp", 200),
            measured("R103", "kernel", 100),
            measured("R104", "kernel", 100),
            measured("R104", "pyvrp", 100, unassigned=2),
        ]
    )

    ratio = comparison.ratio(["R101", "R102", "R103", "R104"], "kernel", "pyvrp")

    assert ratio == (pytest.approx(1.0), 2)
    assert comparison.ratio(["R103"], "kernel", "pyvrp") is None


def test_a_plan_that_leaves_visits_out_has_no_cost_to_compare() -> None:
    comparison = Comparison([measured(unassigned=1, seed=1), measured(seed=2)])

    assert comparison.cost("R101", "kernel") is None
    assert comparison.gap("R101", "kernel") is None
    assert "1 unassigned" in rows(report([measured(unassigned=1)]), "R101")[0]


def test_tables_compare_by_class_and_by_size() -> None:
    text = report(
        [
            measured("R101", "kernel", 102),
            measured("R101", "pyvrp", 100),
            measured("C101", "kernel", 100),
            measured("C101", "pyvrp", 101),
            measured("R1_2_1", "kernel", 99, visits=200),
        ]
    )

    assert rows(text, "R1") == [
        ["R1", "1", "+2.00 %", "+0.00 %", "1.0200"],
        ["R1", "1", "-1.00 %", "–", "–"],
    ]
    assert rows(text, "all")[0] == ["all", "2", "+1.00 %", "+0.50 %", "1.0049"]
    assert rows(text, "R101") == [
        ["R101", "100.0", "102.0", "+2.00 %", "4.0 s", "100.0", "+0.00 %", "4.0 s"]
    ]
    assert "#### 100 visits" in text
    assert "#### 200 visits" in text


def test_other_times_and_other_cores_are_compared_apart() -> None:
    text = report(
        [measured(seconds=10), measured(seconds=60, cost=90), measured(seconds=60, cores=2)]
    )

    assert [line for line in text.splitlines() if line.startswith("###")] == [
        "### 10 seconds",
        "### 60 seconds",
    ]
    assert "kernel, 2 cores: mean gap" in text


def test_technicians_are_compared_with_published_plans() -> None:
    text = report(
        [measured("C101", cost=99, family="trsp"), measured("C102", cost=101, family="trsp")]
    )

    assert "`kernel` is better than published on 1 of 2 instances." in text
    assert rows(text, "C1") == [["C1", "2", "+0.00 %"]]


def test_generated_problems_show_speed_and_memory() -> None:
    text = report(
        [
            measured(
                "1000x100",
                cost=123_456,
                family="generated",
                published=None,
                unassigned=2,
                iterations=500_000,
            )
        ]
    )

    assert rows(text, "1000 × 100") == [
        ["1000 × 100", "kernel", "123,456", "2", "50,000", "123 MB", "4.0 s", "10.0 s"]
    ]


def test_machine_versions_and_dates_are_told() -> None:
    text = report([measured(date="2026-01-02"), measured("R102", "pyvrp", date="2026-01-04")])

    assert rows(text, "Machine") == [["Machine", "A machine"]]
    assert rows(text, "Measured") == [["Measured", "2026-01-02 to 2026-01-04"]]
    assert rows(text, "`pyvrp`") == [["`pyvrp`", "pyvrp 1.0"]]


def test_only_what_is_between_the_markers_is_replaced() -> None:
    page = f"# By hand\n\n{BEGIN}\nold\n{END}\n\nBy hand too.\n"

    once = insert(page, "new\n")

    assert once == f"# By hand\n\n{BEGIN}\n\nnew\n\n{END}\n\nBy hand too.\n"
    assert insert(once, "new\n") == once
    with pytest.raises(ValueError, match="needs a line"):
        insert("# No markers", "new")


def test_the_command_makes_a_page_and_renews_it(tmp_path: Path) -> None:
    results, page = tmp_path / "results.jsonl", tmp_path / "page.md"
    append_result(results, measured(cost=105))

    assert main([str(results), "--output", str(page)]) == 0
    page.write_text(page.read_text().replace("# Benchmarks", "# Measured by hand"))
    append_result(results, measured("R102", cost=107))
    assert main([str(results), "--output", str(page)]) == 0

    assert "# Measured by hand" in page.read_text()
    assert "+7.00 %" in page.read_text()


def test_no_results_are_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.jsonl"), "--output", str(tmp_path / "page.md")]) == 2
    assert "no results" in capsys.readouterr().err


def test_curves_start_when_all_have_a_plan_and_end_at_the_mean_gap() -> None:
    curves = mean_curves(
        [
            measured("R101", cost=110, curve=((1.0, 200.0), (5.0, 110.0))),
            measured("R102", cost=100, curve=((2.0, 150.0), (9.0, 100.0))),
        ]
    )

    points = curves["kernel"]
    assert points[0] == (2.0, pytest.approx(100 * ((2.0 * 1.5) ** 0.5 - 1)))
    assert points[-1] == (pytest.approx(10.0), pytest.approx(100 * (1.1**0.5 - 1)))
