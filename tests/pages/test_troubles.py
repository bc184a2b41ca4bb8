"""Whatever the service refuses or fails to do is said in the reader's language.

It names faults by codes. Those that its sources can raise are found here by reading the sources,
so that a new one without a text is noticed with the change that brings it.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from pydantic import ValidationError

from api.http.problems import values_of
from dispatch.intake import NewJob
from dispatch.models import AlarmState, AlertOutcome
from solver.solution import HARD, Rule
from tests.pages.reading import COMMON, LANGUAGES, PAGES, SCRIPTS, code_of, texts_of

ROOT = Path(__file__).parents[2]

NOT_THE_SERVICE = {
    "solver/files/decode.py": "problems in files, for `dispatch solve`",
    "solver/files/read.py": "problems in files, for `dispatch solve`",
    "solver/files/hhcrsp.py": "problems in files, for `dispatch solve`",
    "solver/files/links.py": "problems in files, for `dispatch solve`",
    "solver/files/matrices.py": "problems in files, for `dispatch solve`",
    "solver/files/write.py": "problems in files, for `dispatch solve`",
    "solver/files/text_formats.py": "problems in files, for `dispatch solve`",
    "solver/links.py": "told in full on the terminal; a run says `data_contradict`",
    "solver/files/vroom/amounts.py": "problems in files, for `dispatch solve`",
    "solver/files/vroom/answer.py": "plans in files, for `dispatch check`",
    "solver/files/vroom/document.py": "problems in files, for `dispatch solve`",
    "solver/files/vroom/refusals.py": "problems in files, for `dispatch solve`",
    "solver/files/vroom/steps.py": "problems in files, for `dispatch solve`",
    "solver/files/vroom/travel.py": "problems in files, for `dispatch solve`",
    "dispatch/solving/orders.py": "for `POST /solve`, which no page sends",
    "solver/objective.py": "told in full on the terminal; a run says `data_contradict`",
    "solver/faults.py": "told in full on the terminal; a run says `data_contradict`",
    "solver/pace.py": "told in full on the terminal; a run says `data_contradict`",
    "solver/problem.py": "told in full on the terminal; a run says `data_contradict`",
    "solver/travel.py": "told in full on the terminal; a run says `data_contradict`",
    "dispatch/cli/terminal.py": "the command line",
    "dispatch/cli/folders.py": "the command line",
    "dispatch/cli/plans.py": "the command line",
    "dispatch/cli/solver.py": "the command line",
    "dispatch/cli/accounts.py": "the command line",
    "dispatch/access/tokens.py": "the service does not start without its secret",
    "api/cli.py": "the command line",
}
"""Sources whose faults no page can meet, and why."""

BUILT_IN = {
    *("missing", "extra_forbidden", "json_invalid", "enum", "literal_error", "finite_number"),
    *("string_type", "string_too_short", "string_too_long", "string_pattern_mismatch"),
    *("int_type", "int_parsing", "int_from_float", "float_type", "float_parsing"),
    *("bool_type", "bool_parsing", "list_type", "dict_type", "model_type"),
    *("model_attributes_type", "too_short", "too_long", "naive_datetime"),
    *("greater_than", "greater_than_equal", "less_than", "less_than_equal"),
}
"""What Pydantic may find in bodies and parameters by itself."""


@cache
def modules() -> dict[str, ast.Module]:
    files = [file for room in ("solver", "dispatch", "api") for file in (ROOT / room).rglob("*.py")]
    names = {str(file.relative_to(ROOT)): file for file in files if "node_modules" not in str(file)}
    return {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in names.items()}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "id", getattr(node.func, "attr", "")), node


def makers() -> dict[tuple[str, str], int]:
    """Functions that make a fault of a code that they are given, and which argument that is, by
    module (of what modules give each other: the empty one) and name."""
    found = {("", "Fault"): 0, ("", "PydanticCustomError"): 0, ("", "BadCell"): 0}
    # Twice, as some hand it on to others.
    for module, tree in [*modules().items()] * 2:
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            given = [one.arg for one in function.args.args if one.arg != "self"]
            whose = module if function.name.startswith("_") else ""
            for name, call in calls(function):
                at = found.get((module, name), found.get(("", name)))
                code = call.args[at] if at is not None and at < len(call.args) else None
                if isinstance(code, ast.Name) and code.id in given:
                    found[whose, function.name] = given.index(code.id)
    return found


@cache
def constants_of(*names: str) -> dict[str, object]:
    """What the modules call by a name of its own; those of others may be imported."""
    return {
        target.id: node.value.value
        for name in names
        for node in modules()[name].body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def codes_of(module: str, known: dict[tuple[str, str], int]) -> Iterator[str]:
    tree = modules()[module]
    constants = {**constants_of(*modules()), **constants_of(module)}
    for name, call in calls(tree):
        at = known.get((module, name), known.get(("", name)))
        if at is None:
            continue
        given = [one.value for one in call.keywords if one.arg == "code"] or call.args[at : at + 1]
        for argument in given:
            yield from _strings(argument, constants)
    for node in ast.walk(tree):
        # What is stored as a sentence ends with its code in brackets.
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"\[([a-z]+(?:_[a-z]+)*)\]\.?$", node.value)


def _strings(argument: ast.expr, constants: Mapping[str, object]) -> Iterator[str]:
    match argument:
        case ast.Constant(value=str(code)):
            yield code
        case ast.Name(id=name) if isinstance(constants.get(name), str):
            yield str(constants[name])
        case ast.IfExp(body=one, orelse=other):
            yield from _strings(one, constants)
            yield from _strings(other, constants)
        case ast.JoinedStr(values=[ast.Constant(value="breaks_"), _]):
            yield from (f"breaks_{rule}" for rule in {*HARD} - {Rule.COST})


def raised() -> dict[str, set[str]]:
    """Codes that a page may meet, and where they come from."""
    known = makers()
    found: dict[str, set[str]] = {code: {"pydantic"} for code in BUILT_IN}
    for module in modules():
        if module not in NOT_THE_SERVICE:
            for code in codes_of(module, known):
                found.setdefault(code, set()).add(module)
    return found


def is_said(code: str, texts: Iterable[str]) -> bool:
    return f"fault.{code}" in texts or f"rule.{code.removeprefix('breaks_')}" in texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_that_the_service_can_name_has_words(language: str) -> None:
    texts = texts_of(COMMON, language)
    silent = {code: where for code, where in raised().items() if not is_said(code, texts)}
    assert silent == {}


def test_the_reading_of_the_sources_finds_what_is_known_to_be_there() -> None:
    known = {"stale_revision", "begins", "too_late", "begun", "breaks_skills", "control_character"}
    assert known <= raised().keys()
    assert {"other_technician_needed", "plan_breaks_rules", "not_on_your_route"} <= raised().keys()


def test_no_words_are_kept_for_faults_that_nobody_names() -> None:
    # `breaks` and `unknown` are the words for a rule, and for a code of a newer service.
    made_here = {"breaks", "unknown"}
    said = {key.removeprefix("fault.") for key in texts_of(COMMON, "en") if key[:6] == "fault."}
    assert said - raised().keys() - made_here == set()


def test_every_exemption_is_of_a_source_that_is_there() -> None:
    assert NOT_THE_SERVICE.keys() <= modules().keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_hard_rule_has_a_name(language: str) -> None:
    texts = texts_of(COMMON, language)
    assert {rule for rule in {*HARD} - {Rule.COST} if f"rule.{rule}" not in texts} == set()


def test_bounds_come_with_their_numbers() -> None:
    with pytest.raises(ValidationError) as error:
        NewJob.model_validate({"title": "x" * 1_000, "duration_minutes": -1, "site_id": "S1"})
    values = {one["type"]: values_of(one) for one in error.value.errors()}
    texts = texts_of(COMMON, "en")
    for code, found in values.items():
        wanted = set(re.findall(r"\{(\w+)\}", texts[f"fault.{code}"]))
        assert wanted <= found.keys(), code
    assert {"string_too_long", "greater_than_equal"} <= values.keys()


@pytest.mark.parametrize("page", PAGES)
def test_no_page_shows_what_the_service_says_in_its_own_words(page: str) -> None:
    """Sentences of the service are English: `detail`, `cause`, `action`, `message`, `failure`."""
    spoken = re.compile(
        r"(?<![\w.])(?:error|fault|problem|one|found)\.(?:message|detail|cause|action)"
    )
    shown = {
        file.name: spoken.findall(code_of(file))
        for file in SCRIPTS
        if file.parent.name in (page, "scripts") and spoken.search(code_of(file))
    }
    # Only what is kept from the browser's own failure, for the console.
    assert shown.keys() <= {"http.js"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_outcome_and_state_of_an_alert_has_words(language: str) -> None:
    texts = texts_of("board", language)
    assert {one for one in AlertOutcome if f"outcome.{one}" not in texts} == set()
    assert {one for one in AlarmState if f"alarm.{one}" not in texts} == set()
