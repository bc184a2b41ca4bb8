"""The technician's page as tests use it: a phone, and what the service has heard from it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.pages.conftest import DAY, Service, Windows

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
    "user_agent": "Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/130.0 Mobile Safari/537.36",
}
BLOCKED: dict[str, Any] = {
    "service_workers": "block",
    "expected": ["Service Worker registration blocked"],
}
"""For tests that stand between the page and the service."""
CUT_OFF = ("failed: .*(ERR_INTERNET_DISCONNECTED|ERR_FAILED)",)
SOON = 40_000
"""A report can be taken back for some seconds before it is sent."""


def open_phone(page_as: Windows, path: str = "/my-day", **options: Any) -> Page:
    page = page_as("technician", path, **{**PHONE, **options})
    if "technician" not in path:
        expect(page.locator(".next, .empty, .finished").first).to_be_visible()
    return page


def main_button(page: Page) -> Locator:
    return page.locator("#actions .huge")


def rested(page: Page) -> Locator:
    """The page, once it does not take a tap for a slip any more."""
    return page.locator("body:not([data-resting])")


def tap_main(page: Page, words: str) -> None:
    """Tap the one large button, once it says so and takes taps again."""
    button = rested(page).locator("#actions .huge")
    expect(button).to_contain_text(words)
    button.click()


def tap_again(page: Page, words: str) -> None:
    """Tap another button, once the page takes taps again."""
    rested(page).get_by_role("button", name=words).first.click()


def shown_job(page: Page) -> str:
    """The job that is shown large."""
    job = page.locator(".next").get_attribute("data-job")
    assert job
    return job


WORDS = ("Xuất phát", "Đã đến nơi", "Hoàn thành")
"""Of the one large button, from setting out for a visit to its end."""


def next_words(page: Page) -> str:
    """What the one large button says, once it is there."""
    expect(main_button(page)).to_contain_text(re.compile("|".join(WORDS)))
    said = main_button(page).inner_text()
    return next(words for words in WORDS if words in said)


def say_done(page: Page) -> None:
    tap_main(page, "Hoàn thành")
    page.get_by_role("button", name="Báo hoàn thành").click()


def report_next(page: Page) -> str:
    """Report whatever comes next; what the button said."""
    words = next_words(page)
    if words == WORDS[-1]:
        say_done(page)
    else:
        tap_main(page, words)
    return words


def report_to_the_end(page: Page) -> None:
    """Report all that is left of the visit that is shown large."""
    for words in WORDS[WORDS.index(next_words(page)) : -1]:
        tap_main(page, words)
    say_done(page)


def put_away(page: Page) -> None:
    """The phone goes into the pocket for a moment: what could still be taken back is sent."""
    page.evaluate(
        """() => {
          for (const value of ["hidden", "visible"]) {
            Object.defineProperty(document, "visibilityState", { value, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
          }
          delete document.visibilityState;
        }"""
    )


def pocket(page: Page) -> None:
    """Put the phone away after the last tap, so that what was reported does not wait for the time
    in which it can be taken back."""
    expect(rested(page)).to_be_attached()
    put_away(page)


def finish_current(page: Page) -> None:
    """Whatever is under way is done, and sent, so that a visit begins from the start."""
    if next_words(page) != WORDS[0]:
        report_to_the_end(page)
    expect(main_button(page)).to_contain_text("Xuất phát")
    put_away(page)


def reported(service: Service, job_id: str) -> list[str]:
    """What the service has heard of the job, in the order in which it came in."""
    found = service.get(f"/jobs/{job_id}/reports")["reports"]
    return [one["kind"] for one in sorted(found, key=lambda one: one["received_at"])]


def stops_of(service: Service, technician_id: str = "T01") -> list[dict[str, Any]]:
    day = service.get(f"/technicians/{technician_id}/routes/{DAY}")
    return [stop for route in day["routes"] for stop in route["stops"]]


def expect_state(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.locator("#state-words")).to_contain_text(words, timeout=SOON)


def expect_all_sent(page: Page) -> None:
    expect_state(page, re.compile(r"Đã gửi hết lúc \d\d:\d\d"))


def look_again(page: Page) -> None:
    """As when the phone is taken out of the pocket."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


class Waking:
    """The browser wakes the service worker, be the page open or closed."""

    def __init__(self, page: Page) -> None:
        until_kept(page)
        self._elsewhere = page.context.new_page()
        self._session = page.context.new_cdp_session(self._elsewhere)
        self._origin = page.evaluate("location.origin")
        registered: list[dict[str, Any]] = []
        self._session.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda event: registered.extend(event["registrations"]),
        )
        self._session.send("ServiceWorker.enable")
        while not registered:
            self._elsewhere.evaluate("null")
        [self._registration] = {
            one["registrationId"] for one in registered if self._origin in one["scopeURL"]
        }

    def __call__(self) -> None:
        self._session.send(
            "ServiceWorker.dispatchSyncEvent",
            {
                "origin": self._origin,
                "registrationId": self._registration,
                "tag": "my-day-reports",
                "lastChance": False,
            },
        )

    def push(self, content: str) -> None:
        """With a message of the browser's push service."""
        self._session.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": self._origin, "registrationId": self._registration, "data": content},
        )


def end(page: Page) -> None:
    """The phone ends the page, which has no time to send anything more. One that is closed learns
    in its last moment that there is a connection again, and would."""
    page.evaluate("() => { globalThis.fetch = () => new Promise(() => {}); }")
    page.close()


@contextmanager
def without_connection(page: Page) -> Iterator[None]:
    page.context.set_offline(True)
    yield
    page.context.set_offline(False)


def until_kept(page: Page) -> None:
    """Wait until the page needs no connection any more."""
    page.evaluate(
        """async () => {
          if (navigator.serviceWorker.controller) return;
          await new Promise((done) => {
            navigator.serviceWorker.addEventListener("controllerchange", done, { once: true });
          });
        }"""
    )


def with_day(change: Callable[[dict[str, Any]], None]) -> Callable[[Any], None]:
    """A route handler that changes the day on its way to the page."""

    def handle(route: Any) -> None:
        answer = route.fetch()
        if answer.status != 200:
            route.fulfill(response=answer)
            return
        day = answer.json()
        change(day)
        route.fulfill(response=answer, json=day)

    return handle
