"""Who may do what: each kind of caller against each operation, and technicians' own data."""

import base64
import hmac
import json
import logging
from collections.abc import Iterator
from datetime import timedelta

import jwt
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session, select

from api import app as service
from api.app import create_app
from api.http import access
from api.http.access import POLICY, check_policy
from dispatch.access.keys import revoke_key
from dispatch.access.tokens import LEEWAY
from dispatch.models import (
    Account,
    ApiKey,
    Job,
    JobStatus,
    Report,
    ReportKind,
    Role,
    SignIn,
    now,
)
from dispatch.settings import Settings
from tests.api.conftest import key_of, tokens_of
from tests.api.test_openapi import OPERATIONS
from tests.dispatch.crew import MONDAY, add_live_route, hanoi

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

EVERYBODY = {
    *("nobody", "forger", "technician", "integration", "solver", "dispatcher", "administrator")
}
OFFICE = {"dispatcher", "administrator"}
FIELD = {"technician", *OFFICE}
"""A technician on the own data, that is."""
OWN_DEVICE = {"technician", "administrator"}
ADMINISTRATION = {"administrator"}
INTEGRATION = {"integration", "administrator"}
SOLVING = {"solver", *OFFICE}

ALLOWED = {
    "read_health": EVERYBODY,
    "read_readiness": EVERYBODY,
    "sign_in": EVERYBODY,
    "refresh_token": EVERYBODY,
    "sign_out": FIELD,
    "start_session": EVERYBODY,
    "read_session": FIELD,
    "end_session": FIELD,
    "read_own_account": FIELD,
    "change_own_password": FIELD,
    "create_account": ADMINISTRATION,
    "list_accounts": ADMINISTRATION,
    "read_account": ADMINISTRATION,
    "change_account": ADMINISTRATION,
    "reset_password": ADMINISTRATION,
    "create_key": ADMINISTRATION,
    "list_keys": ADMINISTRATION,
    "revoke_key": ADMINISTRATION,
    "read_log": ADMINISTRATION,
    "watch_events": OFFICE,
    "list_webhooks": ADMINISTRATION,
    "create_webhook": ADMINISTRATION,
    "read_webhook": ADMINISTRATION,
    "change_webhook": ADMINISTRATION,
    "delete_webhook": ADMINISTRATION,
    "rotate_secret": ADMINISTRATION,
    "send_test_event": ADMINISTRATION,
    "list_deliveries": ADMINISTRATION,
    "replay_delivery": ADMINISTRATION,
    "replay_dead": ADMINISTRATION,
    "create_job": OFFICE,
    "find_anything": OFFICE,
    "read_backlog": OFFICE,
    "list_jobs": OFFICE,
    "find_sites": OFFICE,
    "read_site": OFFICE,
    "change_site": OFFICE,
    "read_job": FIELD,
    "read_job_history": FIELD,
    "change_job": OFFICE,
    "cancel_job": OFFICE,
    "close_job": OFFICE,
    "put_job_link": OFFICE,
    "list_job_links": OFFICE,
    "read_job_link": OFFICE,
    "remove_job_link": OFFICE,
    "pin_job": OFFICE,
    "unpin_job": OFFICE,
    "list_place_options": OFFICE,
    "place_job": OFFICE,
    "list_alternatives": OFFICE,
    "explain_unassigned": OFFICE,
    "judge_change": OFFICE,
    "make_change": OFFICE,
    "undo_change": OFFICE,
    "judge_several": OFFICE,
    "make_several": OFFICE,
    "list_gap_fillers": OFFICE,
    "list_placements": OFFICE,
    "list_issues": OFFICE,
    "list_repairs": OFFICE,
    "request_plan": OFFICE,
    "list_plans": OFFICE,
    "read_plan": OFFICE,
    "publish_plan": OFFICE,
    "discard_plan": OFFICE,
    "compare_plans": OFFICE,
    "list_plan_changes": OFFICE,
    "list_runs": OFFICE,
    "read_run": OFFICE,
    "cancel_run": OFFICE,
    "solve_problem": SOLVING,
    "list_technicians": OFFICE,
    "change_technician": OFFICE,
    "list_depots": OFFICE,
    "read_depot": OFFICE,
    "change_depot": OFFICE,
    "read_route": FIELD,
    "read_route_as_calendar": FIELD,
    "read_route_as_geojson": FIELD,
    "take_report": FIELD,
    "keep_position": FIELD,
    "list_reports": FIELD,
    "add_attachment": FIELD,
    "list_attachments": FIELD,
    "read_attachment": FIELD,
    "remove_attachment": FIELD,
    "make_calendar_link": FIELD,
    "read_calendar_link": FIELD,
    "revoke_calendar_link": FIELD,
    "read_calendar": EVERYBODY,
    "read_push_subscription": OWN_DEVICE,
    "put_push_subscription": OWN_DEVICE,
    "remove_push_subscription": OWN_DEVICE,
    "list_late_visits": OFFICE,
    "list_ended_visits": OFFICE,
    "read_board": OFFICE,
    "read_board_as_workbook": OFFICE,
    "list_absences": FIELD,
    "add_absence": OFFICE,
    "remove_absence": OFFICE,
    "find_parts": FIELD,
    "read_van": FIELD,
    "find_part_sources": FIELD,
    "book_stock_transfer": FIELD,
    "take_alerts": INTEGRATION,
    "agree_to_alerts": EVERYBODY,
    "agree_to_alerts_of_source": EVERYBODY,
    "take_alerts_of_source": INTEGRATION,
    "list_alerts": OFFICE,
    "read_alert": OFFICE,
    "acknowledge_alert": OFFICE,
    "judge_alert": OFFICE,
    "list_dead_letters": OFFICE,
    "read_dead_letter": OFFICE,
    "replay_dead_letter": OFFICE,
    "replay_dead_letters": OFFICE,
    "discard_dead_letter": OFFICE,
    "try_alert_rules": OFFICE,
    "list_job_templates": OFFICE,
    "read_job_template": OFFICE,
    "put_job_template": OFFICE,
    "remove_job_template": OFFICE,
    "list_alert_rules": OFFICE,
    "read_alert_rule": OFFICE,
    "put_alert_rule": OFFICE,
    "remove_alert_rule": OFFICE,
    "list_alert_sources": ADMINISTRATION,
    "read_alert_source": ADMINISTRATION,
    "put_alert_source": ADMINISTRATION,
    "remove_alert_source": ADMINISTRATION,
    "put_asset": OFFICE,
    "list_assets": OFFICE,
    "read_asset": OFFICE,
    "remove_asset": OFFICE,
    "put_device": OFFICE,
    "list_devices": OFFICE,
    "read_device": OFFICE,
    "remove_device": OFFICE,
}
"""Who gets past the door; written down once more, so that nobody widens it by mistake."""

