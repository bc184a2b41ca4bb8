"""What may come in: models that check every value before it reaches a table.

Unknown fields are refused, times need an offset, texts are cleaned (``dispatch.texts``), numbers
are not read from texts. ``dispatch.input_faults`` says what pydantic found as the domain's faults.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    create_model,
    field_validator,
)
from pydantic_core import PydanticCustomError

from dispatch.coordinates import Latitude, Longitude, check_coordinates
from dispatch.models import OVER, JobStatus, Priority
from dispatch.texts import cleaned


def clean(value: object) -> object:
    """Clean a text; controls and lone surrogates break files and databases, and are refused."""
    if not isinstance(value, str):
        return value
    value = cleaned(value)
    bad = next((c for c in value if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")), None)
    if bad is not None:
        raise PydanticCustomError(
            "control_character",
            "contains the control character {character}",
            {"character": f"U+{ord(bad):04X}", "action": "remove it"},
        )
    return value


def _looks_like_a_moment(value: object) -> object:
    """Pydantic alone would also take numbers and bare dates."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d", value):
        return value
    raise PydanticCustomError(
        "datetime_format",
        "is not a date with a time and an offset",
        {"action": "write it like 2026-11-23T08:00:00+07:00"},
    )


def _looks_like_a_day(value: object) -> object:
    """Pydantic alone would also take numbers, as time stamps, and moments."""
    if type(value) is date or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)):
        return value
    raise PydanticCustomError(
        "date_format", "is not a date", {"action": "write it like 2026-11-23"}
    )


def _in_range(value: date) -> date:
    """Every moment of such a day is within what clocks and databases hold."""
    if not 2000 <= value.year < 2200:
        raise PydanticCustomError(
            "date_range",
            "lies in the year {year}",
            {"year": value.year, "action": "give a year from 2000 to 2199"},
        )
    return value


def _in_utc(value: datetime) -> datetime:
    """The years are those of UTC: files give the same moment in another zone, and come back."""
    if 1999 <= value.year <= 2200:
        value = value.astimezone(UTC)
    if not 2000 <= value.year < 2200:
        raise PydanticCustomError(
            "datetime_range",
            "lies in the year {year}",
            {"year": value.year, "action": "give a year from 2000 to 2199, in UTC"},
        )
    return value


def _whole_second_before(value: datetime) -> datetime:
    return value.replace(microsecond=0)


def _whole_second_after(value: datetime) -> datetime:
    return _whole_second_before(value + timedelta(microseconds=999_999))


def _is_zoneless(value: time) -> time:
    if value.tzinfo is not None:
        raise PydanticCustomError(
            "time_with_offset",
            "has an offset",
            {"action": "give the local time of day, like 08:00"},
        )
    return value


def name_of(value: Any) -> str:
    """The id that a list's entry is about: the entry itself, or its first field."""
    return str(value if isinstance(value, str) else next(iter(dict(value).values())))


def named_once(values: list[Any]) -> list[Any]:
    """The values in their order; none is named twice."""
    repeated = [name for name, times in Counter(map(name_of, values)).items() if times > 1]
    if repeated:
        raise PydanticCustomError(
            "duplicate",
            "names {repeated} more than once",
            {"repeated": ", ".join(repeated), "action": "name it once"},
        )
    return values


def not_below(most: float | None, least: float | None, name: str) -> None:
    """Refuse a larger limit that is less than the smaller one, which has that name."""
    if most is not None and least is not None and most < least:
        remedy = {"action": "give a larger number, or swap the two"}
        raise PydanticCustomError("least_above_most", f"is less than {name}", remedy)


def _without_repetition(values: list[Any]) -> list[Any]:
    """The values in the order of their names; their order means nothing."""
    return sorted(named_once(values), key=name_of)


