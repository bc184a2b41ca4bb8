"""The technician's page with one bar of signal: nothing is lost, nothing is told twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from api import pages
from tests.pages.conftest import DAY, ELSEWHERE, MOMENT, PASSWORD, Service, Windows, until
from tests.pages.dispatching import row, shown
from tests.pages.phones import (
    BLOCKED,
    CUT_OFF,
    PHONE,
    SOON,
    Waking,
    end,
    expect_all_sent,
    expect_state,
    finish_current,
    look_again,
    main_button,
    open_phone,
    pocket,
    reported,
    say_done,
    shown_job,
    stops_of,
    tap_main,
    until_kept,
    with_day,
    without_connection,
)


def sent_by(context: BrowserContext) -> list[str]:
    """Ids of the reports that the browser sends, as often as it does."""
    found: list[str] = []

    def note(request: Any) -> None:
        if request.method == "POST" and request.url.endswith("/reports"):
            found.append(request.post_data_json["id"])

    context.on("request", note)
    return found


def answered_to(context: BrowserContext) -> list[str]:
    """Ids of the reports that the service answers, as often as it does: not those that find no
    connection."""
    found: list[str] = []

    def note(response: Any) -> None:
        request = response.request
        if request.method == "POST" and request.url.endswith("/reports"):
            found.append(request.post_data_json["id"])

    context.on("response", note)
    return found


def test_reports_made_offline_arrive_once_and_in_order_after_a_reload(
    service: Service, page_as: Windows
) -> None:
    page = open_phone(page_as, expected=CUT_OFF)
    finish_current(page)
    expect_all_sent(page)
    until_kept(page)
    job = shown_job(page)
    with without_connection(page):
        tap_main(page, "Xuất phát")
        tap_main(page, "Đã đến nơi")
        say_done(page)
        expect(page.locator(".next")).not_to_have_attribute("data-job", job)
        expect_state(page, "Ngoại tuyến – 3 báo cáo đang chờ gửi")
        page.reload()
        expect(page.locator(".next")).to_be_visible()
        expect(page.locator(".next")).not_to_have_attribute("data-job", job)
        expect_state(page, "Ngoại tuyến – 3 báo cáo đang chờ gửi")
        assert reported(service, job) == []
    expect_all_sent(page)
    assert reported(service, job) == ["en_route", "on_site", "completed"]
    times = [one["at"] for one in service.get(f"/jobs/{job}/reports")["reports"]]
    assert times == sorted(times)


def test_a_day_that_was_read_is_there_without_a_connection(
    service: Service, page_as: Windows, accessible: Callable[[Page], None]
) -> None:
    page = open_phone(page_as, expected=CUT_OFF)
    until_kept(page)
    page.get_by_role("button", name="Ngày sau").click()
    expect(page.get_by_text("Không có việc nào trong ngày này.")).to_be_visible()
    with without_connection(page):
        page.goto("/my-day")
        expect(page.locator(".next h2")).to_be_visible()
        expect_state(page, "Ngoại tuyến – lịch lúc")
        accessible(page)
        page.get_by_role("button", name="Ngày sau").click()
        expect(page.get_by_text("Không có việc nào trong ngày này.")).to_be_visible()
        for _ in range(3):
            page.get_by_role("button", name="Ngày sau").click()
        expect(page.get_by_text("chưa được lưu trên máy")).to_be_visible()


def test_a_report_whose_answer_was_lost_counts_once(service: Service, page_as: Windows) -> None:
    page = open_phone(
        page_as, **{**BLOCKED, "expected": [*BLOCKED["expected"], *CUT_OFF]}, path="/my-day"
    )
    finish_current(page)
    expect_all_sent(page)
    job = shown_job(page)
    sent = sent_by(page.context)
    lost: list[int] = []

    def lose_the_first(route: Any) -> None:
        if lost:
            route.fallback()
            return
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/technicians/T01/reports", lose_the_first)
    tap_main(page, "Xuất phát")
    expect_state(page, "Ngoại tuyến – 1 báo cáo đang chờ gửi")
    expect_all_sent(page)
    assert lost == [201]
    assert len(sent) == 2
    assert len(set(sent)) == 1
    assert reported(service, job) == ["en_route"]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_service_that_fails_is_asked_again(
    service: Service, page_as: Windows, status: int
) -> None:
    expected = [*BLOCKED["expected"], f"answered {status}: POST"]
    page = open_phone(page_as, **{**BLOCKED, "expected": expected})
    finish_current(page)
    expect_all_sent(page)
    job = shown_job(page)
    failures: list[int] = []

    def fail_once(route: Any) -> None:
        if failures:
            route.fallback()
            return
        failures.append(status)
        route.fulfill(status=status, headers={"Retry-After": "1"}, body="")

    page.route("**/technicians/T01/reports", fail_once)
    tap_main(page, "Xuất phát")
    expect(page.locator(".state.good")).to_have_count(0)
    expect_all_sent(page)
    assert failures == [status]
    assert reported(service, job) == ["en_route"]


def test_a_page_that_answers_in_place_of_the_service_has_taken_no_report(
    service: Service, page_as: Windows
) -> None:
    """As Wi-Fi networks have it where one has to sign in first."""
    page = open_phone(page_as, **BLOCKED)
    finish_current(page)
    expect_all_sent(page)
    job = shown_job(page)
    answered: list[str] = []

    def sign_in_first(route: Any) -> None:
        if answered:
            route.fallback()
            return
        answered.append(route.request.method)
        route.fulfill(content_type="text/html", body="<h1>Free Wi-Fi</h1>")

    page.route("**/technicians/T01/reports", sign_in_first)
    tap_main(page, "Xuất phát")
    expect_state(page, "Ngoại tuyến – 1 báo cáo đang chờ gửi")
    expect_all_sent(page)
    assert answered == ["POST"]
    assert reported(service, job) == ["en_route"]


DAYS = f"**/technicians/T01/routes/{DAY}"


def be_mistaken(service: Service, page: Page) -> str:
    """The page takes a job of somebody else for the technician's next one; which."""
    mine = next(one["job_id"] for one in stops_of(service) if one["status"] == "scheduled")
    never_mine: str = stops_of(service, "T02")[-1]["job_id"]

    def change(day: dict[str, Any]) -> None:
        for stop in (stop for route in day["routes"] for stop in route["stops"]):
            if stop["job_id"] == mine:
                stop["job_id"] = never_mine

    page.route(DAYS, with_day(change))
    return never_mine


