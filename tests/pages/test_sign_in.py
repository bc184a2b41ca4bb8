"""Signing in, as people do it."""

from playwright.sync_api import expect

from tests.pages.conftest import Windows


def test_the_page_is_there(page_as: Windows) -> None:
    page = page_as(None, "/sign-in")
    expect(page).to_have_title("Dispatch")
