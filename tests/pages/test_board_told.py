"""What technicians say of jobs is read in the office, and what comes after is a click away."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.dispatch.pictures import jpeg, picture
from tests.pages.conftest import DAY, Service, Windows
from tests.pages.dispatching import keep_care, open_details, planned, shown

NOTE = "Khách hẹn lại <b>thứ 5</b>"


def report(service: Service, job_id: str, technician_id: str, kind: str, **more: Any) -> None:
    at = f"{DAY}T09:5{'0' if kind == 'en_route' else '5'}:00+07:00"
    body = {"id": f"{job_id}-{kind}", "job_id": job_id, "kind": kind, "at": at, **more}
    service.post(f"/technicians/{technician_id}/reports", body)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "vi",
            {
                "failed": "Thiếu vật tư",
                "tab": "Đã kết thúc",
                "follow": "Tạo lần quay lại",
                "show": "Xem",
                "signed": "Người ký: Chị Lan",
                "taken_up": "Được làm tiếp bởi",
                "takes_up": "Làm tiếp việc chưa xong",
                "only": "không làm được",
                "before": "Các lần trước ở đây",
            },
        ),
        (
            "en",
            {
                "failed": "A part is missing",
                "tab": "Ended",
                "follow": "Create a follow-up visit",
                "show": "Show",
                "signed": "Signed by Chị Lan",
                "taken_up": "Taken up by",
                "takes_up": "Takes up what could not be completed",
                "only": "could not be completed",
                "before": "Earlier visits here",
            },
        ),
    ],
)
def test_a_visit_in_vain_is_told_read_and_followed(
    page_as: Windows,
    service: Service,
    accessible: Callable[[Page], None],
    language: str,
    words: dict[str, str],
) -> None:
    (job_id, technician_id, _), (other, *_), *_ = planned(service)
    page = shown(page_as("dispatcher", language=language, color_scheme="dark"))
    page.get_by_role("tab", name=words["tab"]).click()
    # What the page finds when it first asks is no news.
    with page.expect_response("**/issues"):
        assert service.api.patch(f"/jobs/{other}", json={"note": "."}).is_success
    report(service, job_id, technician_id, "en_route")
    report(
        service,
        job_id,
        technician_id,
        "cannot_complete",
        reason="missing_part",
        note=NOTE,
        readings={"pressure_bar": 8.5},
        signed_by="Chị Lan",
    )
    # Wherever one looks, it is said, with why and what was noted.
    toast = page.locator(".toast.bad", has_text=NOTE)
    expect(toast).to_contain_text(words["failed"])
    expect(page.locator("#announcements")).to_contain_text(NOTE)
    card = page.locator(f'#panel-ended [data-job="{job_id}"]')
    expect(card).to_contain_text(words["failed"])
    expect(card).to_contain_text(NOTE)
    accessible(page)
    page.locator("#panel-ended").get_by_role("button", name=words["only"], exact=True).click()
    expect(page.locator("#panel-ended .ended-card.completed")).to_have_count(0)
    # The machine's next visit is a click away, and says so on both sides.
    card.get_by_role("button", name=words["follow"]).click()
    expect(card).to_contain_text(words["taken_up"])
    [link] = service.get(f"/jobs/{job_id}")["links"]
    follower = link["job_ids"][1]
    made = page.locator(".toast", has_text=follower)
    made.get_by_role("button", name=words["show"]).click()
    details = page.locator("#panel-job")
    expect(details.locator(".links")).to_contain_text(words["takes_up"])
    details.get_by_text(words["before"]).click()
    expect(details.locator(".earlier li").first).to_contain_text(NOTE)
    accessible(page)
    # All of it, on the job itself.
    details = open_details(page, job_id)
    told = details.locator(".told")
    for said in ("09:50", "09:55", words["failed"], NOTE, "pressure_bar 8.5", words["signed"]):
        expect(told).to_contain_text(said)
    expect(told.locator("b")).to_have_count(0)
    expect(details.locator(".links")).to_contain_text(words["taken_up"])
    accessible(page)


def test_what_was_done_can_be_gone_back_to_or_let_be(page_as: Windows, service: Service) -> None:
    jobs = planned(service)
    (done, technician_id, _), (failed, other_id, _) = next(jobs), next(jobs)
    report(service, done, technician_id, "completed", note="cần quay lại")
    report(service, failed, other_id, "cannot_complete", reason="customer_refused")
    page = shown(page_as("dispatcher", language="en"))
    told = open_details(page, done).locator(".told")
    expect(told).to_contain_text("cần quay lại")
    told.get_by_role("button", name="Create a follow-up visit").click()
    expect(page.locator(".toast", has_text="Follow-up visit created")).to_be_visible()
    [link] = service.get(f"/jobs/{done}")["links"]
    follower = service.get(f"/jobs/{link['job_ids'][1]}")
    assert follower["site_id"] == service.get(f"/jobs/{done}")["site_id"]
    expect(told.get_by_role("button")).to_have_count(0)
    told = open_details(page, failed).locator(".told")
    told.get_by_role("button", name="Nothing more to do").click()
    expect(page.locator(".toast", has_text="Nothing more is to be done")).to_be_visible()
    page.get_by_role("tab", name="Ended").click()
    card = page.locator(f'#panel-ended [data-job="{failed}"]')
    expect(card).to_contain_text("settled")
    expect(card.get_by_role("button", name="Create a follow-up visit")).to_have_count(0)
    expect(page.locator(f'[data-issue="failed_visit:{failed}"]')).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "outside", "words"),
    [
        (
            "vi",
            "ngoài khoảng 2 đến 8 bar",
            ("Đã đánh dấu:", "Chưa đánh dấu:", "Đo được:"),
        ),
        ("en", "outside 2 to 8 bar", ("Ticked off:", "Not ticked off:", "Measured:")),
    ],
)
def test_what_was_ticked_off_and_measured_is_read_as_it_was_said(
    page_as: Windows,
    service: Service,
    accessible: Callable[[Page], None],
    language: str,
    outside: str,
    words: tuple[str, ...],
) -> None:
    job_id, technician_id, _ = next(planned(service))
    keep_care(service, job_id)
    measured = {"Áp suất": 9.5, "Nhiệt độ": -20, "Độ ẩm": 60}
    checked = ["Ngắt điện", "Lau máy"]
    report(service, job_id, technician_id, "completed", checked=checked, readings=measured)
    # Whatever is wanted from now on, this was the list, and these were the limits.
    other = {"title": "Care", "duration_minutes": 30, "checklist": ["Khác"]}
    assert service.api.put("/job-templates/care", json=other).is_success
    page = shown(page_as("dispatcher", language=language))
    told = open_details(page, job_id).locator(".told")
    page.get_by_role("tab", name="Đã kết thúc" if language == "vi" else "Ended").click()
    card = page.locator(f'#panel-ended [data-job="{job_id}"]')
    expect(card).to_contain_text(outside)
    accessible(page)
    open_details(page, job_id)
    accessible(page)
    readings = [f"Áp suất 9.5 bar {outside}", "Nhiệt độ -20 °C", "Độ ẩm 60"]
    for place in (told, card):
        lists = place.locator(".findings")
        expect(lists.locator("p")).to_have_text(words)
        expect(lists.nth(0).get_by_role("listitem", include_hidden=True)).to_have_text(checked)
        expect(lists.nth(1).get_by_role("listitem", include_hidden=True)).to_have_text(
            ["Vệ sinh dàn lạnh", "Chạy thử"]
        )
        expect(lists.nth(2).get_by_role("listitem", include_hidden=True)).to_have_text(readings)


def test_photos_are_seen_added_and_taken_back(
    page_as: Windows, service: Service, accessible: Callable[[Page], None]
) -> None:
    job_id, *_ = next(planned(service))
    page = shown(page_as("dispatcher", language="en"))
    details = open_details(page, job_id)
    pictures = details.locator(".pictures img")
    expect(details.get_by_text("Photos and signature")).to_be_visible()
    expect(pictures).to_have_count(0)
    # What comes in is seen at once.
    sent = service.api.post(
        f"/jobs/{job_id}/attachments?kind=signature",
        content=picture("PNG"),
        headers={"Content-Type": "image/png"},
    )
    assert sent.status_code == 201, sent.text
    expect(pictures).to_have_attribute("alt", re.compile("^Signature, the office, Mon 23/11 10:0"))
    files = [
        {"name": "wide.jpg", "mimeType": "image/jpeg", "buffer": jpeg((2_400, 600))},
        {"name": "no.jpg", "mimeType": "image/jpeg", "buffer": b"<script>alert(1)</script>"},
    ]
    details.get_by_label("Add photos").set_input_files(files)  # type: ignore[arg-type]
    expect(page.locator(".toast.bad")).to_contain_text("no.jpg: This is no whole picture")
    expect(pictures).to_have_count(2)
    [_, photo] = service.get(f"/jobs/{job_id}/attachments")["attachments"]
    assert (photo["width"], photo["height"]) == (1_600, 400)
    accessible(page)
    pictures.last.click()
    dialog = page.get_by_role("dialog", name="Photo, the office")
    expect(dialog.locator("img")).to_have_js_property("naturalWidth", 1_600)
    accessible(page)
    dialog.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog", name="Remove this picture?").get_by_role(
        "button", name="Remove"
    ).click()
    expect(pictures).to_have_count(1)
    assert len(service.get(f"/jobs/{job_id}/attachments")["attachments"]) == 1
