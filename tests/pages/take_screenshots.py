"""Pictures of the demo day for the README and ``docs/``, light and dark: ``make screenshots``."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.dispatch.waiting import until
from tests.pages.conftest import DAY, Service, Windows

PICTURES = Path(__file__).parents[2] / "docs" / "screenshots"
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}

pytestmark = pytest.mark.parametrize("scheme", ["light", "dark"])


def keep(page: Page, name: str, scheme: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}-{scheme}.png", animations="disabled")


def board(page_as: Windows, scheme: str) -> Page:
    page = page_as("dispatcher", language="en", color_scheme=scheme)
    expect(page.locator(".row .visit").first).to_be_visible()
    expect(page.locator("#connection.live")).to_be_visible()
    return page


def test_the_day(page_as: Windows, scheme: str) -> None:
    keep(board(page_as, scheme), "board", scheme)


def test_why_not(page_as: Windows, service: Service, scheme: str) -> None:
    waiting = service.get(f"/board/{DAY}")["unassigned"]
    job_id = next(
        one["job_id"]
        for one in waiting
        if any(reason["rule"] == "skills" for reason in one["reasons"])
    )
    page = board(page_as, scheme)
    page.locator(f'.job-card[data-job="{job_id}"] .job-open').click()
    page.get_by_text("Why not?", exact=True).click()
    expect(page.get_by_text("The smallest change comes first")).to_be_visible()
    page.get_by_text("Why not?", exact=True).evaluate("(node) => node.scrollIntoView()")
    keep(page, "why-not", scheme)


def test_comparison(page_as: Windows, service: Service, scheme: str) -> None:
    service.post("/jobs/N116/cancel")
    run = service.post("/plans", {"starts_on": DAY, "seconds": 3})
    until(lambda: service.get(f"/runs/{run['id']}")["status"] == "finished")
    page = board(page_as, scheme)
    page.locator("#drafts").click()
    page.get_by_role("button", name="Compare").first.click()
    expect(page.get_by_text(re.compile("technicians? changes?"))).to_be_visible()
    keep(page, "comparison", scheme)


def test_my_day(page_as: Windows, scheme: str) -> None:
    page = page_as("technician", "/my-day", language="vi", color_scheme=scheme, **PHONE)
    expect(page.get_by_text("Đang làm").first).to_be_visible()
    keep(page, "my-day", scheme)
