"""The pages in a real browser, on a working day of the demo company, against the real service.

``page_as("dispatcher")`` opens a window of somebody who is signed in. When the test is over,
nothing may have happened in it that the browser complains about: no violation of the content
security policy, no error or warning in the console, no failed request, none to elsewhere. What a
test means to happen it names: ``page_as("dispatcher", expected=["answered 409: POST /jobs"])``.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright
from sqlmodel import Session

from api.app import create_app
from api.pages import FILES, WEB, KeptFiles
from dispatch.engines import connect
from dispatch.plans.queries import queued_runs
from dispatch.runs.execution import execute_run
from dispatch.settings import Settings
from dispatch.store import reading
from tests.api.conftest import operations_once
from tests.api.serving import served
from tests.conftest import SKIPPED
from tests.dispatch.running import by_iterations
from tests.pages import demo_day
from tests.pages.demo_day import DAY, KEY, MOMENT, PASSWORD, Clock, at_moment, settings_on
from tests.pages.watching import Watch, axe_findings

HERE = Path(__file__).parent
# The first of them is the same browser without a window: it takes about half the time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
QUIET = [
    # Root, as in containers, gets no sandbox.
    *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
NODE = shutil.which("node", path=os.pathsep.join([os.environ["PATH"], f"{sys.prefix}/bin"]))
"""Which puts scripts together, and tests them."""
ELSEWHERE = "/pages/styles/icon.svg"
"""Of the service, and no page that would go anywhere: to stand between before a page opens."""
LANGUAGES = {"vi": "vi-VN", "en": "en-GB"}
# A page's clock goes as the service's; its timers are the browser's own.
SAME_TIME = """
const RealDate = Date;
const shift = %d;
globalThis.Date = class Date extends RealDate {
  constructor(...given) { given.length ? super(...given) : super(RealDate.now() + shift); }
  static now() { return RealDate.now() + shift; }
};
"""
# Woken by the browser itself, a service worker would send when it likes, and by another clock;
# Chromium without a window never wakes one by itself. A test does: see ``Waking``.
ASLEEP = """
if (globalThis.SyncManager) {
  SyncManager.prototype.register = () => Promise.reject(new Error("asleep"));
}
"""

PATIENCE = 30_000
"""Milliseconds that a test waits for what has to come; a busy machine takes its time."""
expect.set_options(timeout=PATIENCE)


# Until the last test of this folder: while Playwright is there, nobody else can run a loop of
# asyncio in the process.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for all tests of a process. Without any they are skipped, or fail if it is required."""
    if CHROMIUM is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail("Chromium is not installed, and REQUIRE_BROWSER is set")
        pytest.skip(
            f"{SKIPPED}: Chromium is not installed; apt-get install chromium-headless-shell"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


# The service


@dataclass(frozen=True, slots=True)
class Service:
    """The service behind an address of its own, and a client that may do everything there."""

    address: str
    settings: Settings
    api: httpx2.Client
    clock: Clock
    """Of the service; windows opened later go by it."""

    def get(self, path: str, **query: Any) -> Any:
        answer = self.api.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.api.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


@pytest.fixture(scope="session")
def demo_database(
    tmp_path_factory: pytest.TempPathFactory, cheap_hashing: None, compiled_search: None
) -> Path:
    """Made once, whichever process needs it first."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    database = folder / "demo-day.db"
    with (folder / "demo-day.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not database.exists():
            making = folder / "demo-day-new.db"
            demo_day.build(making)
            making.rename(database)
    return database


@pytest.fixture(scope="session")
def scripts_with_doors(tmp_path_factory: pytest.TempPathFactory) -> KeptFiles:
    """The pages' scripts as they are put together for everybody, and beside them those by which
    tests take hold of what is inside (``scripts/doors``)."""
    into = tmp_path_factory.mktemp("scripts")
    doors = [f"doors/{file.stem}={file}" for file in (HERE / "scripts" / "doors").glob("*.js")]
    assert NODE, "there is no node; make test brings one"
    subprocess.run([NODE, WEB / "bundle.mjs", into, *doors], check=True)
    return KeptFiles(into)


@pytest.fixture
def service_settings() -> dict[str, object]:
    """What differs from the defaults; for a test to override, with ``parametrize``."""
    return {}


@pytest.fixture
def service(
    demo_database: Path,
    tmp_path: Path,
    scripts_with_doors: KeptFiles,
    service_settings: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Service]:
    """On Monday, 23 November 2026, at ten in the morning; it also solves what is asked for."""
    monkeypatch.setitem(FILES, "scripts", scripts_with_doors)
    for name in [name for name in os.environ if name.startswith("DISPATCH_")]:
        monkeypatch.delenv(name)
    database = tmp_path / "dispatch.db"
    shutil.copyfile(demo_database, database)
    settings = settings_on(database, **service_settings)
    with (
        at_moment(MOMENT) as clock,
        served(create_app(settings)) as (address, _),
        solving(settings),
        httpx2.Client(
            base_url=address, headers={"X-API-Key": KEY}, trust_env=False, timeout=30
        ) as api,
    ):
        yield Service(address, settings, api, clock)


@contextmanager
def solving(settings: Settings) -> Iterator[None]:
    """Queued runs are executed in this process, which has the test's clock."""
    is_over = threading.Event()

    def work() -> None:
        engine = connect(settings.database_url)
        while not is_over.wait(0.25):
            with Session(reading(engine)) as session:
                waiting = [run.id for run in queued_runs(session)]
            for run_id in waiting:
                with by_iterations():
                    execute_run(settings.database_url, run_id, settings, is_over.is_set)
        engine.dispose()

    thread = threading.Thread(target=work, name="solving")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


# Windows


class Windows(Protocol):
    """Opens a window: of whom (a role; None: nobody is signed in), and how it is.

    ``routes`` are in force before the page opens. What a page has asked for already may never be
    answered when they come in between.
    """

    def __call__(
        self,
        role: str | None,
        path: str = "/",
        *,
        language: str = "vi",
        technician_id: str = "T01",
        expected: tuple[str, ...] | list[str] = (),
        routes: Mapping[str, Callable[[Route], None]] = MappingProxyType({}),
        **options: Any,
    ) -> Page: ...


def until(page: Page, condition: str, arg: Any = None) -> None:
    """Wait until the script, an expression or a function of ``arg``, says that it is so.

    Not ``wait_for_function``: that looks once by leave of the debugger, and what it does from then
    on the pages' policy takes for an evaluated text.
    """
    ends = time.monotonic() + PATIENCE / 1_000
    while not page.evaluate(condition, arg):
        assert time.monotonic() < ends, f"in vain: {condition}"
        page.wait_for_timeout(20)


@pytest.fixture
def page_as(browser: Browser, service: Service) -> Iterator[Windows]:
    """A window in which somebody has opened a page; options are those of Playwright's contexts.

    Texts are in Vietnamese unless ``language`` says otherwise. ``role`` is that of the account; of
    technicians there are all, by ``technician_id``.
    """
    watched: list[tuple[BrowserContext, Watch]] = []

    def open_page(
        role: str | None,
        path: str = "/",
        *,
        language: str = "vi",
        technician_id: str = "T01",
        expected: tuple[str, ...] | list[str] = (),
        routes: Mapping[str, Callable[[Route], None]] = MappingProxyType({}),
        **options: Any,
    ) -> Page:
        usual = {
            "locale": LANGUAGES[language],
            "timezone_id": "Asia/Ho_Chi_Minh",
            "viewport": {"width": 1440, "height": 900},
            "reduced_motion": "reduce",
        }
        context = browser.new_context(base_url=service.address, **{**usual, **options})
        context.set_default_timeout(PATIENCE)
        watch = Watch(context, service.address, expected)
        watched.append((context, watch))
        context.add_init_script(SAME_TIME % (service.clock.shift.total_seconds() * 1000))
        context.add_init_script(ASLEEP)
        for addresses, answer_instead in routes.items():
            context.route(addresses, answer_instead)
        if role is not None:
            user = technician_id.lower() if role == "technician" else role
            given = {"user_name": user, "password": PASSWORD}
            answer = context.request.post("/session", data=given)
            assert answer.ok, answer.text()
        page = context.new_page()
        page.goto(path)
        return page

    yield open_page
    complaints: list[str] = []
    for context, watch in watched:
        watch.end()
        # What is still being answered must not fail in the midst of the next test.
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")
        context.unroute_all(behavior="ignoreErrors")
        context.close()
        complaints += watch.complaints
    assert complaints == []


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    """Fails if axe finds anything on the page as it is shown now."""

    def check(page: Page) -> None:
        assert axe_findings(page) == []

    return check


__all__ = ["DAY", "ELSEWHERE", "MOMENT", "PASSWORD", "Service", "Windows", "operations_once"]
