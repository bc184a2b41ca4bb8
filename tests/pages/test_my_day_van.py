"""The technician's page: what is in the van, where a part is to be had, and what was taken."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.pages.conftest import MOMENT, Service, Windows
from tests.pages.phones import (
    BLOCKED,
    CUT_OFF,
    PHONE,
    SOON,
    expect_state,
    look_again,
    open_phone,
    put_away,
    until_kept,
    with_day,
    without_connection,
)

Check = Callable[[Page], None]
WORDS = {
    "vi": {"van": "Xe của tôi", "take": "Tôi đã lấy", "note": "Ghi nhận"},
    "en": {"van": "My van", "take": "I took it", "note": "Note it down"},
}


def open_van(page: Page, language: str = "vi") -> Locator:
    page.get_by_role("button", name=WORDS[language]["van"]).click()
    van = page.get_by_role("region", name=WORDS[language]["van"])
    expect(van).to_be_visible()
    return van


def stock_of(service: Service, technician_id: str) -> dict[str, int]:
    parts = service.get(f"/technicians/{technician_id}/stock")["parts"]
    return {part["id"]: part["quantity"] for part in parts}


def spared(service: Service) -> tuple[dict[str, Any], dict[str, Any]]:
    """A part, and a colleague of T01 who can spare it."""
    for part in service.get("/technicians/T01/stock")["parts"]:
        found = service.get(f"/technicians/T01/parts/{part['id']}/sources")
        if found["colleagues"]:
            return part, found["colleagues"][0]
    raise AssertionError("nobody can spare anything")


def line_of(van: Locator, part_id: str) -> Locator:
    return van.locator(f'.stock [data-part="{part_id}"]')


def look_for(page: Page, van: Locator, part: dict[str, Any]) -> Locator:
    """The sheet that says who has the part."""
    line_of(van, part["id"]).get_by_role("button", name="Ở đâu?").click()
    sheet = page.get_by_role("dialog", name=part["name"])
    expect(sheet.get_by_text("Trên xe:")).to_be_visible()
    return sheet


def take_from(page: Page, sheet: Locator, name: str, times: int = 1) -> None:
    sheet.get_by_role("button", name=f"Tôi đã lấy – {name}").click()
    taking = page.get_by_role("dialog", name="Nhận lên xe")
    expect(taking).to_contain_text(f"Lấy từ: {name}")
    for _ in range(times - 1):
        taking.get_by_role("button", name="Thêm một").click()
    taking.get_by_role("button", name="Ghi nhận").click()
    expect(taking).to_have_count(0)


def address_of(one: dict[str, Any]) -> str:
    """What the phone dials."""
    return f"tel:{re.sub(r'[^0-9+]', '', one['phone'])}"


def sent_by(page: Page) -> list[str]:
    """Ids of what is said to have been taken, as often as the service answers."""
    found: list[str] = []

    def note(response: Any) -> None:
        if response.request.method == "POST" and response.url.endswith("/stock-transfers"):
            found.append(response.request.post_data_json["id"])

    page.context.on("response", note)
    return found


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_van_shows_what_is_in_it_and_what_visits_need(
    service: Service, page_as: Windows, accessible: Check, language: str
) -> None:
    page = open_phone(page_as, language=language)
    content = service.get("/technicians/T01/stock")
    van = open_van(page, language)
    assert content["parts"]
    for part in content["parts"]:
        line = line_of(van, part["id"])
        expect(line).to_contain_text(part["name"])
        expect(line.locator(".stock-number")).to_have_text(str(part["quantity"]))
    needed = [part for part in content["parts"] if part["today"]["needed"]]
    words = {"vi": "hôm nay cần", "en": "needed today"}[language]
    for part in needed:
        expect(line_of(van, part["id"])).to_contain_text(f"{words} {part['today']['needed']}")
    for tool in content["tools"]:
        expect(van).to_contain_text(tool["name"])
    as_of = {"vi": "Theo sổ lúc", "en": "By the books at"}[language]
    expect(van.locator("#van-age")).to_have_text(re.compile(rf"{as_of} \d\d:\d\d"))
    accessible(page)


def test_what_lacks_is_said_first_with_where_it_is(
    service: Service, page_as: Windows, accessible: Check
) -> None:
    part, colleague = spared(service)

    def lacking(content: dict[str, Any]) -> None:
        need = {"needed": 9, "to_fetch": 0, "lacks": 2}
        for one in content["parts"]:
            if one["id"] == part["id"]:
                one.update(today=need, to_spare=0)
        content["lacking_tools"] = [{"id": "x", "name": "Máy khoan"}]

    page = open_phone(page_as, **BLOCKED, routes={"**/T01/stock": with_day(lacking)})
    van = open_van(page)
    card = page.get_by_role("region", name="Còn thiếu")
    expect(card).to_contain_text(f"2 × {part['name']}")
    expect(card).to_contain_text("hôm nay 2")
    expect(card).to_contain_text("Dụng cụ: Máy khoan")
    accessible(page)
    card.get_by_role("button", name="Ở đâu?").click()
    sheet = page.get_by_role("dialog", name=part["name"])
    expect(sheet).to_contain_text(colleague["name"])
    expect(sheet).to_contain_text(f"dư {colleague['to_spare']}")
    page.keyboard.press("Escape")
    expect(van).to_be_visible()


def test_a_part_is_found_without_accents_and_says_who_has_it(
    service: Service, page_as: Windows, accessible: Check
) -> None:
    page = open_phone(page_as)
    van = open_van(page)
    van.get_by_role("button", name="Tìm vật tư khác").click()
    sheet = page.get_by_role("dialog", name="Tìm vật tư")
    accessible(page)
    found = service.get("/parts", search="tu dien")["parts"]
    assert found
    sheet.get_by_label("Tên hoặc mã vật tư").fill("tu DIEN")
    page.keyboard.press("Enter")
    expect(sheet.get_by_role("status")).to_have_text(f"Tìm thấy {len(found)} vật tư")
    accessible(page)
    sheet.get_by_role("button", name=found[0]["name"]).click()
    sources = service.get(f"/technicians/T01/parts/{found[0]['id']}/sources")
    places = page.get_by_role("dialog", name=found[0]["name"])
    for depot in sources["depots"]:
        line = places.locator(".places li", has_text=depot["name"])
        expect(line).to_contain_text(f"còn {depot['quantity']}, dư {depot['to_spare']}")
        expect(line).to_contain_text(f"mở {depot['opens'][:5]}–{depot['closes'][:5]}")
        expect(line.get_by_role("link", name="Chỉ đường")).to_be_visible()
        expect(line.locator(f'a[href="{address_of(depot)}"]')).to_be_visible()
    everybody = service.get(f"/technicians/T01/parts/{found[0]['id']}/sources", everywhere=True)
    places.get_by_label("Đồng nghiệp ở mọi khu vực").check()
    for one in everybody["colleagues"]:
        line = places.locator(".places li", has_text=one["name"])
        expect(line.locator(f'a[href="{address_of(one)}"]')).to_be_visible()
    accessible(page)


def test_what_is_taken_from_a_colleague_is_booked_and_told(
    service: Service, page_as: Windows, accessible: Check
) -> None:
    part, colleague = spared(service)
    before, theirs = stock_of(service, "T01"), stock_of(service, colleague["id"])
    page = open_phone(page_as)
    van = open_van(page)
    sheet = look_for(page, van, part)
    sheet.get_by_role("button", name=f"Tôi đã lấy – {colleague['name']}").click()
    taking = page.get_by_role("dialog", name="Nhận lên xe")
    accessible(page)
    for _ in range(colleague["to_spare"]):
        taking.get_by_role("button", name="Thêm một").click()
    expect(taking).to_contain_text("Nhiều hơn số còn dư")
    for _ in range(colleague["to_spare"]):
        taking.get_by_role("button", name="Bớt một").click()
    expect(taking).not_to_contain_text("Nhiều hơn số còn dư")
    taking.get_by_role("button", name="Ghi nhận").click()
    expect(page.locator("#toast")).to_contain_text(f"Đã ghi: {part['name']} từ {colleague['name']}")
    expect(line_of(van, part["id"])).to_contain_text("+1 chưa gửi")
    accessible(page)
    put_away(page)
    moved = page.get_by_role("region", name="Đã giao nhận hôm nay")
    expect(moved).to_contain_text(colleague["name"])
    expect(moved.locator(".badge")).to_have_count(0, timeout=SOON)
    number = line_of(van, part["id"]).locator(".stock-number")
    expect(number).to_have_text(str(before[part["id"]] + 1))
    assert stock_of(service, "T01")[part["id"]] == before[part["id"]] + 1
    assert stock_of(service, colleague["id"]).get(part["id"], 0) == theirs[part["id"]] - 1


def test_a_slip_is_taken_back_before_it_is_sent(service: Service, page_as: Windows) -> None:
    part, colleague = spared(service)
    page = open_phone(page_as)
    sent = sent_by(page)
    van = open_van(page)
    take_from(page, look_for(page, van, part), colleague["name"])
    page.locator("#toast").get_by_role("button", name="Hoàn tác").click()
    expect(page.locator("#toast")).to_contain_text("chưa gửi gì")
    expect(line_of(van, part["id"])).not_to_contain_text("chưa gửi")
    put_away(page)
    assert sent == []


def test_without_a_connection_the_van_is_there_and_what_is_taken_arrives_once(
    service: Service, page_as: Windows, accessible: Check
) -> None:
    part, colleague = spared(service)
    before, theirs = stock_of(service, "T01"), stock_of(service, colleague["id"])
    page = open_phone(page_as, expected=CUT_OFF)
    sent = sent_by(page)
    van = open_van(page)
    look_for(page, van, part)
    page.keyboard.press("Escape")
    until_kept(page)
    with without_connection(page):
        page.reload()
        van = open_van(page)
        expect(line_of(van, part["id"])).to_contain_text(part["name"])
        expect(van.locator("#van-age")).to_have_text(re.compile(r"Theo sổ lúc \d\d:\d\d"))
        sheet = look_for(page, van, part)
        expect(sheet).to_contain_text("Hiện chưa tra được: đây là số liệu lúc")
        accessible(page)
        take_from(page, sheet, colleague["name"])
        expect_state(page, "Ngoại tuyến – 1 báo cáo đang chờ gửi")
        page.reload()
        van = open_van(page)
        expect(page.get_by_role("region", name="Đã giao nhận hôm nay")).to_contain_text("chờ gửi")
        accessible(page)
        van.get_by_role("button", name="Tìm vật tư khác").click()
        search = page.get_by_role("dialog", name="Tìm vật tư")
        search.get_by_label("Tên hoặc mã vật tư").fill(part["id"])
        page.keyboard.press("Enter")
        expect(search.get_by_role("button", name=part["name"])).to_be_visible()
        page.keyboard.press("Escape")
        assert stock_of(service, "T01") == before
    put_away(page)
    moved = page.get_by_role("region", name="Đã giao nhận hôm nay")
    expect(moved.locator(".badge")).to_have_count(0, timeout=SOON)
    expect(moved).to_contain_text(colleague["name"])
    look_again(page)
    assert len(sent) == 1
    assert stock_of(service, "T01")[part["id"]] == before[part["id"]] + 1
    assert stock_of(service, colleague["id"]).get(part["id"], 0) == theirs[part["id"]] - 1


@pytest.mark.parametrize(
    ("language", "words"),
    [("vi", "Theo sổ, ở đó không còn đủ số này."), ("en", "By the books there are not so many")],
)
def test_what_the_books_do_not_have_is_shown_with_the_reason(
    service: Service, page_as: Windows, accessible: Check, language: str, words: str
) -> None:
    """It was taken by somebody else meanwhile."""
    part, colleague = spared(service)
    said = WORDS[language]
    page = open_phone(
        page_as, language=language, expected=["answered 409: POST .*/stock-transfers"]
    )
    van = open_van(page, language)
    line_of(van, part["id"]).get_by_role("button").click()
    sheet = page.get_by_role("dialog", name=part["name"])
    sheet.get_by_role("button", name=f"{said['take']} – {colleague['name']}").click()
    there = stock_of(service, colleague["id"])[part["id"]]
    taken = {"part_id": part["id"], "quantity": there, "from_technician_id": colleague["id"]}
    others = [one["id"] for one in service.get("/technicians", limit=200)["technicians"]]
    other = next(one for one in others if one not in ("T01", colleague["id"]))
    at = MOMENT.isoformat()
    service.post(f"/technicians/{other}/stock-transfers", {"id": "first", "at": at, **taken})
    page.get_by_role("button", name=said["note"]).click()
    put_away(page)
    refused = page.locator(".refused")
    expect(refused).to_contain_text(words, timeout=SOON)
    expect(refused).to_contain_text(part["name"])
    expect(refused).to_contain_text(colleague["name"])
    accessible(page)
    drop = {"vi": "Bỏ báo cáo", "en": "Drop it"}[language]
    refused.get_by_role("button", name=drop).click()
    expect(page.locator(".refused")).to_have_count(0)


def test_the_office_sees_the_same_and_takes_nothing(
    service: Service, page_as: Windows, accessible: Check
) -> None:
    part, colleague = spared(service)
    page = page_as("dispatcher", "/my-day?technician=T01", **PHONE)
    page.get_by_role("button", name="Xe của tôi").click()
    content = service.get("/technicians/T01/stock")
    van = page.get_by_role("region", name=f"Xe của {content['technician']}")
    sheet = look_for(page, van, part)
    expect(sheet).to_contain_text(colleague["name"])
    expect(sheet.get_by_role("button", name="Tôi đã lấy")).to_have_count(0)
    accessible(page)