def test_a_refused_report_is_shown_and_keeps_nobody_waiting(
    service: Service, page_as: Windows, accessible: Callable[[Page], None]
) -> None:
    refused = "answered 409: POST /technicians/T01/reports"
    expected = [*BLOCKED["expected"], *CUT_OFF, refused, "answered 403: GET /jobs/"]
    page = page_as("technician", ELSEWHERE, **{**PHONE, **BLOCKED, "expected": expected})
    never_mine = be_mistaken(service, page)
    page.goto("/my-day")
    expect(page.locator(".next")).to_be_visible()
    finish_current(page)
    expect_all_sent(page)
    assert shown_job(page) == never_mine
    page.unroute(DAYS)
    with without_connection(page):
        tap_main(page, "Xuất phát")
        tap_main(page, "Đã đến nơi")
        say_done(page)
        expect(page.locator(".next")).not_to_have_attribute("data-job", never_mine)
        following = shown_job(page)
        tap_main(page, "Xuất phát")
        pocket(page)
    pocket(page)
    notice = page.get_by_role("region", name="Báo cáo không được nhận")
    expect(notice.get_by_text("Việc này chưa từng có trong ngày của bạn").first).to_be_visible(
        timeout=SOON
    )
    expect_all_sent(page)
    assert reported(service, following) == ["en_route"]
    assert reported(service, never_mine) == []
    expect(notice.get_by_role("button", name="Bỏ báo cáo")).to_have_count(3)
    accessible(page)
    for left in (2, 1, 0):
        notice.get_by_role("button", name="Bỏ báo cáo").first.click()
        expect(notice.get_by_role("button", name="Bỏ báo cáo")).to_have_count(left)


def given_to_another(service: Service, job_id: str) -> str:
    """The technician, to whom a dispatcher has given the job by hand whatever that breaks."""
    for technician_id in (one["id"] for one in service.get("/technicians")["technicians"]):
        change = {"job_id": job_id, "technician_id": technician_id, "day": DAY}
        given = {**change, "override": {"reason": "Khách gọi"}}
        if technician_id != "T01" and service.api.post("/plan-changes", json=given).is_success:
            return technician_id
    raise AssertionError("nobody can have the job")


