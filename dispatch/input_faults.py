"""What pydantic finds wrong with what came in, as the domain's faults."""

from collections.abc import Sequence

from pydantic_core import ErrorDetails

from solver.faults import Fault

ACTIONS = {
    "missing": "give it",
    "extra_forbidden": "remove it, or check its spelling",
    "timezone_aware": "add the offset, like +07:00 or Z",
    "string_too_long": "shorten it",
    "string_too_short": "fill it in",
    "string_pattern_mismatch": "use letters, digits, dots, dashes and underscores (ids), and no "
    "semicolon (territories)",
    "json_invalid": "send well-formed JSON",
}


def faults_of(errors: Sequence[ErrorDetails], within: str = "") -> list[Fault]:
    """Pydantic's findings (``error.errors()``) as faults, placed ``within`` what was checked."""
    return [_fault(error, within) for error in errors]


def _fault(error: ErrorDetails, within: str) -> Fault:
    place = ".".join(str(part) for part in error["loc"])
    code = error["type"]
    cause = error["msg"][:1].lower() + error["msg"][1:]
    action = error.get("ctx", {}).get("action") or ACTIONS.get(code, "correct it")
    if code == "timezone_aware":
        code, cause = "naive_datetime", "has no offset, so it could mean several moments"
    return Fault(code, " ".join(filter(None, (within, place))) or "body", cause, action)