OWN = {
    "job_id": "J-1",
    "depot_id": "K1",
    "technician_id": "T01",
    "day": str(MONDAY),
    "part_id": "none",
    "run_id": "run-1",
    "plan_id": "1",
    "plan_version": "1",
    "account_id": "mai",
    "key_id": "k-1",
    "absence_id": "none",
    "source_id": "tb",
    "template_id": "none",
    "rule_id": "none",
    "asset_id": "none",
    "site_id": "none",
    "link_id": "none",
    "attachment_id": "none",
    "device_id": "none",
    "alert_id": "1",
    "issue_id": "no_place:J-1",
    "dead_letter_id": "1",
    "webhook_id": "W-1",
    "delivery_id": "1",
    "token": "none",
}
OTHERS = {**OWN, "job_id": "J-2", "technician_id": "T02"}


@pytest.fixture
def anyone(app: FastAPI) -> Iterator[TestClient]:
    """A client that shows nothing of itself."""
    with TestClient(app, raise_server_exceptions=False) as client:
        app.state.feed.close()  # or the stream of events would not end
        yield client


@pytest.fixture
def routes(company: None, engine: Engine) -> None:
    """On Monday J-1 is with T01, and J-2 with T02; nobody has J-3."""
    with Session(engine) as session:
        for id_ in ("J-1", "J-2", "J-3"):
            session.add(Job(id=id_, site_id="S008", title="Điều hoà", duration_minutes=30))
        session.flush()
        add_live_route(session, "T01", [("J-1", "09:00")])
        add_live_route(session, "T02", [("J-2", "09:00")])
        session.commit()


