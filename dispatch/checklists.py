"""What a work type has technicians tick off and measure, as it comes in and as it goes out."""

from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from dispatch.intake import FiniteNumber, Input, clean, named_once, not_below
from dispatch.output import Output

ChecklistLine = Annotated[
    str, StringConstraints(min_length=1, max_length=120), BeforeValidator(clean)
]
ReadingName = Annotated[str, StringConstraints(min_length=1, max_length=60), BeforeValidator(clean)]
ReadingUnit = Annotated[str, StringConstraints(min_length=1, max_length=20), BeforeValidator(clean)]
Checklist = Annotated[list[ChecklistLine], Field(max_length=30), AfterValidator(named_once)]
"""Lines to tick off, in the order in which they are shown."""


class WantedReading(Input):
    """A number to read off or to measure, and what it should be, both limits included."""

    name: ReadingName
    """As it stands in ``readings`` of a report."""
    unit: ReadingUnit | None = None
    least: FiniteNumber | None = None
    most: FiniteNumber | None = None
    """What lies outside is taken in all the same, and is shown as such."""

    @field_validator("most")
    @classmethod
    def _not_below_least(cls, most: float | None, info: ValidationInfo) -> float | None:
        not_below(most, info.data.get("least"), "least")
        return most


WantedReadings = Annotated[list[WantedReading], Field(max_length=20), AfterValidator(named_once)]


class WantedReadingOut(Output):
    """A number to read off or to measure, and what it should be, both limits included."""

    name: str
    unit: str | None
    least: float | None
    most: float | None
