"""People who are absent, new jobs, and plans made anew, on the board."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.dispatch.running import A_MOMENT
from tests.pages.conftest import DAY, Service, Windows
from tests.pages.dispatching import Wire, holder, open_details, planned, row, shown, visit


def test_a_technician_is_absent_for_the_rest_of_the_day_and_back_again(
    page_as: Windows, service: Service, accessible: Callable[[Page], None]
) -> None:
    page = shown(page_as("dispatcher"))
    row(page, "T06").locator(".row-header").click()
    details = page.locator("#panel-job")
    details.get_by_role("button", name="Báo vắng…").click()
    dialog = page.get_by_role("dialog", name="Vũ Ngọc Sơn vắng mặt")
    accessible(page)
    dialog.get_by_role("button", name="Hết ca hôm nay").click()
    dialog.get_by_label("Lý do").fill("Ốm")
    dialog.get_by_role("button", name="Báo vắng", exact=True).click()
    expect(row(page, "T06").locator(".absence")).to_be_visible()
    [absence] = service.get("/technicians/T06/absences")["absences"]
    assert (absence["starts_at"], absence["reason"]) == ("2026-11-23T05:00:00Z", "Ốm")
    details.get_by_role("button", name="Bỏ báo vắng").click()
    expect(row(page, "T06").locator(".absence")).to_have_count(0)
    assert service.get("/technicians/T06/absences")["absences"] == []


def test_a_new_job_shows_its_faults_and_takes_an_offer_with_one_click(
    page_as: Windows, service: Service, accessible: Callable[[Page], None]
) -> None:
    page = shown(page_as("dispatcher", expected=["answered 422: POST /jobs"]))
    page.get_by_role("button", name="Việc mới").click()
    dialog = page.get_by_role("dialog", name="Việc mới")
    site = dialog.get_by_role("combobox", name="Khách hàng, địa điểm")
    dialog.get_by_role("button", name="Tạo và tìm chỗ").click()
    expect(dialog.get_by_text("Hãy chọn một địa điểm")).to_be_visible()
    expect(dialog.get_by_label("Nội dung công việc")).to_have_attribute("aria-invalid", "true")
    accessible(page)
    site.fill("mua thu")
    expect(dialog.get_by_role("option").first).to_contain_text("Mùa Thu")
    accessible(page)
    site.press("ArrowDown")
    site.press("Enter")
    dialog.get_by_label("Nội dung công việc").fill("Kiểm tra điều hòa phòng họp")
    dialog.get_by_role("button", name="Thêm khung giờ").click()
    dialog.get_by_label("Từ", exact=True).fill("17:00")
    dialog.get_by_label("Đến", exact=True).fill("11:00")
    dialog.get_by_role("button", name="Tạo và tìm chỗ").click()
    expect(dialog.get_by_text("Kết thúc trước khi bắt đầu.")).to_be_visible()
    dialog.get_by_label("Từ", exact=True).fill("11:00")
    dialog.get_by_label("Đến", exact=True).fill("17:00")
    dialog.get_by_role("button", name="Tạo và tìm chỗ").click()
    offers = page.get_by_role("dialog", name="Xếp vào đâu?")
    first = offers.locator(".offer").first
    expect(first.locator(".cost")).to_be_visible()
    accessible(page)
    technician = first.locator("strong").text_content()
    first.get_by_role("button", name=re.compile("^Chọn")).click()
    expect(offers).to_have_count(0)
    selected = page.locator(".visit.selected")
    expect(selected).to_be_visible()
    job_id = str(selected.get_attribute("data-key")).removeprefix("job:")
    assert service.get(f"/jobs/{job_id}")["title"] == "Kiểm tra điều hòa phòng họp"
    found = holder(service, job_id)
    assert found is not None
    names = {one["id"]: one["name"] for one in service.get(f"/board/{DAY}")["technicians"]}
    assert names[found[0]] == technician
    page.keyboard.press("Control+z")
    expect(visit(page, job_id)).to_have_count(0)


def test_a_new_job_at_a_new_site_waits_if_nobody_takes_an_offer(
    page_as: Windows, service: Service
) -> None:
    expected = ["answered 422: POST /jobs"]
    page = shown(page_as("dispatcher", language="en", expected=expected))
    page.get_by_role("button", name="New job").click()
    dialog = page.get_by_role("dialog", name="New job")
    dialog.get_by_role("button", name="New site").click()
    dialog.get_by_label("Customer's name").fill("Chị Nguyễn Thị Hồng Hạnh")
    dialog.get_by_label("Address").fill("12 Hàng Bông, Hoàn Kiếm, Hà Nội")
    dialog.get_by_label("Latitude").fill("21.0306")
    dialog.get_by_label("Longitude").fill("105.8469")
    dialog.get_by_label("From road to door").fill("2000")
    dialog.get_by_label("What is to be done").fill("Máy giặt rò nước")
    dialog.get_by_role("button", name="Create and find a place").click()
    expect(dialog.get_by_text("At most 1440.")).to_be_visible()
    dialog.get_by_label("From road to door").fill("15")
    dialog.get_by_role("button", name="Create and find a place").click()
    offers = page.get_by_role("dialog", name="Where could it go?")
    offers.get_by_role("button", name=re.compile("later", re.IGNORECASE)).click()
    card = page.locator(".job-card", has_text="Máy giặt rò nước")
    expect(card).to_have_count(1)
    expect(page.locator("#panel-job")).to_contain_text("12 Hàng Bông")
    expect(page.locator("#panel-job")).to_contain_text("15 min")
    [found] = service.get("/sites", search="hong hanh")["sites"]
    assert (found["name"], found["access_minutes"]) == ("Chị Nguyễn Thị Hồng Hạnh", 15)


# Plans


@pytest.fixture
def draft(service: Service) -> Wire:
    """A draft that differs from the plan in force: two visits were put elsewhere by hand, and the
    search puts them back."""
    changed = 0
    for job_id, _, _ in planned(service):
        answer = service.api.get(f"/jobs/{job_id}/alternatives")
        places = answer.json().get("alternatives") if answer.status_code == 200 else None
        if not places:
            continue
        where = {"job_id": job_id, "day": DAY, "technician_id": places[-1]["technician_id"]}
        changed += service.api.post("/plan-changes", json=where).status_code == 200
        if changed == 2:
            break
    run = service.post("/plans", {"starts_on": DAY, "seconds": A_MOMENT})
    while run["status"] in ("queued", "running"):
        run = service.get(f"/runs/{run['id']}")
    found: Wire = service.get(f"/plans/{run['plan_id']}/changes")
    assert found["technicians"]
    return found


def test_a_plan_is_made_while_one_watches_and_stays_a_draft(
    page_as: Windows, service: Service, accessible: Callable[[Page], None]
) -> None:
    page = shown(page_as("dispatcher", language="en"))
    version = service.get(f"/board/{DAY}")["version"]
    page.get_by_role("button", name="Re-plan").click()
    dialog = page.get_by_role("dialog", name="Plan again")
    accessible(page)
    dialog.get_by_label("Computing time").select_option("5")
    dialog.get_by_role("button", name="Start").click()
    run = page.get_by_role("region", name="Planning under way").get_by_role("article")
    expect(run.get_by_role("progressbar", name="Progress")).to_be_visible()
    expect(run.locator(".run-cost p")).to_contain_text(re.compile(r"\d"))
    accessible(page)
    expect(run.get_by_role("button", name="Compare")).to_be_visible(timeout=30_000)
    expect(run).to_contain_text("The draft is ready")
    assert service.get(f"/board/{DAY}")["version"] == version
    expect(page.locator("#drafts .count")).to_have_text("1")


def test_a_run_is_stopped(page_as: Windows, service: Service) -> None:
    page = shown(page_as("dispatcher", language="en"))
    page.get_by_role("button", name="Re-plan").click()
    dialog = page.get_by_role("dialog", name="Plan again")
    dialog.get_by_label("Computing time").select_option("120")
    dialog.get_by_role("button", name="Start").click()
    run = page.get_by_role("region", name="Planning under way").get_by_role("article")
    run.get_by_role("button", name="Stop").click()
    expect(run.get_by_role("progressbar")).to_have_count(0, timeout=30_000)
    assert service.get("/runs")["runs"][0]["status"] == "cancelled"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_draft_is_seen_beside_what_is_in_force(
    page_as: Windows, draft: Wire, accessible: Callable[[Page], None], scheme: str
) -> None:
    page = shown(page_as("dispatcher", color_scheme=scheme))
    page.get_by_role("button", name="Bản nháp").click()
    page.get_by_role("dialog", name="Bản nháp").get_by_role("button", name="So sánh").click()
    dialog = page.get_by_role("dialog", name=f"Bản nháp {draft['plan_id']} so với")
    people = dialog.locator(".compared-person")
    expect(people).to_have_count(len(draft["technicians"]))
    expect(dialog.locator(".saved")).to_contain_text("₫")
    for one in draft["technicians"]:
        person = people.filter(has_text=one["technician"]).first
        expect(person.get_by_role("img", name=re.compile("^Đang áp dụng: "))).to_be_visible()
        expect(person.get_by_role("img", name=re.compile("^Bản nháp: "))).to_be_visible()
    expect(dialog.locator(".changed-jobs tbody tr")).to_have_count(len(draft["jobs"]))
    accessible(page)


def test_a_draft_names_the_tools_that_it_lends_twice(
    page_as: Windows, service: Service, draft: Wire, accessible: Callable[[Page], None]
) -> None:
    board = service.get(f"/board/{DAY}")
    depot = board["depots"][0]
    tool, name = next(iter(board["tools"].items()))
    one, other = board["technicians"][:2]
    twice = {
        "code": "tool_lent_twice",
        "depot_id": depot["id"],
        "tool_id": tool,
        "has": 1,
        "technician_ids": [one["id"], other["id"]],
        "days": [DAY, DAY],
        "starts_at": f"{DAY}T11:00:00+07:00",
        "ends_at": f"{DAY}T17:00:00+07:00",
    }

    def with_it(route: Route) -> None:
        route.fulfill(json=route.fetch().json() | {"lent_twice": [twice]})

    page = shown(page_as("dispatcher"))
    page.route(re.compile(rf"/plans/{draft['plan_id']}$"), with_it)
    page.get_by_role("button", name="Bản nháp").click()
    page.get_by_role("dialog", name="Bản nháp").get_by_role("button", name="So sánh").click()
    notice = page.locator(".comparison .notice")
    expect(notice).to_contain_text("Dụng cụ bị mượn trùng")
    for word in (name, depot["name"], one["name"], other["name"], "11:00", "17:00"):
        expect(notice).to_contain_text(word)
    accessible(page)


def test_a_draft_is_accepted_for_one_technician_and_whoever_belongs_to_it(
    page_as: Windows, service: Service, draft: Wire
) -> None:
    one = min(draft["technicians"], key=lambda one: len(one["with_technician_ids"]))
    page = shown(page_as("dispatcher", language="en"))
    page.get_by_role("button", name="Drafts").click()
    page.get_by_role("button", name="Compare").click()
    dialog = page.get_by_role("dialog", name=f"Draft {draft['plan_id']} against")
    dialog.get_by_role("checkbox", name=one["technician"]).check()
    chosen = dialog.locator(".compared input:checked")
    expect(chosen).to_have_count(1 + len(one["with_technician_ids"]))
    dialog.get_by_role("button", name=re.compile("^Accept for")).click()
    expect(page.locator(".toast", has_text="Accepted for")).to_be_visible()
    for job in draft["jobs"]:
        if job["new"] and job["new"]["technician_id"] == one["technician_id"]:
            found = holder(service, job["job_id"])
            assert found is not None
            assert found[0] == one["technician_id"]


def test_a_draft_is_accepted_as_a_whole(page_as: Windows, service: Service, draft: Wire) -> None:
    page = shown(page_as("dispatcher", language="en"))
    page.get_by_role("button", name="Drafts").click()
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("button", name="Accept all").click()
    expect(page.locator(".toast", has_text="Draft accepted")).to_be_visible()
    assert service.get(f"/plans/{draft['plan_id']}")["status"] == "published"


def test_an_accepted_draft_is_undone(page_as: Windows, service: Service, draft: Wire) -> None:
    moved = [job for job in draft["jobs"] if job["old"] and job["new"]]
    before = {job["job_id"]: holder(service, job["job_id"]) for job in moved}
    page = shown(page_as("dispatcher", language="en"))
    page.get_by_role("button", name="Drafts").click()
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("button", name="Accept all").click()
    accepted = page.locator(".toast", has_text="Draft accepted")
    expect(accepted).to_be_visible()
    assert {name: holder(service, name) for name in before} != before
    accepted.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast", has_text="Undone: Draft accepted")).to_be_visible()
    assert {name: holder(service, name) for name in before} == before


def test_a_draft_is_discarded_from_the_list(
    page_as: Windows, service: Service, draft: Wire, accessible: Callable[[Page], None]
) -> None:
    page = shown(page_as("dispatcher", language="en"))
    page.get_by_role("button", name="Drafts").click()
    dialog = page.get_by_role("dialog", name="Drafts")
    accessible(page)
    dialog.get_by_role("button", name="Discard draft").click()
    expect(dialog.get_by_text("There is no draft.")).to_be_visible()
    assert service.get(f"/plans/{draft['plan_id']}")["status"] == "discarded"


def test_another_window_sees_a_change_within_a_moment(page_as: Windows, service: Service) -> None:
    job_id, _, _ = next(planned(service))
    mine, theirs = (shown(page_as(role)) for role in ("dispatcher", "administrator"))
    details = open_details(theirs, job_id)
    open_details(mine, job_id).get_by_role("button", name="Ghim người").click()
    expect(details.get_by_role("button", name="Bỏ ghim")).to_be_visible()
