"""What a browser has to complain about while somebody uses a page, and what axe finds on it."""

import re
import time
from collections.abc import Iterable
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response

from api.pages import WEB

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


class Watch:
    """Everything that ought not to happen in a browser's window, as lines of text."""

    def __init__(self, context: BrowserContext, address: str, expected: Iterable[str]) -> None:
        self.complaints: list[str] = []
        self._address = address
        self._expected = [re.compile(pattern) for pattern in expected]
        self._ended_at = float("inf")
        context.on("console", self._console)
        context.on("weberror", lambda error: self._complain(f"uncaught: {error.error}"))
        # A request is told of once, when it ends: the browser's words cost more than its work.
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)

    def end(self) -> None:
        """What the window asks for from now on is nobody's: no test stands between any more."""
        self._ended_at = time.time() * 1000

    def _complain(self, complaint: str) -> None:
        if not any(pattern.search(complaint) for pattern in self._expected):
            self.complaints.append(complaint)

    def _console(self, message: ConsoleMessage) -> None:
        # What could not be loaded is told by `failed` and `answered`, and better.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self._complain(f"console {message.type}: {message.text}")

    def _is_elsewhere(self, request: Request) -> bool:
        if request.url.startswith((f"{self._address}/", "data:", "blob:")):
            return False
        self._complain(f"elsewhere: {request.method} {request.url}")
        return True

    def _is_late(self, request: Request) -> bool:
        return request.timing["startTime"] >= self._ended_at

    def _failed(self, request: Request) -> None:
        if self._is_elsewhere(request) or self._is_late(request):
            return
        # A page that is left cuts off what it was loading.
        if request.failure != "net::ERR_ABORTED":
            self._complain(f"failed: {request.method} {self._path(request.url)}: {request.failure}")

    def _answered(self, response: Response) -> None:
        request = response.request
        if self._is_elsewhere(request) or response.status < 400 or self._is_late(request):
            return
        self._complain(f"answered {response.status}: {request.method} {self._path(request.url)}")

    def _path(self, url: str) -> str:
        return url.removeprefix(self._address)


def axe_findings(page: Page) -> list[str]:
    """What on the page as it is shown now keeps somebody out (WCAG 2.2 AA).

    Of a page with a dialog before it, the dialog: nobody gets at the rest meanwhile.
    """
    # Evaluated from outside, it needs no leave of the page's policy.
    page.evaluate((WEB / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    options = {
        "runOnly": {"type": "tag", "values": WCAG},
        "resultTypes": ["violations"],
        "preload": False,
    }
    found: dict[str, Any] = page.evaluate(
        "(options) => axe.run([...document.querySelectorAll('dialog:modal')].at(-1) ?? document, "
        "options)",
        options,
    )
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