def shown_by(caller: str, app: FastAPI) -> dict[str, str]:
    """The headers with which somebody calls."""
    match caller:
        case "nobody":
            return {}
        case "forger":
            tokens = tokens_of(app, "forged")
            claims = jwt.decode(tokens.access_token, options={"verify_signature": False})
            token = jwt.encode(claims, "another secret" * 5, "HS256")
        case "expired":
            tokens = tokens_of(app, "late")
            claims = jwt.decode(tokens.access_token, options={"verify_signature": False})
            ended = {**claims, "exp": now() - LEEWAY - timedelta(seconds=1)}
            token = jwt.encode(ended, app.state.settings.secret.get_secret_value(), "HS256")
        case "revoked":
            token = key_of(app)
            with Session(app.state.engine) as session:
                revoke_key(session, token.split("_")[1], actor="test")
                session.commit()
        case "disabled":
            token = tokens_of(app, "gone").access_token
            with Session(app.state.engine) as session:
                session.get_one(Account, "gone").active = False
                session.commit()
        case "integration" | "solver":
            token = key_of(app, Role(caller))
        case _:
            technician = "T01" if caller == "technician" else None
            token = tokens_of(app, caller, Role(caller), technician).access_token
    return {"Authorization": f"Bearer {token}"}


@on_sqlite
@pytest.mark.usefixtures("routes")
@pytest.mark.parametrize(
    ("path", "method", "name"),
    [(path, method, operation["operationId"]) for path, method, operation in OPERATIONS],
    ids=[operation["operationId"] for *_, operation in OPERATIONS],
)
def test_everyone_gets_as_far_as_the_table_says(
    path: str, method: str, name: str, app: FastAPI, anyone: TestClient
) -> None:
    public = ALLOWED[name] == EVERYBODY
    for caller in ("nobody", "forger", "expired", "revoked", "disabled"):
        headers = shown_by(caller, app)
        answer = anyone.request(method, path.format(**OWN), headers=headers)
        assert (answer.status_code == 401) != public, (caller, answer.text)
        if not public:
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.headers["content-type"] == "application/problem+json"
    for caller in ("technician", "integration", "solver", "dispatcher", "administrator"):
        headers = shown_by(caller, app)
        answer = anyone.request(method, path.format(**OWN), headers=headers)
        assert answer.status_code != 401, caller
        assert (answer.status_code == 403) != (caller in ALLOWED[name]), (caller, answer.text)
        assert answer.status_code != 500


PAGES = {
    "read_board_page",
    "read_day_page",
    "read_day_service_worker",
    "read_sending_service_worker",
    "read_sign_in_page",
    "read_page_file",
}
"""They show nothing by themselves, and are not in the description."""


def test_every_operation_has_a_row_and_every_row_an_operation() -> None:
    names = {operation["operationId"] for *_, operation in OPERATIONS}

    assert ALLOWED.keys() == names
    assert POLICY.keys() == names | {"openapi"} | PAGES


def test_the_service_does_not_start_with_an_operation_that_nobody_ruled_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    unruled = APIRouter()
    unruled.add_api_route("/new", lambda: None, name="do_something_new")
    app = create_app(settings)
    app.include_router(unruled)
    with pytest.raises(RuntimeError, match=r"without an entry in POLICY: do_something_new"):
        check_policy(app)

    monkeypatch.setitem(POLICY, "do_something_gone", access.OFFICE)
    with pytest.raises(RuntimeError, match=r"without an operation: do_something_gone"):
        service.create_app(settings)


