"""What counts as a change of a day, and how changes add up."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dispatch.push.known_days import (
    DETAILS,
    TOLERANCE,
    KnownDay,
    KnownVisit,
    changes,
    joined,
    with_changes,
    without_changes,
)
from dispatch.push.wording import TEXTS
from dispatch.views.itinerary import RouteStop
from tests.dispatch.crew import hanoi

WEB = Path(__file__).parents[3] / "api" / "web"


def visit(clock: str, details: str = "", *, is_over: bool = False) -> KnownVisit:
    return KnownVisit(
        start_at=hanoi(clock).isoformat(),
        title="Repair",
        name="Customer",
        priority="normal",
        details=details,
        is_over=is_over,
    )


def day(**visits: KnownVisit) -> KnownDay:
    return KnownDay(until=hanoi("17:00").isoformat(), visits=visits)


def kinds(found: Any) -> dict[str, str]:
    return {one["job_id"]: one["kind"] for one in found}


def test_it_is_what_the_page_counts() -> None:
    """There it is read by the phone, here by the service."""
    script = (WEB / "scripts" / "my-day" / "day.js").read_text(encoding="utf-8")
    minutes = re.search(r"const TOLERANCE = (\d+) \* 60_000;", script)
    details = re.search(r"function details\(\{(.+?)\}\)", script)
    assert minutes is not None
    assert details is not None
    assert int(minutes[1]) * 60 == TOLERANCE.total_seconds()
    names = [part.split("=")[0].split(":")[0].strip() for part in details[1].split(", ")]
    assert {*names} == DETAILS
    assert RouteStop.model_fields.keys() >= DETAILS


@pytest.mark.parametrize("language", ["vi", "en"])
def test_it_is_said_in_the_words_of_the_page(language: Any) -> None:
    page = json.loads((WEB / "texts" / language / "my-day.json").read_text(encoding="utf-8"))
    for kind in ("added", "removed", "moved", "changed"):
        assert TEXTS[language][kind] == page[f"changed.{kind}"]


def test_visits_are_new_gone_moved_or_different() -> None:
    before = day(a=visit("09:00"), b=visit("10:00"), c=visit("11:00"), d=visit("12:00"))
    after = day(a=visit("09:02"), b=visit("10:03"), c=visit("11:00", "else"), e=visit("13:00"))
    found = changes(before, after)
    assert kinds(found) == {"b": "moved", "c": "changed", "d": "removed", "e": "added"}
    assert [one["job_id"] for one in found] == ["b", "c", "d", "e"], "in the order of the day"


def test_what_was_done_is_not_gone() -> None:
    assert changes(day(a=visit("09:00", is_over=True)), day()) == []
    assert changes(day(a=visit("09:00")), day(a=visit("09:00", is_over=True))) == []


def test_changes_can_be_told_and_kept_back() -> None:
    before, after = day(a=visit("09:00"), b=visit("10:00")), day(b=visit("11:00"), c=visit("12:00"))
    found = changes(before, after)
    assert with_changes(before, found)["visits"] == after["visits"]
    assert without_changes(after, found)["visits"] == before["visits"]


def test_what_may_not_have_arrived_is_told_with_what_came_after_it() -> None:
    first = changes(day(a=visit("09:00")), day(a=visit("10:00"), b=visit("12:00")))
    then = changes(day(a=visit("10:00"), b=visit("12:00")), day(a=visit("11:00")))
    whole = joined(first, then)
    assert kinds(whole) == {"a": "moved", "b": "removed"}
    [moved] = [one for one in whole if one["job_id"] == "a"]
    assert moved["before"] == visit("09:00")
    assert moved["after"] == visit("11:00")