@pytest.mark.parametrize("service_settings", [{"freeze_minutes": 0}])
def test_what_was_done_offline_counts_though_somebody_else_has_it_by_now(
    service: Service, page_as: Windows
) -> None:
    board = shown(page_as("dispatcher"))
    page = open_phone(page_as, expected=CUT_OFF)
    finish_current(page)
    expect_all_sent(page)
    until_kept(page)
    job = shown_job(page)
    sent = answered_to(page.context)

    def on_the_day_of(technician_id: str) -> Locator:
        return row(board, technician_id).locator(f'.visit[data-key="job:{job}"]')

    with without_connection(page):
        tap_main(page, "Xuất phát")
        other = given_to_another(service, job)
        expect(on_the_day_of(other)).to_be_visible(timeout=SOON)
        expect(on_the_day_of("T01")).to_have_count(0)
        tap_main(page, "Đã đến nơi")
        say_done(page)
        pocket(page)
        expect_state(page, "Ngoại tuyến – 3 báo cáo đang chờ gửi")
        sent.clear()
    pocket(page)
    expect_all_sent(page)
    assert len(sent) == len(set(sent)) == 3
    assert reported(service, job) == ["en_route", "on_site", "completed"]
    expect(page.get_by_role("region", name="Báo cáo không được nhận")).to_have_count(0)
    expect(on_the_day_of("T01")).to_be_visible(timeout=SOON)
    expect(on_the_day_of(other)).to_have_count(0)
    [stop] = [one for one in stops_of(service) if one["job_id"] == job]
    assert stop["status"] == "completed"
    assert job not in [one["job_id"] for one in stops_of(service, other)]


def test_two_tabs_send_each_report_once(service: Service, page_as: Windows) -> None:
    page = open_phone(page_as, expected=CUT_OFF)
    finish_current(page)
    expect_all_sent(page)
    until_kept(page)
    job = shown_job(page)
    other = page.context.new_page()
    other.goto("/my-day")
    expect(other.locator(".next")).to_be_visible()
    sent = sent_by(page.context)
    with without_connection(page):
        tap_main(page, "Xuất phát")
        tap_main(page, "Đã đến nơi")
        expect(main_button(other)).to_contain_text("Hoàn thành")
        pocket(page)
        expect_state(page, "Ngoại tuyến – 2 báo cáo đang chờ gửi")
        expect_state(other, "2 báo cáo")
        sent.clear()
    pocket(page)
    expect_all_sent(page)
    expect_all_sent(other)
    assert len(sent) == len(set(sent)) == 2
    assert reported(service, job) == ["en_route", "on_site"]


def sign_in(page: Page, technician_id: str) -> None:
    given = {"user_name": technician_id.lower(), "password": PASSWORD}
    assert page.context.request.post("/session", data=given).ok


def test_what_waits_is_sent_after_signing_in_again_and_by_nobody_else(
    service: Service, page_as: Windows
) -> None:
    page = open_phone(page_as, expected=["answered 401", "answered 403"])
    finish_current(page)
    expect_all_sent(page)
    job = shown_job(page)
    page.context.clear_cookies()
    tap_main(page, "Xuất phát")
    pocket(page)
    expect_state(page, "Phiên đăng nhập đã hết – 1 báo cáo đang chờ gửi")
    expect(page.get_by_role("link", name="Đăng nhập lại")).to_be_visible()

    sign_in(page, "T02")
    page.goto("/my-day")
    expect(page.get_by_text("còn 1 báo cáo của người khác")).to_be_visible()
    mine = [stop["job_id"] for stop in stops_of(service, "T02")]
    expect(page.locator(".next")).to_be_visible()
    assert shown_job(page) in mine
    assert reported(service, job) == []

    sign_in(page, "T01")
    page.goto("/my-day")
    # Their own: what was kept of the other one's day is shown until the page loads anew.
    expect(page.locator(f'.next[data-job="{job}"]')).to_be_visible()
    pocket(page)
    expect_all_sent(page)
    assert reported(service, job) == ["en_route"]


def one_waits(service: Service, page: Page) -> str:
    """Somebody sets out for a job in a cellar and puts the phone away; the job."""
    finish_current(page)
    expect_all_sent(page)
    job = shown_job(page)
    page.context.set_offline(True)
    tap_main(page, "Xuất phát")
    pocket(page)
    expect_state(page, "Ngoại tuyến – 1 báo cáo đang chờ gửi")
    end(page)
    page.context.set_offline(False)
    assert reported(service, job) == []
    return job


