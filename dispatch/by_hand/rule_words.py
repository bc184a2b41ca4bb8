"""Rules that are broken or waived, and by how much, in a dispatcher's words."""

from collections.abc import Iterable
from typing import Literal

from solver.solution import EARLIER, TECHNICIAN, Rule
from solver.wording import counted

Unit = Literal["seconds", "metres", "items", "levels", ""]
UNITS: dict[Rule, Unit] = {
    Rule.SKILLS: "levels",
    Rule.TIME_WINDOWS: "seconds",
    Rule.SHIFT: "seconds",
    Rule.BREAKS: "seconds",
    Rule.TRAVEL: "seconds",
    Rule.PARTS: "items",
    Rule.TOOLS: "items",
    Rule.DEPOT_STOCK: "items",
}
LIMIT_UNITS: dict[str, Unit] = {"max_travel": "seconds", "max_distance": "metres"}
"""Of limits of a route, by the name of the limit."""


def unit(rule: Rule, subjects: Iterable[str]) -> Unit:
    """What the amount counts."""
    if rule is Rule.PINS:
        return "" if TECHNICIAN in subjects else "seconds"
    if rule is Rule.LIMITS:
        return next((LIMIT_UNITS[name] for name in subjects if name in LIMIT_UNITS), "")
    return UNITS.get(rule, "")


def sentence(rule: Rule, stop: str, technician: str, subjects: tuple[str, ...], amount: int) -> str:
    """One sentence about a rule that is broken or waived by so much."""
    what = ", ".join(subjects)
    match rule:
        case Rule.SKILLS:
            levels = counted(amount, "level")
            return f"{technician} is {levels} of skill {what} short of what {stop} needs"
        case Rule.TIME_WINDOWS:
            side = "before" if EARLIER in subjects else "after"
            return f"{stop} starts {_duration(amount)} {side} its time window"
        case Rule.SHIFT:
            return f"{technician} works {_duration(amount)} longer than shift and overtime allow"
        case Rule.LIMITS if "max_visits" in subjects:
            return f"{technician} has {counted(amount, 'visit')} more than may be on the route"
        case Rule.LIMITS if "max_travel" in subjects:
            return f"{technician} travels {_duration(amount)} longer than the route may"
        case Rule.LIMITS:
            return f"{technician} travels {amount / 1000:.1f} km further than the route may"
        case Rule.BREAKS:
            return f"the break of {technician} is {_duration(amount)} off its time"
        case Rule.PARTS:
            return f"{technician} is {amount} × {what} short for {stop}"
        case Rule.TOOLS:
            return f"{technician} has no {what} for {stop}"
        case Rule.DEPOT_STOCK:
            return f"{stop} is {amount} × {what} short: others take it"
        case Rule.PINS if TECHNICIAN in subjects:
            return f"{stop} is promised to another technician"
        case Rule.PINS:
            return f"{stop} starts {_duration(amount)} off its promised time"
        case Rule.TECHNICIANS:
            return f"{technician} is not to be sent to {stop}"
        case Rule.TERRITORY:
            return f"{technician} does not serve territory {what}, where {stop} is"
        case Rule.TOGETHER:
            return f"{stop} does not start with {what} of its crew, with a technician each"
        case Rule.AFTER:
            return f"{stop} does not keep its distance from {what}"
        case _:
            return f"{stop} does not fit: {rule.value.replace('_', ' ')}, {amount}"


def _duration(seconds: int) -> str:
    return f"{-(-seconds // 60)} min"
