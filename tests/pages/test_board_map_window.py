"""The board's map in a window of its own, for another screen."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import Windows
from tests.pages.dispatching import row, shown

SELECTED = re.compile(r"\bselected\b")
WORDS = {
    "vi": ("Mở bản đồ trong cửa sổ riêng", "Đưa về đây"),
    "en": ("Open the map in a window of its own", "Bring it back"),
}


def opened(page: Page, language: str = "vi") -> Page:
    """The map's window, once it is there."""
    with page.expect_popup() as found:
        page.get_by_role("button", name=WORDS[language][0]).click()
    window = found.value
    window.set_viewport_size({"width": 1000, "height": 700})
    expect(window.locator("#connection.live")).to_be_visible()
    expect(page.locator("#map")).to_be_hidden()
    return window


@pytest.mark.parametrize("language", WORDS)
def test_the_map_leaves_for_its_own_window_and_comes_back(
    page_as: Windows, accessible: Callable[[Page], None], language: str
) -> None:
    page = shown(page_as("dispatcher", language=language))
    window = opened(page, language)
    expect(window.locator("#map")).to_be_visible()
    for part in ("#timeline", "#panel", "#filters"):
        expect(window.locator(part)).to_be_hidden()
    accessible(window)
    accessible(page)
    with window.expect_event("close"):
        page.get_by_role("button", name=WORDS[language][1]).click()
    expect(page.locator("#map")).to_be_visible()


def test_what_is_chosen_in_one_is_chosen_in_the_other(page_as: Windows) -> None:
    page = shown(page_as("dispatcher"))
    window = opened(page)
    theirs = row(page, "T03").locator(".visit")
    theirs.first.click()
    numbers = window.locator("#map .site-number")
    expect(numbers.first).to_be_visible()
    # The mark lies under its number.
    box = numbers.last.bounding_box()
    assert box is not None
    window.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(theirs.first).not_to_have_class(SELECTED)
    expect(page.locator(".visit.selected")).to_have_count(1)
    # On the plain ground nothing is chosen any more.
    window.mouse.click(5, 690)
    expect(page.locator(".visit.selected")).to_have_count(0)


def test_both_show_the_same_days_and_jobs(page_as: Windows) -> None:
    page = shown(page_as("dispatcher"))
    window = opened(page)
    page.locator("#day-after").click()
    expect(window.locator("#day")).to_have_value("2026-11-24")
    window.locator("#view-week").click()
    expect(page.locator("#view-week")).to_have_attribute("aria-pressed", "true")
    page.locator("#search").fill("dieu hoa")
    expect(window.locator("#search")).to_have_value("dieu hoa")


def test_each_finds_the_other_again_when_it_is_loaded_anew(page_as: Windows) -> None:
    page = shown(page_as("dispatcher"))
    window = opened(page)
    page.reload()
    expect(page.locator("#connection.live")).to_be_visible()
    expect(page.locator("#map")).to_be_hidden()
    window.reload()
    expect(window.locator("#connection.live")).to_be_visible()
    expect(page.locator("#map")).to_be_hidden()
    page.locator("#day-after").click()
    expect(window.locator("#day")).to_have_value("2026-11-24")
    window.close()
    expect(page.locator("#map")).to_be_visible()
