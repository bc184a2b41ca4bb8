"""Where alerts come from: how a source writes its messages, and whether it is who it says."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import jmespath  # type: ignore[import-untyped]
from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]
from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from dispatch.alerts.words import word_of
from dispatch.errors import Conflict
from dispatch.intake import Input, Text
from dispatch.log import Entity
from dispatch.models import AlertFormat, AlertSource, Severity
from dispatch.output import Output
from dispatch.register import Register
from solver.faults import Fault

SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")
"""Headers of Standard Webhooks."""


CLEARED_WORDS = (
    *("cleared", "clear", "resolved", "resolve", "recovered", "recovery", "closed"),
    *("ok", "normal", "inactive", "up"),
)
"""With which platforms say that an alert is over."""


def _compiles(expression: str) -> str:
    try:
        jmespath.compile(expression)
    except (JMESPathError, RecursionError) as error:
        raise PydanticCustomError(
            "not_jmespath",
            "is not JMESPath: {cause}",
            {"cause": str(error).splitlines()[0], "action": "see jmespath.org"},
        ) from None
    return expression


Expression = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_compiles)]


class CannotFind(Exception):  # noqa: N818 - the message's fault or the mapping's
    """An expression does not go with the content."""


def find(expression: str, content: Any) -> Any:
    """What the JMESPath expression finds in the content. Raises ``CannotFind``."""
    try:
        return jmespath.search(expression, content)
    except (JMESPathError, RecursionError, TypeError, ValueError, OverflowError) as error:
        raise CannotFind(str(error)) from None


class FieldMapping(Input):
    """JMESPath expressions that find the fields of an alert in the source's messages."""

    each: Expression | None = None
    """Finds the list of alerts, if a message holds several; the others then look in each."""
    id: Expression | None = None
    device: Expression | None = None
    type: Expression
    severity: Expression | None = None
    status: Expression | None = None
    at: Expression | None = None
    """Finds a text with an offset, or a number since 1970."""
    readings: Expression | None = None
    """Finds an object; of it, the numbers count."""
    remaining_life_hours: Expression | None = None
    message: Expression | None = None
    severities: dict[Text, Severity] = Field(default_factory=dict, max_length=100)
    """The source's words or numbers, in any case; those of known platforms are known anyway."""
    cleared_words: list[Text] = Field(default=list(CLEARED_WORDS), max_length=100)
    """What `status` says of an alert that is over, in any case."""
    acknowledged_words: list[Text] = Field(default=["acknowledged"], max_length=100)
    at_in_seconds: bool = False
    """Whether a number since 1970 counts seconds, and not milliseconds."""

    def expressions(self) -> dict[str, str]:
        aside = {"each", "severities", "cleared_words", "acknowledged_words", "at_in_seconds"}
        return self.model_dump(exclude=aside, exclude_none=True)

    def severity_of(self, word: Any) -> str:
        """In our words, where the source has its own."""
        known = {word_of(one): severity for one, severity in self.severities.items()}
        return known.get(word_of(word), str(word))

    def says_cleared(self, status: Any) -> bool:
        return word_of(status) in map(word_of, self.cleared_words)

    def says_acknowledged(self, status: Any) -> bool:
        return word_of(status) in map(word_of, self.acknowledged_words)


def _is_secret(secret: str) -> str:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not 24 <= len(key) <= 64:
        raise PydanticCustomError(
            "weak_secret",
            "is not the base64 of 24 to 64 bytes",
            {"action": "make one like `whsec_` and the output of `openssl rand -base64 32`"},
        )
    return secret


Secret = Annotated[str, Field(max_length=100), AfterValidator(_is_secret)]


class SourceContent(Input):
    """A platform that sends alerts."""

    name: Text
    format: AlertFormat
    mapping: Annotated[FieldMapping | None, Field(validate_default=True)] = None
    secrets: list[Secret] | None = Field(default=None, max_length=5)
    """Of Standard Webhooks signatures; any of them is good, so that an old and a new one can
    overlap. Never shown again; absent: those that it has stay."""
    require_signature: Annotated[bool, Field(strict=True)] = False
    """Whether a message without a signature is refused, whoever sends it."""
    active: Annotated[bool, Field(strict=True)] = True

    @field_validator("mapping")
    @classmethod
    def _if_mapped(cls, mapping: FieldMapping | None, info: ValidationInfo) -> FieldMapping | None:
        if "format" in info.data and (mapping is None) == (
            info.data["format"] is AlertFormat.MAPPED
        ):
            raise PydanticCustomError(
                "mapping",
                "a source has a mapping if and only if its format is mapped",
                {"action": "give both or none"},
            )
        return mapping


class SourceOut(Output):
    """A platform that sends alerts; its secrets are not shown."""

    id: str
    name: str
    format: AlertFormat
    mapping: dict[str, Any] | None
    secret_count: int
    require_signature: bool
    active: bool


def is_signed(headers: Mapping[str, str]) -> bool:
    """Whether the message claims to be signed."""
    return any(name in headers for name in SIGNED)


def has_valid_signature(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> bool:
    """Whether one of the secrets signed the body within the last five minutes."""
    for secret in secrets:
        try:
            Webhook(secret).verify(body, dict(headers), json_parse=False)
        except (WebhookVerificationError, ValueError):
            # Also what is not UTF-8, not base64, or not even a list of signatures.
            continue
        return True
    return False


def _apply(_session: Session, row: AlertSource, content: SourceContent) -> None:
    row.sqlmodel_update(content.model_dump(exclude={"mapping", "secrets"}))
    row.mapping = content.mapping.model_dump(mode="json") if content.mapping else None
    if content.secrets is not None:
        row.secrets = list(content.secrets)


def _show(_session: Session, rows: Sequence[AlertSource]) -> list[SourceOut]:
    return [SourceOut(**row.model_dump(), secret_count=len(row.secrets)) for row in rows]


SOURCES: Register[AlertSource, SourceContent, SourceOut] = Register(
    Entity.ALERT_SOURCE, AlertSource, SourceContent, SourceOut, _apply, _show
)


def active_source(session: Session, source_id: str) -> AlertSource:
    """The source, ready to take messages. Raises ``NotFound``, or ``Conflict`` if it is off."""
    source = SOURCES.row(session, source_id)
    if not source.active:
        action = "set it active, or send to another one"
        raise Conflict(Fault("inactive", f"alert source {source_id}", "it is not active", action))
    return source
