"""Who may do what: one table for all operations, and the one door that keeps to it.

An operation without an entry, or an entry without an operation, keeps the service from starting.
What belongs to another technician is answered with 403, and so is what does not exist at all: the
answer tells nobody what there is.
"""

import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from sqlmodel import Session
from starlette.exceptions import HTTPException

from api.http import cookies
from api.http.known_callers import Shown
from api.http.lines import Lines, address_of
from dispatch.access import browser_sessions, keys
from dispatch.access.callers import Caller, caller_of, is_own_job
from dispatch.access.rates import RateLimit, Rates
from dispatch.models import Role, now
from dispatch.service.watch import Seen
from dispatch.settings import Settings
from dispatch.store import AWAY
from solver.wording import counted

log = logging.getLogger(__name__)

Own = Callable[[Session | None, str, Mapping[str, str]], bool]
"""Whether what the path's parameters name is the technician's own."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call an operation."""

    roles: frozenset[Role] = frozenset()
    own: Own | None = None
    """What of theirs it has to be about if a technician calls it."""
    people_only: bool = False
    """Whether it is about being signed in, which a machine is not."""
    signed: bool = False
    """Whether a request may also come without credentials; then the operation itself has to verify
    its signature (``GivenCaller`` is None)."""
    public: bool = False


def _by(*roles: Role) -> frozenset[Role]:
    return frozenset({*roles, Role.ADMINISTRATOR})


def _own_day(_session: Session | None, technician_id: str, path: Mapping[str, str]) -> bool:
    return path["technician_id"] == technician_id


def _own_job(session: Session | None, technician_id: str, path: Mapping[str, str]) -> bool:
    assert session is not None  # noqa: S101 - see _needs_a_look
    job_id = path["job_id"]
    well_formed = re.fullmatch(r"[A-Za-z0-9._-]{1,40}", job_id)
    return well_formed is not None and is_own_job(session, technician_id, job_id)


PUBLIC = Access(public=True)
OFFICE = Access(_by(Role.DISPATCHER))
OWN_DAY = Access(_by(Role.DISPATCHER, Role.TECHNICIAN), own=_own_day)
OWN_JOB = Access(_by(Role.DISPATCHER, Role.TECHNICIAN), own=_own_job)
FIELD = Access(_by(Role.DISPATCHER, Role.TECHNICIAN))
ONESELF = Access(_by(Role.DISPATCHER, Role.TECHNICIAN), people_only=True)
OWN_DEVICE = Access(_by(Role.TECHNICIAN), own=_own_day, people_only=True)
ADMINISTRATION = Access(_by())
ALERTS = Access(_by(Role.INTEGRATION))
SOLVING = Access(_by(Role.DISPATCHER, Role.SOLVER))
SIGNED_ALERTS = Access(_by(Role.INTEGRATION), signed=True)

