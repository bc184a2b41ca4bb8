"""What is made of alerts, over HTTP: their sources, the rules, and templates of jobs."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from api.http.dependencies import GivenSettings, ReadingSession
from api.http.problems import documented
from api.http.registers import add_operations
from dispatch.alerts.dry_run import DryRun, DryRunRequest, dry_run
from dispatch.alerts.rules import RULES, TEMPLATES
from dispatch.alerts.sources import SOURCES

router = APIRouter(tags=["alert rules"])

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
            "checklist": ["Ngắt điện trước khi mở máy", "Vệ sinh dàn nóng"],
            "readings": [{"name": "Áp suất gas", "unit": "bar", "least": 2, "most": 8}],
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


@router.post(
    "/alert-rules/dry-run",
    summary="Try rules on past alerts",
    responses=documented(),
)
def try_alert_rules(
    trial: Annotated[DryRunRequest, Body(openapi_examples=DRY_RUNS)],
    session: ReadingSession,
    settings: GivenSettings,
) -> DryRun:
    """What would have become of each, as if nobody had worked on the jobs. Nothing is changed."""
    return dry_run(session, trial, settings)


add_operations(router, SOURCES, SOURCE_EXAMPLES)
add_operations(router, TEMPLATES, TEMPLATE_EXAMPLES)
add_operations(router, RULES, RULE_EXAMPLES)
