"""Pictures for the README and ``docs/``, of the demo day, in light and dark: ``make screenshots``."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.pages.conftest import Service, Windows

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
    page.screenshot(path=PICTURES / f"{name}-{scheme}.png")


def test_the_day(page_as: Windows, scheme: str) -> None:
    page = page_as("dispatcher", language="en", color_scheme=scheme)
    page.wait_for_timeout(4000)
    keep(page, "board", scheme)
