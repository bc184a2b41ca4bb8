"""The scripts as everybody gets them, without the doors that other tests have into them."""

import json

import pytest
from playwright.sync_api import expect

from api.pages import FILES, WEB, KeptFiles
from tests.pages.conftest import Service, Windows

BUNDLED = WEB / "bundled"


@pytest.mark.parametrize(
    ("role", "path", "shown"),
    [("dispatcher", "/", ".row"), ("technician", "/my-day", ".next"), (None, "/sign-in", "#form")],
)
def test_a_page_takes_few_requests_for_its_scripts(
    page_as: Windows,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    role: str | None,
    path: str,
    shown: str,
) -> None:
    monkeypatch.setitem(FILES, "scripts", KeptFiles(BUNDLED))
    page = page_as(role, "/pages/styles/icon.svg")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path)
    expect(page.locator(shown).first).to_be_visible()
    scripts = {one for one in asked if one.endswith(".js")}
    assert 1 < len(scripts) < 12
    assert not any("/doors/" in one for one in scripts)


def test_whoever_looks_for_a_fault_is_led_to_the_script_as_it_was_written() -> None:
    maps = [json.loads(file.read_text("utf-8")) for file in BUNDLED.rglob("*.js.map")]
    written = {one.rpartition("/scripts/")[2] for found in maps for one in found["sources"]}
    assert {"board/timeline/timeline.js", "my-day/outbox.js", "dom.js"} <= written
