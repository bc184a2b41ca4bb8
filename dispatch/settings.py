"""Everything that differs between installations, read from ``DISPATCH_…`` variables."""

import re
from dataclasses import fields, replace
from datetime import time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url

from dispatch.calendar_texts import Language
from dispatch.cores import available_cores
from dispatch.models import Priority
from dispatch.weakness import weakness
from solver.objective import Objective

DEFAULT_OBJECTIVE = Objective(
    lateness=1_000,
    lateness_factors=(1, 3, 5, 10, 20),
    promptness=(0, 0, 0, 300, 20_000),
    working_time=2_800,
    distance=300,
    overtime=2_800,
    shift_use=5_000_000,
    not_preferred=3_000_000,
    over_skilled=500_000,
    changed_technician=2_000_000,
    moved_time=300,
    moved_time_tolerance=900,
    told_factor=3,
    imbalance=200,
)
"""In hundredths of a dong: a working hour is about 100,000 dong, a kilometre 3,000. What the prices
of time outweigh is worked out in docs/configuration.md."""

SHORTEST_SECRET = 32


WILD = ("+", "+device")
"""What a level of an MQTT topic may be, besides its name."""


def _known_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"no time zone is called {name!r}; use one like Asia/Tokyo") from error
    return name


Kept = Annotated[int | None, Field(ge=1, le=36_500)]


