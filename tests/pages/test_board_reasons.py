"""Why here, why not: the reasons that the board gives, and what it offers to do about them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.pages.conftest import DAY, Service, Windows
from tests.pages.dispatching import holder, movable, open_details, shown, visit

UNSKILLED = "N005"
"""A job of the demo day that needs a skill at a level that nobody has."""
TOO_LATE = "N028"
"""One whose time window opens when the last shift is over."""


def test_a_visit_says_where_else_it_could_be_and_goes_there_with_one_click(
    page_as: Windows, service: Service
) -> None:
    job_id, here, there = movable(service)
    page = shown(page_as("dispatcher", language="en"))
    details = open_details(page, job_id)
    details.get_by_text("Why here?").click()
    expect(details.get_by_text(f"With {here['technician']} at")).to_be_visible()
    place = details.locator(".offer").first
    expect(place).to_contain_text(there["technician"])
    expect(place.locator(".cost")).to_have_text(re.compile(r"^([+−]\D*[\d,.]+|±0)"))
    place.get_by_role("button", name=re.compile(f"^Move: {there['technician']}")).click()
    expect(page.locator(".toast", has_text=there["technician"])).to_be_visible()
    changed = holder(service, job_id)
    assert changed is not None
    assert changed[0] == there["technician_id"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_unassigned_job_says_what_the_smallest_change_is_for_each_technician(
    page_as: Windows, service: Service, accessible: Callable[[Page], None], scheme: str
) -> None:
    told = service.get(f"/jobs/{UNSKILLED}/why-not", day=DAY)["technicians"]
    page = shown(page_as("dispatcher", color_scheme=scheme))
    details = open_details(page, UNSKILLED)
    details.get_by_text("Vì sao chưa xếp được?").click()
    ways = details.locator(".ways-in > .way-in")
    expect(ways.first).to_contain_text(told[0]["technician"])
    expect(ways.first).to_contain_text("kỹ năng Thu hồi và nạp môi chất lạnh")
    details.get_by_role("button", name=re.compile(r"Xem thêm \d+ người")).click()
    able = [one for one in told if one["changes"]]
    expect(details.locator("ol.ways-in > .way-in")).to_have_count(len(able))
    accessible(page)


def test_a_job_at_a_place_that_nobody_knows_says_so_and_nothing_of_small_changes(
    page_as: Windows, service: Service
) -> None:
    site_id = service.get(f"/jobs/{UNSKILLED}")["site_id"]
    nowhere = {"latitude": None, "longitude": None}
    service.api.patch(f"/sites/{site_id}", json=nowhere).raise_for_status()
    page = shown(page_as("dispatcher", language="en"))
    details = open_details(page, UNSKILLED)
    details.get_by_text("Why not?").click()
    answer = details.locator("details", has_text="Why not?")
    expect(answer.get_by_text("Its site has no coordinates yet")).to_be_visible()
    expect(answer.get_by_text("No small change")).to_have_count(0)


def test_the_smallest_change_is_made_with_a_reason(page_as: Windows, service: Service) -> None:
    smallest = service.get(f"/jobs/{UNSKILLED}/why-not", day=DAY)["technicians"][0]
    page = shown(page_as("dispatcher", language="en"))
    details = open_details(page, UNSKILLED)
    details.get_by_text("Why not?").click()
    details.get_by_role("button", name=f"Override…: {smallest['technician']}").first.click()
    dialog = page.get_by_role("dialog", name="Override rules?")
    expect(dialog.locator(".broken li")).to_have_count(len(smallest["changes"][0]["waivers"]))
    dialog.get_by_label("Reason (required)").fill("a colleague joins by phone")
    dialog.get_by_role("button", name="Override").click()
    expect(visit(page, UNSKILLED)).to_be_visible()
    found = holder(service, UNSKILLED)
    assert found is not None
    assert found[0] == smallest["technician_id"]


def test_a_time_window_is_widened_where_that_is_all_it_takes(
    page_as: Windows, service: Service
) -> None:
    before = service.get(f"/jobs/{TOO_LATE}")["windows"]
    page = shown(page_as("dispatcher", language="en"))
    details = open_details(page, TOO_LATE)
    details.get_by_text("Why not?").click()
    details.get_by_role("button", name=re.compile("^Widen the window by 36 min")).click()
    expect(visit(page, TOO_LATE)).to_be_visible()
    found = holder(service, TOO_LATE)
    assert found is not None
    assert found[0] == "T06"
    assert service.get(f"/jobs/{TOO_LATE}")["windows"][0]["starts_at"] < before[0]["starts_at"]
    page.keyboard.press("Control+z")
    expect(visit(page, TOO_LATE)).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.locator(".toast", has_text="Undone")).to_contain_text("window widened")
    assert service.get(f"/jobs/{TOO_LATE}")["windows"] == before


def test_nothing_that_lies_between_two_requests_of_a_change_is_shown_or_asked_about(
    page_as: Windows, service: Service
) -> None:
    """A job with the wider window that is on no route yet: another window sees it, this one asks
    about it only once it has its place, and so not at all."""
    page = shown(page_as("dispatcher", language="en"))
    other = open_details(shown(page_as("dispatcher", language="en")), TOO_LATE)
    before = other.locator(".facts").first.inner_text()
    details = open_details(page, TOO_LATE)
    details.get_by_text("Why not?").click()
    widen = details.get_by_role("button", name=re.compile("^Widen the window by 36 min"))
    expect(widen).to_be_visible()

    def place_late(route: Route) -> None:
        expect(other.locator(".facts").first).not_to_have_text(before, use_inner_text=True)
        route.continue_()

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/plan-changes", place_late)
    widen.click()
    expect(visit(page, TOO_LATE)).to_be_visible()
    assert [url for url in asked if "/why-not" in url] == []
