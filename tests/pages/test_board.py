"""The dispatcher's board, as dispatchers use it."""

import re
from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.pages.conftest import DAY, ELSEWHERE, Service, Windows, until

NAME = re.compile("Nguyễn Văn Hùng")


def visit(page: Page, job_id: str) -> Locator:
    return page.locator(f'.visit[data-key="job:{job_id}"]')


def row(page: Page, technician_id: str) -> Locator:
    return page.locator(f'.row[data-technician="{technician_id}"]')


def shown(page: Page) -> Page:
    expect(page.locator(".row .visit").first).to_be_visible()
    expect(page.locator("#connection.live")).to_be_visible()
    return page


@pytest.fixture
def today(service: Service) -> Any:
    """The board's data as the service gives it."""
    return service.get(f"/board/{DAY}")


def placed_job(today: Any, technician_id: str, **wanted: Any) -> str:
    """A job that the technician is to attend, with these properties."""
    for route in today["routes"]:
        for stop in route["stops"]:
            job = today["jobs"].get(stop["job_id"], {})
            if route["technician_id"] == technician_id and wanted.items() <= job.items():
                return str(stop["job_id"])
    raise AssertionError(f"{technician_id} has no job with {wanted}")


def movable_job(today: Any) -> str:
    """The last job of the first technician's route, which nobody has begun."""
    ids = [stop["job_id"] for stop in today["routes"][0]["stops"] if stop["job_id"]]
    return str(ids[-1])


def test_the_day_is_there_with_everybody_and_every_visit(page_as: Windows, today: Any) -> None:
    page = shown(page_as("dispatcher", language="en"))
    grid = page.get_by_role("grid", name="Technicians' time line")
    assert grid.get_attribute("aria-rowcount") == str(len(today["technicians"]))
    expect(page.get_by_role("rowheader", name=NAME)).to_be_visible()
    job_id = placed_job(today, "T01", status="scheduled")
    job = today["jobs"][job_id]
    cell = page.get_by_role("gridcell", name=f"Job {job_id}, {job['title']}")
    expect(cell).to_have_attribute("aria-label", re.compile(r"\d\d:\d\d–\d\d:\d\d, scheduled"))
    figures = today["figures"]
    expect(page.locator("#summary")).to_contain_text(f"{figures['visits']} jobs")
    expect(page.locator("#summary")).to_contain_text(f"{len(today['unassigned'])} unassigned")
    expect(page.locator(".now-flag")).to_have_text(re.compile("10:0"))


def test_what_has_happened_is_told_apart_from_what_is_planned(page_as: Windows, today: Any) -> None:
    page = shown(page_as("dispatcher", language="en"))
    done = next(id_ for id_, job in today["jobs"].items() if job["status"] == "completed")
    expect(visit(page, done)).to_have_attribute("aria-label", re.compile("completed"))
    expect(visit(page, done).locator(".icon-done")).to_be_visible()
    expect(page.locator(f'[data-key="actual:{done}"]')).to_be_visible()


def test_rows_exist_only_while_they_are_on_screen(page_as: Windows) -> None:
    page = shown(page_as("dispatcher", viewport={"width": 1440, "height": 480}))
    expect(row(page, "T20")).to_have_count(0)
    page.locator("#timeline").evaluate("(node) => { node.scrollTop = node.scrollHeight; }")
    expect(row(page, "T19")).to_be_visible()
    expect(row(page, "T02")).to_have_count(0)


def test_a_change_by_somebody_else_appears_long_before_the_board_is_read_anew(
    page_as: Windows, service: Service, today: Any
) -> None:
    page = shown(page_as("dispatcher", language="en"))
    other = shown(page_as("administrator"))
    job_id = movable_job(today)
    delays = []
    for title in ("Thay bo mạch chủ", "Thay quạt dàn nóng", "Thay cảm biến"):
        other.evaluate(
            """async ([id, title]) => {
              const { ask } = await import("/pages/scripts/doors/http.js");
              await ask("PATCH", `/jobs/${id}`, { title });
            }""",
            [job_id, title],
        )
        begun = monotonic()
        expect(visit(page, job_id)).to_have_attribute("aria-label", re.compile(title))
        delays.append(monotonic() - begun)
    # About 0.3 s on a machine that has nothing else to do, which one with all these tests is not;
    # by itself the board is read once a minute.
    assert min(delays) < 10


