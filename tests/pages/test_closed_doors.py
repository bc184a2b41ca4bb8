"""Doors that are shut for a while: a busy service, a session that is over, a phone's storage."""

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.pages.conftest import ELSEWHERE, PASSWORD, PATIENCE, Service, Windows, until
from tests.pages.dispatching import shown
from tests.pages.phones import BLOCKED, PHONE, main_button, open_phone, report_next, tap_main

BUSY = ("answered (429|503): ",)
LAPSED = ("answered 401: ",)


class Busy:
    """Answers that the service is busy until it is `over`: what a page says of it stands however
    seldom somebody looks."""

    def __init__(
        self, page: Page, path: str, status: int, *, wait: str = "1", method: str = "GET"
    ) -> None:
        self.refused = 0
        self._is_over = False
        self._method = method
        self._status = status
        self._headers = {"Retry-After": wait, "Content-Type": "application/problem+json"}
        page.route(re.compile(path), self._answer)

    def _answer(self, route: Route) -> None:
        if route.request.method != self._method or self._is_over:
            route.fallback()
            return
        self.refused += 1
        body = '{"title": "Busy", "detail": "Too many requests; go on in 1 second."}'
        route.fulfill(status=self._status, headers=self._headers, body=body)

    def over(self) -> None:
        self._is_over = True


def until_refused(page: Page, busy: Busy, *, times: int) -> None:
    """The page has asked so often by itself."""
    ends = time.monotonic() + PATIENCE / 1_000
    while busy.refused < times:
        assert time.monotonic() < ends, f"asked {busy.refused} times in all"
        page.wait_for_timeout(20)


def waits_and_says_so(page: Page, words: str) -> None:
    expect(page.locator("#opening")).to_be_visible()
    expect(page.locator("#opening-words")).to_contain_text(words)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("path", [r"/session$", r"/board/\d"])
def test_a_board_whose_first_answers_are_refused_says_so_and_is_there_by_itself(
    page_as: Windows, status: int, path: str
) -> None:
    page = page_as("dispatcher", ELSEWHERE, expected=BUSY)
    busy = Busy(page, path, status)
    page.goto("/")
    waits_and_says_so(page, "Dịch vụ đang bận. Sẽ tự thử lại sau 1 giây.")
    until_refused(page, busy, times=2)
    busy.over()
    shown(page)
    expect(page.locator("#opening")).to_be_hidden()


def test_whoever_cannot_wait_tries_again_at_once(page_as: Windows) -> None:
    page = page_as("dispatcher", ELSEWHERE, language="en", expected=BUSY)
    busy = Busy(page, r"/session$", 503, wait="600")
    page.goto("/")
    waits_and_says_so(page, "Trying again in 600 seconds.")
    busy.over()
    page.get_by_role("button", name="Try again now").click()
    shown(page)


def test_a_phone_with_nothing_kept_says_that_the_service_is_busy_and_goes_on(
    page_as: Windows,
) -> None:
    page = page_as("technician", ELSEWHERE, **PHONE, **with_busy())
    busy = Busy(page, r"/session$", 503)
    page.goto("/my-day")
    waits_and_says_so(page, "Dịch vụ đang bận")
    busy.over()
    expect(page.locator(".next")).to_be_visible()
    expect(page.locator("#opening")).to_be_hidden()


def test_a_phone_whose_day_is_refused_asks_for_it_when_it_may(page_as: Windows) -> None:
    page = page_as("technician", ELSEWHERE, **PHONE, **with_busy())
    busy = Busy(page, r"/routes/", 429)
    page.goto("/my-day")
    expect(page.locator("#state-words")).to_contain_text("Dịch vụ đang bận")
    busy.over()
    expect(page.locator(".next")).to_be_visible()


def with_busy() -> dict[str, Any]:
    return {"service_workers": "block", "expected": [*BLOCKED["expected"], *BUSY]}


@pytest.mark.parametrize("path", ["/", "/my-day", "/sign-in"])
def test_texts_that_are_refused_are_waited_for_in_both_languages(
    page_as: Windows, path: str
) -> None:
    page = page_as(None if path == "/sign-in" else "dispatcher", ELSEWHERE, **with_busy())
    busy = Busy(page, r"/pages/texts/", 503)
    page.goto(path)
    waits_and_says_so(page, "Trang sẽ tự thử lại")
    waits_and_says_so(page, "tries again by itself")
    until_refused(page, busy, times=2)
    busy.over()
    expect(page.locator("#opening")).to_be_hidden()
    expect(page.locator("[data-text]").last).to_have_text(re.compile(r"\w"))


