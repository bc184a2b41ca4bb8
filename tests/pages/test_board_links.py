"""Crews and order between jobs, on the board and on the phone."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.pages.conftest import DAY, Service, Windows
from tests.pages.dispatching import open_details, planned, shown, visit
from tests.pages.phones import open_phone, shown_job, stops_of


def new_job(page: Page) -> Locator:
    """The form for a new job, at a site that is chosen already."""
    page.get_by_role("button", name="New job").click()
    dialog = page.get_by_role("dialog", name="New job")
    site = dialog.get_by_role("combobox", name="Customer, site")
    site.fill("mua thu")
    expect(dialog.get_by_role("option").first).to_contain_text("Mùa Thu")
    site.press("ArrowDown")
    site.press("Enter")
    return dialog


def test_a_new_job_with_a_crew_is_offered_and_placed_as_one(
    page_as: Windows, service: Service, accessible: Callable[[Page], None]
) -> None:
    page = shown(page_as("dispatcher", language="en"))
    dialog = new_job(page)
    dialog.get_by_label("What is to be done").fill("Lift in a new boiler")
    dialog.get_by_role("button", name="Add a technician").click()
    dialog.get_by_label("What they do, if something else").fill("Lend a hand")
    accessible(page)
    dialog.get_by_role("button", name="Create and find a place").click()
    offers = page.get_by_role("dialog", name="Where could it go?")
    offers.get_by_role("button", name=re.compile("^Take|^Choose")).first.click()
    expect(offers).to_have_count(0)
    selected = page.locator(".visit.selected")
    expect(selected).to_be_visible()
    job_id = str(selected.get_attribute("data-key")).removeprefix("job:")
    expect(visit(page, f"{job_id}.2")).to_have_class(re.compile("partner"))
    details = open_details(page, job_id)
    expect(details.locator(".links")).to_contain_text("Starts together with Lend a hand")
    accessible(page)
    details.get_by_role("button", name="Lend a hand").click()
    expect(visit(page, job_id)).to_have_class(re.compile("partner"))
    assert service.get(f"/jobs/{job_id}.2")["status"] in ("scheduled", "dispatched")
    details.get_by_role("button", name=re.compile("^Cancel")).click()
    asked = page.get_by_role("dialog", name="Cancel this job?")
    expect(asked.get_by_label(re.compile("the others of its crew"))).to_be_checked()
    asked.get_by_role("button", name="Cancel the job").click()
    expect(visit(page, job_id)).to_have_count(0)
    assert service.get(f"/jobs/{job_id}")["status"] == "cancelled"


def test_of_a_long_job_the_first_stretch_is_offered_a_place(
    page_as: Windows, service: Service
) -> None:
    page = shown(page_as("dispatcher", language="en", expected=["answered 422: POST /jobs"]))
    dialog = new_job(page)
    dialog.get_by_label("What is to be done").fill("Overhaul the pump")
    dialog.get_by_label("Duration (minutes)").fill("1920")
    dialog.get_by_label("Worked at most so long at a time").fill("60")
    dialog.get_by_role("button", name="Create and find a place").click()
    expect(dialog.get_by_text("More than ten stretches")).to_be_visible()
    dialog.get_by_label("Duration (minutes)").fill("90")
    with page.expect_response("**/jobs") as posted:
        dialog.get_by_role("button", name="Create and find a place").click()
    job_id = posted.value.json()["id"]
    offers = page.get_by_role("dialog", name="Where could it go?")
    offers.get_by_role("button", name=re.compile("^Take|^Choose")).first.click()
    expect(visit(page, f"{job_id}-1")).to_be_visible()
    assert service.get(f"/jobs/{job_id}-1")["duration_minutes"] == 45


def test_an_earlier_job_is_named_with_days_between(page_as: Windows, service: Service) -> None:
    earlier, *_ = next(planned(service))
    page = shown(page_as("dispatcher", language="en"))
    dialog = new_job(page)
    dialog.get_by_label("What is to be done").fill("Look whether it holds")
    dialog.get_by_role("button", name="Add an earlier job").click()
    dialog.get_by_label("Job id").fill(earlier)
    dialog.get_by_label("at least").fill("2")
    dialog.get_by_label("Unit").select_option("days")
    dialog.get_by_label("By whom").select_option("same")
    with page.expect_response("**/jobs") as posted:
        dialog.get_by_role("button", name="Create and find a place").click()
    [link] = posted.value.json()["links"]
    assert (link["job_ids"][0], link["least_minutes"], link["person"]) == (earlier, 2880, "same")


def test_the_phone_names_the_colleague_and_when_they_arrive(
    page_as: Windows, service: Service
) -> None:
    site = next(one for one in stops_of(service) if one["status"] == "scheduled")
    site_id = service.get(f"/jobs/{site['job_id']}")["site_id"]
    job = {"id": "CREW", "site_id": site_id, "title": "Lắp máy", "duration_minutes": 30}
    crew = [{"title": "Phụ lắp"}]
    service.post("/jobs", {**job, "pinned_technician_id": "T01", "crew": crew})
    service.post("/jobs/CREW/place", {"technician_id": "T01", "day": DAY})
    mine = next(one for one in stops_of(service) if one["job_id"] == "CREW")
    [colleague] = mine["crew"]
    page = open_phone(page_as)
    if shown_job(page) != "CREW":
        page.locator('details[data-key="CREW"] > summary').click()
    named = page.locator('li[data-job="CREW.2"]')
    expect(named).to_contain_text(colleague["technician"])
    expect(named).to_contain_text("Phụ lắp · đến lúc")
