"""The technician's page, as a technician uses it through the day."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.pages.conftest import DAY, ELSEWHERE, Service, Windows
from tests.pages.dispatching import keep_care
from tests.pages.phones import (
    BLOCKED,
    CUT_OFF,
    PHONE,
    SOON,
    WORDS,
    expect_all_sent,
    finish_current,
    look_again,
    main_button,
    open_phone,
    report_to_the_end,
    reported,
    shown_job,
    stops_of,
    tap_again,
    tap_main,
    until_kept,
    with_day,
    without_connection,
)

Check = Callable[[Page], None]


def test_a_visit_is_reported_from_setting_out_to_the_signature(
    service: Service, page_as: Windows
) -> None:
    page = open_phone(page_as)
    finish_current(page)
    stop = next(one for one in stops_of(service) if one["job_id"] == shown_job(page))
    card = page.locator(".next")
    expect(card.locator("h2")).to_have_text(stop["title"])
    expect(card).to_contain_text(stop["name"])
    expect(card).to_contain_text(stop["address"])
    place = f"{stop['latitude']},{stop['longitude']}"
    expect(card.locator(f'a[href^="geo:{place}?q={place}("]')).to_be_visible()
    phone = re.sub(r"[^\d+]", "", stop["phone"])
    expect(card.locator(f'a[href="tel:{phone}"]')).to_be_visible()

    tap_main(page, "Xuất phát")
    expect(card).to_contain_text("Đang đi")
    tap_main(page, "Đã đến nơi")
    expect(card).to_contain_text("Đang làm")
    tap_main(page, "Hoàn thành")
    sheet = page.get_by_role("dialog")
    sheet.get_by_label("Thêm vật tư khác").select_option(index=1)
    sheet.get_by_role("button", name="Thêm một").last.click()
    sheet.get_by_label("Ghi chú").fill("Đã thay, chạy tốt.")
    sheet.get_by_label("Khách ký").fill("Chị Thủy")
    sheet.get_by_role("button", name="Báo hoàn thành").click()
    expect(page.locator(".next")).not_to_have_attribute("data-job", stop["job_id"])
    expect_all_sent(page)

    assert reported(service, stop["job_id"]) == ["en_route", "on_site", "completed"]
    end = service.get(f"/jobs/{stop['job_id']}/reports")["reports"][-1]
    assert (end["note"], end["signed_by"]) == ("Đã thay, chạy tốt.", "Chị Thủy")
    planned = {part["id"]: part["quantity"] for part in stop["parts"]}
    assert sorted(end["parts_used"].values()) == sorted([*planned.values(), 2])
    assert planned.items() <= end["parts_used"].items()


def test_what_could_not_be_done_has_a_reason(service: Service, page_as: Windows) -> None:
    page = open_phone(page_as)
    finish_current(page)
    job = shown_job(page)
    tap_main(page, "Xuất phát")
    tap_again(page, "Không làm được")
    sheet = page.get_by_role("dialog")
    sheet.get_by_role("button", name="Báo không làm được").click()
    expect(sheet.get_by_role("alert").first).to_have_text("Hãy chọn một lý do.")
    sheet.get_by_label("Khách vắng nhà").check()
    sheet.get_by_role("button", name="Báo không làm được").click()
    expect_all_sent(page)
    end = service.get(f"/jobs/{job}/reports")["reports"][-1]
    assert (end["kind"], end["reason"]) == ("cannot_complete", "customer_absent")
    assert end["parts_used"] == {}


def questions(page: Page, *answers: bool) -> list[str]:
    """What the page asks from now on; each is answered in turn, and any more with no."""
    asked: list[str] = []
    left = iter(answers)

    def reply(question: Dialog) -> None:
        asked.append(question.message)
        question.accept() if next(left, False) else question.dismiss()

    page.on("dialog", reply)
    return asked


def care_comes_next(service: Service, page: Page) -> str:
    """The next job is of a work type that wants something, and the phone has heard of it."""
    finish_current(page)
    expect_all_sent(page)
    job = shown_job(page)
    keep_care(service, job)
    look_again(page)
    return job


def test_what_the_work_type_wants_is_ticked_off_and_measured(
    service: Service, page_as: Windows, accessible: Check
) -> None:
    page = open_phone(page_as, expected=CUT_OFF)
    job = care_comes_next(service, page)
    expect(page.locator(".next")).to_contain_text("Áp suất: 2 đến 8 bar")
    until_kept(page)
    with without_connection(page):
        tap_main(page, "Xuất phát")
        tap_main(page, "Đã đến nơi")
        tap_main(page, "Hoàn thành")
        sheet = page.get_by_role("dialog")
        sheet.get_by_label("Ngắt điện").check()
        pressure = sheet.get_by_label("Áp suất (bar)")
        expect(pressure).to_have_accessible_description("2 đến 8 bar")
        pressure.fill("9.5")
        expect(sheet.get_by_text("ngoài khoảng 2 đến 8 bar")).to_be_visible()
        sheet.get_by_label("Nhiệt độ (°C)").fill("-20")
        expect(sheet.get_by_text("cao hơn")).to_have_count(0)
        accessible(page)
        # The tab is lost; what was ticked and typed is not.
        page.reload()
        tap_main(page, "Hoàn thành")
        page.get_by_role("button", name="Điền tiếp").click()
        expect(sheet.get_by_label("Ngắt điện")).to_be_checked()
        expect(pressure).to_have_value("9.5")
        asked = questions(page, False, True)
        sheet.get_by_role("button", name="Báo hoàn thành").click()
        expect(sheet.get_by_label("Vệ sinh dàn lạnh")).to_be_focused()
        sheet.get_by_role("button", name="Báo hoàn thành").click()
        expect(sheet).to_have_count(0)
    assert asked == ["Còn 2 mục chưa đánh dấu. Vẫn gửi?"] * 2
    expect_all_sent(page)
    end = service.get(f"/jobs/{job}/reports")["reports"][-1]
    assert end["checked"] == ["Ngắt điện"]
    assert end["readings"] == {"Áp suất": 9.5, "Nhiệt độ": -20}
    assert end["checklist"] == ["Ngắt điện", "Vệ sinh dàn lạnh", "Chạy thử"]


def test_whoever_has_ticked_everything_is_asked_nothing(service: Service, page_as: Windows) -> None:
    page = open_phone(page_as)
    job = care_comes_next(service, page)
    expect(page.locator(".next")).to_contain_text("Nhiệt độ: nhiều nhất -18 °C")
    asked = questions(page)
    for words in WORDS:
        tap_main(page, words)
    sheet = page.get_by_role("dialog")
    for box in sheet.get_by_role("checkbox").all():
        box.check()
    noise = sheet.get_by_label("Tiếng ồn")
    noise.press_sequentially("4e")
    sheet.get_by_role("button", name="Báo hoàn thành").click()
    expect(noise).to_be_focused()
    expect(sheet.get_by_text("Hãy nhập một số.")).to_be_visible()
    noise.fill("")
    sheet.get_by_role("button", name="Báo hoàn thành").click()
    expect(page.locator(".next")).not_to_have_attribute("data-job", job)
    expect_all_sent(page)
    end = service.get(f"/jobs/{job}/reports")["reports"][-1]
    assert (asked, len(end["checked"]), end["readings"]) == ([], 3, {})


def test_a_slip_of_the_finger_is_taken_back(service: Service, page_as: Windows) -> None:
    page = open_phone(page_as)
    finish_current(page)
    expect_all_sent(page)
    job = shown_job(page)
    tap_main(page, "Xuất phát")
    page.get_by_role("button", name="Hoàn tác").click()
    expect(main_button(page)).to_contain_text("Xuất phát")
    expect(page.locator("#toast")).to_contain_text("chưa gửi gì")
    assert reported(service, job) == []


def test_the_day_has_what_was_done_there_before(service: Service, page_as: Windows) -> None:
    done = next(one for one in stops_of(service) if one["status"] == "completed")
    site = service.get(f"/jobs/{done['job_id']}")["site_id"]
    coming = next(one for one in stops_of(service) if one["status"] == "scheduled")
    # At another place it might be somebody else's in a moment.
    moved = {"site_id": site, "pinned_technician_id": "T01"}
    service.api.patch(f"/jobs/{coming['job_id']}", json=moved)
    page = open_phone(page_as)
    line = page.locator(f'details[data-key="{coming["job_id"]}"]')
    if shown_job(page) != coming["job_id"]:
        line.locator("> summary").click()
        line.get_by_text("Xem các lần trước").click()
    history = page.locator(".history").first
    expect(history).to_contain_text(done["title"])
    expect(history).to_contain_text("Hoàn thành")


def test_what_was_measured_there_before_says_what_was_outside(
    service: Service, page_as: Windows, accessible: Check
) -> None:
    done, coming = [one for one in stops_of(service) if one["status"] == "scheduled"][-2:]
    keep_care(service, done["job_id"])
    report = {
        "id": "r-done",
        "job_id": done["job_id"],
        "kind": "completed",
        "at": f"{DAY}T09:59:00+07:00",
        "checked": ["Ngắt điện", "Chạy thử"],
        "readings": {"Áp suất": 1.5, "Nhiệt độ": -18},
    }
    service.post("/technicians/T01/reports", report)
    moved = {
        "site_id": service.get(f"/jobs/{done['job_id']}")["site_id"],
        "pinned_technician_id": "T01",
    }
    assert service.api.patch(f"/jobs/{coming['job_id']}", json=moved).is_success
    page = open_phone(page_as)
    line = page.locator(f'details[data-key="{coming["job_id"]}"]')
    line.locator("> summary").click()
    line.get_by_text("Xem các lần trước").click()
    findings = line.locator(".history .findings")
    expect(findings.nth(1)).to_have_text("Chưa đánh dấu:Vệ sinh dàn lạnh")
    expect(findings.nth(2).locator("li")).to_have_text(
        ["Áp suất 1.5 bar ngoài khoảng 2 đến 8 bar", "Nhiệt độ -18 °C"]
    )
    accessible(page)


def test_a_day_that_changes_says_what_has_changed(service: Service, page_as: Windows) -> None:
    # The history of what was taken away may just be asked for.
    page = open_phone(page_as, expected=["answered 403: GET /jobs/.*/history"])
    expect(page.locator("#state-words")).to_contain_text("Cập nhật")
    gone = [one for one in stops_of(service) if one["status"] == "scheduled"][-1]
    service.post(f"/jobs/{gone['job_id']}/cancel")
    look_again(page)
    notice = page.get_by_role("region", name="Lịch của bạn đã thay đổi")
    expect(notice).to_contain_text(gone["title"])
    expect(notice).to_contain_text("Bỏ:")
    page.reload()
    expect(notice).to_be_visible()
    notice.get_by_role("button", name="Đã xem").click()
    expect(notice).to_have_count(0)
    page.reload()
    expect(page.locator(".next")).to_be_visible()
    expect(notice).to_have_count(0)


def test_what_to_load_is_ticked_off_and_printed_on_one_page(
    service: Service, page_as: Windows
) -> None:
    page = open_phone(page_as, technician_id="T02")
    page.get_by_role("button", name="Đồ cần mang").click()
    day = service.get(f"/technicians/T02/routes/{DAY}")
    named = [one["name"] for one in day["routes"][0]["load_parts"]]
    assert named
    first = page.get_by_role("checkbox").first
    expect(page.locator(".pick").first).to_contain_text(named[0])
    left = page.locator(".pick-left").first.inner_text()
    first.check()
    expect(page.locator(".pick-left").first).not_to_have_text(left)
    page.reload()
    page.get_by_role("button", name="Đồ cần mang").click()
    expect(page.get_by_role("checkbox").first).to_be_checked()

    page.emulate_media(media="print")
    expect(page.locator(".top")).to_be_hidden()
    expect(page.locator(".tabs")).to_be_hidden()
    expect(page.locator(".pick").first).to_be_visible()
    expect(page.locator(".print-only")).to_contain_text(day["technician"])
    pages = re.findall(rb"/Type\s*/Page[^s]", page.pdf(prefer_css_page_size=True))
    assert len(pages) == 1


def test_other_days_can_be_looked_at_and_nothing_is_reported_of_tomorrow(
    page_as: Windows,
) -> None:
    page = open_phone(page_as)
    page.get_by_role("button", name="Ngày sau").click()
    expect(page.locator("#day-note")).to_have_text("Ngày mai")
    expect(page.get_by_text("Không có việc nào trong ngày này.")).to_be_visible()
    expect(main_button(page)).to_have_count(0)
    page.get_by_role("button", name="Ngày trước").click()
    expect(page.locator("#day-note")).to_have_text("Hôm nay")
    expect(main_button(page)).to_be_visible()


def test_both_languages_say_everything(page_as: Windows) -> None:
    page = open_phone(page_as, language="en")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("button", name="What to load")).to_be_visible()
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Language").select_option("vi")
    expect(page.get_by_role("button", name="Đồ cần mang")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "vi")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_kept_out(page_as: Windows, accessible: Check, scheme: str) -> None:
    page = open_phone(page_as, color_scheme=scheme)
    # So high that no line is half under the bars at the top and the bottom, where a finger scrolls.
    page.set_viewport_size({"width": 360, "height": 3000})
    accessible(page)
    page.locator("details.line > summary").first.click()
    page.locator("details.past > summary").click()
    accessible(page)
    page.get_by_role("button", name="Đồ cần mang").click()
    accessible(page)
    page.get_by_role("button", name="Công việc").click()
    page.get_by_role("button", name="Cài đặt").click()
    expect(page.get_by_role("button", name="Tạo liên kết")).to_be_visible()
    accessible(page)
    page.keyboard.press("Escape")
    finish_current(page)
    accessible(page)
    tap_main(page, "Xuất phát")
    tap_main(page, "Đã đến nơi")
    accessible(page)
    tap_again(page, "Không làm được")
    page.get_by_role("button", name="Báo không làm được").click()
    accessible(page)


def test_every_target_is_large_enough_for_a_thumb(page_as: Windows) -> None:
    page = open_phone(page_as)
    for open_next in ("Đồ cần mang", "Xe của tôi", "Cài đặt"):
        small = page.evaluate(
            """() => [...document.querySelectorAll("button, a, summary, select, label.tick")]
              .map((node) => [node.outerHTML.slice(0, 80), node.getBoundingClientRect()])
              .filter(([, box]) => box.height > 0 && box.height < 47.5 && box.top >= 0)
              .map(([html, box]) => `${html} ${box.height}`)"""
        )
        assert small == []
        page.get_by_role("button", name=open_next).click()


def test_a_clock_that_is_wrong_by_hours_is_noticed(page_as: Windows, accessible: Check) -> None:
    page = open_phone(page_as, language="en")
    noticed = page.get_by_role("region", name="The phone's clock is wrong")
    expect(noticed).to_have_count(0)
    page.add_init_script("const right = Date.now; Date.now = () => right() + 2 * 3_600_000;")
    page.reload()
    expect(noticed).to_contain_text("ahead of the service's")
    accessible(page)


def test_another_technicians_day_is_refused(page_as: Windows) -> None:
    page = open_phone(
        page_as, "/my-day?technician=T02", expected=["answered 403: GET /technicians/T02/routes"]
    )
    expect(page.get_by_text("Bạn chỉ xem được lịch của chính mình.")).to_be_visible()
    expect(page.locator(".next")).to_have_count(0)


def test_the_office_looks_in_and_reports_nothing(page_as: Windows, accessible: Check) -> None:
    page = page_as("dispatcher", "/my-day", **PHONE)
    page.get_by_role("link", name="T02").click()
    expect(page.get_by_text("Chỉ xem: lịch của")).to_be_visible()
    expect(page.locator(".next")).to_be_visible()
    expect(page.locator("#actions button")).to_have_count(0)
    accessible(page)
    kept = page.evaluate("async () => (await caches.keys()).length")
    assert kept == 0


def test_what_jobs_say_is_never_markup(service: Service, page_as: Windows) -> None:
    coming = next(one for one in stops_of(service) if one["status"] == "scheduled")
    title = '<img src="x" onerror="document.title=1"><b>đậm</b>'
    service.api.patch(f"/jobs/{coming['job_id']}", json={"title": title})
    page = open_phone(page_as)
    expect(page.get_by_text(title).first).to_be_attached()
    expect(page.locator("main img, main b")).to_have_count(0)


def test_days_of_any_shape_fit_the_screen(page_as: Windows, accessible: Check) -> None:
    def shape(day: dict[str, Any]) -> None:
        [route] = day["routes"]
        visits = [stop for stop in route["stops"] if stop["kind"] == "visit"]
        for stop in visits:
            stop.update(title="Kiểmtra" * 28, name="Côngty" * 33, address="Sốnhà" * 60)
            stop.update(status="scheduled", arrived_at=None, departed_at=None, en_route_at=None)
            stop["checklist"] = ["Vệsinh" * 20]
            stop["readings_wanted"] = [
                {"name": "Ápsuất" * 10, "unit": "b" * 20, "least": -1e-9, "most": 1234567890.5}
            ]
            stop["tasks"] = [
                {
                    "title": "Nhiệt độ cao" * 9,
                    "alert_id": 1,
                    "severity": "critical",
                    "asset_id": "A",
                    "asset": "Kholạnh" * 20,
                    "model": None,
                    "serial_number": "S" * 90,
                }
            ]
        call = {**visits[0], "kind": "depot", "job_id": None, "depot_id": "D1", "tasks": []}
        call.update(title="Pick up parts", status=None, priority=None, name="Kho Cầu Giấy")
        second = {**route, "shift_starts_at": f"{DAY}T18:00:00+07:00", "stops": visits[2:]}
        route["stops"] = [call, *visits[:2]]
        day["routes"] = [route, second]

    page = page_as("technician", ELSEWHERE, **PHONE, **BLOCKED)
    page.route(f"**/technicians/T01/routes/{DAY}", with_day(shape))
    page.goto("/my-day")
    card = page.locator(".next")
    expect(card.locator("h2")).to_have_text("Lấy hàng ở kho")
    expect(page.get_by_text(re.compile("^Ca 2: "))).to_be_visible()
    width = "document.documentElement.scrollWidth"
    assert page.evaluate(width) <= 390
    tap_main(page, "Đã lấy đủ")
    expect(card).to_contain_text("Nghiêm trọng")
    assert page.evaluate(width) <= 390
    accessible(page)
    page.get_by_role("button", name="Đồ cần mang").click()
    expect(page.locator(".pick")).not_to_have_count(0)
    assert page.evaluate(width) <= 390


def test_a_calendar_link_is_made_renewed_and_revoked(service: Service, page_as: Windows) -> None:
    page = open_phone(page_as, expected=["answered 404: GET /calendars/"])
    page.get_by_role("button", name="Cài đặt").click()
    page.get_by_role("button", name="Tạo liên kết").click()
    address = page.get_by_label("Địa chỉ lịch").input_value()
    assert address.startswith(f"{service.address}/calendars/")
    calendar = page.get_by_role("link", name="Thêm vào lịch")
    expect(calendar).to_have_attribute("href", address.replace("http:", "webcal:"))
    assert "BEGIN:VEVENT" in service.api.get(address).text
    page.get_by_role("button", name="Thu hồi").click()
    expect(page.get_by_text("Đã thu hồi")).to_be_visible()
    assert service.api.get(address).status_code == 404


def test_where_the_van_is_is_told_only_when_that_is_wanted(
    service: Service, page_as: Windows
) -> None:
    here = {"latitude": 21.03, "longitude": 105.85}
    page = open_phone(page_as, geolocation=here, permissions=["geolocation"])
    told: list[Any] = []
    page.on("request", lambda one: told.append(one) if one.url.endswith("/position") else None)
    page.get_by_role("button", name="Cài đặt").click()
    switch = page.get_by_role("switch", name="Chia sẻ vị trí")
    expect(switch).not_to_be_checked()
    assert told == []
    with page.expect_response("**/technicians/T01/position") as answer:
        switch.check()
    assert answer.value.status == 200
    assert answer.value.json()["latitude"] == 21.03
    page.reload()
    expect(page.locator(".next")).to_be_visible()
    page.get_by_role("button", name="Cài đặt").click()
    expect(switch).to_be_checked()


def test_the_last_report_of_the_day_says_so(service: Service, page_as: Windows) -> None:
    page = open_phone(page_as, expected=["answered 403: GET /jobs/.*/history"])
    stops = [one for one in stops_of(service) if one["kind"] == "visit"]
    keep = next(one for one in stops if one["status"] != "completed")
    for one in stops:
        if one["status"] == "scheduled" and one is not keep:
            service.post(f"/jobs/{one['job_id']}/cancel")
    page.reload()
    page.get_by_role("button", name="Đã xem").click()
    expect(page.locator(".next")).to_have_attribute("data-job", keep["job_id"])
    report_to_the_end(page)
    expect(page.get_by_text("Xong việc hôm nay!")).to_be_visible(timeout=SOON)
    expect_all_sent(page)
