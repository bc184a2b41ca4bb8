"""Everything is found from the search field, and one gets to where it is."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.dispatch.waiting import until
from tests.pages.conftest import DAY, Service, Windows
from tests.pages.dispatching import planned, shown

WORDS = {
    "vi": {"details": "Chi tiết", "none": "chưa có ngày", "machines": "Máy"},
    "en": {"details": "Details", "none": "no day", "machines": "Machines"},
}


def search(page: Page, words: str) -> Locator:
    """The list of what has the words."""
    page.locator("#search").fill(words)
    found = page.locator("#found [role=option]")
    expect(found.first).to_be_visible()
    return found


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (320, 700)])
def test_hits_are_within_the_list_and_wide_enough_to_be_read(
    page_as: Windows, service: Service, width: int, height: int
) -> None:
    job_id = next(planned(service))[0]
    page = shown(page_as("dispatcher", language="en"))
    page.set_viewport_size({"width": width, "height": height})
    found = search(page, job_id)
    box, around, words = (
        one.evaluate("node => node.getBoundingClientRect().toJSON()")
        for one in (found.first, page.locator("#found"), found.first.locator(".result-words"))
    )
    assert around["left"] >= 0
    assert around["right"] <= width
    assert box["left"] <= words["left"]
    assert words["right"] <= box["right"] + 1
    assert words["width"] >= 120
    assert words["height"] >= 14


@pytest.mark.parametrize("language", ["vi", "en"])
def test_what_is_on_another_day_or_on_none_is_found_and_opened_by_keys(
    page_as: Windows,
    service: Service,
    accessible: Callable[[Page], None],
    language: str,
) -> None:
    site = {"name": "Bà Đặng Bích Ngà", "address": "số 5, ngõ 12, ngách 3 Đội Cấn, Hà Nội"}
    site |= {"phone": "+84 95 712 3456", "latitude": 21.0351, "longitude": 105.8301}  # type: ignore[dict-item]
    window = {"starts_at": f"{DAY[:8]}27T08:00:00+07:00", "ends_at": f"{DAY[:8]}27T12:00:00+07:00"}
    later = {"id": "W-27", "site": site, "title": "Lắp kệ", "duration_minutes": 30}
    service.post("/jobs", later | {"windows": [window]})
    held = {"id": "W-HOLD", "title": "Chờ phụ tùng", "duration_minutes": 30}
    held |= {"site_id": service.get("/jobs/W-27")["site_id"], "hold_reason": "Chờ hàng"}
    service.post("/jobs", held)
    page = shown(page_as("dispatcher", language=language))
    field = page.locator("#search")
    found = search(page, "0957 123 456")
    expect(found).to_have_count(3)
    expect(found.first).to_contain_text("Bà Đặng Bích Ngà")
    accessible(page)
    search(page, "nga ng. 12 doi can lap")
    field.press("ArrowDown")
    expect(page.locator("#found [aria-selected=true]")).to_contain_text("W-27")
    field.press("Enter")
    expect(page.locator("#day")).to_have_value(f"{DAY[:8]}27")
    expect(page.locator("#panel-job")).to_contain_text("Lắp kệ")
    expect(page.locator("#panel-job")).to_be_focused()
    expect(found.first).to_be_hidden()
    search(page, "W-HOLD")
    expect(found.first).to_contain_text(WORDS[language]["none"])
    field.press("Enter")
    expect(page.locator("#panel-job")).to_contain_text("Chờ phụ tùng")
    expect(page.locator("#day")).to_have_value(f"{DAY[:8]}27")
    page.go_back()
    expect(page.locator("#panel-job")).to_contain_text("Lắp kệ")
    page.go_back()
    expect(page.locator("#day")).to_have_value(DAY)
    field.fill("không có ai như thế")
    expect(page.locator(".found-status")).to_contain_text("không có ai như thế")
    field.press("Escape")
    expect(page.locator(".found")).to_be_hidden()


def test_a_job_for_a_known_machine_takes_five_clicks_at_most(
    page_as: Windows, service: Service, accessible: Callable[[Page], None]
) -> None:
    asset = service.get("/assets", limit=1)["assets"][0]
    page = shown(page_as("dispatcher"))
    page.evaluate(
        "addEventListener('click', () => { window.clicks = (window.clicks ?? 0) + 1 }, true)"
    )
    search(page, asset["id"]).first.click()
    card = page.get_by_role("dialog")
    expect(card.locator(".place-machines .meant")).to_contain_text(asset["name"])
    accessible(page)
    card.locator(".place-machines .meant").get_by_role("button").click()
    form = page.get_by_role("dialog", name="Việc mới")
    machine = form.get_by_label("Máy", exact=True)
    expect(machine).to_have_value(asset["id"])
    kind = form.get_by_label("Loại việc")
    expect(kind.locator("option")).not_to_have_count(1)
    kind.select_option(index=1)
    expect(form.get_by_label("Nội dung công việc")).to_have_value(re.compile(r"^Sửa .+: "))
    expect(form.get_by_label("Thời lượng (phút)")).to_have_value("45")
    accessible(page)
    with page.expect_response(lambda answer: answer.url.endswith("/jobs")) as answered:
        form.get_by_role("button", name="Tạo và tìm chỗ").click()
    job = answered.value.json()
    assert (job["asset_id"], job["site_id"]) == (asset["id"], asset["site_id"])
    assert job["work_type_id"] is not None
    assert job["skills"]
    # Choosing in a list takes two.
    assert page.evaluate("window.clicks") + 2 <= 5
    history = service.get(f"/jobs/{job['id']}")
    assert history["duration_minutes"] == 45


def test_all_that_is_said_of_a_job_is_changed_in_one_form(
    page_as: Windows, service: Service
) -> None:
    job_id, _, _ = next(planned(service))
    page = shown(page_as("dispatcher", f"/?job={job_id}"))
    page.locator("#panel-job").get_by_role("button", name="Sửa…").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Người liên hệ").fill("Bác Đức")
    form.get_by_label("Điện thoại liên hệ").fill("0977 000 111")
    form.get_by_label("Ghi chú cho kỹ thuật viên").fill("Chó dữ\ngọi trước")
    form.get_by_text("Đã báo giờ cho khách").click()
    form.locator("details").evaluate("(one) => { one.open = true }")
    preferred = form.locator('fieldset[data-pointer="/preferred"]')
    preferred.get_by_role("button", name="Thêm kỹ thuật viên").click()
    preferred.get_by_label("Kỹ thuật viên", exact=True).last.select_option("T02")
    form.get_by_role("button", name="Lưu").click()
    expect(form).to_have_count(0)
    job = service.get(f"/jobs/{job_id}")
    assert (job["contact_name"], job["contact_phone"]) == ("Bác Đức", "0977 000 111")
    assert job["note"] == "Chó dữ / gọi trước"
    assert "T02" in job["preferred"]
    assert job["told_at"] is not None
    assert service.get("/search", q="0977000111")["found"][0]["id"] == job_id


def test_what_is_looked_at_is_in_the_address_and_comes_back(
    page_as: Windows, service: Service
) -> None:
    job_id, *_ = next(planned(service))
    page = shown(page_as("dispatcher", f"/?job={job_id}&priority=normal"))
    details = page.locator("#panel-job")
    expect(details).to_contain_text(job_id)
    expect(page.locator("#filter-priority")).to_have_value("normal")
    page.locator("#tab-backlog").click()
    page.locator("#panel-backlog").get_by_label("Thứ tự", exact=True).select_option("priority")
    expect(page).to_have_url(re.compile(r"panel=backlog"))
    page.reload()
    shown(page)
    expect(page.locator("#tab-backlog")).to_have_attribute("aria-selected", "true")
    order = page.locator("#panel-backlog").get_by_label("Thứ tự", exact=True)
    expect(order).to_have_value("priority")
    expect(page).to_have_url(re.compile(f"job={job_id}"))
    page.locator("#views").click()
    views = page.get_by_role("dialog", name="Khung nhìn đã lưu")
    views.get_by_label("Tên cho khung nhìn").fill("Gấp trước")
    views.get_by_role("button", name="Lưu").click()
    expect(views.get_by_role("button", name="Gấp trước", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#day-after").click()
    expect(page.locator("#day")).to_have_value(f"{DAY[:8]}24")
    page.locator("#clear-filters").click()
    page.locator("#tab-unassigned").click()
    page.locator("#views").click()
    page.get_by_role("button", name="Gấp trước", exact=True).click()
    expect(page.locator("#filter-priority")).to_have_value("normal")
    expect(page.locator("#tab-backlog")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#day")).to_have_value(f"{DAY[:8]}24")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_job_of_the_backlog_is_put_on_hold_and_resumed(
    page_as: Windows, service: Service, accessible: Callable[[Page], None], language: str
) -> None:
    words = {
        "vi": ("Tạm hoãn…", "Tạm hoãn vì", "Tạm hoãn đến ngày", "Tạm hoãn", "Mở lại"),
        "en": ("Hold…", "On hold because", "On hold until", "Put on hold", "Resume"),
    }[language]
    job_id = service.get("/backlog")["jobs"][0]["job_id"]
    page = shown(page_as("dispatcher", "/?panel=backlog", language=language))
    card = page.locator(".backlog-card", has_text=job_id)
    expect(card).to_be_visible()
    accessible(page)
    card.get_by_role("button", name=words[0]).click()
    form = page.get_by_role("dialog")
    form.get_by_label(words[1]).fill("Chờ phụ tùng")
    form.get_by_label(words[2]).fill("2026-12-05")
    form.get_by_role("button", name=words[3], exact=True).click()
    expect(card).to_contain_text("Chờ phụ tùng")
    job = service.get(f"/jobs/{job_id}")
    assert (job["status"], job["hold_until"]) == ("on_hold", "2026-12-05")
    card.get_by_role("button", name=words[4]).click()
    expect(card.get_by_role("button", name=words[4])).to_have_count(0)
    assert service.get(f"/jobs/{job_id}")["status"] == "open"


CORRECT = {
    "vi": ("Sửa…", "Chấm trên bản đồ", "Lấy điểm giữa", "Lưu", "Đã sửa"),
    "en": ("Correct…", "Put on the map", "Take the middle", "Save", "is corrected"),
}


@pytest.mark.parametrize("language", CORRECT)
def test_a_place_is_put_on_the_map_by_hand_and_that_is_taken_back(
    page_as: Windows,
    service: Service,
    accessible: Callable[[Page], None],
    language: str,
) -> None:
    correct, put, middle, save, corrected = CORRECT[language]
    page = shown(page_as("dispatcher", language=language))
    page.locator(".row .visit").last.click()
    panel = page.locator("#panel-job")
    job = re.search(r"[?&]job=([^&]+)", page.url)
    assert job is not None
    site = service.get(f"/sites/{service.get(f'/jobs/{job[1]}')['site_id']}")
    panel.get_by_role("button", name=site["name"], exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=correct).click()
    form = page.get_by_role("dialog")
    form.get_by_role("button", name=put).click()
    ground = form.locator(".point-map")
    expect(ground.locator(".leaflet-interactive")).to_have_count(0)
    accessible(page)
    before = form.locator("[data-pointer='/latitude'] input").input_value()
    ground.click(position={"x": 60, "y": 60})
    expect(form.locator("[data-pointer='/latitude'] input")).not_to_have_value(before)
    clicked = form.locator("[data-pointer='/latitude'] input").input_value()
    # By the keys: the map is moved, and its middle taken.
    ground.focus()
    page.keyboard.press("ArrowDown")
    form.get_by_role("button", name=middle).click()
    taken = form.locator("[data-pointer='/latitude'] input").input_value()
    assert taken not in (before, clicked)
    form.get_by_role("button", name=save).click()
    expect(page.locator(".toast", has_text=corrected)).to_be_visible()
    assert service.get(f"/sites/{site['id']}")["latitude"] == float(taken)
    page.get_by_role("dialog").locator(".dialog-close").click()
    page.keyboard.press("Control+z")
    expect(page.locator(".toast", has_text=corrected)).to_have_count(1)
    until(lambda: service.get(f"/sites/{site['id']}")["latitude"] == site["latitude"])


SAVE = {"vi": ("Lưu", "đã đổi số"), "en": ("Save", "are changed")}


@pytest.mark.parametrize("language", SAVE)
def test_how_many_tools_a_depot_lends_is_changed_and_that_is_taken_back(
    page_as: Windows,
    service: Service,
    accessible: Callable[[Page], None],
    language: str,
) -> None:
    save, changed = SAVE[language]
    routes = service.get(f"/board/{DAY}")["routes"]
    technician_id, depot_id = next(
        (route["technician_id"], stop["depot_id"])
        for route in routes
        for stop in route["stops"]
        if stop["depot_id"]
    )
    depot = service.get(f"/depots/{depot_id}")
    page = shown(page_as("dispatcher", language=language, expected=[f"PATCH /depots/{depot_id}"]))
    page.locator(f'.row[data-technician="{technician_id}"] [role=rowheader]').click()
    page.locator("#panel-job .stops").get_by_role("button", name=depot["name"]).first.click()
    form = page.get_by_role("dialog", name=depot["name"])
    number = form.get_by_label(depot["tools"][0]["name"])
    expect(number).to_have_value(str(depot["tools"][0]["number"]))
    accessible(page)
    number.fill("-1")
    form.get_by_role("button", name=save).click()
    expect(form.locator(".fault").first).not_to_be_empty()
    number.fill("7")
    form.get_by_role("button", name=save).click()
    expect(page.locator(".toast", has_text=changed)).to_be_visible()
    assert service.get(f"/depots/{depot_id}")["tools"][0]["number"] == 7
    page.keyboard.press("Control+z")
    until(lambda: service.get(f"/depots/{depot_id}") == depot)