class Settings(BaseSettings):
    """Installation-wide settings; a wrong one stops the program with its name and cause."""

    model_config = SettingsConfigDict(
        env_prefix="DISPATCH_", env_parse_none_str="null", frozen=True
    )

    database_url: str = "sqlite:///dispatch.db"
    """``sqlite:///file`` or ``postgresql+psycopg://…``."""
    time_zone: Annotated[str, AfterValidator(_known_time_zone)] = "Asia/Ho_Chi_Minh"
    create_database: bool | None = None
    """Whether a database that is not there, or is empty, is made at a start (null: a SQLite file,
    unless there was one before, and PostgreSQL's tables)."""
    language: Language = "vi"
    """In which calendars are written whose readers have not chosen."""
    public_url: str | None = None
    """Where the service is reached from outside, like ``https://dispatch.example``; links that are
    handed out begin with it."""
    speed_kmh: float = Field(default=24.0, gt=0)
    """Average road speed for estimated travel."""
    detour_factor: float = Field(default=1.3, ge=1)
    """Road distance over straight-line distance."""
    service_area: tuple[float, float, float, float] | None = (8.0, 102.0, 23.5, 110.0)
    """South, west, north and east edge in degrees; coordinates outside are refused (null: none)."""
    geocoder: Literal["off", "nominatim", "photon", "arcgis"] = "off"
    """Whom to ask for coordinates of addresses that came without."""
    geocoder_domain: str | None = None
    """A host of one's own instead of the provider's public one."""
    geocoder_seconds_between_requests: float = Field(default=1.0, ge=0)
    nightly_plan_at: time | None = None
    """Local time at which the next day is planned; not set: never."""
    replan_every_minutes: float | None = Field(default=None, gt=0)
    """How often, at most, the running day is planned again by itself when something has happened;
    not set: never."""
    replan_seconds: float = Field(default=5.0, gt=0)
    """Solving time of such a plan."""
    plan_seconds: float = Field(default=10.0, gt=0)
    """Solving time of a run that does not ask for its own."""
    freeze_minutes: float = Field(default=30.0, ge=0)
    """What should start so soon is left alone by plans for the running day."""
    missed_after_hours: float | None = Field(default=2.0, ge=0)
    """So long after a shift, visits on which its technician has not reported count as missed, if
    others were reported: their jobs wait for a place again (null: never)."""
    small_change_jobs: int = Field(default=5, ge=0)
    """A plan that moves so many jobs at most, and none that was promised, is a small change."""
    late_after_minutes: float = Field(default=1.0, ge=0)
    """A visit that will miss its time by no more is not shown as late, and a change by hand that
    makes it miss its time by no more than before, or than this, needs no override."""
    place_at_once: Priority | None = Priority.URGENT
    """New jobs of this priority or above are put into the plan in force at once (null: none)."""
    place_days: int = Field(default=3, ge=1, le=31)
    """So many days, today being the first, are looked at for a job that is to be placed at once."""
    bump_for: Priority | None = Priority.EMERGENCY
    """Jobs of this priority or above may take the place of less important ones (null: none)."""
    solver_processes: int = Field(default=1, ge=0)
    """Runs solved at the same time by the service; 0 leaves them to other processes."""
    solver_cores: int | None = Field(default=None, ge=1)
    """Processor cores that a run uses; None: those there are, shared out among the processes."""
    solves_at_once: int = Field(default=2, ge=1)
    """Problems that others send to be solved (``POST /solve``) and that are solved at the same
    time, each on one processor core."""
    solve_seconds: float = Field(default=60.0, gt=0)
    """The longest that such a problem may take."""
    solve_bytes: int = Field(default=20_000_000, ge=1)
    """The largest that such a problem may be, as JSON."""
    solve_places: int = Field(default=2_000, ge=1)
    """Most visits, most shifts and most locations that it may have."""
    runs_waiting: int = Field(default=10, ge=1)
    """So many runs that one user has asked for may wait to be solved."""
    heartbeat_timeout_seconds: float = Field(default=15.0, gt=0)
    """A running run that was silent for longer is taken for dead."""
    secret: SecretStr | None = None
    """With what the service signs tokens; it does not start without."""
    token_minutes: int = Field(default=15, ge=1, le=24 * 60)
    """For so long a token is valid; then it has to be renewed."""
    sign_in_days: int = Field(default=30, ge=1, le=366)
    """Who does not renew for so long has to sign in again."""
    currency: str = Field(default="VND", pattern="^[A-Z]{3}$")
    """ISO 4217, as the pages show it; amounts of money are in hundredths of it."""
    tile_url: str | None = None
    """Where the pages' map has its pictures from, like ``https://tile.example/{z}/{x}/{y}.png``;
    not set: routes are drawn on a plain ground."""
    requests_per_minute: int = Field(default=6000, ge=1)
    """Most requests of one account or key."""
    alerts_per_minute: int = Field(default=6000, ge=1)
    """The same for keys of integrations."""
    webhook_private_targets: bool = False
    """Whether webhooks may go to addresses that the internet does not reach, such as 10.0.0.5."""
    webhook_timeout_seconds: float = Field(default=10.0, gt=0, le=20)
    """For one attempt, from the look-up of the name to the answer's status."""
    webhook_retry_seconds: tuple[float, ...] = (
        5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400
    )  # fmt: skip
    """Waits between attempts, each a fifth more or less; after the last one it is given up."""
    push_contact: str | None = Field(
        default=None, pattern=r"^(mailto:[^@\s]+@[^@\s]+|https://\S+)$"
    )
    """Whom push services turn to about what the service sends to technicians' devices:
    ``mailto:somebody@dispatch.example`` or ``https://…``. Not set: ``public_url`` if that is HTTPS;
    with neither, devices are told nothing."""
    push_private_targets: bool = False
    """Whether devices may name push services that the internet does not reach, over HTTP too."""
    attachments: Path | None = None
    """The folder in which photos and signatures are kept; all services on a database share it. Not
    set: beside a SQLite database, or ``attachments`` where the service was started."""
    attachment_bytes: int = Field(default=10_000_000, ge=1_000)
    """The largest picture that is taken in."""
    attachments_per_job: int = Field(default=30, ge=1, le=1_000)
    """Most of them that a job may have."""
    keep_attachments_days: Kept = 1_095
    """So long photos and signatures of jobs that are over are kept; of all ``keep_…``, null: for
    ever."""
    keep_drafts_days: Kept = 90
    """So long after its making, and after the last of its days, a plan that was never published is
    kept, be it a draft or discarded."""
    keep_runs_days: Kept = 90
    """The same for runs that are over and whose plan is gone, or that have none."""
    keep_alerts_days: Annotated[Kept, Field(ge=7)] = 400
    """So long alerts are kept that are over, if nothing is to be done about them any more."""
    keep_dead_letters_days: Kept = 90
    """The same for dead letters that are settled."""
    keep_placements_days: Kept = 90
    """The same for wishes for a place whose jobs are over."""
    keep_idempotency_keys_days: Kept = 90
    """For so long a creation may be sent again with its key."""
    keep_deliveries_days: Annotated[Kept, Field(ge=7)] = 30
    """For so long it is known what webhooks were sent."""
    keep_log_days: Annotated[Kept, Field(ge=31)] = None
    """For so long the log of changes goes back."""
    mqtt_url: SecretStr | None = None
    """``mqtt://user:password@host:port`` or ``mqtts://…`` of a broker that passes on alerts."""
    mqtt_client_id: str = Field(default="field-service-dispatch", min_length=1, max_length=200)
    """One for each database; the broker keeps what comes for it while nobody is there."""
    mqtt_topics: dict[str, str] = Field(default={"alerts/+device": ""}, min_length=1)
    """Sources of alerts ("": none, our own form) by topics, in which ``+device`` stands for one
    level and ``#device`` for all the rest, and names the device; a JSON object."""
    weights: dict[str, int | tuple[int, ...]] = Field(default_factory=dict)
    """Weights of the objective that differ from ``DEFAULT_OBJECTIVE``, as a JSON object; a list has
    one number for each priority, lowest first, or none."""

    @cached_property
    def objective(self) -> Objective:
        changes: dict[str, Any] = dict(self.weights)
        return replace(DEFAULT_OBJECTIVE, **changes)

    @property
    def push_subject(self) -> str | None:
        """Who the service is to push services; None: it has nothing to do with them."""
        if self.push_contact is not None:
            return self.push_contact
        is_public = self.public_url is not None and self.public_url.startswith("https:")
        return self.public_url if is_public else None

    @property
    def attachments_folder(self) -> Path:
        if self.attachments is not None:
            return self.attachments
        address = make_url(self.database_url)
        if address.get_backend_name() != "sqlite":
            return Path("attachments")
        file = Path(address.database or "dispatch.db")
        return file.with_name(f"{file.stem}-attachments")

    @property
    def freeze(self) -> timedelta:
        return timedelta(minutes=self.freeze_minutes)

    @property
    def late_after(self) -> timedelta:
        return timedelta(minutes=self.late_after_minutes)

    @property
    def late_after_seconds(self) -> int:
        return int(self.late_after.total_seconds())

    @property
    def cores_for_a_run(self) -> int:
        """Processor cores that a run uses on this machine, at least 1."""
        shared_out = available_cores() // max(1, self.solver_processes)
        return self.solver_cores or max(1, shared_out)

    @field_validator("service_area")
    @classmethod
    def _edges_in_order(
        cls, area: tuple[float, float, float, float] | None
    ) -> tuple[float, float, float, float] | None:
        if area is not None:
            south, west, north, east = area
            if not (-90 <= south < north <= 90 and -180 <= west < east <= 180):
                raise ValueError("must be south, west, north, east in degrees, south below north")
        return area

    @field_validator("secret")
    @classmethod
    def _hard_to_guess(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            cause = weakness(secret.get_secret_value(), SHORTEST_SECRET)
            if cause is not None:
                raise ValueError(f"{cause}; take what openssl rand -hex 32 prints")
        return secret

    @field_validator("public_url")
    @classmethod
    def _of_the_service(cls, url: str | None) -> str | None:
        if url is None:
            return None
        pattern = r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(/[\w.~/-]*)?"
        if not re.fullmatch(pattern, url, re.ASCII):
            raise ValueError("must be like https://dispatch.example, without ? and #")
        return url.rstrip("/")

    @field_validator("tile_url")
    @classmethod
    def _of_tiles(cls, url: str | None) -> str | None:
        if url is not None:
            host = r"https?://[A-Za-z0-9.-]+(:\d+)?"
            if not re.fullmatch(rf"({host})?/[^\s\"'<>;,]*", url) or url.startswith("//"):
                raise ValueError("must be like https://tile.example/{z}/{x}/{y}.png")
            if not all(part in url for part in ("{z}", "{x}", "{y}")):
                raise ValueError("must have {z}, {x} and {y}, which become zoom, column and row")
        return url

    @field_validator("mqtt_url")
    @classmethod
    def _of_a_broker(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            try:
                parts = urlsplit(url.get_secret_value())
                is_one = parts.scheme in ("mqtt", "mqtts") and parts.hostname and parts.port != 0
            except ValueError:
                # Brackets without an address in them, or a port that is no number up to 65535.
                is_one = False
            if not is_one:
                raise ValueError("must be like mqtt://user:password@host:1883, or mqtts://…")
        return url

    @field_validator("mqtt_topics")
    @classmethod
    def _topic_patterns(cls, topics: dict[str, str]) -> dict[str, str]:
        for pattern in topics:
            *others, last = pattern.split("/")
            wild = [one for one in others if re.search(r"[+#]", one) and one not in WILD]
            if re.match(r"\$share(/|$)", pattern) and not re.match(r"\$share/[^/]+/.", pattern):
                raise ValueError(f"{pattern!r} is no topic; write it like $share/group/alerts/#")
            if wild or (re.search(r"[+#]", last) and last not in (*WILD, "#", "#device")):
                raise ValueError(f"{pattern!r} is no topic; write it like devices/+device/alerts")
        return topics

    @field_validator("weights")
    @classmethod
    def _known_weights(
        cls, weights: dict[str, int | tuple[int, ...]]
    ) -> dict[str, int | tuple[int, ...]]:
        known = {field.name for field in fields(Objective)} - {"unassigned"}
        unknown = sorted(weights.keys() - known)
        if unknown:
            raise ValueError(f"unknown weights {unknown}; known are {sorted(known)}")
        for name, value in weights.items():
            if not isinstance(getattr(DEFAULT_OBJECTIVE, name), tuple):
                if isinstance(value, tuple):
                    raise ValueError(f"{name} must be a number")
            elif not isinstance(value, tuple) or len(value) not in (0, len(Priority)):
                ranks = ", ".join(Priority)
                raise ValueError(f"{name} must be a list with a number for each of {ranks}, or []")
        return weights

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
