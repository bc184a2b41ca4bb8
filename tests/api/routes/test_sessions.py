"""Signing in with a browser: what cookies open, and that no other site can make use of them."""

from collections.abc import Iterator
from datetime import timedelta
from http.cookies import Morsel, SimpleCookie
from typing import Any

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session, select

from api.routes.sign_ins import FAILURES_BY_NAME
from dispatch.models import Account, LogEntry, Role, SignIn, now
from tests.api.conftest import PASSWORD, tokens_of
from tests.dispatch.crew import MONDAY

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SESSION, CSRF, BROWSER = "dispatch_session", "dispatch_csrf", "dispatch_browser"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def browser(app: FastAPI) -> Iterator[TestClient]:
    """It keeps cookies; there is the dispatcher Mai."""
    tokens_of(app, "mai", Role.DISPATCHER)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def sign_in(browser: TestClient, password: str = PASSWORD, **headers: str) -> Any:
    given = {"user_name": "mai", "password": password}
    return browser.post("/session", json=given, headers=headers)


def proof(browser: TestClient) -> dict[str, str]:
    return {"X-CSRF-Token": browser.cookies[CSRF]}


def change(browser: TestClient, **headers: str) -> int:
    """The status of a change that is refused for its content only: 422."""
    return browser.post("/jobs", json={}, headers=headers).status_code


def set_cookies(answer: Any) -> dict[str, Morsel[str]]:
    found: dict[str, Morsel[str]] = {}
    for header in answer.headers.get_list("set-cookie"):
        found.update(SimpleCookie(header))
    return found


def test_who_signs_in_is_known_by_a_cookie_until_signing_out(
    browser: TestClient, engine: Engine
) -> None:
    answer = sign_in(browser)
    assert answer.status_code == 200
    assert answer.json() == {
        "account_id": "mai",
        "name": "mai",
        "role": "dispatcher",
        "technician_id": None,
        "time_zone": "Asia/Ho_Chi_Minh",
        "currency": "VND",
        "tile_url": None,
    }
    assert browser.get("/session").json() == answer.json()
    assert browser.get("/jobs").status_code == 200
    assert change(browser, **proof(browser)) == 422

    kept = dict(browser.cookies)
    gone = browser.delete("/session", headers=proof(browser))
    assert gone.status_code == 204
    assert {cookie["max-age"] for cookie in set_cookies(gone).values()} == {"0"}
    assert browser.cookies.keys() == {BROWSER}
    assert browser.get("/session").status_code == 401
    browser.cookies.update(kept)
    assert browser.get("/session").status_code == 401
    with Session(engine) as session:
        entries = session.exec(select(LogEntry).where(LogEntry.entity == "account")).all()
        assert [(one.actor, one.action) for one in entries] == [
            ("mai", "sign_in"),
            ("mai", "sign_out"),
        ]


@on_sqlite
def test_scripts_see_the_proof_only_and_other_sites_bring_neither(browser: TestClient) -> None:
    found = set_cookies(sign_in(browser))
    assert found.keys() == {SESSION, CSRF, BROWSER}
    for name, cookie in found.items():
        assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("strict", "/", "")
        assert not cookie["secure"]
        assert cookie["max-age"] == str((400 if name == BROWSER else 30) * 24 * 3600)
    assert (found[SESSION]["httponly"], found[CSRF]["httponly"]) == (True, "")
    assert found[BROWSER]["httponly"]
    assert found[SESSION].value not in found[CSRF].value


@on_sqlite
def test_over_https_cookies_never_go_another_way(app: FastAPI, browser: TestClient) -> None:
    with TestClient(app, base_url="https://testserver") as secure:
        found = set_cookies(sign_in(secure))
        assert found.keys() == {f"__Host-{SESSION}", CSRF, f"__Host-{BROWSER}"}
        assert all(cookie["secure"] for cookie in found.values())
        assert secure.get("/session").status_code == 200
        assert change(secure, **proof(secure)) == 422
        # A cookie without the prefix may come from anywhere below the domain.
        token = found[f"__Host-{SESSION}"].value
        secure.cookies.clear()
        secure.cookies.set(SESSION, token)
        assert secure.get("/session").status_code == 401


