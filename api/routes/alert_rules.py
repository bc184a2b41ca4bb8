"""What is made of alerts, over HTTP: their sources, the rules, and templates of jobs."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Response
from pydantic import Field

from api.http.dependencies import Actor, After, PageLimit, ReadingSession, WritingSession
from api.http.limits import json_only
from api.http.problems import WITH_BODY, documented
from dispatch.alerts.dry_run import DryRun, DryRunRequest, dry_run
from dispatch.alerts.rules import (
    RULES,
    TEMPLATES,
    RuleContent,
    RuleOut,
    TemplateContent,
    TemplateOut,
)
from dispatch.alerts.sources import SOURCES, SourceContent, SourceOut
from dispatch.intake import Code
from dispatch.output import Output

router = APIRouter(tags=["alert rules"])

NEXT = "`after` of the next page; null on the last one."


SOURCE_EXAMPLES: dict[str, Any] = {
    "thingsboard": {
        "summary": "ThingsBoard's alarms",
        "value": {"name": "ThingsBoard", "format": "thingsboard"},
    },
    "mapped": {
        "summary": "Messages of a form of their own, signed",
        "value": {
            "name": "Grafana",
            "format": "mapped",
            "mapping": {
                "each": "alerts",
                "id": "fingerprint",
                "device": "labels.device",
                "type": "labels.alertname",
                "severity": "labels.severity",
                "status": "status",
                "at": "startsAt",
                "readings": "values",
                "message": "annotations.summary",
                "severities": {"high": "critical"},
            },
            "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            "require_signature": True,
        },
    },
}
TEMPLATE_EXAMPLES: dict[str, Any] = {
    "cooling": {
        "summary": "Cooling that fails",
        "value": {
            "title": "{asset}: {type} ({severity})",
            "skills": [{"skill_id": "air-conditioning", "level": 2}],
            "parts": [{"part_id": "CAP-35UF", "quantity": 1}],
            "duration_minutes": 60,
            "extra_minutes": 25,
            "priorities": {"critical": "emergency", "major": "urgent", "minor": "high"},
            "due_within_hours": 24,
        },
    }
}
RULE_EXAMPLES: dict[str, Any] = {
    "hot": {
        "summary": "Too hot for too long, of all cold rooms of a kind",
        "value": {
            "position": 10,
            "name": "Kho lạnh quá nóng",
            "type_pattern": "temperature*",
            "least_severity": "major",
            "readings": [{"name": "celsius", "is": "above", "value": -5}],
            "model_pattern": "RX-*",
            "template_id": "cooling",
            "flood_minutes": 30,
            "withdraw": True,
        },
    },
    "suppress": {
        "summary": "No jobs of warnings",
        "value": {"position": 900, "name": "Chỉ là cảnh báo", "template_id": None},
    },
}
DRY_RUNS: dict[str, Any] = {
    "as_they_are": {
        "summary": "The rules that are kept, on the alerts of a week",
        "value": {
            "starts_at": "2026-11-16T00:00:00+07:00",
            "ends_at": "2026-11-23T00:00:00+07:00",
        },
    },
    "others": {
        "summary": "Another set of rules, on the newest alerts",
        "value": {
            "rules": [{"id": "all", "name": "Tất cả", "template_id": "cooling"}],
            "limit": 200,
        },
    },
}


class AlertSourcePage(Output):
    alert_sources: list[SourceOut]
    next: str | None = Field(description=NEXT)


class JobTemplatePage(Output):
    job_templates: list[TemplateOut]
    next: str | None = Field(description=NEXT)


class AlertRulePage(Output):
    alert_rules: list[RuleOut]
    next: str | None = Field(description=NEXT)


@router.post(
    "/alert-rules/dry-run",
    summary="Try rules on past alerts",
    dependencies=[Depends(json_only)],
    responses=documented(*WITH_BODY),
)
def try_alert_rules(
    trial: Annotated[DryRunRequest, Body(openapi_examples=DRY_RUNS)], session: ReadingSession
) -> DryRun:
    """What would have become of each, as if nobody had worked on the jobs. Nothing is changed."""
    return dry_run(session, trial)


@router.put(
    "/alert-sources/{source_id}",
    summary="Keep a source of alerts",
    dependencies=[Depends(json_only)],
    responses={
        201: {"model": SourceOut, "description": "It is new."},
        **documented(*WITH_BODY, 409),
    },
)
def put_alert_source(
    source_id: Code,
    content: Annotated[SourceContent, Body(openapi_examples=SOURCE_EXAMPLES)],
    session: WritingSession,
    actor: Actor,
    response: Response,
) -> SourceOut:
    """In place of what is kept under this id; the same again changes nothing."""
    kept, is_new = SOURCES.put(session, source_id, content, actor=actor)
    if is_new:
        response.status_code = 201
    return kept


@router.get(
    "/alert-sources",
    summary="List sources of alerts, in the order of their ids",
    responses=documented(422),
)
def list_alert_sources(
    session: ReadingSession,
    after: After = None,
    limit: PageLimit = 50,
) -> AlertSourcePage:
    page, following = SOURCES.page(session, after, limit)
    return AlertSourcePage(alert_sources=page, next=following)


@router.get(
    "/alert-sources/{source_id}", summary="Read a source of alerts", responses=documented(404, 422)
)
def read_alert_source(source_id: Code, session: ReadingSession) -> SourceOut:
    return SOURCES.read(session, source_id)


@router.delete(
    "/alert-sources/{source_id}",
    status_code=204,
    summary="Remove a source of alerts that nothing refers to",
    responses=documented(404, 409, 422),
)
def remove_alert_source(source_id: Code, session: WritingSession, actor: Actor) -> None:
    SOURCES.remove(session, source_id, actor=actor)


@router.put(
    "/job-templates/{template_id}",
    summary="Keep a job template",
    dependencies=[Depends(json_only)],
    responses={
        201: {"model": TemplateOut, "description": "It is new."},
        **documented(*WITH_BODY, 409),
    },
)
def put_job_template(
    template_id: Code,
    content: Annotated[TemplateContent, Body(openapi_examples=TEMPLATE_EXAMPLES)],
    session: WritingSession,
    actor: Actor,
    response: Response,
) -> TemplateOut:
    """In place of what is kept under this id; the same again changes nothing."""
    kept, is_new = TEMPLATES.put(session, template_id, content, actor=actor)
    if is_new:
        response.status_code = 201
    return kept


@router.get(
    "/job-templates",
    summary="List job templates, in the order of their ids",
    responses=documented(422),
)
def list_job_templates(
    session: ReadingSession,
    after: After = None,
    limit: PageLimit = 50,
) -> JobTemplatePage:
    page, following = TEMPLATES.page(session, after, limit)
    return JobTemplatePage(job_templates=page, next=following)


@router.get(
    "/job-templates/{template_id}", summary="Read a job template", responses=documented(404, 422)
)
def read_job_template(template_id: Code, session: ReadingSession) -> TemplateOut:
    return TEMPLATES.read(session, template_id)


@router.delete(
    "/job-templates/{template_id}",
    status_code=204,
    summary="Remove a job template that nothing refers to",
    responses=documented(404, 409, 422),
)
def remove_job_template(template_id: Code, session: WritingSession, actor: Actor) -> None:
    TEMPLATES.remove(session, template_id, actor=actor)


@router.put(
    "/alert-rules/{rule_id}",
    summary="Keep an alert rule",
    dependencies=[Depends(json_only)],
    responses={
        201: {"model": RuleOut, "description": "It is new."},
        **documented(*WITH_BODY, 409),
    },
)
def put_alert_rule(
    rule_id: Code,
    content: Annotated[RuleContent, Body(openapi_examples=RULE_EXAMPLES)],
    session: WritingSession,
    actor: Actor,
    response: Response,
) -> RuleOut:
    """In place of what is kept under this id; the same again changes nothing."""
    kept, is_new = RULES.put(session, rule_id, content, actor=actor)
    if is_new:
        response.status_code = 201
    return kept


@router.get(
    "/alert-rules", summary="List alert rules, in the order of their ids", responses=documented(422)
)
def list_alert_rules(
    session: ReadingSession,
    after: After = None,
    limit: PageLimit = 50,
) -> AlertRulePage:
    page, following = RULES.page(session, after, limit)
    return AlertRulePage(alert_rules=page, next=following)


@router.get("/alert-rules/{rule_id}", summary="Read an alert rule", responses=documented(404, 422))
def read_alert_rule(rule_id: Code, session: ReadingSession) -> RuleOut:
    return RULES.read(session, rule_id)


@router.delete(
    "/alert-rules/{rule_id}",
    status_code=204,
    summary="Remove an alert rule that nothing refers to",
    responses=documented(404, 409, 422),
)
def remove_alert_rule(rule_id: Code, session: WritingSession, actor: Actor) -> None:
    RULES.remove(session, rule_id, actor=actor)