def answers_to_reports(status: int) -> Callable[[Any], bool]:
    return lambda answer: answer.status == status and answer.url.endswith("/reports")


def test_what_waits_is_sent_while_the_page_is_closed(service: Service, page_as: Windows) -> None:
    page = open_phone(page_as, expected=CUT_OFF)
    finish_current(page)
    expect_all_sent(page)
    job = shown_job(page)
    wake = Waking(page)
    context = page.context
    with without_connection(page):
        tap_main(page, "Xuất phát")
        tap_main(page, "Đã đến nơi")
        say_done(page)
        pocket(page)
        expect_state(page, "Ngoại tuyến – 3 báo cáo đang chờ gửi")
        end(page)
    assert reported(service, job) == []
    sent = sent_by(context)
    answered: list[int] = []

    def is_last(answer: Any) -> bool:
        if answers_to_reports(201)(answer):
            answered.append(answer.status)
        return len(answered) == 3

    with context.expect_event("response", is_last):
        wake()
    assert reported(service, job) == ["en_route", "on_site", "completed"]
    page = context.new_page()
    page.goto("/my-day")
    expect_all_sent(page)
    expect(page.locator(".next")).not_to_have_attribute("data-job", job)
    assert len(sent) == len(set(sent)) == 3


def test_the_page_and_the_woken_worker_never_send_at_the_same_time(
    service: Service, page_as: Windows
) -> None:
    page = open_phone(page_as)
    finish_current(page)
    expect_all_sent(page)
    job = shown_job(page)
    wake = Waking(page)
    sent = sent_by(page.context)
    held: list[Any] = []
    page.route("**/technicians/T01/reports", lambda route: held.append(route))
    tap_main(page, "Xuất phát")
    tap_main(page, "Đã đến nơi")
    pocket(page)
    expect_state(page, "Đang gửi 2 báo cáo")
    wake()
    # The worker is there, and waits for its turn.
    until(
        page,
        """async () => {
          const { pending } = await navigator.locks.query();
          return pending.some(({ name }) => name === "my-day-reports");
        }""",
    )
    assert len(sent) == len(held) == 1
    page.unroute("**/technicians/T01/reports")
    held[0].fallback()
    expect_all_sent(page)
    assert len(sent) == len(set(sent)) == 2
    assert reported(service, job) == ["en_route", "on_site"]


@pytest.mark.parametrize("other", ["t02", "dispatcher"])
def test_the_woken_worker_sends_nothing_while_somebody_else_is_signed_in(
    service: Service, page_as: Windows, other: str
) -> None:
    page = open_phone(page_as, expected=[*CUT_OFF, "answered 403: POST /technicians/T01/reports"])
    wake = Waking(page)
    context = page.context
    job = one_waits(service, page)
    given = {"user_name": other, "password": PASSWORD}
    assert context.request.post("/session", data=given).ok
    with context.expect_event("response", answers_to_reports(403)):
        wake()
    assert reported(service, job) == []
    given = {"user_name": "t01", "password": PASSWORD}
    assert context.request.post("/session", data=given).ok
    page = context.new_page()
    page.goto("/my-day")
    expect(main_button(page)).to_be_visible()
    pocket(page)
    expect_all_sent(page)
    assert reported(service, job) == ["en_route"]


def test_what_the_woken_worker_may_not_send_waits_for_signing_in(
    service: Service, page_as: Windows
) -> None:
    page = open_phone(page_as, expected=[*CUT_OFF, "answered 401", "answered 403: POST"])
    wake = Waking(page)
    context = page.context
    job = one_waits(service, page)
    context.clear_cookies()
    with context.expect_event("response", answers_to_reports(401)):
        wake()
    page = context.new_page()
    page.goto("/my-day")
    expect_state(page, "Phiên đăng nhập đã hết – 1 báo cáo đang chờ gửi")
    sign_in(page, "T01")
    page.goto("/my-day")
    # Their own: what was kept of the other one's day is shown until the page loads anew.
    expect(page.locator(f'.next[data-job="{job}"]')).to_be_visible()
    pocket(page)
    expect_all_sent(page)
    assert reported(service, job) == ["en_route"]


