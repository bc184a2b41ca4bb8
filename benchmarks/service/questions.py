"""Every GET that the service lists, asked of a made-up past, with each filter that it has."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, func, select

from benchmarks.service.past import WAITING_JOB, Past, job_id
from dispatch.access.keys import NewKey, create_key
from dispatch.jobs.links import LINKS, JobLinkContent
from dispatch.models import Account, LinkKind, Placement, PlacementStatus, Plan, PlanStatus, Role
from dispatch.views.calendar_links import make_link

NOT_ASKED = {
    "read_own_account": "is for people who have signed in, and reads one row by its key",
    "read_push_subscription": "likewise",
    "read_attachment": "reads one row by its key, and a file",
    "read_session": "is for people who have signed in, and reads one row by its key",
    "watch_events": "is a stream, which has no end; the feed's own look is asked for",
}
"""Operations that are left out, and why."""


@dataclass(frozen=True, slots=True)
class Question:
    operation: str
    path: str


@dataclass(frozen=True, slots=True)
class Questions:
    """What can be asked with the key."""

    key: str
    all: tuple[Question, ...]


def questions_of(engine: Engine, past: Past, today: date) -> Questions:
    """The questions, once there is what they need: a key, an account, a calendar link, and a job
    that no place was found for."""
    with Session(engine) as session:
        new = NewKey(name="year", role=Role.ADMINISTRATOR, requests_per_minute=1_000_000)
        key = create_key(session, new, actor="year")
        lan = Account(id="lan", name="Lan", role=Role.DISPATCHER, password_hash="")
        session.add(lan)
        _, token = make_link(session, "T001", actor="year")
        crew = JobLinkContent(kind=LinkKind.APART, job_ids=[job_id(today), WAITING_JOB])
        LINKS.put(session, "L1", crew, actor="year")
        in_vain = PlacementStatus.NO_PLACE
        session.add(
            Placement(job_id=WAITING_JOB, trigger="new_job", asked_by="lan", status=in_vain)
        )
        session.commit()
        draft = session.exec(select(func.max(Plan.id)).where(Plan.status == PlanStatus.DRAFT)).one()
    listed = _paths(today, today - timedelta(days=past.days // 2), token, draft)
    found = (Question(name, path) for name, paths in listed.items() for path in paths)
    return Questions(key.key, tuple(found))


def _paths(today: date, earlier: date, token: str, draft: int | None) -> dict[str, tuple[str, ...]]:
    job, waiting = job_id(today), WAITING_JOB
    return {
        "read_board": (f"/board/{today}", f"/board/{earlier}", f"/board/{today}?days=3"),
        "read_board_as_workbook": (f"/board/{today}.xlsx", f"/board/{today}.xlsx?days=3"),
        "read_site": ("/sites/S00001",),
        "list_jobs": (
            "/jobs",
            f"/jobs?after={job}",
            *(f"/jobs?status={status}" for status in ("open", "completed", "on_hold")),
            "/jobs?territory=north",
            *(f"/jobs?priority={priority}" for priority in ("normal", "emergency")),
            f"/jobs?day={today}",
            f"/jobs?day={earlier}",
            f"/jobs?day={today + timedelta(days=90)}",
            *(f"/jobs?needs_location={value}" for value in ("true", "false")),
            *(f"/jobs?unassigned={value}" for value in ("true", "false")),
            f"/jobs?day={today}&unassigned=true",
            f"/jobs?day={today}&status=dispatched&territory=south",
        ),
        "find_anything": (
            "/search?q=S00012",
            "/search?q=job&kind=job",
            f"/search?q={job}",
            "/search?q=09+12+34+56+78",
            "/search?q=site&kind=site&after=20",
        ),
        "read_backlog": (
            "/backlog",
            *(f"/backlog?state={state}" for state in ("open", "unassigned", "on_hold")),
            "/backlog?priority=normal&territory=north&sort=due",
            f"/backlog?due_by={today}&sort=priority&descending=true",
        ),
        "read_job": (f"/jobs/{job}",),
        "list_job_links": ("/job-links", f"/job-links?job_id={waiting}"),
        "read_job_link": ("/job-links/L1",),
        "read_job_history": (f"/jobs/{job}/history", f"/jobs/{job}/history?same_asset=true"),
        "list_reports": (f"/jobs/{job_id(earlier)}/reports",),
        "list_attachments": (f"/jobs/{job_id(earlier)}/attachments",),
        "list_place_options": (f"/jobs/{waiting}/options",),
        "list_alternatives": (f"/jobs/{job}/alternatives",),
        "list_gap_fillers": (
            f"/plan-changes/gaps?technician_id=T001"
            f"&from_at={today}T06:00:00Z&until_at={today}T08:00:00Z",
        ),
        "explain_unassigned": (f"/jobs/{waiting}/why-not",),
        "find_sites": ("/sites?search=S00012", "/sites?search=Site"),
        "list_placements": (
            "/placements",
            *(f"/placements?status={status}" for status in ("waiting", "placed", "no_place")),
            f"/placements?job_id={job}",
        ),
        "list_plans": ("/plans", "/plans?after=100"),
        "read_plan": (f"/plans/{draft}",),
        "list_plan_changes": (f"/plans/{draft}/changes",),
        "compare_plans": (f"/plans/{draft}/comparison?with=1",),
        "list_runs": ("/runs", "/runs?status=failed", "/runs?status=finished&after=run-9"),
        "read_run": ("/runs/run-1",),
        "list_technicians": ("/technicians",),
        "list_depots": ("/depots",),
        "read_depot": ("/depots/D1",),
        "read_route": (f"/technicians/T001/routes/{today}", f"/technicians/T001/routes/{earlier}"),
        "read_route_as_calendar": (f"/technicians/T001/routes/{today}.ics",),
        "read_route_as_geojson": (f"/technicians/T001/routes/{today}.geojson",),
        "list_absences": ("/technicians/T001/absences",),
        "find_parts": ("/parts", "/parts?search=fil"),
        "read_van": ("/technicians/T001/stock",),
        "find_part_sources": (
            "/technicians/T001/parts/filter/sources",
            "/technicians/T001/parts/filter/sources?everywhere=true",
        ),
        "read_calendar_link": ("/technicians/T001/calendar-link",),
        "read_calendar": (f"/calendars/{token}.ics",),
        "list_ended_visits": (
            f"/ended-visits?day={earlier}",
            f"/ended-visits?day={earlier}&status=cannot_complete",
            f"/ended-visits?day={earlier}&days=7",
        ),
        "list_late_visits": ("/late-visits", f"/late-visits?day={earlier}"),
        "list_alerts": (
            "/alerts",
            "/alerts?after=100",
            *(f"/alerts?state={state}" for state in ("unacknowledged", "returned_to_normal")),
            *(f"/alerts?outcome={outcome}" for outcome in ("received", "cleared")),
            "/alerts?source_id=scada",
            "/alerts?source_id=unknown",
            "/alerts?device_id=VS00002",
            "/alerts?site_id=S00002",
            f"/alerts?job_id={job}",
        ),
        "read_alert": ("/alerts/1",),
        "list_dead_letters": ("/dead-letters", "/dead-letters?state=waiting"),
        "read_dead_letter": ("/dead-letters/1",),
        "list_issues": ("/issues",),
        "list_repairs": (f"/issues/no_place:{waiting}/repairs",),
        "list_alert_sources": ("/alert-sources",),
        "read_alert_source": ("/alert-sources/scada",),
        "list_job_templates": ("/job-templates",),
        "read_job_template": ("/job-templates/fault",),
        "list_alert_rules": ("/alert-rules",),
        "read_alert_rule": ("/alert-rules/all",),
        "list_assets": ("/assets", "/assets?site_id=S00002"),
        "read_asset": ("/assets/AS00002",),
        "list_devices": ("/devices", "/devices?asset_id=AS00002"),
        "read_device": ("/devices/VS00002",),
        "list_accounts": ("/accounts",),
        "read_account": ("/accounts/lan",),
        "list_keys": ("/keys",),
        "read_log": (
            "/log",
            "/log?entity=job",
            "/log?entity=absence",
            f"/log?entity=job&id={job}",
            "/log?actor=lan",
            "/log?actor=nobody",
        ),
        "list_webhooks": ("/webhooks",),
        "read_webhook": ("/webhooks/hook",),
        "list_deliveries": (
            "/webhooks/hook/deliveries",
            *(f"/webhooks/hook/deliveries?status={one}" for one in ("waiting", "dead")),
        ),
        "read_health": ("/health",),
        "read_readiness": ("/ready",),
    }