@on_sqlite
def test_a_change_has_to_repeat_what_belongs_to_its_session(browser: TestClient) -> None:
    sign_in(browser)
    others = browser.cookies[CSRF]
    browser.cookies.clear()
    sign_in(browser)
    own = browser.cookies[CSRF]
    for wrong in ("", others, own[:-1], own.upper(), "ü", browser.cookies[SESSION]):
        headers = {"X-CSRF-Token": wrong.encode(), **JSON}
        for method, path in (
            ("POST", "/jobs"),
            ("PATCH", "/jobs/J-1"),
            ("PUT", "/assets/A-1"),
            ("DELETE", "/session"),
        ):
            answer = browser.request(method, path, content=b"{}", headers=headers)
            assert answer.status_code == 403, (wrong, path)
            assert answer.headers["content-type"] == "application/problem+json"
    assert change(browser) == 403
    # The cookie alone proves nothing, and a made-up pair of cookie and header neither.
    browser.cookies.set(CSRF, "x")
    assert change(browser, **{"X-CSRF-Token": "x"}) == 403
    assert change(browser, **{"X-CSRF-Token": own}) == 422


@on_sqlite
@pytest.mark.parametrize(
    ("headers", "is_refused"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}, False),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://behind-a-proxy.example"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Origin": "http://testserver"}, False),
        ({}, False),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, True),
        ({"Sec-Fetch-Site": ""}, True),
        ({"Origin": "http://evil.example"}, True),
        ({"Origin": "http://testserver:81"}, True),
        ({"Origin": "http://testserver.evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": ""}, True),
        ({"Origin": "http://["}, True),
    ],
    ids=str,
)
def test_what_a_page_of_another_site_asks_for_is_refused(
    browser: TestClient, headers: dict[str, str], is_refused: bool
) -> None:
    assert (sign_in(browser, **headers).status_code == 403) == is_refused
    sign_in(browser)
    assert (change(browser, **proof(browser), **headers) == 403) == is_refused
    assert (browser.get("/jobs", headers=headers).status_code == 403) == is_refused


@on_sqlite
def test_a_token_or_key_counts_whatever_the_cookie_says(app: FastAPI, browser: TestClient) -> None:
    sign_in(browser)
    technician = tokens_of(app, "hung", Role.INTEGRATION).access_token
    shown = {"Authorization": f"Bearer {technician}"}
    assert browser.get("/jobs", headers=shown).status_code == 403
    for bad in ({"Authorization": "Bearer x"}, {"Authorization": ""}, {"X-API-Key": "fsd_x"}):
        assert browser.get("/jobs", headers=bad).status_code == 401
        assert change(browser, **proof(browser), **bad) == 401


@on_sqlite
def test_neither_token_is_good_for_what_the_other_is_for(browser: TestClient) -> None:
    given = {"user_name": "mai", "password": PASSWORD}
    tokens = browser.post("/sign-in", json=given).json()
    for token in (tokens["refresh_token"], tokens["access_token"]):
        browser.cookies.set(SESSION, token)
        assert browser.get("/session").status_code == 401
    browser.cookies.clear()
    sign_in(browser)
    cookie = browser.cookies[SESSION]
    bearer = {"Authorization": f"Bearer {cookie}"}
    assert browser.get("/jobs", headers=bearer).status_code == 401
    assert browser.post("/token/refresh", json={"refresh_token": cookie}).status_code == 401


@on_sqlite
def test_a_forged_cookie_opens_nothing(browser: TestClient, engine: Engine) -> None:
    sign_in(browser)
    token = browser.cookies[SESSION]
    id_, secret = token.split(".")
    with Session(engine) as session:
        stored = session.exec(select(SignIn).where(SignIn.id == id_)).one()
        assert secret not in stored.model_dump_json()
        hashed = stored.token_hash
    for forged in (
        "",
        ".",
        "x",
        f"{id_}.",
        f"{id_}.{secret[:-1]}",
        f"{id_}.{secret[:-1]}{'A' if secret[-1] != 'A' else 'B'}",
        f"{id_}.{hashed}",
        f"{'0' * 32}.{secret}",
        f"{token} ",
        f"{token}x",
        token.upper(),
        "' OR 1=1 --",
        "ü" * 76,
        "x" * 5_000,
    ):
        cookie = f"{SESSION}={forged}; {CSRF}={browser.cookies[CSRF]}".encode()
        shown = {"Cookie": cookie, **proof(browser)}
        browser.cookies.clear()
        if forged != f"{token} ":  # spaces around a value are not part of it
            assert browser.get("/session", headers=shown).status_code == 401, forged
        sign_in(browser)


@on_sqlite
def test_guessing_cookies_comes_to_an_end(browser: TestClient) -> None:
    browser.app.state.settings = browser.app.state.settings.model_copy(  # type: ignore[attr-defined]
        update={"requests_per_minute": 3}
    )
    browser.cookies.set(SESSION, "x")
    found = [browser.get("/jobs").status_code for _ in range(4)]
    assert found == [401, 401, 401, 429]