POLICY: dict[str, Access] = {
    # the service
    "openapi": PUBLIC,
    "read_health": PUBLIC,
    "read_readiness": PUBLIC,
    # pages, which show nothing by themselves
    "read_board_page": PUBLIC,
    "read_day_page": PUBLIC,
    "read_sign_in_page": PUBLIC,
    "read_page_file": PUBLIC,
    "read_day_service_worker": PUBLIC,
    "read_sending_service_worker": PUBLIC,
    # signing in
    "sign_in": PUBLIC,
    "refresh_token": PUBLIC,
    "sign_out": ONESELF,
    "start_session": PUBLIC,
    "read_session": ONESELF,
    "end_session": ONESELF,
    "read_own_account": ONESELF,
    "change_own_password": ONESELF,
    # accounts, keys and the log of changes
    "create_account": ADMINISTRATION,
    "list_accounts": ADMINISTRATION,
    "read_account": ADMINISTRATION,
    "change_account": ADMINISTRATION,
    "reset_password": ADMINISTRATION,
    "create_key": ADMINISTRATION,
    "list_keys": ADMINISTRATION,
    "revoke_key": ADMINISTRATION,
    "read_log": ADMINISTRATION,
    # events
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
    # the board
    "read_board": OFFICE,
    "read_board_as_workbook": OFFICE,
    "list_issues": OFFICE,
    "list_repairs": OFFICE,
    # jobs
    "find_anything": OFFICE,
    "read_backlog": OFFICE,
    "create_job": OFFICE,
    "list_jobs": OFFICE,
    "read_job": OWN_JOB,
    "read_job_history": OWN_JOB,
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
    "find_sites": OFFICE,
    "read_site": OFFICE,
    "change_site": OFFICE,
    # plans and runs
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
    # problems of others
    "solve_problem": SOLVING,
    # technicians' days
    "list_technicians": OFFICE,
    "change_technician": OFFICE,
    "list_depots": OFFICE,
    "read_depot": OFFICE,
    "change_depot": OFFICE,
    "read_route": OWN_DAY,
    "read_route_as_calendar": OWN_DAY,
    "read_route_as_geojson": OWN_DAY,
    "take_report": OWN_DAY,
    "keep_position": OWN_DAY,
    "list_reports": OWN_JOB,
    "add_attachment": OWN_JOB,
    "list_attachments": OWN_JOB,
    "read_attachment": OWN_JOB,
    "remove_attachment": OWN_JOB,
    "make_calendar_link": OWN_DAY,
    "read_calendar_link": OWN_DAY,
    "revoke_calendar_link": OWN_DAY,
    "read_calendar": PUBLIC,
    "read_push_subscription": OWN_DEVICE,
    "put_push_subscription": OWN_DEVICE,
    "remove_push_subscription": OWN_DEVICE,
    "list_late_visits": OFFICE,
    "list_ended_visits": OFFICE,
    "list_absences": OWN_DAY,
    "add_absence": OFFICE,
    "remove_absence": OFFICE,
    # stock
    "find_parts": FIELD,
    "read_van": OWN_DAY,
    "find_part_sources": OWN_DAY,
    "book_stock_transfer": OWN_DAY,
    # alerts
    "take_alerts": ALERTS,
    "agree_to_alerts": PUBLIC,
    "agree_to_alerts_of_source": PUBLIC,
    "take_alerts_of_source": SIGNED_ALERTS,
    "list_alerts": OFFICE,
    "read_alert": OFFICE,
    "acknowledge_alert": OFFICE,
    "judge_alert": OFFICE,
    "list_dead_letters": OFFICE,
    "read_dead_letter": OFFICE,
    "replay_dead_letter": OFFICE,
    "replay_dead_letters": OFFICE,
    "discard_dead_letter": OFFICE,
    # what becomes of alerts
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
    # assets
    "put_asset": OFFICE,
    "list_assets": OFFICE,
    "read_asset": OFFICE,
    "remove_asset": OFFICE,
    "put_device": OFFICE,
    "list_devices": OFFICE,
    "read_device": OFFICE,
    "remove_device": OFFICE,
}


async def admit(request: Request, after_answer: BackgroundTasks) -> Caller | None:
    """Who is calling, if the table lets them in; None for what needs no credentials.

    A dependency of the whole service; it comes before all others.
    """
    access = POLICY[request.scope["route"].name]
    credential = _credential(request)
    # Whose turn it is in the lines; until it is known who calls, whoever shows the same.
    request.state.caller = address_of(request)
    if access.public or (access.signed and credential is None):
        # Without a thread: whether the service lives is answered although all threads wait.
        return None
    # Who shows a token or a key means that, whatever cookies the browser adds.
    cookie = cookies.token_in(request) if credential is None else None
    if cookie is not None:
        cookies.refuse_other_sites(request)
    elif credential is None:
        raise _who_are_you("Sign in and send the token, or send a key.", "")
    shown = Shown(credential or "", cookie)
    state = request.app.state
    seen: Seen | None = None
    if request.method == "GET":
        # Reading is what many do again and again, mostly while nothing changes.
        seen = request.state.seen = await state.looks.now()
        known = state.callers.of(shown, seen)
        if known is not None and not _needs_a_look(known, access):
            return _admitted(request, shown, access, known, None)
    lines: Lines = state.lines
    return await lines.asking.run(
        shown.text, lambda: _looked_up(request, after_answer, access, shown, seen)
    )


def _looked_up(
    request: Request, after_answer: BackgroundTasks, access: Access, shown: Shown, seen: Seen | None
) -> Caller:
    state = request.app.state
    settings: Settings = state.settings
    with Session(state.reading_engine) as session:
        if shown.cookie is not None:
            caller = browser_sessions.caller_by_cookie(session, shown.cookie, settings)
        else:
            caller = caller_of(session, shown.credential, settings)
        if caller is None:
            limit = RateLimit("refused", settings.requests_per_minute)
            count(state.rates, limit, address_of(request))
            detail = "The token or key is not valid (any more); sign in again."
            raise _who_are_you(detail, ', error="invalid_token"')
        admitted = _admitted(request, shown, access, caller, session)
    if caller.is_to_be_noted:
        after_answer.add_task(_note_in_turn, request.app, caller)
    elif seen is not None:
        state.callers.keep(shown, seen, caller)
    return admitted


def _admitted(
    request: Request, shown: Shown, access: Access, caller: Caller, session: Session | None
) -> Caller:
    rates: Rates = request.app.state.rates
    count(rates, RateLimit("requests", caller.requests_per_minute), caller.actor)
    if shown.cookie is not None:
        cookies.refuse_unproven(request, shown.cookie)
    if not _may(caller, access, session, request.path_params):
        raise HTTPException(403, _refusal(caller, access))
    request.state.caller, request.state.admitted = caller.actor, caller
    return caller


