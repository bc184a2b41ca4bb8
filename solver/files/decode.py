"""JSON values into the solver's frozen dataclasses, noting every fault with its JSON pointer."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from enum import Enum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Any,
    ClassVar,
    Final,
    Protocol,
    TypeVar,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from solver.faults import Fault
from solver.problem import MAX_COST


class _Record(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


T = TypeVar("T", bound=_Record)

Reader = Callable[["Decoder", Any, str], Any]
"""Turns a JSON value at a pointer into a field's value, or into ``FAULTY`` having noted why."""

FAULTY: Final = object()
"""Stands for a value that could not be read; its faults have been noted."""


class UnreadableFile(Exception):  # noqa: N818 - says what the file is
    """A file is not there, or is not text, or is not JSON; ``fault`` says which."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, with or without a byte-order mark. Raises ``UnreadableFile``."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        cause, action = error.strerror or "it cannot be read", "check the path and its permissions"
    except UnicodeDecodeError as error:
        cause, action = f"byte {error.start + 1} is not UTF-8", "save the file as UTF-8"
    raise UnreadableFile(Fault("unreadable", str(path), cause, action))


def parse_json(text: str, path: Path) -> Any:
    """The value of a JSON text; ``path`` is only for the message. Raises ``UnreadableFile``."""

    def refuse_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            names = [name for name, _ in pairs]
            name = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"key {_shown(name)} occurs twice in one object")
        return value

    def refuse_constant(name: str) -> Any:
        raise ValueError(f"{name} is no JSON number")

    try:
        return json.loads(text, object_pairs_hook=refuse_repeated, parse_constant=refuse_constant)
    except json.JSONDecodeError as error:
        where = f"{path} line {error.lineno} column {error.colno}"
        cause = f"it is not JSON: {error.msg}"
    except ValueError as error:
        where, cause = str(path), str(error)
    except RecursionError:
        where, cause = str(path), "its objects and lists are nested too deeply"
    raise UnreadableFile(Fault("not_json", where, cause, "correct the file there"))


class Decoder:
    """Reads dataclasses by their type hints; ``faults`` collects everything that is wrong.

    ``readers`` replaces the reading of a type, or of one field given as ``(dataclass, name)``;
    ``defaults`` has values for fields that may be missing here although the dataclass wants them.
    Unknown keys are faults if ``strict``, otherwise they are left aside.
    """

    def __init__(
        self,
        readers: Mapping[type | tuple[type, str], Reader],
        defaults: Mapping[tuple[type, str], Any] | None = None,
        *,
        strict: bool,
    ) -> None:
        self.faults: list[Fault] = []
        self._readers = readers
        self._defaults = defaults or {}
        self._strict = strict

    def fault(self, code: str, where: str, cause: str, action: str) -> Any:
        """Notes a fault and returns ``FAULTY``."""
        self.faults.append(Fault(code, where or "the document", cause, action))
        return FAULTY

    def record(self, kind: type[T], value: Any, where: str) -> T | None:
        """An object as a dataclass, or None if it has faults."""
        decoded = self._value(kind, value, where)
        return None if decoded is FAULTY else cast(T, decoded)

    def records(self, kind: type[T], value: Any, where: str) -> tuple[T, ...]:
        """Those of a list's objects that are without faults."""
        if not isinstance(value, list):
            self._wrong_type(value, where, "a list of objects")
            return ()
        found = (self.record(kind, item, f"{where}/{i}") for i, item in enumerate(value))
        return tuple(item for item in found if item is not None)

    def keys(self, value: Any, where: str, known: Mapping[str, bool]) -> bool:
        """Whether ``value`` is an object with every required key and, if strict, no unknown one.

        ``known`` says for each key whether it is required.
        """
        if not isinstance(value, dict):
            self._wrong_type(value, where, "an object")
            return False
        missing = [name for name, required in known.items() if required and name not in value]
        for name in missing:
            self.fault("missing_key", where, f"key {_shown(name)} is missing", "add it")
        unknown = [name for name in value if name not in known] if self._strict else []
        for name in unknown:
            self.unknown_name("unknown_key", pointer(where, name), "key", name, known)
        return not missing and not unknown

    def unknown_name(
        self, code: str, where: str, what: str, name: str, known: Mapping[str, Any]
    ) -> Any:
        """Notes a name that is none of ``known`` and suggests the closest one."""
        close = get_close_matches(name, list(known), n=1)
        action = f"did you mean {_shown(close[0])}?" if close else f"use {', '.join(known)}"
        return self.fault(code, where, f"there is no {what} {_shown(name)}", action)

    def integer(self, value: Any, where: str) -> Any:
        """A whole number, which may be written as 3.0."""
        number = self.number(value, where, "a whole number")
        if number is FAULTY or number == int(number):
            return number if number is FAULTY else int(number)
        return self._wrong_type(value, where, "a whole number")

    def number(self, value: Any, where: str, expected: str = "a number") -> Any:
        """A number that leaves room for sums in 64 bits."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._wrong_type(value, where, expected)
        if not abs(value) <= MAX_COST:  # NaN is not either
            return self.fault(
                "too_large", where, "the number is not within ±2^60", "check its unit"
            )
        return value

    def text(self, value: Any, where: str) -> Any:
        if not isinstance(value, str):
            return self._wrong_type(value, where, "text in quotes")
        if any("\ud800" <= character <= "\udfff" for character in value):
            return self.fault("not_text", where, "it has half a surrogate pair", "write it whole")
        return value

    def mapping(
        self,
        value: Any,
        where: str,
        read_key: Callable[[Any, str], Any],
        read_item: Callable[[Any, str], Any],
    ) -> Any:
        """An object with any keys, each key and each item read by the functions given."""
        if not isinstance(value, dict):
            return self._wrong_type(value, where, "an object")
        decoded = {
            read_key(name, pointer(where, name)): read_item(item, pointer(where, name))
            for name, item in value.items()
        }
        faulty = FAULTY in decoded or any(item is FAULTY for item in decoded.values())
        return FAULTY if faulty else decoded

    def _value(self, hint: Any, value: Any, where: str) -> Any:
        if hint in self._readers:
            return self._readers[hint](self, value, where)
        if get_origin(hint) is UnionType:
            if value is None and NoneType in get_args(hint):
                return None
            (hint,) = (option for option in get_args(hint) if option is not NoneType)
            return self._value(hint, value, where)
        if get_origin(hint) in (tuple, frozenset):
            return self._sequence(hint, value, where)
        if get_origin(hint) is not None:
            read_key, read_item = (
                lambda raw, where, hint=argument: self._value(hint, raw, where)
                for argument in get_args(hint)
            )
            return self.mapping(value, where, read_key, read_item)
        if dataclasses.is_dataclass(hint):
            return self._object(cast(type, hint), value, where)
        if issubclass(hint, Enum):
            return self._choice(hint, value, where)
        if hint is bool:
            true_or_false = isinstance(value, bool)
            return value if true_or_false else self._wrong_type(value, where, "true or false")
        return self.integer(value, where) if hint is int else self.text(value, where)

    def _object(self, kind: type, value: Any, where: str) -> Any:
        hints, required = _fields(kind)
        decoded = {
            name: self._defaults[kind, name] for name in hints if (kind, name) in self._defaults
        }
        known = {name: required[name] and name not in decoded for name in required}
        sound = self.keys(value, where, known)
        if not isinstance(value, dict):
            return FAULTY
        for name in [name for name in hints if name in value]:
            reader = self._readers.get((kind, name))
            place = pointer(where, name)
            decoded[name] = (
                reader(self, value[name], place)
                if reader
                else self._value(hints[name], value[name], place)
            )
        sound = sound and all(item is not FAULTY for item in decoded.values())
        return kind(**decoded) if sound else FAULTY

    def _sequence(self, hint: Any, value: Any, where: str) -> Any:
        if not isinstance(value, list):
            return self._wrong_type(value, where, "a list")
        item_hint = get_args(hint)[0]
        items = [self._value(item_hint, item, f"{where}/{i}") for i, item in enumerate(value)]
        if any(item is FAULTY for item in items):
            return FAULTY
        return frozenset(items) if get_origin(hint) is frozenset else tuple(items)

    def _choice(self, kind: type[Enum], value: Any, where: str) -> Any:
        known = {member.value: member for member in kind}
        if not isinstance(value, str):
            return self._wrong_type(value, where, f"one of {', '.join(known)}")
        if value not in known:
            what = kind.__name__.lower()
            return self.unknown_name("unknown_value", where, what, value, known)
        return known[value]

    def _wrong_type(self, value: Any, where: str, expected: str) -> Any:
        return self.fault("wrong_type", where, f"{_shown(value)} is not {expected}", "correct it")


def pointer(where: str, name: str) -> str:
    """The JSON pointer of a key below ``where`` (RFC 6901)."""
    return f"{where}/{name.replace('~', '~0').replace('/', '~1')}"


@cache
def _fields(kind: Any) -> tuple[Mapping[str, Any], Mapping[str, bool]]:
    """The type hint of each field, and whether it must be given."""
    hints = get_type_hints(kind)
    required = {
        field.name: field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
        for field in dataclasses.fields(kind)
    }
    return hints, required


def _shown(value: Any) -> str:
    """A JSON value short enough for one line."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