def test_a_report_changes_the_visit_and_leaves_the_focus_where_it_was(
    page_as: Windows, service: Service, today: Any
) -> None:
    page = shown(page_as("dispatcher", language="en"))
    technician_id, job_id = next(
        (route["technician_id"], stop["job_id"])
        for route in today["routes"]
        for stop in route["stops"]
        if stop["job_id"] and today["jobs"][stop["job_id"]]["status"] in ("scheduled", "dispatched")
    )
    visit(page, job_id).click()
    expect(visit(page, job_id)).to_be_focused()
    report = {"id": "r-1", "job_id": job_id, "kind": "en_route", "at": f"{DAY}T10:00:00+07:00"}
    service.post(f"/technicians/{technician_id}/reports", report)
    expect(visit(page, job_id)).to_have_attribute("aria-label", re.compile("en route"))
    expect(visit(page, job_id)).to_be_focused()
    expect(page.locator("#panel-job")).to_contain_text("en route")


def test_being_cut_off_is_said_and_made_up_for(
    page_as: Windows, service: Service, today: Any
) -> None:
    cut_off = ["/events", "/board/", "ERR_INTERNET_DISCONNECTED"]
    page = shown(page_as("dispatcher", language="en", expected=cut_off))
    job_id = movable_job(today)
    page.route("**/events*", lambda route: route.abort())
    page.context.set_offline(True)
    service.api.patch(f"/jobs/{job_id}", json={"title": "Trong lúc mất mạng"}).raise_for_status()
    page.unroute("**/events*")
    page.context.set_offline(False)
    expect(visit(page, job_id)).to_have_attribute("aria-label", re.compile("Trong lúc mất mạng"))


def test_a_board_that_cannot_be_read_says_why_and_tries_again(page_as: Windows) -> None:
    page = page_as("dispatcher", ELSEWHERE, language="en", expected=["/board/", "503"])
    # Nobody here waits until the page tries again by itself.
    busy = {"status": 503, "headers": {"Retry-After": "600"}}
    page.route(re.compile(r"/board/\d"), lambda route: route.fulfill(**busy))
    page.goto("/")
    expect(page.get_by_role("alert")).to_contain_text("The service is busy right now. Trying again")
    page.unroute(re.compile(r"/board/\d"))
    page.get_by_role("button", name="Try again now").click()
    shown(page)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_the_keyboard_goes_everywhere_in_the_time_line(page_as: Windows) -> None:
    page = shown(page_as("dispatcher", language="en"))
    page.get_by_role("rowheader").first.focus()
    focused = page.locator(":focus")
    page.keyboard.press("ArrowRight")
    expect(focused).to_have_attribute("role", "gridcell")
    first = focused.get_attribute("aria-label")
    assert first
    page.keyboard.press("ArrowRight")
    expect(focused).not_to_have_attribute("aria-label", first)
    page.keyboard.press("Control+End")
    expect(focused).to_have_attribute("role", "rowheader")
    expect(row(page, "T20").locator(":focus")).to_have_count(1)
    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowDown")
    expect(row(page, "T02").locator(":focus")).to_have_count(1)
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Details")).to_have_attribute("aria-selected", "true")
    # One stop for the Tab key, wherever the arrows have led.
    expect(page.locator('.grid [tabindex="0"]')).to_have_count(1)


def test_the_shortcuts_are_shown_and_can_be_switched_off(page_as: Windows) -> None:
    page = shown(page_as("dispatcher", language="en"))
    page.get_by_role("rowheader").first.focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Use single-key shortcuts").uncheck()
    dialog.get_by_role("button", name="Close").click()
    page.get_by_role("rowheader").first.focus()
    page.keyboard.press("w")
    page.keyboard.press("?")
    expect(dialog).to_have_count(0)
    assert "week" not in page.url


def matching(number: int) -> str:
    return "1 job matches" if number == 1 else f"{number} jobs match"


def test_the_search_needs_no_diacritics(page_as: Windows, today: Any) -> None:
    page = shown(page_as("dispatcher", language="en"))
    meant = {
        id_
        for id_, job in today["jobs"].items()
        if "điều hòa" in f"{job['title']} {job['site']} {job['address']}".lower()
    }
    page.locator("#search").fill("dieu hoa")
    expect(page.locator("#announcements")).to_contain_text(matching(len(meant)))
    bright = page.locator(".visit:not(.dimmed)").evaluate_all(
        "(cells) => cells.map((cell) => cell.dataset.key.slice(4))"
    )
    assert bright
    assert set(bright) <= meant
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".visit.dimmed")).to_have_count(0)
    expect(page.locator("#search")).to_have_value("")