Code = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=40),
    BeforeValidator(clean),
]
"""An id: up to 40 letters, digits, dots, dashes and underscores."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(clean)]
Territory = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern="^[^;]*$"),
    BeforeValidator(clean),
]
"""Free of the sign that separates territories in files."""
LongText = Annotated[str, StringConstraints(min_length=1, max_length=2000), BeforeValidator(clean)]
Moment = Annotated[AwareDatetime, BeforeValidator(_looks_like_a_moment), AfterValidator(_in_utc)]
"""A point in time with an offset, kept in UTC."""
FromSecond = Annotated[Moment, AfterValidator(_whole_second_before)]
ToSecond = Annotated[Moment, AfterValidator(_whole_second_after), AfterValidator(_in_utc)]
"""Of a span that covers whole seconds, as plans have them; in a year that files may name, too."""
Day = Annotated[date, BeforeValidator(_looks_like_a_day), AfterValidator(_in_range)]
"""A local day."""
ClockTime = Annotated[time, AfterValidator(_is_zoneless)]
Weekday = Annotated[int, Field(strict=True, ge=0, le=6)]
Minutes = Annotated[int, Field(strict=True, ge=0, le=24 * 60)]
SomeMinutes = Annotated[int, Field(strict=True, ge=1, le=24 * 60)]
Level = Annotated[int, Field(strict=True, ge=1, le=100)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
FiniteNumber = Annotated[float, Field(strict=True, allow_inf_nan=False)]
MOST_READINGS = 100
Readings = Annotated[dict[Text, FiniteNumber], Field(max_length=MOST_READINGS)]
"""What meters and sensors say, by their names."""
WindowPrice = Annotated[int, Field(strict=True, ge=0, le=100_000_000)]
StockQuantity = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Territories = Annotated[list[Territory], Field(max_length=200), AfterValidator(_without_repetition)]
Codes = Annotated[list[Code], Field(max_length=200), AfterValidator(_without_repetition)]


End = TypeVar("End", datetime, date, time)


def not_before(end: End, info: ValidationInfo, start: str) -> End:
    if start in info.data and end < info.data[start]:
        raise PydanticCustomError(
            "ends_before_it_starts",
            "comes before {start}",
            {"start": start, "action": "give a later one, or swap the two"},
        )
    return end


def later_than(end: End, info: ValidationInfo, start: str) -> End:
    if info.data.get(start) == end:
        raise PydanticCustomError(
            "empty_span", "is the moment at which it starts", {"action": "give a later one"}
        )
    return not_before(end, info, start)


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Window(Input):
    """Service starts from ``starts_at`` to ``ends_at``, both included."""

    starts_at: Moment
    ends_at: Moment
    price: WindowPrice = 0
    """What it costs to start in it, in units of the currency."""

    @field_validator("ends_at")
    @classmethod
    def _in_order(cls, ends_at: datetime, info: ValidationInfo) -> datetime:
        return not_before(ends_at, info, "starts_at")


def _disjoint(windows: list[Window]) -> list[Window]:
    """In order. One may end where the next begins if they have different prices: the moment has the
    lower one."""
    ordered = sorted(windows, key=lambda window: (window.starts_at, window.ends_at))
    for earlier, later in pairwise(ordered):
        is_one = earlier.price == later.price or earlier.starts_at == later.starts_at
        if later.starts_at < earlier.ends_at or (later.starts_at == earlier.ends_at and is_one):
            raise PydanticCustomError(
                "overlapping_windows",
                "the windows from {earlier} and from {later} overlap",
                {
                    "earlier": earlier.starts_at.isoformat(),
                    "later": later.starts_at.isoformat(),
                    "action": "join them into one, or let the first end before the second begins",
                },
            )
    return ordered


class SkillLevel(Input):
    skill_id: Code
    level: Level = 1


class HeldSkill(SkillLevel):
    expires_on: Day | None = None


class PartQuantity(Input):
    part_id: Code
    quantity: Quantity = 1


class LentTool(Input):
    """A tool that a depot lends, and how many it has of it; 0 where all are away."""

    tool_id: Code
    number: StockQuantity = 1


Windows = Annotated[list[Window], Field(max_length=100), AfterValidator(_disjoint)]
SkillLevels = Annotated[
    list[SkillLevel], Field(max_length=100), AfterValidator(_without_repetition)
]
HeldSkills = Annotated[list[HeldSkill], Field(max_length=200), AfterValidator(_without_repetition)]
PartQuantities = Annotated[
    list[PartQuantity], Field(max_length=200), AfterValidator(_without_repetition)
]
LentTools = Annotated[list[LentTool], Field(max_length=200), AfterValidator(_without_repetition)]


# Jobs


class NewSite(Input):
    """A customer's place; without coordinates it needs a location before it can be planned."""

    id: Code | None = None
    name: Text
    address: LongText
    latitude: Latitude | None = None
    longitude: Annotated[Longitude | None, Field(validate_default=True)] = None
    territory: Territory | None = None
    phone: Text | None = None
    access_minutes: Minutes = 0
    """From the road to the door (parking, gate, lift): spent once before service, wherever the stop
    before is elsewhere."""

    _coordinates = field_validator("longitude")(check_coordinates)


