"""Several visits at once on the board: chosen by pointer and keyboard, undone as one."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.pages.conftest import DAY, Service, Windows
from tests.pages.dispatching import carry, holder, planned, row, shown, visit


def test_two_visits_are_chosen_and_swapped_pushed_pinned_and_cancelled_each_undone_as_one(
    page_as: Windows, service: Service, accessible: Callable[[Page], None]
) -> None:
    page = shown(page_as("dispatcher", language="en"))
    first, others = "", ""
    there = list(planned(service))
    first, who, _ = there[0]
    others = next(job_id for job_id, technician, _ in there if technician != who)
    before = {name: holder(service, name) for name in (first, others)}

    visit(page, first).click(modifiers=["Control"])
    visit(page, others).click(modifiers=["Control"])
    bar = page.get_by_role("toolbar", name="The visits chosen")
    expect(bar).to_contain_text("2 visits chosen")
    accessible(page)
    bar.get_by_role("button", name="Swap", exact=True).click()
    done(page, reason="They asked")
    swapped = {name: holder(service, name) for name in (first, others)}
    assert [one and one[0] for one in swapped.values()] == [
        one and one[0] for one in reversed(before.values())
    ]
    page.keyboard.press("Control+z")
    expect(page.locator(".toast", has_text="Undone")).to_be_visible()
    assert {name: holder(service, name) for name in (first, others)} == before

    bar.get_by_role("button", name="Pin", exact=True).click()
    expect(page.locator(".toast", has_text="2 visits pinned")).to_be_visible()
    assert service.get(f"/jobs/{others}")["pinned_technician_id"] is not None
    page.keyboard.press("Control+z")
    expect(page.locator(".toast", has_text="Undone")).to_be_visible()
    assert service.get(f"/jobs/{others}")["pinned_technician_id"] is None

    bar.get_by_role("button", name="Cancel the jobs").click()
    dialog = page.get_by_role("dialog")
    accessible(page)
    dialog.get_by_role("button", name="Do it").click()
    expect(visit(page, first)).to_have_count(0)
    assert service.get(f"/jobs/{first}")["status"] == "cancelled"
    page.keyboard.press("Control+z")
    expect(visit(page, first)).to_be_visible()
    assert {name: holder(service, name) for name in (first, others)} == before


def test_the_rest_of_a_day_is_pushed_and_visits_are_chosen_by_keyboard_and_rectangle(
    page_as: Windows, service: Service, accessible: Callable[[Page], None]
) -> None:
    page = shown(page_as("dispatcher", language="vi"))
    job_id, technician_id, _ = next(planned(service))
    visit(page, job_id).click()
    page.keyboard.press("Control+ ")
    bar = page.get_by_role("toolbar", name="Các lượt đã chọn")
    expect(bar).to_contain_text("Đã chọn 1 lượt")
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    lane = row(page, technician_id).locator(".track").bounding_box()
    mark = visit(page, job_id).bounding_box()
    assert lane is not None
    assert mark is not None
    page.mouse.move(mark["x"] - 2, lane["y"] + 1)
    page.mouse.down()
    page.mouse.move(mark["x"] + 12, lane["y"] + 40, steps=4)
    page.mouse.up()
    expect(visit(page, job_id)).to_have_attribute("aria-selected", "true")
    expect(bar).to_contain_text("lượt")
    bar.get_by_role("button", name="Bỏ chọn").click()

    before = holder(service, job_id)
    visit(page, job_id).click()
    row(page, technician_id).locator(".row-header").click()
    page.get_by_role("button", name="Dời phần còn lại…").click()
    dialog = page.get_by_role("dialog")
    accessible(page)
    dialog.get_by_role("button", name="+15").click()
    done(page, reason="Kẹt xe", yes="Thực hiện", override="Bỏ qua và xếp")
    after = holder(service, job_id)
    assert after is not None
    assert before is not None
    assert after[1] > before[1]
    page.keyboard.press("Control+z")
    expect(page.locator(".toast", has_text="Đã hoàn tác")).to_be_visible()
    assert holder(service, job_id) == before


def test_where_a_job_is_dropped_is_where_it_starts_and_a_key_has_it_as_early_as_can_be(
    page_as: Windows, service: Service
) -> None:
    page = shown(page_as("dispatcher", language="en"))
    job_id, technician_id, _ = next(planned(service))
    before = holder(service, job_id)
    at = f"{DAY}T16:00:00+07:00"
    carry(page, visit(page, job_id), technician_id, at)
    note = page.locator(".ghost-note")
    expect(note).to_contain_text("Alt (or E)")
    page.keyboard.press("e")
    expect(note).to_contain_text("As early as possible here")
    page.keyboard.press("e")
    expect(note).to_contain_text("Alt (or E)")
    page.keyboard.press("Escape")
    page.mouse.up()
    assert holder(service, job_id) == before


def test_rows_and_bars_are_chosen_and_what_is_printed_is_the_list_of_everybody(
    page_as: Windows, service: Service, accessible: Callable[[Page], None]
) -> None:
    page = shown(page_as("dispatcher", language="vi"))
    page.get_by_role("button", name="Hàng và thanh").click()
    dialog = page.get_by_role("dialog", name="Hàng và thanh")
    dialog.get_by_label("Xếp hàng theo").select_option("load")
    dialog.get_by_label("Thanh ghi").select_option("customer")
    dialog.get_by_label("Màu thanh theo").select_option("status")
    accessible(page)
    page.keyboard.press("Escape")
    job_id, technician_id, _ = next(planned(service))
    sites = {job["site"] for job in service.get(f"/board/{DAY}")["jobs"].values()}
    said = page.locator(".visit-title").all_inner_texts()
    assert {words.strip() for words in said} <= sites
    rows = page.locator(".row .load > span").evaluate_all(
        """all => all.map(one => [one.getBoundingClientRect().top, parseFloat(one.style.width)])"""
    )
    loads = [load for _, load in sorted(rows)]
    assert loads == sorted(loads, reverse=True)

    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    paper = page.locator(".paper")
    expect(paper).to_contain_text("Lịch")
    assert paper.locator("h2").count() > 10
    expect(paper.get_by_text(job_id)).to_be_visible()
    expect(page.locator("#timeline")).to_be_hidden()
    expect(paper.get_by_role("button")).to_have_count(0)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    expect(paper).to_have_count(0)
    row(page, technician_id).locator(".row-header").click()
    own = page.get_by_role("link", name="Trang riêng")
    expect(own).to_have_attribute("href", f"/my-day?technician={technician_id}")


def done(page: Page, *, reason: str, yes: str = "Do it", override: str = "Override") -> None:
    """It is made: at once, or once it was looked at, or for a reason."""
    dialog = page.get_by_role("dialog")
    # What is late because of it may be told beside it.
    toast = page.locator(".toast").first
    expect(
        dialog.get_by_role("button", name=yes).or_(dialog.locator("textarea")).or_(toast).first
    ).to_be_visible()
    if dialog.locator("textarea").count():
        dialog.locator("textarea").fill(reason)
        dialog.get_by_role("button", name=override).click()
    elif dialog.get_by_role("button", name=yes).count():
        dialog.get_by_role("button", name=yes).click()
    expect(dialog).to_have_count(0)
    expect(toast).to_be_visible()
