"""One word has one meaning among classes; in sentences, numbers agree with what they count."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[1]

ROW = "the row, and the solver's class of the same thing"
CALLED_ALIKE = {
    "Depot": ROW,
    "Plan": "the row, and the compiled search's routes: a plan, stored or in the making",
    "Problem": "the solver's question, and RFC 9457's word for why a request was refused, which "
    "clients know: nothing in api/ meets the first",
    "Reason": "the solver's, and how a plan that is read shows the same one",
    "Route": ROW,
    "Stop": ROW,
    "Waiver": ROW,
}
"""The only names that stand for two things, each with the reason."""


def _defined(path: Path) -> Iterator[tuple[str, str]]:
    """The public classes and types of a file, each with what it is: a class is like no other."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            yield node.name, str(path.relative_to(ROOT))
        elif isinstance(node, ast.Assign) and "TypeVar" not in ast.unparse(node.value):
            for target in node.targets:
                yield ast.unparse(target), ast.unparse(node.value)


def test_no_two_classes_are_called_alike() -> None:
    """Nor types, except for those that are the same wherever they are defined."""
    meanings: dict[str, set[str]] = defaultdict(set)
    for package in ("solver", "dispatch", "api"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for name, what in _defined(path):
                if name[0].isupper() and not name.isupper():
                    meanings[name].add(what)
    alike = {name: found for name, found in meanings.items() if len(found) > 1}

    assert {name: found for name, found in alike.items() if name not in CALLED_ALIKE} == {}
    assert CALLED_ALIKE.keys() - alike.keys() == set(), "no exemption without a pair"


def test_nobody_in_the_service_meets_both_problems() -> None:
    """The exemption of ``Problem`` says so."""
    meeting = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "api").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.module == "solver.problem"
        and any(name.name == "Problem" for name in node.names)
    ]

    assert meeting == []


NOUNS = (
    "alerts|attempts|bytes|calls|cells|characters|columns|cores|days|entries|hours|items|jobs|"
    "levels|lines|locations|messages|metres|minutes|names|numbers|others|parts|places|priorities|"
    "routes|rows|runs|seconds|shifts|sites|stops|technicians|times|versions|visits|weeks"
)
AMOUNT = re.compile(rf"^ (?:[a-z]+ )?(?:{NOUNS})\b")
"""What stands behind a number that it counts."""
NEVER_ONE = {
    ("dispatch/alerts/dead_letters.py", "letter.size"): "more than is kept of a message",
    ("dispatch/alerts/messages.py", "len(contents)"): "more than are taken",
    ("dispatch/alerts/messages.py", "len(delivery.body)"): "more than are taken",
    ("dispatch/weakness.py", "shortest"): "12, or 32",
    ("solver/explain/impossible.py", "able"): "one is said otherwise",
    ("solver/explain/impossible.py", "len(by_technician)"): "a rule that holds back some, not all",
    ("solver/explain/reasons.py", "len(names) - MOST_NAMED"): "two at least",
    ("solver/files/text_formats.py", "pattern.groups"): "7, or 9",
    ("solver/files/text_formats.py", "size"): "2, or 4",
    ("solver/judge/check.py", "taken[pause.id]"): "two at least",
    ("solver/judge/check.py", "times"): "two at least",
    ("solver/faults.py", "count"): "two at least",
}
"""Numbers with a noun in the plural right behind them, by file, and why that is right."""


def _amounts(path: Path) -> Iterator[str]:
    """What is put into a sentence of the file right before a noun in the plural; what the file
    itself says how large it is (``MOST_DAYS``), and what has decimals, is no question."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for value, behind in pairwise(node.values if isinstance(node, ast.JoinedStr) else ()):
            if not isinstance(value, ast.FormattedValue) or value.conversion != -1:
                continue
            has_decimals = value.format_spec is not None and "." in ast.unparse(value.format_spec)
            number = ast.unparse(value.value)
            words = behind.value if isinstance(behind, ast.Constant) else ""
            if AMOUNT.match(str(words)) and not number.isupper() and not has_decimals:
                yield number


def test_one_thing_is_not_told_of_as_many() -> None:
    """``solver.wording.counted`` puts the noun behind the number."""
    found = {
        (str(path.relative_to(ROOT)), number)
        for package in ("solver", "dispatch", "api")
        for path in sorted((ROOT / package).rglob("*.py"))
        for number in _amounts(path)
    }

    assert found - NEVER_ONE.keys() == set()
    assert NEVER_ONE.keys() - found == set(), "no exemption without a sentence"