@pytest.mark.parametrize(
    ("filter_", "choice", "is_meant"),
    [
        ("Priority", "urgent", lambda job: job["priority"] == "urgent"),
        ("Status", "completed", lambda job: job["status"] == "completed"),
        ("Skill", "Máy giặt, máy sấy", lambda job: "laundry" in job["skills"]),
        ("Territory", "west", lambda job: job["territory"] == "west"),
    ],
)
def test_filters_leave_what_is_meant(
    page_as: Windows, today: Any, filter_: str, choice: str, is_meant: Callable[[Any], bool]
) -> None:
    page = shown(page_as("dispatcher", language="en"))
    page.get_by_role("combobox", name=filter_).select_option(choice)
    meant = {id_ for id_, job in today["jobs"].items() if is_meant(job)}
    expect(page.locator("#announcements")).to_contain_text(matching(len(meant)))
    bright = page.locator(".visit:not(.dimmed)").evaluate_all(
        "(cells) => cells.map((cell) => cell.dataset.key.slice(4))"
    )
    assert set(bright) <= meant


def test_map_and_time_line_point_at_the_same(page_as: Windows, today: Any) -> None:
    page = shown(page_as("dispatcher", language="en"))
    page.get_by_role("rowheader", name=NAME).click()
    count = sum(1 for stop in today["routes"][0]["stops"] if stop["job_id"])
    numbers = page.locator("#map .site-number")
    expect(numbers).to_have_count(count)
    expect(numbers.first).to_have_text("1")
    colour = "(node) => getComputedStyle(node).backgroundColor"
    swatch = row(page, "T01").locator(".swatch").evaluate(colour)
    assert numbers.first.evaluate(colour) == swatch
    # The map's mark leads back to the time line: it lies under its number.
    visit(page, movable_job(today)).hover()
    box = numbers.nth(count - 1).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".visit.selected")).to_have_count(1)


def test_unassigned_jobs_are_listed_with_their_reasons(page_as: Windows, today: Any) -> None:
    page = shown(page_as("dispatcher"))
    cards = page.locator("#panel-unassigned [data-job]")
    expect(cards).to_have_count(len(today["unassigned"]))
    for reason in page.locator("#panel-unassigned .reasons li").all_text_contents():
        assert reason.startswith(("Không ai đáp ứng được", "Những người làm được", "Chưa tìm"))


MOVES = """async () => {
  const { setDropHandler } = await import("/pages/scripts/doors/board.js");
  window.heard = [];
  setDropHandler({
    moved: (target) => heard.push({ moved: target }),
    dropped: (target) => heard.push({ dropped: target }),
    left: () => heard.push({ left: true }),
  });
}"""


def heard(page: Page) -> list[dict[str, Any]]:
    return list(page.evaluate("window.heard"))


def test_dragging_says_job_technician_and_moment(page_as: Windows, today: Any) -> None:
    page = shown(page_as("dispatcher", language="en"))
    page.evaluate(MOVES)
    job_id = movable_job(today)
    box, to = visit(page, job_id).bounding_box(), row(page, "T03").bounding_box()
    assert box is not None
    assert to is not None
    page.mouse.move(box["x"] + 4, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] - 40, to["y"] + 20, steps=8)
    expect(page.locator(".ghost")).to_be_visible()
    until(page, "() => heard.some(({ moved }) => moved?.technicianId === 'T03')")
    page.mouse.up()
    (dropped,) = [one["dropped"] for one in heard(page) if "dropped" in one]
    assert dropped["jobId"] == job_id
    assert dropped["technicianId"] == "T03"
    assert dropped["from"]["technicianId"] == today["routes"][0]["technician_id"]
    assert dropped["startAt"] % 300_000 == 0
    assert dropped["startAt"] < dropped["from"]["startAt"]
    expect(page.locator(".ghost")).to_have_count(0)


def test_escape_takes_a_drag_back(page_as: Windows, today: Any) -> None:
    page = shown(page_as("dispatcher", language="en"))
    page.evaluate(MOVES)
    page.locator("#tab-unassigned").click()
    first = page.locator("#panel-unassigned [data-job]").first
    expect(first).to_be_visible()
    card, name = first.bounding_box(), row(page, "T02").bounding_box()
    assert card is not None
    assert name is not None
    page.mouse.move(card["x"] + 200, card["y"] + 12)
    page.mouse.down()
    page.mouse.move(name["x"] + 40, name["y"] + 20, steps=8)
    # On the way there it may be over a moment of the row.
    until(
        page,
        "() => heard.at(-1)?.moved?.technicianId === 'T02' && heard.at(-1).moved.startAt === null",
    )
    page.keyboard.press("Escape")
    page.mouse.up()
    assert not [one for one in heard(page) if "dropped" in one]
    expect(page.locator("#announcements")).to_have_text("Move cancelled")