def test_a_script_that_is_refused_leaves_no_blank_page(page_as: Windows) -> None:
    page = page_as("dispatcher", ELSEWHERE, expected=BUSY)
    # As after some attempts, so that the page waits for longer than anybody here.
    page.evaluate("sessionStorage.setItem('loads_failed', '5')")
    busy = Busy(page, r"/scripts/board/page\.js", 503)
    page.goto("/")
    waits_and_says_so(page, "Trang sẽ tự thử lại")
    busy.over()
    page.locator("#opening-again").click()
    shown(page)


# A session that is over


def sign_out_elsewhere(page: Page) -> None:
    """The session ends without the page's doing."""
    page.context.clear_cookies()


def sign_in_again(page: Page, user_name: str | None = None) -> None:
    dialog = page.get_by_role("dialog", name="Đăng nhập lại")
    if user_name is not None:
        dialog.get_by_label("Tên đăng nhập").fill(user_name)
    dialog.get_by_label("Mật khẩu").fill(PASSWORD)
    dialog.get_by_role("button", name="Đăng nhập", exact=True).click()


def test_a_form_that_is_filled_in_outlasts_the_session(page_as: Windows, service: Service) -> None:
    page = shown(page_as("dispatcher", expected=LAPSED))
    page.locator("#new-job").click()
    form = page.get_by_role("dialog", name="Việc mới")
    site = form.get_by_role("combobox", name="Khách hàng, địa điểm")
    site.fill("mua thu")
    expect(form.get_by_role("option").first).to_contain_text("Mùa Thu")
    site.press("ArrowDown")
    # What is asked of the chosen site would be the first to learn that the session is over.
    with page.expect_response(re.compile(r"/assets\?")):
        site.press("Enter")
    form.get_by_label("Nội dung công việc").fill("Bơm kêu to, hỏi chị Hoa ở cổng sau")
    sign_out_elsewhere(page)
    form.get_by_role("button", name="Tạo và tìm chỗ").click()
    expect(page.locator("#connection")).to_have_text("Đã hết phiên")
    expect(page.locator("#connection.live")).to_have_count(0)
    sign_in_again(page)
    expect(page.get_by_role("dialog", name="Xếp vào đâu?")).to_be_visible()
    expect(page.locator("#connection.live")).to_have_count(1)
    titles = [job["title"] for job in service.get("/jobs", limit=200)["jobs"]]
    assert titles.count("Bơm kêu to, hỏi chị Hoa ở cổng sau") == 1


def test_what_the_page_asks_by_itself_takes_no_form_away(page_as: Windows) -> None:
    page = shown(page_as("dispatcher", expected=LAPSED))
    page.locator("#new-job").click()
    title = page.get_by_role("dialog").get_by_label("Nội dung công việc")
    title.fill("Bơm kêu to")
    sign_out_elsewhere(page)
    refresh(page)
    expect(page.locator("#connection")).to_have_text("Đã hết phiên")
    expect(page.get_by_role("dialog")).to_have_count(1)
    expect(title).to_have_value("Bơm kêu to")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Đăng nhập lại…").click()
    sign_in_again(page)
    expect(page.locator("#connection.live")).to_be_visible()
    expect(page.get_by_role("button", name="Đăng nhập lại…")).to_be_hidden()


def test_whoever_does_not_sign_in_again_is_left_with_the_form(
    page_as: Windows, accessible: Any
) -> None:
    page = shown(page_as("dispatcher", expected=LAPSED))
    page.locator("#new-job").click()
    form = page.get_by_role("dialog", name="Việc mới")
    form.get_by_label("Nội dung công việc").fill("Bơm kêu to")
    sign_out_elsewhere(page)
    form.get_by_role("button", name="Tạo và tìm chỗ").click()
    expect(page.get_by_role("dialog", name="Đăng nhập lại")).to_be_visible()
    accessible(page)
    page.keyboard.press("Escape")
    expect(form.get_by_label("Nội dung công việc")).to_have_value("Bơm kêu to")
    expect(form.get_by_role("alert")).to_contain_text("đăng nhập")


def test_a_download_waits_until_somebody_has_signed_in_again(page_as: Windows) -> None:
    page = shown(page_as("dispatcher", expected=LAPSED))
    sign_out_elsewhere(page)
    refresh(page)
    expect(page.locator("#connection")).to_have_text("Đã hết phiên")
    with page.expect_download() as started:
        page.get_by_role("link", name="Bảng tính").click()
        sign_in_again(page)
    assert started.value.suggested_filename.endswith(".xlsx")


def test_a_page_is_not_anothers_to_go_on_with(page_as: Windows) -> None:
    page = shown(page_as("dispatcher", expected=LAPSED))
    page.evaluate("document.documentElement.dataset.same = 'yes'")
    sign_out_elsewhere(page)
    refresh(page)
    page.get_by_role("button", name="Đăng nhập lại…").click()
    sign_in_again(page, "administrator")
    expect(page.locator("html:not([data-same])")).to_be_attached()
    shown(page)


