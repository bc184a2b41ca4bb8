"""Names that stand in a JSON object twice: which of the two is meant, no two programs agree on.

What a proxy has looked at would be the one, and what is stored the other.
"""

import json
from collections import Counter
from typing import Any

from fastapi.exceptions import RequestValidationError


class _Object(dict[str, Any]):
    """With the names that stand in it more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        times = Counter(name for name, _ in pairs)
        self.repeated = [name for name in self if times[name] > 1]


def refuse_repeated_names(body: bytes) -> None:
    """Raises ``RequestValidationError`` that points to each name which an object of the body, if it
    is JSON, has more than once."""
    if _has_repeated_names(body):
        content = json.loads(body, object_pairs_hook=_Object)
        raise RequestValidationError([_fault(path) for path in _places(content)])


def _has_repeated_names(body: bytes) -> bool:
    """Told without looking where, which would take four times as long."""
    found = False

    def read(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        if len(pairs) > 1 and len(dict(pairs)) < len(pairs):
            found = True

    try:
        json.loads(body, object_pairs_hook=read)
    except (ValueError, RecursionError):
        return False  # not JSON, which is refused as such
    return found


def _places(content: Any) -> list[tuple[str | int, ...]]:
    """The paths to all repeated names, in the order of the body."""
    found: list[tuple[str | int, ...]] = []
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), content)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, _Object):
            found += [(*path, name) for name in value.repeated]
            waiting += [((*path, name), inner) for name, inner in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [((*path, at), inner) for at, inner in reversed([*enumerate(value)])]
    return found


def _fault(path: tuple[str | int, ...]) -> dict[str, Any]:
    return {
        "type": "duplicate",
        "loc": ("body", *path),
        "msg": "Is given more than once",
        "ctx": {"action": "give it once"},
    }
