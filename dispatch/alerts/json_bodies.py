"""JSON that may come from anybody: decoded, of limited depth, every key once, finite numbers.

What a message means must not hang on how its bytes are written: byte order marks and stated
character sets are taken, and a number that is none (``NaN``, ``1e999``) reads as null.
"""

import json
import math
from typing import Any

from solver.faults import Fault

MAX_DEPTH = 20
MAX_WORD = 200
"""Most characters of a message that is no JSON and still one word or line."""
NESTED_TEXTS = 3
"""So often JSON in a text that is in JSON in a text is read."""


class UnreadableBody(Exception):  # noqa: N818 - becomes ``Unclear``
    def __init__(self, *faults: Fault) -> None:
        self.faults = faults


def read_text(body: bytes, charset: str | None = None) -> str:
    """The body as text, in Unicode by its marks, or else as it says. Raises ``UnreadableBody``."""
    # Many who claim another character set send UTF-8 all the same, so that is tried first.
    for encoding in (json.detect_encoding(body), charset):
        if encoding is None:
            continue
        try:
            # Some who write in C send the end of the text along.
            return body.decode(encoding).removeprefix("\ufeff").rstrip("\0 \t\r\n")
        except (UnicodeDecodeError, LookupError, ValueError) as error:
            cause = str(error)[:500]
    raise UnreadableBody(Fault("not_utf8", "body", cause, "encode it as UTF-8"))


def read_json(text: str) -> Any:
    """What the text says. Raises ``UnreadableBody``."""
    try:
        content = json.loads(
            text,
            parse_constant=lambda _: None,
            parse_float=_finite_or_null,
            object_pairs_hook=_every_key_once,
        )
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        cause = f"is not JSON: {error}"
        raise UnreadableBody(
            Fault("json_invalid", "body", cause, "send well-formed JSON")
        ) from None
    if depth(content) > MAX_DEPTH:
        raise _too_deep()
    if "\\u" in text:
        # JSON can spell half a character, which no answer, table or search can carry.
        content = json.loads(_whole(json.dumps(content, ensure_ascii=False)))
    return content


def _whole(text: str) -> str:
    return text.encode(errors="replace").decode()


def _finite_or_null(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _every_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two values under one key are two messages, of which one would go unheard."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found and found[name] != value:
            cause = "it is there more than once, with different values"
            action = "send every key once; what was meant has to be asked of the sender"
            raise UnreadableBody(Fault("duplicate_key", _whole(name[:200]), cause, action))
        found[name] = value
    return found


def depth(content: Any) -> int:
    """How many levels of objects and lists it has, at most one more than is allowed."""
    level = [content]
    for number in range(MAX_DEPTH + 1):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += one.values()
            elif isinstance(one, list):
                inner += one
        if not inner:
            return number
        level = inner
    return MAX_DEPTH + 1


def _too_deep() -> UnreadableBody:
    cause = f"is nested deeper than {MAX_DEPTH} levels"
    return UnreadableBody(Fault("too_deep", "body", cause, "send it flatter"))


def as_word(text: str) -> str | None:
    """The text if it can be meant as a word of its own, such as ``ON``, and not as broken JSON."""
    word = text.strip()
    if not word or len(word) > MAX_WORD or not word.isprintable() or word[0] in '{["':
        return None
    return word


def from_text(text: str) -> Any:
    """The object or list that is written out in the text; else the text itself."""
    if text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        return read_json(text)
    except UnreadableBody:
        return text


def opened(content: Any, times: int = NESTED_TEXTS) -> Any:
    """The content with JSON that is inside texts in place of them, if that is not too deep."""
    found = _opened(content, times)
    return found if depth(found) <= MAX_DEPTH else content


def _opened(content: Any, times: int) -> Any:
    if isinstance(content, dict):
        return {name: _opened(value, times) for name, value in content.items()}
    if isinstance(content, list):
        return [_opened(value, times) for value in content]
    if isinstance(content, str) and times:
        found = from_text(content)
        return content if found is content else _opened(found, times - 1)
    return content


def an_object(content: Any, where: str = "body") -> dict[str, Any]:
    """Raises ``UnreadableBody`` for anything else."""
    if not isinstance(content, dict):
        cause = f"is {kind_of(content)}"
        raise UnreadableBody(Fault("not_an_object", where, cause, "send a JSON object"))
    return content


def kind_of(content: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", type(None): "null"}
    return kinds.get(type(content), "a number or truth value")
