"""What has to be decided now is the first thing that a dispatcher sees, and one click away."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.pages.conftest import DAY, ELSEWHERE, Service, Windows
from tests.pages.dispatching import planned, row, shown, visit

Wire = dict[str, Any]


class Issues:
    """Has the page see these, and visits in conflict on the board accordingly."""

    def __init__(self) -> None:
        self.found: list[Wire] = []
        self.conflicts: dict[str, Wire] = {}
        self.repairs: list[Wire] = []
        """What is worked out for each of them."""

    def add(self, kind: str, job_id: str | None = None, **given: Any) -> None:
        code, values = given.pop("code", kind), given.pop("values", {})
        issue = {
            "id": f"{kind}:{job_id}",
            "kind": kind,
            "since": f"{DAY}T09:36:00+07:00",
            "weight": 50 - len(self.found),
            "job_ids": [job_id] if job_id else [],
            "technician_id": None,
            "day": None,
            "cause": {"code": code, "values": values},
            "repairs": [],
            **given,
        }
        self.found.append(issue)
        if kind == "conflict" and job_id:
            self.conflicts[job_id] = issue["cause"]

    def stand_between(self, page: Page) -> None:
        page.route("**/issues", self._issues)
        worked_out = {"repairs": self.repairs}
        page.route("**/issues/*/repairs", lambda route: route.fulfill(json=worked_out))
        page.route(re.compile(r"/board/\d"), self._board)

    def _issues(self, route: Route) -> None:
        taken_at = f"{DAY}T10:00:00+07:00"
        route.fulfill(json={"issues": self.found, "taken_at": taken_at, "is_current": True})

    def _board(self, route: Route) -> None:
        answer = route.fetch()
        if answer.status != 200:
            route.fulfill(response=answer)
            return
        board = answer.json()
        for stop in (stop for one in board["routes"] for stop in one["stops"]):
            stop["conflict"] = self.conflicts.get(stop["job_id"])
        route.fulfill(response=answer, json=board)


@pytest.fixture
def issues() -> Issues:
    return Issues()


@pytest.fixture
def board_with(page_as: Windows, issues: Issues) -> Callable[..., Page]:
    def open_board(**options: Any) -> Page:
        page = page_as("dispatcher", ELSEWHERE, **options)
        issues.stand_between(page)
        with page.expect_response("**/issues"):
            page.goto("/")
        return shown(page)

    return open_board


def absent(technician_id: str) -> Wire:
    span = {"starts_at": f"{DAY}T10:05:00+07:00", "ends_at": f"{DAY}T17:00:00+07:00"}
    return {"code": "technician_absent", "values": span, "technician_id": technician_id}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_visits_that_nobody_attends_stand_first_and_are_marked_on_their_row(
    service: Service,
    issues: Issues,
    board_with: Callable[..., Page],
    accessible: Callable[[Page], None],
    scheme: str,
) -> None:
    job_id, technician_id, _ = next(planned(service))
    issues.add("conflict", job_id, day=DAY, **absent(technician_id))
    page = board_with(color_scheme=scheme)
    expect(page.get_by_role("button", name="1 cần xử lý")).to_be_visible()
    expect(page.get_by_role("tab", name="Cần xử lý")).to_have_attribute("aria-selected", "true")
    card = page.locator(".issue-card")
    name = next(
        one["name"]
        for one in service.get(f"/board/{DAY}")["technicians"]
        if one["id"] == technician_id
    )
    expect(card).to_contain_text(f"{name} vắng mặt lúc đó")
    expect(card).to_contain_text("từ 24 phút trước")
    accessible(page)
    bar = visit(page, job_id)
    expect(bar).to_have_attribute("aria-label", re.compile("xung đột"))
    expect(bar.locator(".icon-conflict")).to_be_visible()
    header = row(page, technician_id).locator("[role=rowheader]")
    expect(header).to_have_attribute("aria-label", re.compile("1 xung đột"))
    card.locator(".job-open").click()
    details = page.locator("#panel-job")
    expect(details).to_contain_text(f"{name} vắng mặt lúc đó")
    expect(bar).to_have_class(re.compile("selected"))
    accessible(page)


def test_a_day_that_nobody_works_is_no_load(
    service: Service, issues: Issues, board_with: Callable[..., Page]
) -> None:
    _, technician_id, _ = next(planned(service))
    for job_id, other, _ in planned(service):
        if other == technician_id:
            issues.add("conflict", job_id, day=DAY, **absent(technician_id))
    page = board_with()
    share = page.evaluate(
        """async (id) => {
          const { board, dayOf } = await import('/pages/scripts/doors/board.js');
          const stops = board.routes.get(id).flatMap((route) => route.stops);
          const theirs = stops.filter((stop) => stop.conflict);
          const sum = (list, length) => list.reduce((total, one) => total + length(one), 0);
          const planned = sum(board.routes.get(id), (one) => one.end_at - one.start_at);
          const gone = sum(theirs, (one) => one.departure_at - one.start_at);
          const { used, available, conflicts } = dayOf(id);
          return [conflicts === theirs.length, used * available <= planned - gone];
        }""",
        technician_id,
    )
    assert share == [True, True]


def test_a_job_without_a_place_leads_to_why_not(
    service: Service, issues: Issues, board_with: Callable[..., Page]
) -> None:
    job_id = service.get("/jobs", status="open", limit=1)["jobs"][0]["id"]
    issues.add("no_place", job_id)
    page = board_with(language="en")
    expect(page.locator(".issue-card")).to_contain_text("A place was looked for")
    page.keyboard.press("i")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#panel-job")).to_contain_text("Why not?")
    expect(page.locator("#panel-job")).to_contain_text(job_id)


def test_a_job_on_another_day_is_gone_to(
    service: Service, issues: Issues, board_with: Callable[..., Page]
) -> None:
    job_id, technician_id, _ = next(planned(service))
    issues.add("conflict", job_id, day="2026-11-24", **absent(technician_id))
    page = board_with()
    page.locator(".issue-card .job-open").click()
    expect(page.locator("#day")).to_have_value("2026-11-24")
    expect(page.locator("#tab-job")).to_have_attribute("aria-selected", "true")


def test_a_run_that_failed_is_asked_for_again_with_its_days(
    issues: Issues, board_with: Callable[..., Page], accessible: Callable[[Page], None]
) -> None:
    values = {"run_id": "r", "starts_on": "2026-11-24", "ends_on": "2026-11-25", "territory": None}
    issues.add("failed_run", code="run_failed", values=values)
    page = board_with()
    expect(page.locator(".issue-card")).to_contain_text("Lập lịch thất bại")
    page.locator(".issue-card .job-open").click()
    dialog = page.get_by_role("dialog", name="Lập lại kế hoạch")
    expect(dialog.get_by_label("Từ ngày")).to_have_value("2026-11-24")
    expect(dialog.get_by_label("Đến hết ngày")).to_have_value("2026-11-25")
    accessible(page)


def test_messages_that_nobody_understood_are_read_and_settled(
    service: Service,
    issues: Issues,
    board_with: Callable[..., Page],
    accessible: Callable[[Page], None],
) -> None:
    service.api.post("/alerts", content=b"{", headers={"content-type": "application/json"})
    letters = service.get("/dead-letters", state="waiting")["dead_letters"]
    values = {"source_id": letters[0]["source_id"], "source": None, "count": len(letters)}
    issues.add("dead_letter", code="dead_letters", values=values)
    page = board_with()
    expect(page.locator(".issue-card")).to_contain_text("tin không đọc được")
    page.locator(".issue-card .job-open").click()
    dialog = page.get_by_role("dialog", name="Tin không đọc được")
    expect(dialog.locator(".alert-card")).to_have_count(len(letters))
    accessible(page)
    dialog.get_by_role("button", name="Bỏ qua").first.click()
    expect(dialog.locator(".alert-card")).to_have_count(len(letters) - 1)
    waiting = service.get("/dead-letters", state="waiting")["dead_letters"]
    assert len(waiting) == len(letters) - 1


def test_what_comes_up_is_told_and_what_is_settled_goes(
    service: Service, issues: Issues, board_with: Callable[..., Page]
) -> None:
    job_id, _, _ = next(planned(service))
    page = board_with()
    expect(page.get_by_role("button", name="cần xử lý")).to_have_count(0)
    expect(page.locator("#tab-unassigned")).to_have_attribute("aria-selected", "true")
    issues.add("no_place", job_id)
    service.api.patch(f"/jobs/{job_id}", json={"title": "Thay máy nén"})
    expect(page.locator(".toast.bad")).to_contain_text("Chưa có chỗ: ")
    page.locator(".toast.bad").get_by_role("button", name="Xem").click()
    expect(page.locator(".issue-card")).to_be_visible()
    issues.found.clear()
    service.api.patch(f"/jobs/{job_id}", json={"title": "Thay quạt"})
    expect(page.locator("#panel-issues")).to_have_text("Không có gì cần xử lý.")
    expect(page.locator("#issues")).to_be_hidden()


def test_a_tab_that_somebody_has_chosen_stays_in_front(
    service: Service, issues: Issues, page_as: Windows
) -> None:
    issues.add("no_place", next(planned(service))[0])
    page = page_as("dispatcher", ELSEWHERE)
    issues.stand_between(page)

    def choose_first(route: Route) -> None:
        page.locator("#tab-unassigned").click()
        route.fallback()

    page.route("**/issues", choose_first, times=1)
    page.goto("/")
    expect(page.get_by_role("button", name="1 cần xử lý")).to_be_visible()
    expect(page.locator("#tab-unassigned")).to_have_attribute("aria-selected", "true")


def test_an_alert_says_that_its_job_found_no_place(
    service: Service, issues: Issues, board_with: Callable[..., Page]
) -> None:
    job_id, _, _ = next(planned(service))
    issues.add("no_place", job_id)
    page = board_with()
    alert = {
        "id": 1,
        "severity": "critical",
        "outcome": "job",
        "state": "unacknowledged",
        "job_id": job_id,
        "reason": None,
        "rule_id": "hot",
        "asset_id": "A1",
        "device_id": "D1",
        "type": "hot",
        "message": None,
        "readings": {},
        "count": 1,
        "occurred_at": f"{DAY}T09:50:00+07:00",
        "acknowledged_by": None,
        "acknowledged_at": None,
    }
    page.route("**/alerts?*", lambda route: route.fulfill(json={"alerts": [alert], "next": None}))
    page.route("**/assets/*", lambda route: route.fulfill(json={"name": "Tủ đông", "model": None}))
    page.evaluate(
        "async () => (await import('/pages/scripts/doors/board.js')).notify('event:alert')"
    )
    page.locator("#tab-alerts").click()
    expect(page.locator(".alert-card")).to_contain_text("Chưa tìm được chỗ cho việc này:")


def movable(service: Service) -> tuple[str, str, Wire]:
    """A visit that could be elsewhere, who has it, and the change that has it there."""
    for job_id, technician_id, _ in planned(service):
        answer = service.api.get(f"/jobs/{job_id}/alternatives", params={"limit": 1})
        for found in answer.json().get("alternatives", ()):
            where = {name: found[name] for name in ("technician_id", "start_at")}
            return job_id, technician_id, _reassigned(job_id, found["extra_cost"], **where)
    raise AssertionError("no visit could be elsewhere")


def _reassigned(job_id: str, cost: int, **where: str) -> Wire:
    return {
        "kind": "reassign",
        "values": {**where, "day": DAY, "late_minutes": 5},
        "method": "POST",
        "path": "/plan-changes",
        "body": {"job_id": job_id, "day": DAY, **where},
        "cost": cost,
    }


def test_a_repair_is_done_in_place_and_undone(
    service: Service,
    issues: Issues,
    board_with: Callable[..., Page],
    accessible: Callable[[Page], None],
) -> None:
    job_id, technician_id, reassigned = movable(service)
    issues.repairs.append(reassigned)
    other = reassigned["values"]["technician_id"]
    values = {"late_minutes": 12, "start_at": f"{DAY}T15:00:00+07:00", "told_at": None}
    issues.add(
        "late", job_id, day=DAY, code="misses_due", values=values, technician_id=technician_id
    )
    page = board_with()
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    card = page.locator(".issue-card")
    expect(card).to_contain_text("Sẽ xong sau hạn 12 phút")
    expect(card).to_contain_text("mức 50")
    repair = card.locator("[data-repair=reassign]")
    expect(repair).to_contain_text(re.compile("Giao .*, trễ 5 phút"))
    accessible(page)
    repair.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text(job_id)
    expect(row(page, other).locator(f'.visit[data-key="job:{job_id}"]')).to_be_visible()
    page.locator(".toast").get_by_role("button", name="Hoàn tác").click()
    expect(row(page, technician_id).locator(f'.visit[data-key="job:{job_id}"]')).to_be_visible()


def test_only_the_weightiest_is_worked_out_unasked(
    service: Service, issues: Issues, board_with: Callable[..., Page]
) -> None:
    first, second = [job_id for job_id, *_ in planned(service)][-2:]
    issues.add("no_place", first)
    issues.add("no_place", second)
    page = board_with(language="en")
    cards = page.locator(".issue-card")
    expect(cards.first).to_contain_text("No place was found that breaks nothing.")
    ask = cards.last.get_by_role("button", name="What would settle it?")
    ask.click()
    expect(cards.last).to_contain_text("No place was found that breaks nothing.")


def test_a_job_that_could_not_be_completed_is_followed_by_another(
    service: Service, issues: Issues, board_with: Callable[..., Page]
) -> None:
    job_id, technician_id, _ = list(planned(service))[-1]
    job = service.get(f"/jobs/{job_id}")
    again = {name: job[name] for name in ("site_id", "title", "duration_minutes")}
    follow_up = {
        "kind": "follow_up",
        "values": {},
        "method": "POST",
        "path": "/jobs",
        "body": {**again, "follow_up_of": job_id},
        "cost": None,
    }
    issues.add(
        "failed_visit",
        job_id,
        technician_id=technician_id,
        code="could_not_complete",
        values={"reason": "customer_absent", "note": None},
        repairs=[follow_up],
    )
    page = board_with()
    expect(page.locator(".issue-card")).to_contain_text("khách vắng nhà")
    page.get_by_role("button", name="Tạo việc làm tiếp").click()
    expect(page.locator(".toast")).to_contain_text("Tạo việc làm tiếp")
    [link] = service.get(f"/jobs/{job_id}")["links"]
    assert (link["kind"], link["job_ids"][0]) == ("follow_up", job_id)
    page.locator(".toast").get_by_role("button", name="Hoàn tác").click()
    expect(page.locator(".toast")).to_contain_text("Đã hoàn tác")
    assert service.get(f"/jobs/{link['job_ids'][1]}")["status"] == "cancelled"
