"""The tables, which are the domain: what a service company has, plans and does.

Ids of master data and jobs are the company's own codes, the same in tables, files, JSON and
solver. Table classes do not validate; what comes from outside passes through the models of
``dispatch/intake.py`` first. Moments are aware datetimes (``…_at``), kept in UTC; opening and
working hours are local clock times in the company's time zone.
"""

from dispatch.models.accounts import Account, ApiKey, Role, SignIn
from dispatch.models.alerts import (
    AlarmState,
    Alert,
    AlertFormat,
    AlertOutcome,
    AlertRule,
    AlertSource,
    Asset,
    BodyKept,
    DeadLetter,
    DeadLetterState,
    Device,
    DeviceName,
    JobTask,
    JobTemplate,
    PlaceWhen,
    Severity,
    WindowPolicy,
)
from dispatch.models.attachments import Attachment, AttachmentKind
from dispatch.models.base import is_one_of, now
from dispatch.models.calendars import CalendarEntry, CalendarLink
from dispatch.models.company import (
    Absence,
    Depot,
    DepotStock,
    DepotTool,
    GeocodedAddress,
    LocatedBy,
    OpeningHours,
    Part,
    Site,
    Skill,
    Technician,
    TechnicianSkill,
    TechnicianTerritory,
    Tool,
    TravelLeg,
    VanStock,
    VanTool,
    WeeklyBreak,
    WorkingHours,
)
from dispatch.models.jobs import (
    ENDS,
    OVER,
    PLANNABLE,
    SET_ASIDE,
    IdempotencyKey,
    Job,
    JobPart,
    JobSkill,
    JobStatus,
    JobTechnician,
    JobTool,
    JobWindow,
    Obstacle,
    Position,
    Priority,
    Report,
    ReportKind,
    Wish,
)
from dispatch.models.links import JobLink, JobLinkMember, LinkKind
from dispatch.models.movements import Holder, Movement, MovementCause, StockTransfer
from dispatch.models.plans import (
    AT_WORK,
    ManualChange,
    ManualChangeJob,
    Placement,
    PlacementStatus,
    Plan,
    PlanStatus,
    PlanUnassigned,
    Route,
    Run,
    RunStatus,
    Stop,
    Waiver,
)
from dispatch.models.push import PushMessage, PushSource, PushSubscription
from dispatch.models.records import Firing, LogEntry, LogStart
from dispatch.models.search import Findable, SearchText
from dispatch.models.webhooks import DeliveryStatus, Webhook, WebhookDelivery
