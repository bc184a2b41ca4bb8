"""What a dispatcher does with hands and keys on the board, and what the service knows of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.pages.conftest import DAY, Service

Wire = dict[str, Any]


def shown(page: Page) -> Page:
    """The board once it is there, so high that everybody's row is on screen."""
    page.set_viewport_size({"width": 1440, "height": 1150})
    expect(page.locator(".row .visit").first).to_be_visible()
    expect(page.locator("#connection.live")).to_be_visible()
    return page


def visit(page: Page | Locator, job_id: str) -> Locator:
    return page.locator(f'.visit[data-key="job:{job_id}"]')


def row(page: Page, technician_id: str) -> Locator:
    return page.locator(f'.row[data-technician="{technician_id}"]')


def waiting(page: Page, job_id: str) -> Locator:
    """The card of a job that is in nobody's route, in its tab."""
    page.locator("#tab-unassigned").click()
    return page.locator(f'.job-card[data-job="{job_id}"]')


def carry(page: Page, source: Locator, technician_id: str, at: str | None = None) -> None:
    """Take hold of it and hold it over the technician's row, at a moment or (None) on the name."""
    page.mouse.move(*grip(source))
    page.mouse.down()
    x, y = place(page, technician_id, at)
    page.mouse.move(x - 20, y, steps=3)
    page.mouse.move(x, y)
    expect(page.locator(".ghost-note:not(.stale) .cost")).to_be_visible()


def grip(source: Locator) -> tuple[float, float]:
    """Where to take hold of it."""
    expect(source).to_be_visible()
    box = source.bounding_box()
    assert box is not None
    return box["x"] + 3, box["y"] + 8


def place(page: Page, technician_id: str, at: str | None) -> tuple[float, float]:
    """Where the technician's row is at a moment, or (None) where the name is."""
    moment = None if at is None else datetime.fromisoformat(at).timestamp() * 1000
    point = page.evaluate(
        """async ([id, at]) => {
            const { pointOf, scroller } = await import('/pages/scripts/doors/board.js');
            const { left } = scroller.getBoundingClientRect();
            const { x, y } = pointOf(id, at ?? Date.now());
            return { x: at === null ? left + 60 : x + 3, y: y + 20 };
        }""",
        [technician_id, moment],
    )
    return point["x"], point["y"]


class Fingers:
    """On the screen of a tablet, told to the browser as the screen does."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)

    def touch(self, *points: tuple[float, float]) -> None:
        """Fingers come down, the newest last."""
        self._tell("touchStart", points)

    def move(self, x: float, y: float) -> None:
        self._tell("touchMove", [(x, y)])

    def lift(self) -> None:
        self._tell("touchEnd", [])

    def pick_up(self, source: Locator) -> None:
        """Rest on it until it is in hand."""
        self.touch(grip(source))
        expect(self._page.locator(".ghost")).to_be_visible()

    def carry(self, source: Locator, technician_id: str, at: str | None = None) -> None:
        """As ``carry`` with the mouse."""
        self.pick_up(source)
        x, y = place(self._page, technician_id, at)
        self.move(x - 20, y)
        self.move(x, y)
        expect(self._page.locator(".ghost-note:not(.stale) .cost")).to_be_visible()

    def _tell(self, kind: str, points: Sequence[tuple[float, float]]) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


def open_details(page: Page, job_id: str) -> Locator:
    """The side panel's details of a job, wherever it is."""
    page.evaluate(
        """async (jobId) => {
            const { openPanel, select } = await import('/pages/scripts/doors/board.js');
            select({ jobId });
            openPanel('job');
        }""",
        job_id,
    )
    return page.locator("#panel-job")


def holder(service: Service, job_id: str) -> tuple[str, str] | None:
    """Who has the job in the plan in force, and when."""
    for route in service.get(f"/board/{DAY}")["routes"]:
        for stop in route["stops"]:
            if stop["job_id"] == job_id:
                return route["technician_id"], stop["start_at"]
    return None


def planned(service: Service, status: str = "scheduled") -> Iterator[tuple[str, str, str]]:
    """Jobs of that status with technicians and times, those that start last first."""
    board = service.get(f"/board/{DAY}")
    stops = [
        (stop["start_at"], stop["job_id"], route["technician_id"])
        for route in board["routes"]
        for stop in route["stops"]
        if stop["job_id"] and board["jobs"][stop["job_id"]]["status"] == status
    ]
    for start_at, job_id, technician_id in sorted(stops, reverse=True):
        yield job_id, technician_id, start_at


def movable(service: Service) -> tuple[str, Wire, Wire]:
    """A job with another place to go: its id, where it is, and the cheapest other place."""
    for job_id, _, _ in planned(service):
        answer = service.api.get(f"/jobs/{job_id}/alternatives")
        if answer.status_code == 200 and answer.json()["alternatives"]:
            found = answer.json()
            return job_id, found["here"], found["alternatives"][0]
    raise AssertionError("every job is where it has to be")


def log_of(service: Service, entity_id: str, action: str) -> list[Wire]:
    entries = service.get("/log", entity="job", id=entity_id)["entries"]
    return [entry for entry in entries if entry["action"] == action]


def keep_care(service: Service, job_id: str) -> None:
    """The job is from now on made from a work type that wants something."""
    care = {
        "title": "Care",
        "duration_minutes": 30,
        "checklist": ["Ngắt điện", "Vệ sinh dàn lạnh", "Chạy thử"],
        "readings": [
            {"name": "Áp suất", "unit": "bar", "least": 2, "most": 8},
            {"name": "Nhiệt độ", "unit": "°C", "most": -18},
            {"name": "Tiếng ồn"},
        ],
    }
    assert service.api.put("/job-templates/care", json=care).is_success
    assert service.api.patch(f"/jobs/{job_id}", json={"work_type_id": "care"}).is_success
