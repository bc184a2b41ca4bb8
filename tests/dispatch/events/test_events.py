"""What of the log is published, and as what."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from dispatch.events.events import TYPES, WATCHED, WHOLE, event_of, is_among
from dispatch.log import Entity
from dispatch.models import LogEntry

ROOT = Path(__file__).parents[3]


def recorded() -> Iterator[tuple[str, str]]:
    """Entity and action of every change that is logged, where the code names both."""
    for path in (ROOT / "dispatch").rglob("*.py"):
        module = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            ast.unparse(node.targets[0]): node.value.value
            for node in module.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log.record"):
                match node.args[2:4]:
                    case [ast.Constant(value=action), ast.Attribute(attr=entity)]:
                        if entity in Entity.__members__:
                            yield Entity[entity].value, str(action)
                    case [ast.Name(id=name), ast.Attribute(attr=entity)]:
                        if entity in Entity.__members__ and name in constants:
                            yield Entity[entity].value, str(constants[name])


def test_every_change_to_what_can_be_watched_is_published() -> None:
    changes = set(recorded())
    assert ("plan", "publish") in changes
    watched = {(entity, action) for entity, action in changes if entity in WATCHED}
    assert {change for change in watched if change[0] not in WHOLE} <= TYPES.keys()


def test_every_type_is_explained() -> None:
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| `([a-z_.]+)` \|", page, re.MULTILINE)
    assert sorted(explained) == sorted([*TYPES.values(), "run.progress", "issue.changed"])


def test_what_happens_to_alerts_is_published_under_its_own_name() -> None:
    entry = LogEntry(actor="boiler", action="folded", entity="alert", entity_id="A-1")
    event = event_of(entry)
    assert event is not None
    assert event.type == "alert.folded"


def test_what_is_nobodys_business_is_not_published() -> None:
    for entity, action in (("site", "import"), ("webhook", "create"), ("account", "create")):
        assert event_of(LogEntry(actor="x", action=action, entity=entity, entity_id="1")) is None


def test_a_type_is_asked_for_by_its_name_or_its_beginning() -> None:
    event = event_of(LogEntry(id=1, actor="x", action="on_site", entity="job", entity_id="J-1"))
    assert event is not None
    for types in ([], ["job"], ["plan", "job.on_site"]):
        assert is_among(event, types)
    for types in (["plan"], ["job.on"], ["job.completed"]):
        assert not is_among(event, types)
