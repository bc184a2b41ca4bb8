"""Being told on the phone when others change the day."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from dispatch.push import watching
from tests.dispatch.devices import PhoneKeys
from tests.dispatch.receiving import Target, target
from tests.dispatch.waiting import until
from tests.pages.conftest import DAY, Service, Windows
from tests.pages.phones import Waking, open_phone, stops_of, until_kept

KEYS = PhoneKeys()
SWITCH = "Báo cho tôi khi lịch thay đổi"
# A browser without a window knows no push service, shows no notices and never asks for leave. What
# the page and the service worker ask of it is as of any other.
SUBSCRIBING = """([leave, endpoint, p256dh, auth]) => {
  let current = null;
  let permission = "default";
  Object.defineProperty(Notification, "permission", { get: () => permission });
  Notification.requestPermission = async () => (permission = leave);
  PushManager.prototype.getSubscription = async () => current;
  PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => {
    if (!userVisibleOnly || applicationServerKey.length !== 87) throw new Error("not allowed");
    current = {
      toJSON: () => ({ endpoint, keys: { p256dh, auth } }),
      unsubscribe: async () => { current = null; return true; },
    };
    return current;
  };
}"""
TAPPED = """async (day) => {
  for (const page of await clients.matchAll()) page.postMessage({ tapped: day });
}"""
SHOWING = """() => {
  globalThis.shown = [];
  registration.getNotifications = async ({ tag }) => shown.filter((one) => one.tag === tag);
  registration.showNotification = async (title, options) => { shown.push({ title, ...options }); };
}"""


@pytest.fixture
def service_settings() -> dict[str, object]:
    return {"push_contact": "mailto:office@dispatch.example", "push_private_targets": True}


@pytest.fixture
def push_service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    monkeypatch.setattr(watching, "GATHERED_FOR", timedelta())
    with target() as found:
        found.answer = lambda _: 201
        yield found


def open_settings(page_as: Windows, push_service: Target, leave: str = "granted") -> Page:
    page = open_phone(page_as)
    given = KEYS.subscription(push_service.url)
    page.evaluate(SUBSCRIBING, [leave, given.endpoint, given.p256dh, given.auth])
    until_kept(page)
    page.get_by_role("button", name="Cài đặt").click()
    return page


def test_what_others_change_is_shown_by_the_phone(
    service: Service, page_as: Windows, push_service: Target, accessible: Callable[[Page], None]
) -> None:
    page = open_settings(page_as, push_service)
    switch = page.get_by_role("switch", name=SWITCH)
    expect(switch).not_to_be_checked()
    accessible(page)
    switch.click()
    expect(switch).to_be_enabled()
    expect(switch).to_be_checked()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Cài đặt").click()
    expect(page.get_by_role("switch", name=SWITCH)).to_be_checked()

    gone = next(one for one in reversed(stops_of(service)) if one["kind"] == "visit")
    service.post(f"/jobs/{gone['job_id']}/cancel")
    until(lambda: bool(push_service.received))
    content = KEYS.opened(push_service.received[0].content)
    assert content["title"] == "Lịch thứ Hai 23/11 đã thay đổi"
    assert content["body"].startswith(f"Bỏ: {gone['title']}")

    waking = Waking(page)
    [worker] = page.context.service_workers
    worker.evaluate(SHOWING)
    for number in (1, 2):  # again, as when an answer got lost
        waking.push(json.dumps(content))
        until(lambda number=number: worker.evaluate("shown.length") == number)
    first, second = worker.evaluate("shown")
    assert (first["title"], first["body"]) == (content["title"], content["body"])
    assert (first["tag"], first["lang"]) == (f"day-{DAY}", "vi")
    assert first["data"] == {"id": content["id"], "day": str(DAY)}
    assert (first["renotify"], second["renotify"]) == (True, False)

    page.keyboard.press("Escape")
    worker.evaluate(TAPPED, "2026-11-24")
    expect(page.locator("#day-note")).to_have_text("Ngày mai")


def test_it_is_switched_off_again(service: Service, page_as: Windows, push_service: Target) -> None:
    page = open_settings(page_as, push_service)
    switch = page.get_by_role("switch", name=SWITCH)
    for is_on in (True, False):
        expect(switch).to_be_enabled()
        switch.click()
        expect(switch).to_be_enabled()
        expect(switch).to_be_checked(checked=is_on)
        answer = page.evaluate(
            "async () => (await fetch('/technicians/T01/push-subscription')).json()"
        )
        assert (answer["created_at"] is not None) == is_on


def test_who_does_not_allow_it_is_told_how_to(page_as: Windows, push_service: Target) -> None:
    """Without being asked when the page opens."""
    page = open_settings(page_as, push_service, leave="denied")
    switch = page.get_by_role("switch", name=SWITCH)
    expect(switch).to_be_enabled()
    assert page.evaluate("Notification.permission") == "default"
    switch.click()
    expect(page.get_by_role("alert").filter(has_text="đang chặn thông báo")).to_be_visible()
    expect(switch).not_to_be_checked()


def test_an_iphone_is_sent_to_the_home_screen(page_as: Windows, push_service: Target) -> None:
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"
    page = open_phone(page_as, user_agent=agent)
    page.evaluate("delete globalThis.PushManager")
    page.get_by_role("button", name="Cài đặt").click()
    expect(page.get_by_role("alert").filter(has_text="màn hình chính")).to_be_visible()
    expect(page.get_by_role("switch", name=SWITCH)).to_be_disabled()


@pytest.mark.parametrize("service_settings", [{}])
def test_there_is_no_switch_where_the_service_tells_nothing(page_as: Windows) -> None:
    page = open_phone(page_as)
    page.get_by_role("button", name="Cài đặt").click()
    expect(page.get_by_role("switch", name=re.compile("vị trí"))).to_be_visible()
    expect(page.get_by_role("switch", name=SWITCH)).to_be_hidden()
