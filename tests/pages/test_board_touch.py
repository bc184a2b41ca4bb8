"""The board on a tablet: a finger that rests picks up, one that moves scrolls, a tap opens."""

from playwright.sync_api import Page, expect

from tests.pages.conftest import DAY, Service, Windows, until
from tests.pages.dispatching import Fingers, grip, holder, movable, planned, shown, visit, waiting


def on_tablet(page_as: Windows) -> Page:
    return shown(page_as("dispatcher", language="en", has_touch=True))


def in_hand(page: Page) -> int:
    return page.locator(".ghost").count()


def test_a_finger_that_rests_on_a_visit_picks_it_up_and_carries_it(
    page_as: Windows, service: Service
) -> None:
    job_id, here, there = movable(service)
    page = on_tablet(page_as)
    fingers = Fingers(page)
    fingers.carry(visit(page, job_id), there["technician_id"])
    expect(page.locator(".ghost-note")).to_contain_text(there["technician"])
    assert holder(service, job_id) == (here["technician_id"], here["start_at"])
    fingers.lift()
    expect(page.locator(".toast", has_text=there["technician"])).to_be_visible()
    changed = holder(service, job_id)
    assert changed is not None
    assert changed[0] == there["technician_id"]


def test_a_finger_carries_a_waiting_job_into_a_row_and_what_breaks_a_rule_is_asked(
    page_as: Windows,
) -> None:
    page = on_tablet(page_as)
    fingers = Fingers(page)
    fingers.carry(waiting(page, "N005"), "T10", f"{DAY}T13:00:00+07:00")
    fingers.lift()
    expect(page.get_by_role("dialog").locator(".broken [data-rule=skills]")).to_be_visible()


def test_a_finger_that_moves_at_once_scrolls(page_as: Windows) -> None:
    page = on_tablet(page_as)
    page.set_viewport_size({"width": 1440, "height": 420})
    x, y = grip(page.locator(".visit.status-scheduled").first)
    fingers = Fingers(page)
    fingers.touch((x, y))
    for number in range(1, 8):
        fingers.move(x, y - number * 12)
    until(page, "document.querySelector('#timeline').scrollTop > 0")
    assert in_hand(page) == 0
    fingers.lift()
    assert in_hand(page) == 0


def test_a_finger_that_taps_opens_the_details(page_as: Windows, service: Service) -> None:
    job_id = next(job_id for job_id, *_ in planned(service))
    page = on_tablet(page_as)
    page.touchscreen.tap(*grip(visit(page, job_id)))
    expect(page.locator("#panel-job")).to_contain_text(job_id)
    assert in_hand(page) == 0


def test_what_was_picked_up_and_let_go_at_once_stays_where_it_is(
    page_as: Windows, service: Service
) -> None:
    job_id, technician_id, start_at = next(planned(service))
    page = on_tablet(page_as)
    fingers = Fingers(page)
    fingers.pick_up(visit(page, job_id))
    fingers.lift()
    expect(page.locator(".ghost")).to_have_count(0)
    expect(page.locator("#panel-job")).not_to_contain_text(job_id)
    assert holder(service, job_id) == (technician_id, start_at)


def test_a_second_finger_puts_the_job_back(page_as: Windows, service: Service) -> None:
    job_id, here, there = movable(service)
    page = on_tablet(page_as)
    fingers = Fingers(page)
    fingers.carry(visit(page, job_id), there["technician_id"])
    first = grip(page.locator(".ghost"))
    fingers.touch(first, (first[0] + 60, first[1] + 60))
    expect(page.locator(".ghost")).to_have_count(0)
    fingers.lift()
    expect(page.locator(".toast")).to_have_count(0)
    assert holder(service, job_id) == (here["technician_id"], here["start_at"])
