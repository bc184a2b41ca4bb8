"""A visit moved to another day on the board: dragged across midnight, or by its details."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import DAY, Service, Windows
from tests.pages.dispatching import Wire, carry, holder, log_of, open_details, planned, shown, visit

TOMORROW = "2026-11-24"
WEEK = f"/?day={DAY}&view=week"


def other_day(service: Service, *, breaks: bool) -> tuple[str, Wire, Wire]:
    """A job of today with a place tomorrow that breaks rules or does not: its id, where it is, and
    that place."""
    for job_id, _, _ in planned(service):
        if not breaks:
            service.api.patch(f"/jobs/{job_id}", json={"windows": []}).raise_for_status()
        answer = service.api.get(f"/jobs/{job_id}/alternatives", params={"day": TOMORROW})
        found = answer.json()
        if answer.status_code == 200 and found["alternatives"]:
            place = found["alternatives"][0]
            if bool(place["violations"]) == breaks:
                return job_id, found["here"], place
    raise AssertionError("there is no such job")


def zoomed_week(page: Page) -> Page:
    """The week from today on, so wide that single visits show, today's and tomorrow's."""
    page.set_viewport_size({"width": 2200, "height": 1150})
    expect(page.locator(f'[data-key="day:{DAY}"]').first).to_be_visible()
    expect(page.locator("#connection.live")).to_be_visible()
    page.locator("#zoom-in").click()
    expect(page.locator(".row .visit").first).to_be_visible()
    return page


def holder_tomorrow(service: Service, job_id: str) -> str | None:
    for route in service.get(f"/board/{TOMORROW}")["routes"]:
        if any(stop["job_id"] == job_id for stop in route["stops"]):
            return str(route["technician_id"])
    return None


def test_a_visit_is_dragged_to_tomorrow_and_back_by_undoing(
    page_as: Windows, service: Service
) -> None:
    job_id, here, there = other_day(service, breaks=False)
    page = zoomed_week(page_as("dispatcher", WEEK, language="en"))
    carry(page, visit(page, job_id), there["technician_id"], there["start_at"])
    expect(page.locator(".ghost")).to_contain_text(re.compile(r"Tue,? 24/11 \d\d:\d\d"))
    note = page.locator(".ghost-note")
    expect(note).to_contain_text(re.compile(r"starts Tue,? 24/11 \d\d:\d\d"))
    expect(note.locator(".broken")).to_have_count(0)
    assert holder(service, job_id) == (here["technician_id"], here["start_at"])
    page.mouse.up()
    toast = page.locator(".toast", has_text=re.compile("Tue,? 24/11"))
    expect(toast).to_be_visible()
    assert holder(service, job_id) is None
    assert holder_tomorrow(service, job_id) == there["technician_id"]
    moved = page.locator(f'.row[data-technician="{there["technician_id"]}"]').locator(
        visit(page, job_id)
    )
    expect(moved).to_be_visible()
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast", has_text=re.compile("Undone"))).to_be_visible()
    assert holder(service, job_id) == (here["technician_id"], here["start_at"])
    assert holder_tomorrow(service, job_id) is None


def test_the_keyboard_carries_a_visit_over_the_night(page_as: Windows, service: Service) -> None:
    job_id, here, _ = other_day(service, breaks=True)
    page = zoomed_week(page_as("dispatcher", WEEK, language="en"))
    visit(page, job_id).click()
    visit(page, job_id).press("m")
    ghost = page.locator(".ghost")
    for _ in range(14):
        page.keyboard.press("Shift+ArrowRight")
        if re.search("Tue", ghost.inner_text()):
            break
    expect(page.locator("#announcements")).to_contain_text(re.compile("starts Tue.*breaks"))
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Override rules?")
    expect(dialog.locator("[data-rule=time_windows]")).to_contain_text("after")
    dialog.get_by_label("Reason (required)").fill("The customer is away today")
    dialog.get_by_role("button", name="Override").click()
    expect(dialog).to_have_count(0)
    assert holder_tomorrow(service, job_id) == here["technician_id"]
    [entry] = log_of(service, job_id, "override")
    assert "The customer is away today" in str(entry["after"])
    page.keyboard.press("Control+z")
    expect(page.locator(".toast", has_text=re.compile("Undone"))).to_be_visible()
    assert holder(service, job_id) == (here["technician_id"], here["start_at"])


@pytest.mark.parametrize("breaks", [False, True])
def test_the_details_of_a_visit_offer_another_day(
    page_as: Windows, service: Service, accessible: Callable[[Page], None], breaks: bool
) -> None:
    job_id, _, there = other_day(service, breaks=breaks)
    colleague = zoomed_week(page_as("dispatcher", WEEK))
    page = shown(page_as("dispatcher", language="en"))
    details = open_details(page, job_id)
    details.get_by_role("button", name="Move to another day…").click()
    dialog = page.get_by_role("dialog", name="Move to another day")
    expect(dialog.get_by_label("Day")).to_have_value(TOMORROW)
    place = dialog.locator(".offer").first
    expect(place).to_contain_text(there["technician"])
    expect(place.locator(".broken li")).to_have_count(len(there["violations"]))
    accessible(page)
    place.get_by_role("button", name="Move").click()
    expect(dialog).to_have_count(0)
    if breaks:
        override = page.get_by_role("dialog", name="Override rules?")
        override.get_by_label("Reason (required)").fill("Agreed on the phone")
        override.get_by_role("button", name="Override").click()
    toast = page.locator(".toast", has_text=there["technician"])
    expect(toast).to_be_visible()
    assert holder_tomorrow(service, job_id) == there["technician_id"]
    expect(visit(page, job_id)).to_have_count(0)
    expect(details).to_contain_text("Not on the days shown")
    row = colleague.locator(f'.row[data-technician="{there["technician_id"]}"]')
    expect(row.locator(visit(colleague, job_id))).to_be_attached()
    if not breaks:
        toast.get_by_role("button", name="Show that day").click()
        page.wait_for_url(f"**day={TOMORROW}*")
        expect(visit(page, job_id)).to_be_visible()