def test_what_is_refused_while_the_page_is_closed_is_shown_when_it_opens(
    service: Service, page_as: Windows
) -> None:
    refused = "answered 422: POST /technicians/T01/reports"
    page = open_phone(page_as, expected=[*CUT_OFF, refused])
    wake = Waking(page)
    context = page.context
    one_waits(service, page)
    service.clock.move_to(MOMENT - timedelta(hours=1))
    with context.expect_event("response", answers_to_reports(422)):
        wake()
    page = context.new_page()
    page.goto("/my-day")
    notice = page.get_by_role("region", name="Báo cáo không được nhận")
    expect(notice.get_by_text("Đồng hồ")).to_be_visible()


def test_the_page_says_whether_what_waits_goes_out_by_itself(page_as: Windows) -> None:
    page = open_phone(page_as, expected=CUT_OFF)
    finish_current(page)
    expect_all_sent(page)
    until_kept(page)
    with without_connection(page):
        tap_main(page, "Xuất phát")
        pocket(page)
        expect_state(page, "đang chờ gửi. Hãy mở lại trang này khi có mạng.")
        page.evaluate(
            """() => {
              SyncManager.prototype.register = async (tag) => { globalThis.wanted = tag; };
            }"""
        )
        tap_main(page, "Đã đến nơi")
        pocket(page)
        expect_state(page, "2 báo cáo đang chờ gửi. Sẽ tự gửi khi có mạng.")
        assert page.evaluate("wanted") == "my-day-reports"
    pocket(page)
    expect_all_sent(page)


def test_signing_out_leaves_nothing_on_the_phone(service: Service, page_as: Windows) -> None:
    page = open_phone(page_as)
    until_kept(page)
    finish_current(page)
    job = shown_job(page)
    tap_main(page, "Xuất phát")
    page.get_by_role("button", name="Cài đặt").click()
    page.get_by_role("button", name="Đăng xuất").click()
    page.wait_for_url("**/sign-in")
    assert reported(service, job) == ["en_route"]  # what waited was sent first
    kept = page.evaluate(
        """async () => {
          const database = await new Promise((done) => {
            const request = indexedDB.open("my-day");
            request.onsuccess = () => done(request.result);
          });
          const names = [...database.objectStoreNames];
          const counts = await Promise.all(names.map((name) => new Promise((done) => {
            const request = database.transaction(name).objectStore(name).count();
            request.onsuccess = () => done(request.result);
          })));
          database.close();
          const caches_ = (await caches.keys()).length;
          const workers = (await navigator.serviceWorker.getRegistrations()).length;
          return [...counts, caches_, workers];
        }"""
    )
    assert kept == [0, 0, 0, 0, 0, 0]


def test_signing_out_with_reports_that_cannot_be_sent_asks_first(page_as: Windows) -> None:
    page = open_phone(page_as, expected=CUT_OFF)
    finish_current(page)
    expect_all_sent(page)
    asked: list[str] = []

    def refuse(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    with without_connection(page):
        tap_main(page, "Xuất phát")
        page.get_by_role("button", name="Cài đặt").click()
        with page.expect_event("dialog"):
            page.get_by_role("button", name="Đăng xuất").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        look_again(page)
    page.keyboard.press("Escape")
    pocket(page)
    expect_all_sent(page)
    assert asked == ["1 báo cáo chưa gửi sẽ mất. Vẫn đăng xuất?"]


def be_seen(page: Page, state: str) -> None:
    """As when the phone goes into the pocket (`hidden`), or comes out of it (`visible`)."""
    page.evaluate(
        """(state) => {
          Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        state,
    )


def test_new_files_replace_the_old_ones_while_nobody_looks(
    page_as: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_phone(page_as)
    until_kept(page)
    [first] = page.evaluate("caches.keys()")
    monkeypatch.setattr(pages, "KEPT_ON_PHONES", (*pages.KEPT_ON_PHONES, "styles/board.css"))
    be_seen(page, "visible")
    page.evaluate(
        """async () => {
          const registration = await navigator.serviceWorker.ready;
          while (!registration.waiting) await new Promise((done) => setTimeout(done, 50));
        }"""
    )
    assert first in page.evaluate("caches.keys()")
    with page.expect_navigation():
        be_seen(page, "hidden")
    expect(page.locator(".next")).to_be_visible()
    [second] = page.evaluate("caches.keys()")
    assert first != second
