"""Links between visits as JSON (docs/formats.md)."""

from typing import Any

from solver.files.decode import Decoder
from solver.links import After, Apart, Link, Together

KINDS: dict[str, type[Together] | type[After] | type[Apart]] = {
    "together": Together,
    "after": After,
    "apart": Apart,
}


def links_in(decoder: Decoder, value: Any, where: str) -> tuple[Link, ...]:
    """Those of a list's links that are without faults; the others' are noted."""
    if not isinstance(value, list):
        decoder.fault("wrong_type", where, "it is no list", "list the links")
        return ()
    found = [_link(decoder, item, f"{where}/{i}") for i, item in enumerate(value)]
    return tuple(link for link in found if link is not None)


def _link(decoder: Decoder, value: Any, where: str) -> Link | None:
    if not isinstance(value, dict) or "kind" not in value:
        cause, action = "it does not say what kind of link it is", f"add kind: {', '.join(KINDS)}"
        decoder.fault("missing_key", where, cause, action)
        return None
    kind = decoder.text(value["kind"], f"{where}/kind")
    if kind not in KINDS:
        if isinstance(kind, str):
            decoder.unknown_name("unknown_value", f"{where}/kind", "kind of link", kind, KINDS)
        return None
    rest = {name: item for name, item in value.items() if name != "kind"}
    return decoder.record(KINDS[kind], rest, where)