def test_the_description_says_who_may_call_an_operation() -> None:
    for *_, operation in OPERATIONS:
        roles = ALLOWED[operation["operationId"]]
        if roles == EVERYBODY:
            assert operation["security"] == []
        else:
            assert operation["x-roles"] == sorted(roles)
            assert {"401", "403", "429"} <= operation["responses"].keys()


# A technician


@pytest.fixture
def technician(app: FastAPI, anyone: TestClient) -> TestClient:
    """T01."""
    anyone.headers.update(shown_by("technician", app))
    return anyone


@pytest.mark.usefixtures("routes")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/technicians/{technician_id}/routes/{day}"),
        ("GET", "/technicians/{technician_id}/routes/{day}.ics"),
        ("GET", "/technicians/{technician_id}/routes/{day}.geojson"),
        ("POST", "/technicians/{technician_id}/reports"),
        ("POST", "/technicians/{technician_id}/position"),
        ("GET", "/technicians/{technician_id}/stock"),
        ("POST", "/technicians/{technician_id}/stock-transfers"),
        ("GET", "/jobs/{job_id}"),
        ("GET", "/jobs/{job_id}/reports"),
    ],
)
def test_a_technician_gets_at_the_own_days_and_jobs_only(
    technician: TestClient, method: str, path: str
) -> None:
    own = technician.request(method, path.format(**OWN))
    assert own.status_code in (200, 422)
    refusals = {
        technician.request(method, path.format(**ids)).text
        for ids in (
            OTHERS,
            {**OWN, "job_id": "J-3", "technician_id": "T02"},
            {**OWN, "job_id": "J-404", "technician_id": "T404"},
            {**OWN, "job_id": "%00", "technician_id": "%ff%fe"},
            {**OWN, "job_id": "J-1%20", "technician_id": "T01%20"},
            {**OWN, "job_id": "j-1", "technician_id": "t01"},
        )
    }
    # All the same, also about what does not exist: nobody learns what there is.
    [refusal] = refusals
    assert '"status":403' in refusal


@pytest.mark.usefixtures("routes")
def test_a_report_on_what_is_not_theirs_tells_a_technician_nothing_about_it(
    technician: TestClient, engine: Engine
) -> None:
    """Not who has it, nor how far it is, nor whether there is such a job, or one of a like name."""
    with Session(engine) as session:
        session.get_one(Job, "J-3").status = JobStatus.CANCELLED
        session.commit()
    answers = set()
    for number, job_id in enumerate(("J-2", "J-3", "J-33", "nowhere")):
        report = {"id": f"r{number}", "job_id": job_id, "kind": "on_site", "at": now().isoformat()}
        answer = technician.post("/technicians/T01/reports", json=report)
        assert (answer.status_code, "T02" in answer.text) == (409, False)
        answers.add(answer.text.replace(job_id, "…"))
    assert len(answers) == 1


@pytest.mark.usefixtures("routes")
def test_a_job_one_has_reported_on_stays_readable_and_one_that_moved_away_does_not(
    technician: TestClient, engine: Engine
) -> None:
    with Session(engine) as session:
        report = Report(
            id="r-1",
            job_id="J-3",
            technician_id="T01",
            kind=ReportKind.EN_ROUTE,
            at=hanoi("08:00"),
        )
        session.add(report)
        session.commit()
    assert technician.get("/jobs/J-3").status_code == 200
    assert technician.get("/jobs/J-1").status_code == 200
    key = {"Authorization": f"Bearer {key_of(technician.app, Role.DISPATCHER)}"}  # type: ignore[arg-type]
    assert technician.post("/jobs/J-1/cancel", headers=key).status_code == 200
    assert technician.get("/jobs/J-1").status_code == 403


