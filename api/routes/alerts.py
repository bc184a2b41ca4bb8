"""Alerts over HTTP: taken in from whoever may send them, and handled by people."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Path, Request, Response
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.exceptions import HTTPException

from api.http import access
from api.http.access import GivenCaller
from api.http.dependencies import (
    Actor,
    AfterNumber,
    GivenSettings,
    NextNumber,
    Number,
    PageLimit,
    ReadingSession,
    WritingSession,
)
from api.http.lines import address_of
from api.http.problems import MEDIA_TYPE, documented
from dispatch.access.rates import RateLimit
from dispatch.alerts import handling, intake
from dispatch.alerts.content import BATCH_TYPE, EVENT_TYPE, JSON_TYPE, AlertMessage, Delivery
from dispatch.alerts.handling import AlertOut
from dispatch.alerts.handshakes import agreement, validation_code
from dispatch.alerts.intake import AlertReceipt, Arrival
from dispatch.alerts.sources import active_source, has_valid_signature, is_signed
from dispatch.intake import Code
from dispatch.models import AlarmState, AlertOutcome, AlertSource
from dispatch.output import Output

router = APIRouter(tags=["alerts"])

AlertId = Annotated[Number, Path()]


class AlertPage(Output):
    alerts: list[AlertOut]
    next: NextNumber


class AlertReceipts(Output):
    """What became of each item of the message, in their order."""

    receipts: list[AlertReceipt]


class Validation(Output):
    """The answer to Azure Event Grid's question whether its events are wanted here."""

    validationResponse: str  # noqa: N815 - Event Grid's own name


PLAIN: dict[str, Any] = {
    "hot": {
        "summary": "A cold room gets warm",
        "value": {
            "id": "sen-000417",
            "device": "D-1",
            "type": "temperature.high",
            "severity": "critical",
            "at": "2026-11-20T07:55:00+07:00",
            "readings": {"celsius": -3.5},
            "remaining_life_hours": 36,
            "message": "Kho lạnh tầng hầm: -3,5 °C, ngưỡng -15 °C",
        },
    },
    "cleared": {
        "summary": "It is cold again",
        "value": {
            "id": "sen-000417",
            "device": "D-1",
            "type": "temperature.high",
            "cleared": True,
            "at": "2026-11-20T08:20:00+07:00",
        },
    },
}
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "1f0c6c1e",
    "source": "/gateways/sen",
    "type": "temperature.high",
    "subject": "D-1",
    "time": "2026-11-20T07:55:00+07:00",
    "data": {"severity": "major", "readings": {"celsius": -9.5}},
}
EVENTS: dict[str, Any] = {"event": {"summary": "A CloudEvent", "value": EVENT}}
BATCHES: dict[str, Any] = {
    "batch": {
        "summary": "Two CloudEvents",
        "value": [EVENT, {**EVENT, "id": "1f0c6c1f", "type": "door.open"}],
    }
}
THINGSBOARD: dict[str, Any] = {
    "alarm": {
        "summary": "An alarm of ThingsBoard",
        "value": {
            "id": {"entityType": "ALARM", "id": "8e4b3a0e-8d5a-4c0e-9e4b-2f7a5f0c0a11"},
            "originator": {"entityType": "DEVICE", "id": "784f394c-42b6-435a-983c-b7beff2784f9"},
            "originatorName": "D-1",
            "type": "High temperature",
            "severity": "CRITICAL",
            "status": "ACTIVE_UNACK",
            "startTs": 1795136100000,
            "endTs": 1795136100000,
            "ackTs": 0,
            "clearTs": 0,
            "details": {"celsius": -3.5},
        },
    }
}


def _body(content: dict[str, Any]) -> dict[str, Any]:
    """How the operation's body is described: the framework does not read it."""
    return {"requestBody": {"required": True, "content": content}}


