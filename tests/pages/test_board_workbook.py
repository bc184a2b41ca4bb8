"""The days shown on the board, for a spreadsheet."""

from collections.abc import Callable
from io import BytesIO

from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.pages.conftest import DAY, Service, Windows
from tests.pages.dispatching import planned, shown


def test_the_days_shown_are_downloaded_in_the_language_of_the_page(
    page_as: Windows, service: Service, accessible: Callable[[Page], None]
) -> None:
    page = shown(page_as("dispatcher", language="en"))
    link = page.get_by_role("link", name="Spreadsheet")
    accessible(page)
    with page.expect_download() as started:
        link.click()
    assert started.value.suggested_filename == f"plan-{DAY}.xlsx"
    book = load_workbook(BytesIO(started.value.path().read_bytes()))
    assert book.sheetnames == ["Routes", "Not placed", "Technicians"]
    there = {cell.value for row in book["Routes"].iter_rows() for cell in row}
    assert {job_id for job_id, *_ in planned(service)} <= there

    page.locator("#view-week").click()
    expect(link).to_have_attribute("href", f"/board/{DAY}.xlsx?days=7&language=en")
