"""Photos and a signature on the phone: taken anywhere, sent when possible, seen in the office."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.dispatch.pictures import jpeg, opened
from tests.pages.conftest import Service, Windows
from tests.pages.dispatching import open_details, shown
from tests.pages.phones import (
    CUT_OFF,
    PHONE,
    SOON,
    finish_current,
    main_button,
    open_phone,
    pocket,
    reported,
    rested,
    shown_job,
    tap_main,
    until_kept,
    without_connection,
)


def choose(page: Page, words: str, content: bytes, name: str = "photo.jpg") -> None:
    with page.expect_file_chooser() as chosen:
        page.locator(".next").get_by_role("button", name=words).click()
    chosen.value.set_files({"name": name, "mimeType": "image/jpeg", "buffer": content})


def attached(service: Service, job_id: str) -> list[dict[str, Any]]:
    return list(service.get(f"/jobs/{job_id}/attachments")["attachments"])


def sign(page: Page) -> None:
    pad = page.locator(".signature-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    for step in range(1, 8):
        page.mouse.move(box["x"] + 40 + 25 * step, box["y"] + 60 + (30 if step % 2 else -20))
    page.mouse.up()


def test_photos_taken_without_a_connection_arrive_after_the_reports(
    page_as: Windows, service: Service, accessible: Callable[[Page], None]
) -> None:
    page = open_phone(page_as, expected=CUT_OFF, color_scheme="dark")
    finish_current(page)
    until_kept(page)
    job = shown_job(page)
    thumbnails = page.locator(".next .picture-list img")
    with without_connection(page):
        tap_main(page, "Xuất phát")
        choose(page, "Chụp ảnh", jpeg((3_000, 2_000)))
        expect(thumbnails).to_have_count(1)
        expect(page.locator(".next .picture-list")).to_contain_text("chờ gửi")
        choose(page, "Chọn ảnh", b"no picture", "no.jpg")
        expect(page.locator("#toast")).to_contain_text("Đây không phải ảnh nguyên vẹn")
        accessible(page)
        page.reload()
        expect(thumbnails).to_have_count(1)
        assert attached(service, job) == []
    expect(page.locator(".next .picture-list")).to_contain_text("đã gửi", timeout=SOON)
    assert reported(service, job) == ["en_route"]
    [photo] = attached(service, job)
    assert (photo["technician_id"], photo["kind"]) == ("T01", "photo")
    assert (photo["width"], photo["height"]) == (1_600, 1_067)
    # It is looked at, and taken back.
    thumbnails.click()
    dialog = page.get_by_role("dialog")
    accessible(page)
    dialog.get_by_role("button", name="Xóa").click()
    expect(dialog).to_have_count(0)
    expect(thumbnails).to_have_count(0)
    assert attached(service, job) == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("vi", ("Hoàn thành", "Xóa chữ ký")),
        ("en", ("Done", "Clear the signature")),
    ],
)
def test_a_signature_is_drawn_and_seen_in_the_office(
    page_as: Windows,
    service: Service,
    accessible: Callable[[Page], None],
    language: str,
    words: tuple[str, str],
) -> None:
    page = open_phone(page_as, language="vi")
    finish_current(page)
    job = shown_job(page)
    tap_main(page, "Xuất phát")
    tap_main(page, "Đã đến nơi")
    expect(main_button(page)).to_contain_text("Hoàn thành")
    page.evaluate(f"localStorage.setItem('language', '{language}')")
    page.reload()
    button = rested(page).locator("#actions .huge")
    expect(button).to_contain_text(words[0])
    button.click()
    sheet = page.get_by_role("dialog")
    clear = sheet.get_by_role("button", name=words[1])
    expect(clear).to_be_hidden()
    sign(page)
    clear.click()
    expect(clear).to_be_hidden()
    sign(page)
    accessible(page)
    sheet.locator("button[type=submit]").click()
    expect(sheet).to_have_count(0)
    pocket(page)
    board = shown(page_as("dispatcher", language=language))
    picture = open_details(board, job).locator(".pictures img")
    expect(picture).to_have_count(1, timeout=SOON)
    expect(picture).to_have_js_property("complete", True)
    [signature] = attached(service, job)
    assert (signature["kind"], signature["media_type"]) == ("signature", "image/png")
    drawn = opened(service.api.get(f"/jobs/{job}/attachments/{signature['id']}").content)
    assert len(drawn.convert("L").getcolors() or ()) > 1
    accessible(board)


def test_a_phone_that_is_looked_at_by_the_office_takes_no_pictures(page_as: Windows) -> None:
    page = page_as("dispatcher", "/my-day?technician=T01", language="en", **PHONE)
    expect(page.locator(".next, .line").first).to_be_visible()
    expect(page.get_by_role("button", name="Take a photo")).to_have_count(0)
