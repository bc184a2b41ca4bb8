"""How fast the dispatcher's board is in a browser, with a small company and a large one.

Each company is imported into a database of its own and planned by the real service, which serves
the page to a headless Chromium. The browser shares the machine with the service.

    python -m benchmarks.board --sizes 20x150 200x1500 --output board
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
from playwright.sync_api import Page, sync_playwright

from benchmarks.company import Company
from benchmarks.service.service import ROOT, SECRET, Service

PASSWORD = "ba con mèo trên mái nhà"  # noqa: S105 - made up
BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
FRAMES = 120
ROW_PIXELS = 46
PLAN_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds, if not named otherwise."""

    technicians: int
    visits: int
    board_bytes: int
    board_bytes_sent: int
    """Compressed, as browsers ask for it."""
    answer: float
    """From asking for the board until it has arrived."""
    first_useful_paint: float
    """From the arrival of the board until the time line has been painted."""
    page_to_paint: float
    """From opening the address until then."""
    scroll_scripts_cpu: float
    """Processor time of the page's scripts per frame, in which a row comes into view."""
    scroll_thread_cpu: float
    """With style, layout and painting."""
    scroll_frame: float
    scroll_frame_p95: float
    scroll_frames_late: float
    """Share of frames whose work took longer than 16 ms."""
    sideways_frame_p95: float
    zoom: float
    zoom_most: float
    select: float
    drag_frame_p95: float
    filter: float
    change_seen: float
    """From somebody else's change of a job until the board shows it."""


def measure(technicians: int, jobs: int, folder: Path, chromium: str) -> Figures:
    with _service(technicians, jobs, folder) as (service, day), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(BROWSER_ARGUMENTS))
        context = browser.new_context(
            viewport={"width": 1440, "height": 900}, timezone_id="Asia/Ho_Chi_Minh"
        )
        context.add_init_script("localStorage.setItem('language', 'en')")
        signed_in = context.request.post(
            f"{service.address}/session", data={"user_name": "lan", "password": PASSWORD}
        )
        if not signed_in.ok:
            raise RuntimeError(f"could not sign in: {signed_in.text()}")
        page = context.new_page()
        page.add_init_script(_WATCH_PAINT)
        openings = [_open(page, f"{service.address}/?day={day}") for _ in range(3)]
        board = context.request.get(f"{service.address}/board/{day}")
        shown = board.json()
        page.evaluate(_IN_PAGE)
        scroll, scripts, thread = _scrolling(page)
        sideways = _zoomed_in_frames(page)
        zooms = page.evaluate("measuring.zooming()")
        figures = Figures(
            technicians=len(shown["technicians"]),
            visits=sum(route["figures"]["visits"] for route in shown["routes"]),
            board_bytes=len(board.body()),
            board_bytes_sent=round(openings[0]["bytes"]),
            answer=round(median(one["answer"] for one in openings)),
            first_useful_paint=round(median(one["paint"] for one in openings)),
            page_to_paint=round(median(one["all"] for one in openings)),
            scroll_scripts_cpu=_rounded(scripts),
            scroll_thread_cpu=_rounded(thread),
            scroll_frame=_rounded(median(scroll)),
            scroll_frame_p95=_rounded(_p95(scroll)),
            scroll_frames_late=round(sum(one > 16 for one in scroll) / len(scroll), 3),
            sideways_frame_p95=_rounded(_p95(sideways)),
            zoom=_rounded(median(zooms)),
            zoom_most=_rounded(max(zooms)),
            select=_rounded(median(page.evaluate("measuring.selecting()"))),
            drag_frame_p95=_rounded(_p95(page.evaluate("measuring.dragging()"))),
            filter=_rounded(median(page.evaluate("measuring.filtering()"))),
            change_seen=round(_change_seen(page, service.address, shown)),
        )
        browser.close()
        return figures


@contextmanager
def _service(technicians: int, jobs: int, folder: Path) -> Iterator[tuple[Service, str]]:
    """The service with tomorrow planned and published, and a dispatcher's account."""
    now = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh"))
    # Of today there is less left the later it is.
    day = now.date() + timedelta(days=1)
    folder.mkdir(parents=True)
    Company(technicians, jobs, day).write(folder / "company")
    url = f"sqlite:///{folder / 'dispatch.db'}"
    _dispatch(url, "import", str(folder / "company"))
    _dispatch(url, "account", "add", "lan", "--role", "dispatcher", given=PASSWORD)
    service = Service(url, folder, requests_per_minute=100_000)
    service.start()
    try:
        service.wait_until_ready()
        _publish(service, str(day))
        yield service, str(day)
    finally:
        service.close()


def _dispatch(url: str, *arguments: str, given: str | None = None) -> None:
    subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", "from api.cli import app; app()", *arguments],
        cwd=ROOT,
        env=os.environ | {"DISPATCH_DATABASE_URL": url, "DISPATCH_SECRET": SECRET},
        input=given,
        text=True,
        check=True,
        capture_output=True,
    )


