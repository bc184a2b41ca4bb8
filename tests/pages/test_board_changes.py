"""Changing the plan on the board by hand: pointer and keyboard, seen beforehand, taken back."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import DAY, Service, Windows
from tests.pages.dispatching import (
    carry,
    holder,
    log_of,
    movable,
    open_details,
    planned,
    shown,
    visit,
    waiting,
)

UNSKILLED = "N005"
"""A job of the demo day that needs a skill at a level that nobody has."""


def test_a_visit_shows_what_its_move_costs_before_it_is_dropped_and_can_be_undone(
    page_as: Windows, service: Service
) -> None:
    job_id, here, there = movable(service)
    page = shown(page_as("dispatcher", language="en"))
    carry(page, visit(page, job_id), there["technician_id"])
    note = page.locator(".ghost-note")
    expect(note).to_contain_text(there["technician"])
    expect(note).to_contain_text(re.compile(r"[+−][\d,.₫\s]+|±0"))
    assert holder(service, job_id) == (here["technician_id"], here["start_at"])
    page.mouse.up()
    toast = page.locator(".toast", has_text=there["technician"])
    expect(toast).to_be_visible()
    changed = holder(service, job_id)
    assert changed is not None
    assert changed[0] == there["technician_id"]
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast", has_text=re.compile("Undone"))).to_be_visible()
    assert holder(service, job_id) == (here["technician_id"], here["start_at"])


def test_the_newest_change_is_undone_by_a_key_and_the_list_says_so(
    page_as: Windows, service: Service
) -> None:
    job_id, here, there = movable(service)
    page = shown(page_as("dispatcher", language="en"))
    carry(page, visit(page, job_id), there["technician_id"])
    page.mouse.up()
    expect(page.locator(".toast")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.locator(".toast", has_text=re.compile("Undone"))).to_be_visible()
    assert holder(service, job_id) == (here["technician_id"], here["start_at"])
    page.get_by_role("button", name="Recent changes").click()
    dialog = page.get_by_role("dialog", name="Recent changes")
    expect(dialog.get_by_role("listitem").first).to_contain_text("undone")


def test_breaking_a_hard_rule_takes_a_reason_which_the_log_keeps(
    page_as: Windows, service: Service, accessible: Callable[[Page], None]
) -> None:
    page = shown(page_as("dispatcher"))
    carry(page, waiting(page, UNSKILLED), "T10", f"{DAY}T13:00:00+07:00")
    note = page.locator(".ghost-note .broken [data-rule=skills]")
    expect(note).to_contain_text("Ngô Gia Khánh thiếu 2 bậc kỹ năng")
    broken = page.locator(".ghost-note .broken [data-rule]").count()
    page.mouse.up()
    dialog = page.get_by_role("dialog", name="Bỏ qua quy tắc?")
    expect(dialog.locator(".broken li")).to_have_count(broken)
    assert holder(service, UNSKILLED) is None
    accessible(page)
    dialog.get_by_role("button", name="Bỏ qua và xếp").click()
    reason = dialog.get_by_label("Lý do (bắt buộc)")
    expect(reason).to_be_focused()
    expect(dialog.get_by_text("Hãy ghi lý do")).to_be_visible()
    assert holder(service, UNSKILLED) is None
    reason.fill("Có thợ chính đi kèm")
    dialog.get_by_role("button", name="Bỏ qua và xếp").click()
    expect(visit(page, UNSKILLED)).to_be_visible()
    placed = holder(service, UNSKILLED)
    assert placed is not None
    assert placed[0] == "T10"
    [entry] = log_of(service, UNSKILLED, "override")
    assert entry["actor"] == "dispatcher"
    assert "Có thợ chính đi kèm" in str(entry["after"])
    page.keyboard.press("Control+z")
    expect(visit(page, UNSKILLED)).to_have_count(0)
    assert service.get(f"/jobs/{UNSKILLED}")["pinned_technician_id"] is None


def test_giving_an_override_up_changes_nothing(page_as: Windows, service: Service) -> None:
    page = shown(page_as("dispatcher", language="en"))
    version = service.get(f"/board/{DAY}")["version"]
    carry(page, waiting(page, UNSKILLED), "T10", f"{DAY}T13:00:00+07:00")
    page.mouse.up()
    page.get_by_role("dialog", name="Override rules?").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert service.get(f"/board/{DAY}")["version"] == version


def test_the_keyboard_moves_a_visit_and_says_what_that_costs(
    page_as: Windows, service: Service
) -> None:
    page = shown(page_as("dispatcher", language="en"))
    version = service.get(f"/board/{DAY}")["version"]
    job_id, technician_id, _ = next(planned(service))
    visit(page, job_id).click()
    visit(page, job_id).press("m")
    page.keyboard.press("Shift+ArrowRight")
    said = page.locator("#announcements")
    expect(said).to_contain_text(re.compile(r"starts \d\d:\d\d"))
    page.keyboard.press("h")
    expect(page.locator(".note-hold.on")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".ghost")).to_have_count(0)
    assert service.get(f"/board/{DAY}")["version"] == version
    found = holder(service, job_id)
    assert found is not None
    assert found[0] == technician_id


def test_a_visit_that_is_held_stays_at_its_time(page_as: Windows, service: Service) -> None:
    job_id, _, there = movable(service)
    page = shown(page_as("dispatcher", language="en"))
    page.keyboard.down("Shift")
    carry(page, visit(page, job_id), there["technician_id"], there["start_at"])
    expect(page.locator(".note-hold.on")).to_be_visible()
    page.mouse.up()
    page.keyboard.up("Shift")
    dialog = page.get_by_role("dialog", name="Override rules?")
    done = page.locator(".toast", has_text=there["technician"])
    expect(dialog.or_(done)).to_be_visible()
    if dialog.is_visible():
        dialog.get_by_label("Reason (required)").fill("promised on the phone")
        dialog.get_by_role("button", name="Override").click()
        expect(done).to_be_visible()
    job = service.get(f"/jobs/{job_id}")
    assert job["pinned_technician_id"] == there["technician_id"]
    assert job["pinned_start_at"] is not None


def test_a_job_is_pinned_and_unpinned_in_place(page_as: Windows, service: Service) -> None:
    late = {visit["job_id"] for visit in service.get("/late-visits")["late_visits"]}
    in_time = (found for found in planned(service) if found[0] not in late)
    job_id, technician_id, start_at = next(in_time)
    page = shown(page_as("dispatcher", language="en"))
    details = open_details(page, job_id)
    details.get_by_role("button", name="Pin to technician").click()
    expect(details.get_by_role("button", name="Unpin")).to_be_visible()
    job = service.get(f"/jobs/{job_id}")
    assert (job["pinned_technician_id"], job["pinned_start_at"]) == (technician_id, None)
    details.get_by_role("button", name="Pin to time").click()
    expect(details.get_by_role("button", name="Pin to time")).to_have_count(0)
    # Later if the technician is late by then.
    assert service.get(f"/jobs/{job_id}")["pinned_start_at"] >= start_at
    details.get_by_role("button", name="Unpin").click()
    expect(details.get_by_role("button", name="Pin to technician")).to_be_visible()
    assert service.get(f"/jobs/{job_id}")["pinned_technician_id"] is None


def test_a_jobs_priority_is_changed_in_place_and_back(page_as: Windows, service: Service) -> None:
    job_id, _, _ = next(planned(service))
    before = service.get(f"/jobs/{job_id}")["priority"]
    page = shown(page_as("dispatcher"))
    details = open_details(page, job_id)
    details.get_by_label("Mức ưu tiên").select_option("emergency")
    toast = page.locator(".toast", has_text="ưu tiên khẩn cấp")
    expect(toast).to_be_visible()
    assert service.get(f"/jobs/{job_id}")["priority"] == "emergency"
    toast.get_by_role("button", name="Hoàn tác").click()
    expect(page.locator(".toast", has_text="Đã hoàn tác")).to_be_visible()
    assert service.get(f"/jobs/{job_id}")["priority"] == before


def test_a_job_is_cancelled_only_once_that_is_confirmed(
    page_as: Windows, service: Service, accessible: Callable[[Page], None]
) -> None:
    job_id, _, _ = next(planned(service))
    page = shown(page_as("dispatcher", language="en"))
    details = open_details(page, job_id)
    details.get_by_role("button", name="Cancel job…").click()
    dialog = page.get_by_role("dialog", name="Cancel this job?")
    accessible(page)
    dialog.get_by_role("button", name="Cancel", exact=True).click()
    assert service.get(f"/jobs/{job_id}")["status"] == "scheduled"
    details.get_by_role("button", name="Cancel job…").click()
    dialog.get_by_role("button", name="Cancel the job").click()
    expect(visit(page, job_id)).to_have_count(0)
    assert service.get(f"/jobs/{job_id}")["status"] == "cancelled"


def test_a_job_leaves_the_plan_and_comes_back(page_as: Windows, service: Service) -> None:
    job_id, _, _ = movable(service)
    was = holder(service, job_id)
    page = shown(page_as("dispatcher", language="en"))
    open_details(page, job_id).get_by_role("button", name="Take off the plan").click()
    expect(page.locator(".toast", has_text="taken off the plan")).to_be_visible()
    assert holder(service, job_id) is None
    expect(visit(page, job_id)).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(visit(page, job_id)).to_be_visible()
    assert holder(service, job_id) == was


def test_details_are_changed_and_faults_are_shown_where_they_are(
    page_as: Windows, service: Service, accessible: Callable[[Page], None]
) -> None:
    job_id, _, _ = next(planned(service))
    page = shown(
        page_as("dispatcher", language="en", expected=[f"answered 422: PATCH /jobs/{job_id}"])
    )
    open_details(page, job_id).get_by_role("button", name="Edit…").click()
    dialog = page.get_by_role("dialog", name=f"Edit job {job_id}")
    dialog.get_by_label("What is to be done").fill("")
    dialog.get_by_role("button", name="Save").click()
    title = dialog.get_by_label("What is to be done")
    expect(title).to_have_attribute("aria-invalid", "true")
    expect(title).to_be_focused()
    accessible(page)
    title.fill("Thay máy nén")
    dialog.get_by_label("Duration (minutes)").fill("35")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    job = service.get(f"/jobs/{job_id}")
    assert (job["title"], job["duration_minutes"]) == ("Thay máy nén", 35)


def test_work_type_and_machine_are_changed_and_taken_back(
    page_as: Windows, service: Service, accessible: Callable[[Page], None]
) -> None:
    job_id, _, _ = next(planned(service))
    before = service.get(f"/jobs/{job_id}")
    machine = {"site_id": before["site_id"], "name": "Máy giặt lồng ngang"}
    work_type = {"title": "Vệ sinh", "name": "Vệ sinh máy", "duration_minutes": 35}
    for path, content in (("/assets/WASHER-1", machine), ("/job-templates/cleaning", work_type)):
        assert service.api.put(path, json=content).is_success
    page = shown(page_as("dispatcher", language="en"))
    open_details(page, job_id).get_by_role("button", name="Edit…").click()
    dialog = page.get_by_role("dialog", name=f"Edit job {job_id}")
    dialog.get_by_label("Machine").select_option("WASHER-1")
    dialog.get_by_label("Work type").select_option("cleaning")
    expect(dialog.get_by_label("Duration (minutes)")).to_have_value("35")
    accessible(page)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    names = ("asset_id", "work_type_id", "title", "duration_minutes")
    job = service.get(f"/jobs/{job_id}")
    wanted = ["WASHER-1", "cleaning", "Vệ sinh máy: Máy giặt lồng ngang", 35]
    assert [job[name] for name in names] == wanted
    page.keyboard.press("Control+z")
    expect(page.locator(".toast", has_text="Undone")).to_be_visible()
    job = service.get(f"/jobs/{job_id}")
    assert [job[name] for name in names] == [before[name] for name in names]


def test_pace_limits_and_rates_of_a_technician_are_set_and_taken_back(
    page_as: Windows, service: Service, accessible: Callable[[Page], None]
) -> None:
    def stored() -> list[int | None]:
        [one] = [one for one in service.get(f"/board/{DAY}")["technicians"] if one["id"] == "T01"]
        names = ("pace_percent", "max_visits", "max_distance_km", "cost_per_hour")
        return [one[name] for name in names]

    page = shown(
        page_as("dispatcher", language="en", expected=["answered 422: PATCH /technicians/T01"])
    )
    page.get_by_role("rowheader").first.click()
    details = page.locator("#panel-job")
    details.get_by_role("button", name="Pace, limits and rates…").click()
    dialog = page.get_by_role("dialog", name="works")
    dialog.get_by_label("Takes of the usual time (%)").fill("5")
    dialog.get_by_label("Kilometres on a route, at most").fill("400")
    dialog.get_by_label("Cost of an hour of work").fill("80000")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("At least 10.")).to_be_visible()
    accessible(page)
    dialog.get_by_label("Takes of the usual time (%)").fill("90")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    assert stored() == [90, None, 400, 80_000]
    expect(details).to_contain_text("400 km")
    expect(details).to_contain_text("₫80,000")
    page.keyboard.press("Control+z")
    expect(details).not_to_contain_text("400 km")
    assert stored() == [100, None, None, None]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_the_details_of_a_job(
    page_as: Windows, service: Service, accessible: Callable[[Page], None], scheme: str
) -> None:
    job_id, _, _ = next(planned(service))
    page = shown(page_as("dispatcher", color_scheme=scheme))
    details = open_details(page, job_id)
    details.get_by_text("Vì sao ở đây?").click()
    expect(details.locator(".fold-body:not([aria-busy])").first).to_be_visible()
    accessible(page)