GivenCaller = Annotated[Caller | None, Depends(admit)]


def _credential(request: Request) -> str | None:
    authorization = request.headers.get("authorization")
    if authorization is None:
        return request.headers.get("x-api-key")
    scheme, _, credential = authorization.partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else ""


def _needs_a_look(caller: Caller, access: Access) -> bool:
    """Whether what is the caller's own is for the database to say."""
    return caller.role is Role.TECHNICIAN and access.own not in (None, _own_day)


def _may(caller: Caller, access: Access, session: Session | None, path: Mapping[str, str]) -> bool:
    if caller.role not in access.roles or (access.people_only and caller.account_id is None):
        return False
    if access.own is None or caller.role is not Role.TECHNICIAN:
        return True
    return caller.technician_id is not None and access.own(session, caller.technician_id, path)


def _refusal(caller: Caller, access: Access) -> str:
    if caller.role not in access.roles:
        return f"The role {caller.role} may not do this; see x-roles in /openapi.json."
    if access.people_only:
        return "This is for people who are signed in, not for keys."
    return "A technician may see and report on their own days and jobs only."


def _who_are_you(detail: str, error: str) -> HTTPException:
    challenge = {"WWW-Authenticate": f'Bearer realm="dispatch"{error}'}
    return HTTPException(401, detail, headers=challenge)


def count(rates: Rates, limit: RateLimit, who: str) -> None:
    """Raises the 429 problem if that was once too often."""
    if rates.take(limit, who):
        return
    seconds = rates.seconds_to_wait(limit, who)
    headers = {
        "Retry-After": str(seconds),
        "RateLimit-Policy": f'"{limit.name}";q={limit.amount};w={limit.minutes * 60}',
        "RateLimit": f'"{limit.name}";r=0;t={seconds}',
    }
    detail = f"Too many requests; go on in {counted(seconds, 'second')}."
    raise HTTPException(429, detail, headers=headers)


async def _note_in_turn(app: FastAPI, caller: Caller) -> None:
    lines: Lines = app.state.lines
    with suppress(HTTPException):  # others have more to do; the next request says it again
        await lines.writing.run(caller.actor, lambda: _note(app, caller))


def _note(app: FastAPI, caller: Caller) -> None:
    try:
        with Session(app.state.engine) as session:
            if caller.key_id is not None:
                keys.note_use(session, caller.key_id, now())
            elif caller.sign_in_id is not None:
                browser_sessions.note_presence(
                    session, caller.sign_in_id, app.state.settings, now()
                )
            session.commit()
    except AWAY as error:
        # Nothing else is lost, and the next request says it again.
        log.warning("That %s was here is not noted: %s", caller.actor, error)


# The table and the service


def check_policy(app: FastAPI) -> None:
    """Raises ``RuntimeError`` if table and operations do not match one to one."""
    routes = list(iter_route_contexts(app.routes))
    names = Counter(str(route.name) for route in routes)
    unguarded = {
        str(route.name) for route in routes if not isinstance(route.original_route, APIRoute)
    }
    faults = {
        "operations without an entry in POLICY": names.keys() - POLICY.keys(),
        "entries of POLICY without an operation": POLICY.keys() - names.keys(),
        "names of several operations": {name for name, times in names.items() if times > 1},
        "not reached by the door, and not public": {
            name for name in unguarded & POLICY.keys() if not POLICY[name].public
        },
    }
    found = [f"{what}: {', '.join(sorted(which))}" for what, which in faults.items() if which]
    if found:
        raise RuntimeError("; ".join(found))


SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "From `POST /sign-in`, or a key."},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "A key."},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": cookies.SESSION,
        "description": "From `POST /session`, for browsers. Requests other than `GET` also need "
        f"`{cookies.CSRF_HEADER}`, which is what the cookie `{cookies.CSRF}` holds.",
    },
}


def describe(document: dict[str, Any], refusals: Mapping[str, Any]) -> None:
    """Put into the OpenAPI document who may do what, and how everyone else is refused."""
    document["components"]["securitySchemes"] = SCHEMES
    for path in document["paths"].values():
        for operation in path.values():
            access = POLICY[operation["operationId"]]
            if access.public:
                operation["security"] = []
                continue
            operation["x-roles"] = sorted(access.roles)
            ways: list[dict[str, list[str]]] = [{scheme: []} for scheme in SCHEMES]
            operation["security"] = [*ways, {}] if access.signed else ways
            operation["responses"] = dict(sorted({**refusals, **operation["responses"]}.items()))