@on_sqlite
def test_wrong_passwords_count_together_with_those_of_sign_in(browser: TestClient) -> None:
    wrong = {"user_name": "mai", "password": "wrong"}
    for _ in range(FAILURES_BY_NAME.amount // 2):
        assert sign_in(browser, "wrong").status_code == 401
        assert browser.post("/sign-in", json=wrong).status_code == 401
    assert sign_in(browser).status_code == 429
    assert not browser.cookies


@on_sqlite
def test_signing_in_gives_another_session_and_ends_the_one_before(browser: TestClient) -> None:
    """What somebody has planted in a browser beforehand never becomes who signs in there."""
    sign_in(browser)
    first = browser.cookies[SESSION]
    sign_in(browser)
    second = browser.cookies[SESSION]
    assert second != first
    browser.cookies.clear()
    for token, status in ((first, 401), (second, 200)):
        shown = {"Cookie": f"{SESSION}={token}"}
        assert browser.get("/session", headers=shown).status_code == status
    planted = f"{'0' * 32}.{'A' * 43}"
    browser.cookies.set(SESSION, planted, domain="testserver.local", path="/")
    assert set_cookies(sign_in(browser))[SESSION].value != planted


def test_whoever_is_active_stays_signed_in_and_who_stays_away_does_not(
    browser: TestClient,
) -> None:
    sign_in(browser)
    kept = dict(browser.cookies)

    def status_after(days: float) -> int:
        with time_machine.travel(now() + timedelta(days=days)):
            browser.cookies.clear()  # a browser would have forgotten them; thieves do not
            headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in kept.items())}
            return browser.get("/session", headers=headers).status_code

    assert [status_after(days) for days in (29, 58, 87)] == [200, 200, 200]
    assert status_after(87 + 31) == 401


@on_sqlite
def test_the_browser_keeps_the_cookies_for_as_long_again_whenever_a_page_asks(
    browser: TestClient,
) -> None:
    sign_in(browser)
    before = dict(browser.cookies)
    found = set_cookies(browser.get("/session"))
    assert {name: cookie.value for name, cookie in found.items()} == before
    assert found[SESSION]["max-age"] == str(30 * 24 * 3600)
    # One that was signed in before browsers were remembered is known from then on.
    del browser.cookies[BROWSER]
    browser.get("/session")
    assert browser.cookies[BROWSER].startswith("mai:")


@pytest.mark.parametrize("end", ["password", "disabled", "reset"])
def test_what_ends_all_sign_ins_ends_sessions_at_once(
    app: FastAPI, browser: TestClient, engine: Engine, end: str
) -> None:
    sign_in(browser)
    boss = {"Authorization": f"Bearer {tokens_of(app, 'hoa').access_token}"}
    kept = proof(browser)
    match end:
        case "password":
            body = {"password": PASSWORD, "new_password": "bốn chiếc thuyền giấy"}
            answer = browser.post("/me/password", json=body, headers=kept)
        case "disabled":
            answer = browser.patch("/accounts/mai", json={"active": False}, headers=boss)
        case _:
            answer = browser.post("/accounts/mai/reset-password", headers=boss)
    assert answer.status_code == 200, answer.text
    assert browser.get("/session").status_code == 401
    assert change(browser, **kept) == 401


@on_sqlite
def test_a_new_role_counts_at_once(browser: TestClient, engine: Engine) -> None:
    sign_in(browser)
    assert browser.get("/accounts").status_code == 403
    with Session(engine) as session:
        session.get_one(Account, "mai").role = Role.ADMINISTRATOR
        session.commit()
    assert browser.get("/accounts").status_code == 200


@on_sqlite
@pytest.mark.usefixtures("company")
def test_a_technicians_session_opens_the_own_days_only(
    app: FastAPI, browser: TestClient, engine: Engine
) -> None:
    with Session(engine) as session:
        account = session.get_one(Account, "mai")
        account.role, account.technician_id = Role.TECHNICIAN, "T02"
        session.commit()
    assert sign_in(browser).json()["technician_id"] == "T02"
    assert browser.get(f"/technicians/T02/routes/{MONDAY}").status_code == 200
    assert browser.get(f"/technicians/T01/routes/{MONDAY}").status_code == 403
    assert browser.get("/events").status_code == 403


@on_sqlite
def test_an_event_stream_opens_with_the_cookie_alone(app: FastAPI, browser: TestClient) -> None:
    sign_in(browser)
    app.state.feed.close()  # or the stream would not end
    assert browser.get("/events").status_code == 200
    assert browser.get("/events", headers={"Sec-Fetch-Site": "same-site"}).status_code == 403
    browser.cookies.clear()
    assert browser.get("/events").status_code == 401