class JobContent(Input):
    """A job as it may be kept: an override can have pinned it to somebody whom it does not want."""

    id: Code | None = None
    site_id: Code | None = None
    site: Annotated[NewSite | None, Field(validate_default=True)] = None
    title: Text
    asset_id: Code | None = None
    """The machine that it is about; it is at the job's site."""
    work_type_id: Code | None = None
    """The job template that it was made from."""
    contact_name: Text | None = None
    """Whom to ask for there."""
    contact_phone: Text | None = None
    note: LongText | None = None
    """For whoever goes there."""
    hold_reason: Text | None = None
    """Given: the job waits and is not planned."""
    hold_until: Day | None = None
    """The local day until which it waits, as far as is known; it stays on hold after it too."""
    priority: Priority = Priority.NORMAL
    duration_minutes: SomeMinutes
    due_at: Moment | None = None
    told_at: Moment | None = None
    windows: Windows = []
    skills: SkillLevels = []
    parts: PartQuantities = []
    tools: Codes = []
    preferred: Codes = []
    allowed: Codes = []
    forbidden: Codes = []
    pinned_technician_id: Code | None = None
    pinned_start_at: Moment | None = None

    @field_validator("site")
    @classmethod
    def _one_site(cls, site: NewSite | None, info: ValidationInfo) -> NewSite | None:
        if "site_id" in info.data and (site is None) == (info.data["site_id"] is None):
            raise PydanticCustomError(
                "site_or_site_id",
                "a job has one site",
                {"action": "give either site_id or site"},
            )
        return site

    @field_validator("hold_until")
    @classmethod
    def _waits_for_something(cls, until: date | None, info: ValidationInfo) -> date | None:
        if until is not None and info.data.get("hold_reason", "") is None:
            raise PydanticCustomError(
                "hold_without_reason",
                "a job that is not on hold waits until no day",
                {"action": "give hold_reason too"},
            )
        return until

    @field_validator("forbidden")
    @classmethod
    def _not_wished_for(cls, forbidden: list[str], info: ValidationInfo) -> list[str]:
        for wish in ("preferred", "allowed"):
            _refuse_contradiction(set(forbidden) & set(info.data.get(wish, ())), wish)
        return forbidden

    @field_validator("pinned_start_at")
    @classmethod
    def _pinned_to_someone(cls, start_at: datetime | None, info: ValidationInfo) -> datetime | None:
        if start_at is not None and info.data.get("pinned_technician_id", "") is None:
            raise PydanticCustomError(
                "pin_without_technician",
                "a start time cannot be pinned without a technician",
                {"action": "give pinned_technician_id too"},
            )
        return start_at


class NewJob(JobContent):
    """A job as a client describes it, at a known site (``site_id``) or a new one (``site``)."""

    @field_validator("pinned_technician_id")
    @classmethod
    def _may_do_it(cls, technician: str | None, info: ValidationInfo) -> str | None:
        if technician is not None:
            _refuse_contradiction({technician} & set(info.data.get("forbidden", ())), "forbidden")
            allowed = info.data.get("allowed")
            _refuse_contradiction({technician} - set(allowed) if allowed else set(), "not allowed")
        return technician


def _refuse_contradiction(technicians: Iterable[str], wish: str) -> None:
    names = ", ".join(sorted(technicians))
    if names:
        raise PydanticCustomError(
            "contradicting_wishes",
            "{names} is also {wish}",
            {"names": names, "wish": wish, "action": "name each technician in one list"},
        )


def for_change(model: type[Input], *, without: set[str]) -> Any:
    """A base for what is to change: the model's fields with their bounds, none of them needed.

    Defaults by factory never count (absent fields stay), and do not show in a schema.
    """
    fields: dict[str, Any] = {
        name: (
            field.rebuild_annotation(),
            None if field.default is None else Field(default_factory=type(None)),
        )
        for name, field in model.model_fields.items()
        if name not in without
    }
    return create_model(f"{model.__name__}ForChange", __base__=Input, **fields)


class JobChange(for_change(JobContent, without={"id", "site"})):  # type: ignore[misc]
    """What is to change in a job: fields that are absent stay, null clears.

    Lists are replaced as a whole. The result must make sense as a ``NewJob``.
    """

    hold_reason: Text | None = None
    """Set: the job waits and is not planned; null: it is open again."""
    site_id: Code = Field(default_factory=str)


class StoredJob(JobContent):
    """A job with the state it has reached, as files hold it."""

    status: JobStatus = JobStatus.OPEN

    @field_validator("status")
    @classmethod
    def _held_for_a_reason(cls, status: JobStatus, info: ValidationInfo) -> JobStatus:
        waits = "hold_reason" in info.data and info.data["hold_reason"] is not None
        # Somebody may have gone there all the same; the reason is history then.
        went = status in (JobStatus.EN_ROUTE, JobStatus.ON_SITE, *OVER)
        if "hold_reason" in info.data and not went and (status is JobStatus.ON_HOLD) != waits:
            raise PydanticCustomError(
                "hold_reason",
                "a job is on hold if and only if it has a hold_reason",
                {"action": "give both or none"},
            )
        return status
