"""Words of people that cannot be broken anywhere stay in their places, on any screen."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import DAY, Service, Windows
from tests.pages.dispatching import open_details
from tests.pages.phones import PHONE, main_button

LONG = "Ế" + "w" * 178 + "x"
"""180 characters, of the widest."""

WIDE = [{"width": 1280, "height": 900}, {"width": 360, "height": 740}]

TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  const isWithin = (node) => node.getBoundingClientRect().right <= width + 1;
  const cuts = (node) => getComputedStyle(node).overflowX !== "visible";
  const isPart = (node) => node !== document.body && node !== document.documentElement;
  const named = (node) => `${node.tagName}.${node.className}`;
  const all = [...document.querySelectorAll("body *")].filter((node) => node.clientWidth > 0);
  const found = [];
  if (document.scrollingElement.scrollWidth > width) found.push("the page");
  for (const node of all) {
    if (isWithin(node) || node.closest(".visually-hidden, .skip-link, svg")) continue;
    // In what scrolls or is cut off itself, and is within the window, it may be any width.
    let around = node.parentElement;
    while (around && !(cuts(around) && isWithin(around) && isPart(around))) {
      around = around.parentElement;
    }
    if (!around) found.push(`${named(node)} leaves the window`);
  }
  const mayScroll = "#timeline, .tabs, .table-room, .sums, textarea, .leaflet-container";
  for (const node of all) {
    const scrolls = ["auto", "scroll"].includes(getComputedStyle(node).overflowX);
    if (!scrolls || node.matches(mayScroll) || node.scrollWidth <= node.clientWidth + 1) continue;
    found.push(`${named(node)} is to be scrolled sideways`);
  }
  return found;
}"""


def fits(page: Page) -> None:
    found = page.evaluate(TOO_WIDE)
    assert found == [], "\n".join(found[:40])


@pytest.fixture
def wordy(service: Service) -> dict[str, str]:
    """Long words wherever people write some: ids of a planned job and of one that waits."""
    site = {"name": LONG, "address": LONG, "latitude": 21.03, "longitude": 105.84}
    made = service.post("/jobs", {"title": LONG, "site": site, "duration_minutes": 30})
    again = {"title": LONG, "site_id": made["site_id"], "duration_minutes": 30}
    waiting = service.post("/jobs", again)
    found = service.get(f"/jobs/{made['id']}/options", day=DAY)["options"][0]
    technician = found["technician_id"]
    service.post(f"/jobs/{made['id']}/place", {"technician_id": technician, "day": DAY})
    span = {"starts_at": f"{DAY}T21:00:00+07:00", "ends_at": f"{DAY}T22:00:00+07:00"}
    service.post(f"/technicians/{technician}/absences", {**span, "reason": LONG})
    return {"placed": made["id"], "waiting": waiting["id"], "technician": technician}


@pytest.mark.parametrize("viewport", WIDE, ids=lambda one: one["width"])
def test_the_board_is_as_wide_as_its_window(
    page_as: Windows, wordy: dict[str, str], viewport: dict[str, int]
) -> None:
    page = page_as("dispatcher", viewport=viewport)
    expect(page.locator(".row .visit").first).to_be_visible()
    fits(page)
    details = open_details(page, wordy["placed"])
    expect(details).to_contain_text(LONG)
    fits(page)
    details.get_by_text("Vì sao ở đây?").click()
    expect(details.locator(".fold-body:not([aria-busy])").first).to_be_visible()
    fits(page)
    for button in ("Sửa…", "Chuyển sang ngày khác…", "Hủy việc…"):
        details.get_by_role("button", name=button).click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        filled = dialog.locator("[role=status]:not(:empty):visible, input:visible, p:visible")
        expect(filled.first).to_be_visible()
        fits(page)
        page.keyboard.press("Escape")
    details.get_by_role("button", name="Ghim người").click()
    expect(page.locator(".toast")).to_contain_text(LONG)
    fits(page)
    page.locator("#history").click()
    expect(page.get_by_role("dialog")).to_contain_text(LONG)
    fits(page)
    page.keyboard.press("Escape")
    page.evaluate(SELECT_TECHNICIAN, wordy["technician"])
    expect(details).to_contain_text("Vắng mặt")
    fits(page)


SELECT_TECHNICIAN = """async (technicianId) => {
  (await import('/pages/scripts/doors/board.js')).select({ technicianId });
}"""


@pytest.mark.parametrize("viewport", WIDE, ids=lambda one: one["width"])
def test_a_job_without_a_place_is_as_wide_as_its_panel(
    page_as: Windows, wordy: dict[str, str], viewport: dict[str, int]
) -> None:
    page = page_as("dispatcher", viewport=viewport)
    expect(page.locator(f'[data-job="{wordy["waiting"]}"]')).to_contain_text(LONG)
    fits(page)
    details = open_details(page, wordy["waiting"])
    details.get_by_text("Vì sao chưa xếp được?").click()
    expect(details.locator(".fold-body:not([aria-busy])").first).to_be_visible()
    fits(page)
    page.locator("#tab-figures").click()
    fits(page)


@pytest.mark.parametrize("width", [1280, 360])
def test_the_technicians_page_is_as_wide_as_the_phone(
    page_as: Windows, wordy: dict[str, str], width: int
) -> None:
    options: dict[str, Any] = {**PHONE, "viewport": {"width": width, "height": 740}}
    page = page_as("technician", "/my-day", technician_id=wordy["technician"], **options)
    expect(page.locator(".next")).to_be_visible()
    fits(page)
    line = page.locator(".line", has_text=LONG).first
    line.locator("summary").first.click()
    expect(line.locator(".line-more")).to_contain_text(LONG)
    fits(page)
    page.locator("#tab-load").click()
    fits(page)
    page.locator("#menu").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    fits(page)
    page.keyboard.press("Escape")
    page.locator("#tab-stops").click()
    expect(main_button(page)).to_be_visible()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_a_message_is_as_wide_as_its_words_need(page_as: Windows, width: int) -> None:
    page = page_as("dispatcher", language="vi")
    page.set_viewport_size({"width": width, "height": 700})
    page.evaluate(
        """() => {
            const message = document.createElement("div");
            message.className = "toast";
            message.innerHTML = "<span></span><button class='small'>Hoàn tác</button>";
            message.firstChild.textContent = "Đã ghim công việc vào kỹ thuật viên, và ở nguyên đó";
            document.querySelector(".toasts").append(message);
        }"""
    )
    box = page.locator(".toast").evaluate("node => node.getBoundingClientRect().toJSON()")
    assert box["height"] <= 110
    assert box["left"] >= 0
    assert box["right"] <= width