@on_sqlite
@pytest.mark.usefixtures("routes")
def test_a_technicians_key_opens_what_a_technicians_account_does(
    app: FastAPI, anyone: TestClient
) -> None:
    anyone.headers["X-API-Key"] = key_of(app, Role.TECHNICIAN, "T02")
    assert anyone.get(f"/technicians/T02/routes/{MONDAY}").status_code == 200
    assert anyone.get(f"/technicians/T01/routes/{MONDAY}").status_code == 403
    assert anyone.get("/me").status_code == 403


@on_sqlite
def test_a_new_role_counts_from_the_next_request_on(
    app: FastAPI, anyone: TestClient, engine: Engine
) -> None:
    anyone.headers.update(shown_by("administrator", app))
    assert anyone.get("/accounts").status_code == 200
    with Session(engine) as session:
        session.get_one(Account, "administrator").role = Role.DISPATCHER
        session.commit()
    assert anyone.get("/accounts").status_code == 403
    assert anyone.get("/jobs").status_code == 200


# What is shown


def signed_as(algorithm: str, payload: str, secret: str) -> str:
    """A token that says so, but is signed as ours are."""
    header = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
    content = f"{header.decode().rstrip('=')}.{payload}"
    signature = hmac.digest(secret.encode(), content.encode(), "sha256")
    return f"{content}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


@on_sqlite
def test_algorithms_are_ours_to_choose(app: FastAPI, anyone: TestClient) -> None:
    token = tokens_of(app, "lan").access_token
    claims = jwt.decode(token, options={"verify_signature": False})
    header, payload, _ = token.split(".")
    secret = app.state.settings.secret.get_secret_value()
    none = jwt.encode(claims, None, "none")
    for bad in (
        none,
        none + "x",
        f"{none.split('.')[0]}.{payload}.{token.split('.')[2]}",
        f"{header}.{payload}.",
        jwt.encode(claims, secret, "HS384"),
        jwt.encode(claims, secret, "HS512"),
        signed_as("RS256", payload, secret),
        signed_as("none", payload, secret),
        jwt.encode(claims, secret + "x", "HS256"),
        token[:-1],
        token + ".",
        "",
        ".",
        "..",
        "fsd_",
        "fsd_k-000000000000_" + "0" * 48,
        "Ａ" * 50,
        "x" * 10_000,
    ):
        headers = {"Authorization": f"Bearer {bad}".encode()}
        assert anyone.get("/jobs", headers=headers).status_code == 401, bad
    good = signed_as("HS256", payload, secret)
    assert anyone.get("/jobs", headers={"Authorization": f"bearer {good}"}).status_code == 200


@on_sqlite
@pytest.mark.parametrize("claim", ["sub", "sid", "rev", "iat", "exp"])
def test_a_token_that_lacks_a_claim_or_has_another_one_is_not_taken(
    app: FastAPI, anyone: TestClient, claim: str
) -> None:
    secret = app.state.settings.secret.get_secret_value()
    token = tokens_of(app, "lan").access_token
    claims = jwt.decode(token, options={"verify_signature": False})
    for other in (None, "x", [], {"a": 1}, 10**30, -(10**30)):
        if (claim, other) in (("exp", 10**30), ("iat", -(10**30))):
            continue
        try:
            bad = jwt.encode({**claims, claim: other}, secret, "HS256")
        except TypeError:
            continue  # the library signs no such token
        answer = anyone.get("/jobs", headers={"Authorization": f"Bearer {bad}"})
        assert answer.status_code == 401, (other, answer.text)
    del claims[claim]
    bad = jwt.encode(claims, secret, "HS256")
    assert anyone.get("/jobs", headers={"Authorization": f"Bearer {bad}"}).status_code == 401


