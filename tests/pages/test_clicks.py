"""The commonest actions of a dispatcher take no more than ``docs/board.md`` says, in English."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.dispatch.waiting import until
from tests.pages.conftest import DAY, MOMENT, Service, Windows
from tests.pages.dispatching import carry, movable, planned, row, shown, visit

BOARD = Path(__file__).parents[2] / "docs/board.md"
WIDENED = "N028"
"""A job of the demo day without a place, which a wider time window would have."""
SOON = MOMENT + timedelta(minutes=40)


@dataclass
class Hands:
    """What somebody does to a page, and how much that is.

    Choosing in a list takes two clicks; a field that is typed into is clicked at first, unless it
    has the focus already.
    """

    page: Page
    clicks: int = 0
    keys: int = 0
    drags: int = 0

    def click(self, place: Locator, *, held: str = "") -> None:
        place.click(modifiers=["Control"] if held else [])
        self.clicks += 1

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.keys += 1

    def type(self, field: Locator, words: str) -> None:
        expect(field).to_be_visible()
        if not field.evaluate("(one) => one === document.activeElement"):
            self.click(field)
        field.press_sequentially(words)
        self.keys += len(words)

    def choose(self, field: Locator, number: int) -> None:
        field.select_option(index=number)
        self.clicks += 2

    @property
    def effort(self) -> tuple[int, int, int]:
        return self.clicks, self.keys, self.drags


def documented(action: str) -> tuple[int, int, int]:
    [cells] = re.findall(
        rf"^\| {re.escape(action)} \| [^|]+ \| (\d+) / (\d+) / (\d+) \|",
        BOARD.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    clicks, keys, drags = map(int, cells)
    return clicks, keys, drags


def hands(page_as: Windows) -> Hands:
    return Hands(shown(page_as("dispatcher", language="en")))


def test_a_job_for_a_known_customer(page_as: Windows) -> None:
    one = hands(page_as)
    one.click(one.page.get_by_role("button", name="New job"))
    form = one.page.get_by_role("dialog", name="New job")
    one.type(form.get_by_role("combobox").first, "mua thu")
    expect(form.get_by_role("option").first).to_contain_text("Mùa Thu")
    one.press("ArrowDown")
    one.press("Enter")
    _of_first_type(one, form)
    _first_offer(one)
    assert one.effort == documented("job, known customer")


def test_a_job_for_a_new_customer(page_as: Windows) -> None:
    one = hands(page_as)
    one.click(one.page.get_by_role("button", name="New job"))
    form = one.page.get_by_role("dialog", name="New job")
    one.click(form.get_by_role("button", name="New site"))
    one.type(form.get_by_label("Customer's name"), "Hồng Hạnh")
    one.type(form.get_by_label("Address"), "12 Hàng Bông")
    one.type(form.get_by_label("Latitude"), "21.0306")
    one.type(form.get_by_label("Longitude"), "105.8469")
    _of_first_type(one, form)
    _first_offer(one)
    assert one.effort == documented("job, new customer, coordinates typed")


def test_a_job_for_a_known_machine(page_as: Windows, service: Service) -> None:
    asset = service.get("/assets", limit=1)["assets"][0]
    one = hands(page_as)
    one.type(one.page.locator("#search"), asset["id"])
    found = one.page.locator("#found [role=option]")
    expect(found.first).to_be_visible()
    one.press("Enter")
    card = one.page.get_by_role("dialog")
    one.click(card.locator(".place-machines .meant").get_by_role("button"))
    _of_first_type(one, one.page.get_by_role("dialog", name="New job"))
    _first_offer(one)
    assert one.effort == documented("job, known machine")


def test_finding_by_telephone(page_as: Windows, service: Service) -> None:
    sites = service.get("/sites", limit=50)["sites"]
    phone = next(site["phone"] for site in sites if site["phone"])
    one = hands(page_as)
    one.type(one.page.locator("#search"), re.sub(r"\D", "", phone)[-9:])
    expect(one.page.locator("#found [role=option]").first).to_be_visible()
    one.press("Enter")
    expect(one.page.locator("#search")).not_to_be_focused()
    assert one.effort == documented("find by telephone")


def test_moving_a_visit(page_as: Windows, service: Service) -> None:
    job_id, _, there = movable(service)
    one = hands(page_as)
    carry(one.page, visit(one.page, job_id), there["technician_id"])
    one.page.mouse.up()
    one.drags += 1
    expect(one.page.locator(".toast", has_text=there["technician"])).to_be_visible()
    assert one.effort == documented("move a visit")


def test_swapping_two_visits(page_as: Windows, service: Service) -> None:
    there = list(planned(service))
    first, who, _ = there[0]
    other = next(job_id for job_id, technician, _ in there if technician != who)
    one = hands(page_as)
    one.click(visit(one.page, first), held="Control")
    one.click(visit(one.page, other), held="Control")
    bar = one.page.get_by_role("toolbar", name="The visits chosen")
    one.click(bar.get_by_role("button", name="Swap", exact=True))
    dialog, toast = one.page.get_by_role("dialog"), one.page.locator(".toast").first
    expect(dialog.get_by_role("button").first.or_(toast).first).to_be_visible()
    # It breaks a rule, and takes a reason, which the table does not count.
    dialog.locator("textarea").fill("They asked")
    dialog.get_by_role("button", name="Override").click()
    expect(toast).to_be_visible()
    assert one.effort == documented("swap two visits")


def test_pinning(page_as: Windows, service: Service) -> None:
    job_id, _, _ = movable(service)
    one = hands(page_as)
    one.click(visit(one.page, job_id))
    details = one.page.locator("#panel-job")
    one.click(details.get_by_role("button", name="Pin to technician"))
    expect(details.get_by_role("button", name="Unpin")).to_be_visible()
    assert one.effort == documented("pin")


def test_cancelling(page_as: Windows, service: Service) -> None:
    job_id, _, _ = movable(service)
    one = hands(page_as)
    one.click(visit(one.page, job_id))
    one.click(one.page.locator("#panel-job").get_by_role("button", name="Cancel job…"))
    one.click(one.page.get_by_role("dialog").get_by_role("button", name="Cancel the job"))
    expect(visit(one.page, job_id)).to_have_count(0)
    assert one.effort == documented("cancel")


def test_marking_somebody_absent(page_as: Windows) -> None:
    one = hands(page_as)
    one.click(row(one.page, "T06").locator(".row-header"))
    one.click(one.page.locator("#panel-job").get_by_role("button", name="Mark absent…"))
    dialog = one.page.get_by_role("dialog")
    one.click(dialog.get_by_role("button", name="Mark absent", exact=True))
    expect(row(one.page, "T06").locator(".absence")).to_be_visible()
    assert one.effort == documented("mark absent for the rest of the day")


def test_planning_again_and_accepting(page_as: Windows, service: Service) -> None:
    job_id, _, there = movable(service)
    where = {"job_id": job_id, "day": DAY, "technician_id": there["technician_id"]}
    service.post("/plan-changes", where)
    one = hands(page_as)
    one.click(one.page.get_by_role("button", name="Re-plan"))
    dialog = one.page.get_by_role("dialog", name="Plan again")
    dialog.get_by_label("Computing time").select_option("5")
    one.click(dialog.get_by_role("button", name="Start"))
    run = one.page.get_by_role("region", name="Planning under way").get_by_role("article")
    one.click(run.get_by_role("button", name="Compare"))
    one.click(one.page.get_by_role("button", name="Accept all"))
    expect(one.page.locator(".toast", has_text="Draft accepted")).to_be_visible()
    assert one.effort == documented("re-plan and accept")


def test_why_a_job_has_no_place_and_giving_it_one(page_as: Windows) -> None:
    one = hands(page_as)
    one.click(one.page.locator("#tab-unassigned"))
    one.click(one.page.locator(f'.job-card[data-job="{WIDENED}"] .job-open'))
    details = one.page.locator("#panel-job")
    one.click(details.get_by_text("Why not?"))
    one.click(details.get_by_role("button", name=re.compile("^Widen the window by")).first)
    expect(visit(one.page, WIDENED)).to_be_visible()
    assert one.effort == documented("why unassigned, and mend it")


def test_printing_a_technicians_day(page_as: Windows) -> None:
    one = hands(page_as)
    one.page.evaluate("globalThis.print = () => { globalThis.printed = true }")
    one.click(row(one.page, "T06").locator(".row-header"))
    one.click(one.page.get_by_role("button", name="Print the day"))
    assert one.page.evaluate("globalThis.printed") is True
    assert one.effort == documented("print a technician's day")


def _of_first_type(one: Hands, form: Locator) -> None:
    kind = form.get_by_label("Work type")
    expect(kind.locator("option")).not_to_have_count(1)
    one.choose(kind, 1)
    expect(form.get_by_label("What is to be done")).not_to_have_value("")
    one.click(form.get_by_role("button", name="Create and find a place"))


def _first_offer(one: Hands) -> None:
    offers = one.page.get_by_role("dialog", name="Where could it go?")
    one.click(offers.locator(".offer").first.get_by_role("button", name=re.compile("^Take")))
    expect(offers).to_have_count(0)
    expect(one.page.locator(".toast").first).to_be_visible()


def test_settling_what_will_be_late(page_as: Windows, service: Service) -> None:
    late, technician_id = _is_late(service)
    one = hands(page_as)
    card = one.page.locator(".issue-card.late", has_text=late)
    one.click(card.get_by_role("button", name="What would settle it?"))
    one.click(card.locator("[data-repair=reassign]").first)
    expect(card).to_have_count(0)
    expect(visit(one.page, late)).to_be_visible()
    expect(visit(row(one.page, technician_id), late)).to_have_count(0)
    assert one.effort == documented("late ones, act")


def _is_late(service: Service) -> tuple[str, str]:
    """Has a visit become late by what comes before it, which somebody else could have in time;
    which one, and whose it is."""
    service.clock.move_to(SOON)
    late, technician_id, due_at = next(_delayed(service))
    service.clock.move_to(MOMENT)
    service.api.patch(f"/jobs/{late}", json={"due_at": due_at}).raise_for_status()
    # It keeps its place. Asked an hour later, the service would find it another one.
    until(lambda: service.get("/placements", limit=1)["placements"][0]["settled_at"])
    service.clock.move_to(SOON)
    return late, technician_id


def _delayed(service: Service) -> Iterator[tuple[str, str, str]]:
    """Visits that will be over later than planned, whose they are and when they were to be, if
    somebody else could have them over by then."""
    for route in service.get(f"/board/{DAY}")["routes"]:
        for stop in route["stops"]:
            ends = _moment(stop["departure_at"])
            expected = _moment(stop["expected_departure_at"] or stop["departure_at"])
            starts_soon = _moment(stop["start_at"]) < SOON + timedelta(hours=1)
            if stop["job_id"] is None or expected <= ends + timedelta(minutes=1) or starts_soon:
                continue
            found = service.get(f"/jobs/{stop['job_id']}/alternatives")["alternatives"]
            if any(_moment(one["departure_at"]) <= ends and not one["violations"] for one in found):
                yield stop["job_id"], route["technician_id"], stop["departure_at"]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
