"""What is refused on the board is said in the language of the page, and leads on from there."""

from collections.abc import Callable
from datetime import datetime, timedelta

from playwright.sync_api import Page, Route, expect

from tests.pages.conftest import Service, Windows
from tests.pages.dispatching import carry, grip, open_details, planned, shown, visit, waiting

PROBLEM = "application/problem+json"


def test_the_drag_card_says_in_vietnamese_why_a_job_cannot_be_moved(
    page_as: Windows, service: Service
) -> None:
    job_id, _, _ = next(planned(service))
    page = shown(page_as("dispatcher", expected=["answered 409: POST /plan-changes/judgement"]))
    page.route("**/plan-changes/judgement", refuse("begins"))
    x, y = grip(visit(page, job_id))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=4)
    expect(page.locator(".ghost-note .fault")).to_have_text("Việc đã hoặc sắp bắt đầu.")
    page.keyboard.press("Escape")
    page.mouse.up()


def refuse(*codes: str, status: int = 409) -> Callable[[Route], None]:
    """As the service refuses."""
    faults = [
        {"code": code, "where": "job N", "cause": f"English of {code}", "action": "do it"}
        for code in codes
    ]
    body = {"title": "Conflict", "status": status, "detail": "refused", "faults": faults}
    return lambda route: route.fulfill(status=status, json=body, content_type=PROBLEM)


def test_a_change_that_cannot_be_undone_any_more_says_so_in_vietnamese(
    page_as: Windows, service: Service
) -> None:
    job_id, _, _ = next(planned(service))
    page = shown(page_as("dispatcher", expected=["answered 409: POST /plan-changes/.*/undo"]))
    open_details(page, job_id).get_by_role("button", name="Bỏ khỏi lịch").click()
    expect(visit(page, job_id)).to_have_count(0)
    page.route("**/undo", refuse("begun", "too_late", "breaks_time_windows"))
    page.keyboard.press("Control+z")
    toast = page.locator(".toast.bad")
    expect(toast).to_contain_text("Không hoàn tác được: có việc đã bắt đầu từ lúc đó.")
    expect(toast).to_contain_text("khung giờ")
    expect(toast).not_to_contain_text("English")


def test_a_job_that_others_have_edited_is_read_again_and_nothing_typed_is_lost(
    page_as: Windows, service: Service, accessible: Callable[[Page], None]
) -> None:
    job_id, _, _ = next(planned(service))
    before = service.get(f"/jobs/{job_id}")
    page = shown(page_as("dispatcher", expected=[f"answered 412: PATCH /jobs/{job_id}"]))
    open_details(page, job_id).get_by_role("button", name="Sửa…").click()
    dialog = page.get_by_role("dialog", name=job_id)
    dialog.get_by_label("Nội dung công việc").fill("Thay máy nén")
    answer = service.api.patch(f"/jobs/{job_id}", json={"duration_minutes": 95})
    assert answer.is_success
    dialog.get_by_role("button", name="Lưu").click()
    stale = dialog.locator(".stale")
    expect(stale).to_contain_text("Việc này vừa được người khác sửa.")
    expect(stale).not_to_contain_text("revision")
    accessible(page)
    # Half of a window is typed, and no less worth keeping for that.
    dialog.get_by_role("button", name="Thêm khung giờ").click()
    half = dialog.locator('[data-pointer="/windows"] input[type=date]').last
    half.fill("2026-11-27")
    stale.get_by_role("button", name="Đọc lại").click()
    expect(stale).to_contain_text("Người khác đã sửa: Thời lượng")
    expect(stale).to_contain_text("Phần bạn vừa sửa vẫn giữ: Nội dung công việc, Khung giờ hẹn.")
    expect(dialog.get_by_label("Thời lượng")).to_have_value("95")
    expect(dialog.get_by_label("Nội dung công việc")).to_have_value("Thay máy nén")
    expect(half).to_have_value("2026-11-27")
    dialog.get_by_role("button", name="Bỏ dòng: Khung giờ hẹn").last.click()
    dialog.get_by_role("button", name="Lưu").click()
    expect(dialog).to_have_count(0)
    after = service.get(f"/jobs/{job_id}")
    assert (after["title"], after["duration_minutes"]) == ("Thay máy nén", 95)
    assert after["windows"] == before["windows"]