@on_sqlite
def test_a_key_is_taken_in_either_header_until_it_is_revoked_or_expires(
    app: FastAPI, anyone: TestClient, engine: Engine
) -> None:
    key = key_of(app, Role.DISPATCHER)
    ways = [{"X-API-Key": key}, {"Authorization": f"Bearer {key}"}]
    assert [anyone.get("/jobs", headers=way).status_code for way in ways] == [200, 200]
    for wrong in (key[:-1], key[:-1] + ("0" if key[-1] != "0" else "1"), key.upper(), f"{key}0"):
        assert anyone.get("/jobs", headers={"X-API-Key": wrong}).status_code == 401
    basic = {"Authorization": "Basic bGFuOmxhbg==", "X-API-Key": key}
    assert anyone.get("/jobs", headers=basic).status_code == 401

    with Session(engine) as session:
        [row] = session.exec(select(ApiKey))
        assert row.used_at is not None
        assert key.split("_")[2] not in row.model_dump_json()
        row.expires_at = now() - timedelta(seconds=1)
        session.commit()
    assert [anyone.get("/jobs", headers=way).status_code for way in ways] == [401, 401]


@on_sqlite
def test_nothing_that_opens_doors_is_in_the_log_of_requests(
    app: FastAPI, anyone: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever puts it into an address is refused, and has not given it to who reads the log."""
    tokens = tokens_of(app, "mai")
    key = key_of(app)
    session = f"{'0' * 32}.{'A' * 43}"
    with caplog.at_level(logging.INFO):
        for secret in (tokens.access_token, tokens.refresh_token, key, session):
            path = f"/jobs?token={secret}&limit=5"
            assert anyone.get(path).status_code == 401
            line = '%s - "%s %s HTTP/%s" %d'  # as the server writes it
            logging.getLogger("uvicorn.access").info(line, "127.0.0.1:1", "GET", path, "1.1", 401)
            [message] = [m for m in caplog.messages if m.startswith("127.0.0.1:1 ")]
            assert secret.rpartition(".")[2][-20:] not in message
            assert message.startswith('127.0.0.1:1 - "GET /jobs?token=')
            assert message.endswith('…&limit=5 HTTP/1.1" 401')
            caplog.clear()


@on_sqlite
def test_nothing_that_opens_doors_is_in_the_database(app: FastAPI, engine: Engine) -> None:
    tokens = tokens_of(app, "lan")
    with Session(engine) as session:
        [row] = session.exec(select(SignIn))
        [account] = session.exec(select(Account))
    assert tokens.refresh_token.split(".")[1] not in row.model_dump_json()
    assert account.password_hash.startswith("$argon2id$")


# How often


@on_sqlite
def test_each_caller_has_a_rate_of_its_own(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"solver_processes": 0, "requests_per_minute": 3}))
    first, second = ({"X-API-Key": key_of(app, Role.DISPATCHER)} for _ in range(2))
    with TestClient(app) as client:
        found = [client.get("/jobs", headers=first) for _ in range(4)]
        assert [answer.status_code for answer in found] == [200, 200, 200, 429]
        assert 1 <= int(found[3].headers["retry-after"]) <= 60
        assert found[3].headers["ratelimit-policy"] == '"requests";q=3;w=60'
        assert found[3].headers["ratelimit"].startswith('"requests";r=0;t=')
        assert found[3].json()["status"] == 429
        assert client.get("/jobs", headers=second).status_code == 200
        assert client.get("/health").status_code == 200

        alerts = {"X-API-Key": key_of(app, Role.INTEGRATION)}
        assert [client.get("/jobs", headers=alerts).status_code for _ in range(5)] == [403] * 5

        guesses = [client.get("/jobs", headers={"X-API-Key": "fsd_x"}) for _ in range(4)]
        assert [answer.status_code for answer in guesses] == [401, 401, 401, 429]


@on_sqlite
def test_a_key_may_have_its_own_rate(app: FastAPI, anyone: TestClient, engine: Engine) -> None:
    key = key_of(app, Role.DISPATCHER)
    with Session(engine) as session:
        [row] = session.exec(select(ApiKey))
        row.requests_per_minute = 1
        session.commit()
    found = [anyone.get("/jobs", headers={"X-API-Key": key}).status_code for _ in range(2)]
    assert found == [200, 429]