def test_the_keyboard_moves_jobs_too(page_as: Windows, today: Any) -> None:
    page = shown(page_as("dispatcher", language="en"))
    page.evaluate(MOVES)
    visit(page, movable_job(today)).click()
    page.keyboard.press("m")
    expect(page.locator("#announcements")).to_contain_text("Picked up")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#announcements")).to_contain_text("Trần Quốc Bảo")
    page.keyboard.press("Enter")
    (dropped,) = [one["dropped"] for one in heard(page) if "dropped" in one]
    assert dropped["technicianId"] == "T02"


def test_what_has_begun_cannot_be_moved(page_as: Windows, today: Any) -> None:
    page = shown(page_as("dispatcher", language="en"))
    page.evaluate(MOVES)
    done = next(id_ for id_, job in today["jobs"].items() if job["status"] == "completed")
    visit(page, done).click()
    page.keyboard.press("m")
    expect(page.locator("#announcements")).to_have_text("This job cannot be moved")
    assert heard(page) == []


def test_the_week_sums_days_up_and_leads_to_one(page_as: Windows) -> None:
    page = shown(page_as("dispatcher", language="en"))
    page.get_by_role("button", name="Week").click()
    page.wait_for_url("**view=week*")
    cells = row(page, "T01").get_by_role("gridcell")
    expect(cells).to_have_count(7)
    expect(cells.first).to_have_attribute("aria-label", re.compile(r"Mon.*\d+ jobs · \d+%"))
    page.locator("#zoom-in").click()
    expect(row(page, "T01").locator(".visit").first).to_be_visible()
    page.locator("#zoom-fit").click()
    cells.nth(1).click()
    page.wait_for_url("**day=2026-11-24")
    page.go_back()
    page.wait_for_url("**view=week*")
    expect(cells).to_have_count(7)


def test_days_are_stepped_through_and_kept_in_the_address(page_as: Windows) -> None:
    page = shown(page_as("dispatcher", language="en"))
    page.get_by_role("button", name="Later").click()
    page.wait_for_url("**day=2026-11-24")
    expect(page.get_by_label("Pick a day")).to_have_value("2026-11-24")
    page.get_by_role("button", name="Today").click()
    page.wait_for_url(f"**day={DAY}")
    expect(page.locator(".row .visit").first).to_be_visible()


def test_zooming_in_makes_room_and_fitting_takes_it_back(page_as: Windows) -> None:
    page = shown(page_as("dispatcher", language="en"))
    width = "(node) => node.scrollWidth"
    before = page.locator("#timeline").evaluate(width)
    page.locator("#zoom-in").click()
    until(page, f"(before) => ({width})(timeline) > before", arg=before)
    page.locator("#zoom-fit").click()
    until(page, f"(before) => ({width})(timeline) === before", arg=before)


def test_the_words_of_a_visit_that_began_further_left_stay_in_view(page_as: Windows) -> None:
    page = shown(page_as("dispatcher", language="en"))
    for _ in range(3):
        page.locator("#zoom-in").click()
    behind = page.evaluate(
        """() => {
          const hidden = 30;
          const words = [...document.querySelectorAll(".row .visit-title")]
            .find((one) => one.parentElement.offsetWidth - one.offsetWidth > 2 * hidden);
          const visit = words.parentElement;
          document.getElementById("timeline").scrollLeft = visit.offsetLeft + hidden;
          const names = visit.closest(".row").querySelector(".row-header");
          const { right } = names.getBoundingClientRect();
          const hiddenOf = (node) => right - node.getBoundingClientRect().left;
          return { visit: hiddenOf(visit), words: hiddenOf(words) };
        }"""
    )
    assert behind["visit"] > 0
    assert behind["words"] <= 0


def test_a_reader_elsewhere_is_told_whose_time_it_is(page_as: Windows) -> None:
    page = shown(page_as("dispatcher", language="en", timezone_id="Europe/Berlin"))
    expect(page.get_by_text("Times are in Asia/Ho_Chi_Minh")).to_be_visible()
    expect(page.locator(".now-flag")).to_have_text(re.compile("10:0"))


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_kept_out(
    page_as: Windows, accessible: Callable[[Page], None], language: str, scheme: str
) -> None:
    page = shown(page_as("dispatcher", language=language, color_scheme=scheme))
    expect(page.locator("html")).to_have_attribute("lang", language)
    accessible(page)
    page.locator(".row .visit").first.click()
    accessible(page)
    page.keyboard.press("?")
    accessible(page)
    page.keyboard.press("Escape")
    page.locator("#view-week").click()
    page.wait_for_url("**view=week*")
    expect(page.locator(".row .day").first).to_be_visible()
    accessible(page)