def _publish(service: Service, day: str) -> None:
    with httpx2.Client(base_url=service.address, trust_env=False, timeout=60) as web:
        tokens = web.post("/sign-in", json={"user_name": "lan", "password": PASSWORD})
        web.headers["Authorization"] = f"Bearer {tokens.json()['access_token']}"
        asked = web.post(
            "/plans",
            json={"starts_on": day, "publish": True, "seconds": PLAN_SECONDS},
        )
        asked.raise_for_status()
        run = asked.headers["Location"]
        while (state := web.get(run).json())["status"] in ("queued", "running"):
            time.sleep(0.3)  # a client's pause between two looks; it is not measured
        if state["status"] != "finished":
            raise RuntimeError(f"the plan was not made: {state}")


def _open(page: Page, address: str) -> dict[str, float]:
    page.goto("about:blank")
    page.goto(address)
    _wait_until(page, "window.boardPainted !== undefined", seconds=60)
    return dict(page.evaluate(_TIMES))


_WATCH_PAINT = """
new MutationObserver((_, watching) => {
  if (!document.querySelector(".row .visit")) return;
  watching.disconnect();
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => { window.boardPainted = performance.now(); };
    channel.port2.postMessage(null);
  });
}).observe(document, { childList: true, subtree: true });
"""
_TIMES = """() => {
  const asked = performance.getEntriesByType("resource")
    .find(({ name }) => new URL(name).pathname.startsWith("/board/"));
  return {
    answer: asked.responseEnd - asked.startTime,
    paint: boardPainted - asked.responseEnd,
    all: boardPainted,
    bytes: asked.encodedBodySize,
  };
}"""
_IN_PAGE = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


def _scrolling(page: Page) -> tuple[list[float], float, float]:
    """The time of each frame; per frame, the processor time of our scripts, and of the thread that
    runs them, with style, layout and painting. The latter two do not depend on what else runs."""
    browser = page.context.new_cdp_session(page)
    browser.send("Performance.enable", {"timeDomain": "threadTicks"})

    def so_far() -> tuple[float, float]:
        metrics = browser.send("Performance.getMetrics")["metrics"]
        seconds = {one["name"]: one["value"] for one in metrics}
        return seconds["ScriptDuration"], seconds["TaskDuration"]

    scripts, tasks = so_far()
    frames = list(page.evaluate(f"measuring.scrolling('scrollTop', {ROW_PIXELS}, {FRAMES})"))
    scripts, tasks = (now - before for now, before in zip(so_far(), (scripts, tasks), strict=True))
    browser.detach()
    return frames, scripts * 1000 / FRAMES, tasks * 1000 / FRAMES


def _zoomed_in_frames(page: Page) -> list[float]:
    for _ in range(3):
        page.click("#zoom-in")
    page.evaluate("document.getElementById('timeline').scrollLeft = 0")
    frames = list(page.evaluate(f"measuring.scrolling('scrollLeft', 23, {FRAMES})"))
    page.click("#zoom-fit")
    return frames


def _change_seen(page: Page, address: str, shown: dict[str, Any]) -> float:
    """Somebody else gives a job another title; how long until its row shows it."""
    first = page.locator(".row .visit").first
    job_id = (first.get_attribute("data-key") or "").removeprefix("job:")
    title = f"Đổi tên {time.time():.0f}"
    revision = shown["jobs"][job_id]["revision"]
    cookies = {one["name"]: one["value"] for one in page.context.cookies()}
    with httpx2.Client(base_url=address, trust_env=False, cookies=cookies) as web:
        began = time.perf_counter()
        answer = web.patch(
            f"/jobs/{job_id}",
            json={"title": title},
            headers={"X-CSRF-Token": cookies["dispatch_csrf"], "If-Match": f'"{revision}"'},
        )
        answer.raise_for_status()
        shown_anew = f"document.querySelector(`.row .visit[aria-label*='{title}']`) !== null"
        _wait_until(page, shown_anew, seconds=10)
        return (time.perf_counter() - began) * 1000


def _wait_until(page: Page, holds: str, *, seconds: float) -> None:
    """Playwright's own waiting makes functions of text in the page, which our policy forbids."""
    until = time.perf_counter() + seconds
    while not page.evaluate(holds):
        if time.perf_counter() > until:
            raise TimeoutError(f"after {seconds:g} s it does not hold: {holds}")
        page.wait_for_timeout(20)


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def _rounded(value: float) -> float:
    return round(value, 1)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.board", description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=["20x150", "200x1500"])
    parser.add_argument("--chromium", default=shutil.which("chromium"), metavar="PROGRAM")
    parser.add_argument("--output", type=Path, metavar="FILE", help="the figures as JSON")
    chosen = parser.parse_args(arguments)
    found = []
    for size in chosen.sizes:
        technicians, jobs = map(int, size.split("x"))
        with tempfile.TemporaryDirectory() as folder:
            found.append(asdict(measure(technicians, jobs, Path(folder) / size, chosen.chromium)))
    width = max(map(len, found[0]))
    for name in found[0]:
        figures = "".join(f"{one[name]:>12,}" for one in found)
        sys.stdout.write(f"{name.ljust(width)}{figures}\n")
    if chosen.output:
        chosen.output.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