def test_who_has_signed_in_elsewhere_goes_on_here(page_as: Windows) -> None:
    page = shown(page_as("dispatcher", expected=LAPSED))
    sign_out_elsewhere(page)
    refresh(page)
    expect(page.locator("#connection")).to_have_text("Đã hết phiên")
    given = {"user_name": "dispatcher", "password": PASSWORD}
    assert page.context.request.post("/session", data=given).ok
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator("#connection.live")).to_be_visible()


def test_signing_in_where_the_service_is_busy_is_tried_again_by_itself(page_as: Windows) -> None:
    page = page_as(None, "/sign-in", expected=BUSY)
    busy = Busy(page, r"/session$", 503, method="POST")
    page.locator("#user-name").fill("dispatcher")
    page.locator("#password").fill(PASSWORD)
    page.locator("#submit").click()
    expect(page.locator("#failure")).to_have_text("Dịch vụ đang bận. Sẽ tự thử lại sau 1 giây.")
    busy.over()
    shown(page)


def refresh(page: Page) -> None:
    """As each minute."""
    page.evaluate(
        "async () => (await import('/pages/scripts/doors/board.js'))"
        ".readBoard(undefined, undefined, { quiet: true }).catch(() => null)"
    )


# What the phone keeps


def test_the_phone_is_asked_to_keep_what_is_there_for_good(page_as: Windows) -> None:
    page = page_as("technician", ELSEWHERE, **PHONE)
    page.add_init_script(
        """globalThis.asked = 0;
        navigator.storage.persisted = async () => false;
        navigator.storage.persist = async () => { globalThis.asked += 1; return false; };"""
    )
    page.goto("/my-day")
    expect(main_button(page)).to_be_visible()
    until(page, "globalThis.asked === 1")
    report_next(page)
    until(page, "globalThis.asked === 2")


OPENS_LATER = """
  const open = indexedDB.open.bind(indexedDB);
  let left = %d;
  indexedDB.open = (...given) => {
    if (left-- > 0) throw new DOMException("no room", "UnknownError");
    return open(...given);
  };
"""


def test_storage_that_could_not_be_opened_once_is_opened_later(page_as: Windows) -> None:
    page = page_as("technician", ELSEWHERE, **PHONE)
    page.add_init_script(OPENS_LATER % 2)
    page.goto("/my-day")
    waits_and_says_so(page, "Bộ nhớ của máy không phản hồi")
    expect(page.locator(".next")).to_be_visible()
    expect(page.locator("#opening")).to_be_hidden()


def test_storage_that_the_phone_has_closed_is_opened_again(page_as: Windows) -> None:
    page = page_as("technician", ELSEWHERE, **PHONE)
    page.add_init_script(
        """const transaction = IDBDatabase.prototype.transaction;
        IDBDatabase.prototype.transaction = function (...given) {
          if (globalThis.isClosing) { globalThis.isClosing = false; this.close(); }
          return transaction.apply(this, given);
        };"""
    )
    page.goto("/my-day")
    expect(page.locator(".next")).to_be_visible()
    page.evaluate("globalThis.isClosing = true")
    kept = page.evaluate(
        "async () => (await import('/pages/scripts/doors/my-day.js')).readValue('session')"
    )
    assert kept["technician_id"] == "T01"
    # The storage of pictures too.
    known = page.evaluate(
        """async () => {
          const { readPictures } = await import("/pages/scripts/doors/my-day.js");
          globalThis.isClosing = true;
          return readPictures();
        }"""
    )
    assert known == []


def test_a_report_that_the_phone_cannot_keep_is_not_called_noted(page_as: Windows) -> None:
    page = open_phone(page_as, expected=("console error: .*no room",))
    page.evaluate(
        """() => {
          globalThis.put = IDBObjectStore.prototype.put;
          IDBObjectStore.prototype.put = function (...given) {
            if (this.name === "reports") throw new DOMException("no room", "UnknownError");
            return globalThis.put.apply(this, given);
          };
        }"""
    )
    words = report_next(page)
    expect(page.locator("#toast")).to_contain_text("Máy chưa lưu được báo cáo này")
    page.evaluate("() => { IDBObjectStore.prototype.put = globalThis.put; }")
    tap_main(page, words)


def test_a_technician_who_opens_the_board_is_led_to_their_day(page_as: Windows) -> None:
    page = page_as("technician", path="/")
    expect(page).to_have_url(re.compile(r"/my-day$"))
    expect(page.locator("#opening")).to_be_hidden()


def test_a_day_that_does_not_exist_is_today(page_as: Windows) -> None:
    page = page_as("dispatcher", path="/?day=2026-02-31")
    expect(page.locator("#connection.live")).to_be_visible()
    expect(page.locator("#day")).not_to_have_value("")