OUR_FORM = {"$ref": "#/components/schemas/AlertMessage"}
BODIES = {
    JSON_TYPE: {"schema": OUR_FORM, "examples": PLAIN},
    EVENT_TYPE: {"schema": {"type": "object"}, "examples": EVENTS},
    BATCH_TYPE: {
        "schema": {"type": "array", "items": {"type": "object"}},
        "examples": BATCHES,
    },
}
UNAUTHORIZED: dict[int | str, dict[str, Any]] = {
    401: {
        "description": "Nobody known has signed or sent it, or the signature is too old.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
TAKEN: dict[int | str, dict[str, Any]] = {
    200: {"model": Validation, "description": "Azure Event Grid asked, and sent no alert."},
    202: {"model": AlertReceipts, "description": "All of it is kept."},
}


# Who sends


@dataclass(frozen=True)
class AlertSender:
    """For the log of changes, and the configured source, if the path names one."""

    actor: str
    source: AlertSource | None = None


async def _delivery(request: Request) -> Delivery:
    headers = request.headers
    return Delivery(
        await request.body(),
        headers.get("content-type", ""),
        {
            # What is not ASCII comes as percent signs, by CloudEvents' binding to HTTP.
            name: unquote(value) if name.startswith("ce-") else value
            for name, value in headers.items()
            if name.startswith("ce-") or name == "webhook-id"
        },
    )


GivenDelivery = Annotated[Delivery, Depends(_delivery)]


async def _sender(request: Request, actor: Actor) -> AlertSender:
    if is_signed(request.headers):
        raise _refused("Signed alerts go to /alert-sources/{source_id}/alerts.")
    return AlertSender(actor)


async def _sender_of_source(
    source_id: Code,
    request: Request,
    delivery: GivenDelivery,
    settings: GivenSettings,
    caller: GivenCaller,
) -> AlertSender:
    """A valid signature, or else what any other operation asks of its caller."""
    signed = is_signed(request.headers)
    if caller is None and not signed:
        raise _refused("Sign the message, or send a key.")
    # A session of its own: nobody who is refused gets to hold the database.
    source = await request.app.state.lines.asking.run(
        source_id, lambda: _source(request.app.state.reading_engine, source_id)
    )
    if signed:
        rates = request.app.state.rates
        if not has_valid_signature(source.secrets, request.headers, delivery.body):
            # By address, not by source: nobody else may use up what the source may send.
            limit = RateLimit("refused", settings.requests_per_minute)
            access.count(rates, limit, address_of(request))
            raise _refused("The signature is not valid, or not of the last five minutes.")
        limit = RateLimit("alerts", settings.alerts_per_minute)
        access.count(rates, limit, f"source:{source_id}")
        request.state.caller = f"source:{source_id}"
        return AlertSender(request.state.caller, source)
    if source.require_signature:
        raise _refused("This source takes signed messages only (Standard Webhooks).")
    assert caller is not None  # noqa: S101 - or it was refused above
    return AlertSender(caller.actor, source)


def _source(reading: Engine, source_id: str) -> AlertSource:
    with Session(reading) as session:
        source = active_source(session, source_id)
        session.expunge(source)
    return source


def _refused(detail: str) -> HTTPException:
    challenge = {"WWW-Authenticate": 'Bearer realm="dispatch", Webhook-Signature'}
    return HTTPException(401, detail, headers=challenge)


# What is asked before


@router.options(
    "/alerts",
    response_class=Response,
    summary="Agree to deliveries of alerts",
    responses={200: {"description": "They may come, with a key."}, **documented(429)},
)
def agree_to_alerts(request: Request, settings: GivenSettings) -> Response:
    """The handshake of CloudEvents' web hooks, which comes without credentials: every delivery
    still has to bring them. `WebHook-Request-Callback` is not called."""
    return _agree(request, settings)


@router.options(
    "/alert-sources/{source_id}/alerts",
    response_class=Response,
    summary="Agree to deliveries of a configured source",
    responses={
        200: {"description": "They may come, with a signature or a key."},
        **documented(404, 409, 422, 429),
    },
)
def agree_to_alerts_of_source(
    source_id: Code, request: Request, settings: GivenSettings
) -> Response:
    """The handshake of CloudEvents' web hooks, as Azure Event Grid does it, without credentials:
    every delivery still has to bring them. Only for a source that takes alerts."""
    answer = _agree(request, settings)
    with Session(request.app.state.reading_engine) as session:
        active_source(session, source_id)
    return answer


def _agree(request: Request, settings: GivenSettings) -> Response:
    limit = RateLimit("handshakes", settings.requests_per_minute)
    access.count(request.app.state.rates, limit, address_of(request))
    return Response(headers=agreement(request.headers, settings.alerts_per_minute))


# Taking in


@router.post(
    "/alerts",
    status_code=202,
    summary="Send alerts",
    openapi_extra=_body(BODIES),
    responses={**TAKEN, **UNAUTHORIZED, **documented(408, 413)},
)
def take_alerts(
    delivery: GivenDelivery,
    sender: Annotated[AlertSender, Depends(_sender)],
    session: WritingSession,
    settings: GivenSettings,
    response: Response,
) -> AlertReceipts | Validation:
    """In our own form, or as CloudEvents 1.0: structured, binary or a batch.

    Whatever comes is kept: what cannot be understood becomes a dead letter, with its faults.
    """
    return _take(session, delivery, sender, settings, response)


@router.post(
    "/alert-sources/{source_id}/alerts",
    status_code=202,
    summary="Send alerts of a configured source",
    openapi_extra=_body({JSON_TYPE: {"schema": {}, "examples": THINGSBOARD}}),
    responses={**TAKEN, **UNAUTHORIZED, **documented(404, 408, 409, 413, 422)},
)
def take_alerts_of_source(
    delivery: GivenDelivery,
    sender: Annotated[AlertSender, Depends(_sender_of_source)],
    session: WritingSession,
    settings: GivenSettings,
    response: Response,
) -> AlertReceipts | Validation:
    """In the source's format. With Standard Webhooks headers the signature must be valid.

    Whatever comes is kept: what cannot be understood becomes a dead letter, with its faults.
    """
    return _take(session, delivery, sender, settings, response)


def _take(
    session: Session,
    delivery: Delivery,
    sender: AlertSender,
    settings: GivenSettings,
    response: Response,
) -> AlertReceipts | Validation:
    code = validation_code(delivery)
    if code is not None:
        response.status_code = 200
        return Validation(validationResponse=code)
    arrival = Arrival(delivery, sender.actor, sender.source)
    [receipts] = intake.accept(session, [arrival], settings)
    return AlertReceipts(receipts=receipts)


# Alerts


@router.get("/alerts", summary="List alerts, the newest first", responses=documented(422))
def list_alerts(
    session: ReadingSession,
    state: AlarmState | None = None,
    outcome: AlertOutcome | None = None,
    source_id: Code | None = None,
    device_id: Code | None = None,
    site_id: Code | None = None,
    job_id: Code | None = None,
    after: AfterNumber = None,
    limit: PageLimit = 50,
) -> AlertPage:
    page, following = handling.list_alerts(
        session,
        state=state,
        outcome=outcome,
        source_id=source_id,
        device_id=device_id,
        site_id=site_id,
        job_id=job_id,
        after=after,
        limit=limit,
    )
    return AlertPage(alerts=page, next=following)


@router.get("/alerts/{alert_id}", summary="Read an alert", responses=documented(404, 422))
def read_alert(alert_id: AlertId, session: ReadingSession) -> AlertOut:
    return handling.read_alert(session, alert_id)


@router.post(
    "/alerts/{alert_id}/acknowledge",
    summary="Say that somebody has seen an alert",
    responses=documented(404, 422),
)
def acknowledge_alert(alert_id: AlertId, session: WritingSession, actor: Actor) -> AlertOut:
    """Acknowledging again changes nothing."""
    return handling.acknowledge_alert(session, alert_id, actor=actor)


@router.post(
    "/alerts/{alert_id}/judge",
    summary="Judge an alert that became no job by the rules of now",
    responses=documented(404, 409, 422),
)
def judge_alert(
    alert_id: AlertId, session: WritingSession, settings: GivenSettings, actor: Actor
) -> AlertOut:
    return handling.judge_again(session, alert_id, actor=actor, settings=settings)


def schemas() -> dict[str, Any]:
    """OpenAPI schemas of bodies that the framework does not read."""
    schema = AlertMessage.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs", {}), "AlertMessage": schema}
