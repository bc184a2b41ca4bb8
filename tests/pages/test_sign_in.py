"""Signing in, as people do it."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.pages.conftest import PASSWORD, Service, Windows

REFUSED = ("answered 401: POST /session",)


def stop_at_pages(route: Route) -> None:
    """What lies behind signing in is not what is tried here."""
    path = urlsplit(route.request.url).path
    if route.request.is_navigation_request() and path != "/sign-in":
        route.fulfill(body="<!doctype html><title>x</title>", content_type="text/html")
    else:
        route.continue_()


WITHOUT_PAGES = {"**/*": stop_at_pages}


def fill_in(page: Page, user_name: str, password: str = PASSWORD) -> None:
    page.locator("#user-name").fill(user_name)
    page.locator("#password").fill(password)
    page.locator("#submit").click()


def is_at(page: Page, path: str) -> None:
    page.wait_for_url(lambda url: f"{urlsplit(url).path}?{urlsplit(url).query}".rstrip("?") == path)


@pytest.mark.parametrize(
    ("user_name", "asked", "path"),
    [
        ("dispatcher", None, "/"),
        ("administrator", None, "/"),
        ("T05", None, "/my-day"),
        ("dispatcher", "/?view=week", "/?view=week"),
        ("dispatcher", "/my-day", "/my-day"),
        ("T05", "/my-day?day=2026-11-24", "/my-day?day=2026-11-24"),
        ("T05", "/", "/my-day"),
    ],
)
def test_everyone_lands_where_they_were_going_or_on_the_page_of_their_role(
    page_as: Windows, user_name: str, asked: str | None, path: str
) -> None:
    query = f"?next={quote(asked, safe='')}" if asked else ""
    page = page_as(None, "/sign-in" + query, routes=WITHOUT_PAGES)
    fill_in(page, user_name)
    is_at(page, path)
    known = page.request.get("/session").json()
    assert known["account_id"] == user_name.lower()


ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "/\t/evil.example/",
    "\\\\evil.example",
    "/.//evil.example/",
    "/..//evil.example/",
    "/a/..//evil.example/",
    "/%2e//evil.example/",
    "/.%2E/\\evil.example/",
    "/.\n//evil.example/",
    "/.\\\\evil.example",
    "///evil.example/",
    "//[",
    "//evil.example:port/",
    "javascript:alert(1)",
    "data:text/html,x",
    "my-day",
    "/sign-in?next=/my-day",
    "",
)


def test_signing_in_leads_nowhere_else(page_as: Windows) -> None:
    for elsewhere in ELSEWHERE:
        page = page_as(None, f"/sign-in?next={quote(elsewhere, safe='')}", routes=WITHOUT_PAGES)
        ours = urlsplit(page.url).netloc
        fill_in(page, "dispatcher")
        is_at(page, "/")
        assert urlsplit(page.url).netloc == ours, elsewhere


def test_who_is_quicker_than_the_texts_is_signed_in_all_the_same(page_as: Windows) -> None:
    held: list[Route] = []
    routes = {**WITHOUT_PAGES, "**/texts/**": lambda route: held.append(route)}
    page = page_as(None, "/sign-in", routes=routes)
    fill_in(page, "dispatcher")
    for route in held:
        route.continue_()
    is_at(page, "/")


def test_who_types_already_when_the_texts_come_goes_on_where_they_are(page_as: Windows) -> None:
    held: list[Route] = []
    routes = {**WITHOUT_PAGES, "**/texts/**": lambda route: held.append(route)}
    page = page_as(None, "/sign-in", routes=routes)
    page.locator("#password").focus()
    for route in held:
        route.continue_()
    expect(page.locator("#submit")).to_have_text("Đăng nhập")
    expect(page.locator("#password")).to_be_focused()


def test_a_page_asks_to_sign_in_and_goes_on_from_there(page_as: Windows) -> None:
    page = page_as(None, "/sign-in", expected=["answered 401: GET /jobs"], routes=WITHOUT_PAGES)
    page.goto("/?view=week")
    page.evaluate(
        "() => { import('/pages/scripts/doors/http.js').then(({ get }) => get('/jobs')); }"
    )
    is_at(page, "/sign-in?next=%2F%3Fview%3Dweek")
    fill_in(page, "dispatcher")
    is_at(page, "/?view=week")


def test_who_is_signed_in_has_nothing_to_fill_in(page_as: Windows) -> None:
    page = page_as("dispatcher", "/sign-in", routes=WITHOUT_PAGES)
    is_at(page, "/")


def test_a_wrong_password_is_told_and_can_be_typed_again(
    page_as: Windows, accessible: Callable[[Page], None]
) -> None:
    page = page_as(None, "/sign-in", language="en", expected=REFUSED, routes=WITHOUT_PAGES)
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("dispatcher")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    field = page.get_by_label("Password", exact=True)
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    accessible(page)
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    is_at(page, "/")


def test_what_is_missing_is_told_without_asking_the_service(page_as: Windows) -> None:
    page = page_as(None, "/sign-in", language="en")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Enter your user name.")
    page.get_by_label("User name").fill("lan")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Enter your password.")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()


def test_who_tried_too_often_learns_for_how_long_to_wait(page_as: Windows) -> None:
    page = page_as(None, "/sign-in", expected=[*REFUSED, "answered 429: POST /session"])
    for _ in range(10):
        page.request.post("/session", data={"user_name": "lan", "password": "x"})
    fill_in(page, "lan")
    expect(page.get_by_role("alert")).to_have_text("Đã thử quá nhiều lần. Hãy thử lại sau 15 phút.")


def test_without_a_connection_the_page_says_so_and_keeps_what_was_typed(page_as: Windows) -> None:
    page = page_as(None, "/sign-in", expected=["failed: POST /session", "failed: GET .*/icon.svg"])
    page.context.set_offline(True)
    fill_in(page, "dispatcher")
    expect(page.get_by_role("alert")).to_contain_text("Không kết nối được với máy chủ")
    expect(page.locator("#password")).to_have_value(PASSWORD)
    expect(page.locator("#submit")).to_have_text("Đăng nhập")


def test_the_password_can_be_looked_at(page_as: Windows) -> None:
    page = page_as(None, "/sign-in", language="en")
    field, reveal = page.locator("#password"), page.get_by_role("button", name="Show password")
    expect(field).to_have_attribute("type", "password")
    reveal.click()
    expect(field).to_have_attribute("type", "text")
    expect(reveal).to_have_attribute("aria-pressed", "true")
    reveal.click()
    expect(field).to_have_attribute("type", "password")


def test_the_language_is_the_readers_and_stays_as_chosen(page_as: Windows) -> None:
    page = page_as(None, "/sign-in", language="en")
    expect(page).to_have_title("Field service dispatch")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_label("Language").select_option("vi")
    expect(page.get_by_role("button", name="Đăng nhập")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    page.reload()
    expect(page.get_by_role("heading", name="Điều phối dịch vụ kỹ thuật")).to_be_visible()


def test_the_theme_is_the_devices_unless_chosen(page_as: Windows) -> None:
    page = page_as(None, "/sign-in", language="en", color_scheme="dark")

    def ground() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    dark = ground()
    page.get_by_label("Colours").select_option("light")
    light = ground()
    assert light != dark
    page.reload()
    assert ground() == light
    page.get_by_label("Colours").select_option("device")
    assert ground() == dark


@pytest.mark.parametrize("language", ["vi", "en"])
def test_nobody_is_kept_out(
    page_as: Windows, accessible: Callable[[Page], None], language: str
) -> None:
    for color_scheme, width in product(("light", "dark"), (1440, 320)):
        page = page_as(
            None,
            "/sign-in",
            language=language,
            color_scheme=color_scheme,
            viewport={"width": width, "height": 720},
        )
        submit = page.get_by_role("button", name={"vi": "Đăng nhập", "en": "Sign in"}[language])
        expect(submit).to_be_visible()
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        submit.click()
        expect(page.get_by_role("alert")).to_be_visible()
        accessible(page)


def test_a_password_never_gets_into_an_address(page_as: Windows, service: Service) -> None:
    """Not even where scripts do not run: the policy refuses to send the form itself."""
    page = page_as(None, "/sign-in", java_script_enabled=False, expected=["form-action"])
    page.locator("#user-name").fill("dispatcher")
    page.locator("#password").fill(PASSWORD)
    page.locator("#submit").dispatch_event("click")
    assert page.url == f"{service.address}/sign-in"


@pytest.fixture
def neighbour() -> Iterator[str]:
    """The address of another service on this machine, which has an empty page."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><link rel=icon href=data:,>")

        def log_message(self, *_: object) -> None:
            """Nobody wants to know."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_page_on_another_port_can_do_nothing_with_the_cookie(
    page_as: Windows, service: Service, neighbour: str, caplog: pytest.LogCaptureFixture
) -> None:
    """For browsers it is the same site, and they send it the cookie, however strict that is.

    Without the cookie the answer would be 401.
    """
    expected = [f"elsewhere: GET {neighbour}", "(answered 403|failed): (GET|POST) /jobs"]
    page = page_as("dispatcher", "/pages/texts/en/common.json", expected=expected)
    page.goto(neighbour)
    ask = "([address, how]) => fetch(address, { mode: 'no-cors', ...how }).catch(() => 0)"
    for method in ("GET", "POST"):
        how = {"method": method, "credentials": "include"}
        page.evaluate(ask, [f"{service.address}/jobs", how])
        assert f'"{method} /jobs HTTP/1.1" 403' in caplog.text