def test_breaches_that_came_up_meanwhile_are_asked_about_like_any_other(
    page_as: Windows, service: Service
) -> None:
    """The judgement was free of them, and the change is not."""
    job_id, technician_id, later = may_start_later(service)
    page = shown(page_as("dispatcher", expected=["answered 409: POST /plan-changes$"]))
    page.route("**/plan-changes", refuse("skills"))
    carry(page, visit(page, job_id), technician_id, later)
    page.route("**/plan-changes/judgement", with_violation(technician_id))
    page.mouse.up()
    dialog = page.get_by_role("dialog", name="Bỏ qua quy tắc?")
    expect(dialog.locator('[data-rule="skills"]')).to_be_visible()


def may_start_later(service: Service) -> tuple[str, str, str]:
    """A job whose start may be put off by twelve minutes without breaking any rule: its id, who has
    it, and ten minutes later."""
    for job_id, technician_id, start_at in planned(service):
        started = datetime.fromisoformat(start_at)
        changes = [
            service.post(
                "/plan-changes/judgement",
                {
                    "job_id": job_id,
                    "technician_id": technician_id,
                    "start_at": (started + timedelta(minutes=minutes)).isoformat(),
                    "no_earlier": True,
                },
            )
            for minutes in (10, 12)
        ]
        if all(judged["possible"] for judged in changes):
            return job_id, technician_id, (started + timedelta(minutes=10)).isoformat()
    raise AssertionError("nothing can start later")


def with_violation(technician_id: str, *, existing: bool = False) -> Callable[[Route], None]:
    violation = {
        "rule": "skills",
        "job_id": None,
        "technician_id": technician_id,
        "subject": "medical",
        "amount": 1,
        "unit": "levels",
        "message": "English",
        "existing": existing,
    }

    def handle(route: Route) -> None:
        answer = route.fetch()
        judged = {**answer.json(), "possible": False, "violations": [violation]}
        route.fulfill(response=answer, json=judged)

    return handle


def test_too_many_requests_are_told_with_the_seconds_to_wait(
    page_as: Windows, service: Service
) -> None:
    job_id = service.get("/jobs", status="open", limit=1)["jobs"][0]["id"]
    page = shown(page_as("dispatcher", expected=["answered 429: "]))
    page.route(
        "**/why-not?*",
        lambda route: route.fulfill(
            status=429,
            headers={"Retry-After": "47", "Content-Type": PROBLEM},
            body='{"title": "Too Many Requests", "detail": "Too many requests; go on soon."}',
        ),
    )
    waiting(page, job_id).get_by_role("button").first.click()
    page.locator("#panel-job").get_by_text("Vì sao chưa xếp được?").click()
    expect(page.locator("#panel-job .fold-body").first).to_have_text(
        "Quá nhiều yêu cầu. Hãy thử lại sau 47 giây."
    )


def test_a_move_that_breaks_nothing_new_asks_for_no_override(
    page_as: Windows, service: Service
) -> None:
    """What is late already stays as late as it was."""
    job_id, technician_id, later = may_start_later(service)
    page = shown(page_as("dispatcher"))
    page.route("**/plan-changes/judgement", with_violation(technician_id, existing=True))
    carry(page, visit(page, job_id), technician_id, later)
    expect(page.locator(".ghost-note .broken")).to_have_count(0)
    page.mouse.up()
    expect(page.locator(".toast")).to_contain_text("→")
    expect(page.get_by_role("dialog")).to_have_count(0)
