"""Whether an alert is there or over: what its messages say, in the order in which they said it.

A failing machine must never be silent. So a message that says that an alert is there is believed,
unless the device's own clock shows that the word that it is over is newer, or it is only the echo
of one that was heard before. Clocks that are far off say nothing: then it is so now that it comes.

``Alert.word_at`` is when the word that decided was given, by its giver's clock, if that can be
believed. What is known to be older decides nothing, so messages that have times may come in any
order; at the same moment, "over" counts.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.alerts.content import Told
from dispatch.alerts.rules import SEVERITIES
from dispatch.models import AlarmState, Alert, AlertOutcome

FAR = timedelta(days=7)
"""What a device says of an earlier time, or of a later one, its clock does not know."""
LONGEST = timedelta(days=366)
"""An alert may well have begun that long ago."""
ECHO = timedelta(hours=1)
"""After such a silence about an alert, a message that was heard before is no echo: an alarm that
still has its old beginning has come back."""
MOST_HEARD = 32
MOST_PACKETS = 8
"""So often the very same may be said before the first of it is acknowledged."""
TICK = timedelta(microseconds=1)

GONE = (AlarmState.RETURNED, AlarmState.NORMAL)
HELD_BACK = (AlarmState.SHELVED, AlarmState.SUPPRESSED, AlarmState.OUT_OF_SERVICE)


def is_active(alert: Alert) -> bool:
    return alert.last_active_at is not None and alert.outcome is not AlertOutcome.CLEARED


def was_heard(alert: Alert, told: Told) -> bool:
    """Whether the very same was among the last that was said about it, wherever."""
    return any(heard.content == _content_mark(told) for heard in _heard(alert))


def is_last_of_topic(alert: Alert, told: Told) -> bool:
    """Whether it is what was last heard about the alert from where the message was published."""
    content, topic = _content_mark(told), _topic_mark(told)
    for heard in reversed(_heard(alert)):
        if heard.topic in (topic, UNKNOWN):
            return heard.content == content
    return False


def is_redelivered(alert: Alert, told: Told) -> bool:
    """Whether its protocol proves that it is not said again, but a message that was heard comes
    again."""
    delivery, content, topic = told.delivery, _content_mark(told), _topic_mark(told)
    heard = _heard(alert)
    if delivery.may_have_come:
        return any(
            (one.content, one.topic) == (content, topic) and str(delivery.packet_id) in one.packets
            for one in heard
        )
    if told.message_id is None or not was_heard(alert, told):
        return False
    if told.message_id != told.id_at_source:
        return True
    # It may as well be the alert's id, in all events about it. Then an end has it, too.
    return not is_active(alert) and {one.content for one in heard} == {content}


def said_at(told: Told, at: datetime) -> datetime | None:
    """When it was so, if the message says it and the clock could be believed when it came in; a
    dead letter, taken in at ``at``, speaks at the latest for when it came, however long ago."""
    received_at, said = told.delivery.received_at, told.said_at
    came_at = at if received_at is None else min(received_at, at)
    if said is not None and came_at - FAR <= said <= came_at:
        return said
    return None if received_at is None else came_at


def learn(alert: Alert, told: Told, at: datetime) -> None:
    """Let the alert know what a message that comes in at ``at`` says."""
    content = told.content
    was_silent = at - alert.last_seen_at > ECHO
    is_echo = was_heard(alert, told) and not was_silent
    _note(alert, told)
    alert.count += 1
    decides, word_at = _word(alert, told, at, is_echo=is_echo, was_silent=was_silent)
    if decides or content.cleared is not is_active(alert):
        # What is not so is not seen; or an echo, repeated often enough, would be one for ever.
        alert.last_seen_at = max(alert.last_seen_at, at)
    moment = said_at(told, at) or _began_at(told, at) or at
    if decides and not content.cleared and alert.outcome is AlertOutcome.CLEARED:
        # What was so before it was over says nothing of how it is now.
        alert.severity, alert.readings, alert.message = content.severity, {}, None
        alert.remaining_life_hours = None
    if decides or moment == alert.word_at:
        alert.readings = dict(content.readings) or alert.readings
        alert.message = content.message or alert.message
        if content.remaining_life_hours is not None:
            alert.remaining_life_hours = content.remaining_life_hours
        alert.raw = told.raw
    alert.occurred_at = min(alert.occurred_at, _began_at(told, at) or moment)
    # How bad it is, what says that it is there knows; what says that it is gone, only if need be.
    is_first = alert.last_active_at is None
    if is_first and not content.cleared:
        alert.severity = content.severity
    elif is_first or not content.cleared:
        alert.severity = max(alert.severity, content.severity, key=SEVERITIES.index)
    if not decides:
        if not content.cleared and is_first:
            alert.last_active_at = moment  # it was there, before it was over
    elif content.cleared:
        _end(alert, word_at, at)
    else:
        _begin(alert, word_at, moment if is_first else max(moment, said_at(told, at) or at))
    if content.acknowledged and alert.acknowledged_at is None:
        alert.acknowledged_at, alert.acknowledged_by = moment, "source"
        if alert.state is AlarmState.UNACKNOWLEDGED:
            alert.state = AlarmState.ACKNOWLEDGED


def _word(
    alert: Alert, told: Told, at: datetime, *, is_echo: bool, was_silent: bool
) -> tuple[bool, datetime | None]:
    """Whether the word decides, and when it was given by its giver's clock."""
    said, began = said_at(told, at), _began_at(told, at)
    came_at, ended_at = told.delivery.received_at, alert.cleared_at
    if came_at and ended_at and not told.content.cleared and came_at <= ended_at:
        return False, said
    if said is not None:
        return _dated_word(alert, said, is_end=told.content.cleared, is_echo=is_echo)
    if began is not None and not told.content.cleared:
        return _word_with_a_beginning(alert, began, is_echo=is_echo, was_silent=was_silent)
    # A clock that is a little ahead still tells an echo from news; no clock at all does not.
    is_ahead = told.said_at is not None and at < told.said_at <= at + FAR
    is_old = is_echo and is_ahead and told.content.cleared == is_active(alert)
    return not is_old, None


def _dated_word(
    alert: Alert, said: datetime, *, is_end: bool, is_echo: bool
) -> tuple[bool, datetime | None]:
    known, active_at = alert.word_at, alert.last_active_at
    if known is not None:
        return said > known or (said == known and is_end), said
    if is_end:
        # What said that it is there had no clock, and meant when it came.
        return active_at is None or said > active_at, said
    if is_active(alert):
        return True, said if active_at is not None and said > active_at else None
    return not is_echo, said


def _word_with_a_beginning(
    alert: Alert, began: datetime, *, is_echo: bool, was_silent: bool
) -> tuple[bool, datetime | None]:
    known, was_there = alert.word_at, alert.last_active_at is not None
    if is_active(alert):
        return True, None if known is None else max(began, known)
    if known is None:
        return not (was_there and is_echo), began
    # Its end may have come before it. What began when "over" was said has begun since: a device
    # says that it is there, and leaves its will, when it connects.
    decides = not is_echo if was_there else began >= known or was_silent
    # Just after its end at the earliest, so that this end, if it comes again, is the older word.
    return decides, max(began, known + TICK)


def _began_at(told: Told, at: datetime) -> datetime | None:
    began = told.began_at
    return began if began is not None and at - LONGEST <= began <= at else None


def _begin(alert: Alert, word_at: datetime | None, moment: datetime) -> None:
    if not is_active(alert) and alert.last_active_at is not None:
        # It is there again, and nobody has seen that yet.
        alert.acknowledged_at = alert.acknowledged_by = None
    if alert.outcome is AlertOutcome.CLEARED:
        alert.outcome = AlertOutcome.RECEIVED
    alert.cleared_at = None
    alert.word_at = word_at
    alert.last_active_at = max(moment, alert.last_active_at or moment)


def _end(alert: Alert, word_at: datetime | None, at: datetime) -> None:
    if alert.outcome is not AlertOutcome.CLEARED or word_at is not None:
        alert.cleared_at = word_at or at
    alert.word_at = word_at
    settle(alert)


def clear_with(alert: Alert, said: datetime | None, at: datetime) -> bool:
    """Let an active alert be over because of a word about all of its kind; whether it is."""
    if said is not None:
        decides, said = _dated_word(alert, said, is_end=True, is_echo=False)
        if not decides:
            return False
    _end(alert, said, at)
    return True


def settle(alert: Alert) -> None:
    """It is over; a mere word that it is over needs nobody to acknowledge it."""
    alert.outcome = AlertOutcome.CLEARED
    if alert.acknowledged_at is not None or alert.last_active_at is None:
        alert.state = AlarmState.NORMAL
    elif alert.state not in GONE:
        held_back = alert.state in HELD_BACK
        alert.state = AlarmState.NORMAL if held_back else AlarmState.RETURNED


# What was heard

UNKNOWN = "?"
"""Where a dead letter was published, or what was heard when that was not noted."""
NOWHERE = "-"


@dataclass(frozen=True)
class _HeardWord:
    """A message that was heard, in few letters: what it says, where it was published, and the
    numbers under which the broker delivered it of late."""

    content: str
    topic: str
    packets: Sequence[str] = ()


def _heard(alert: Alert) -> list[_HeardWord]:
    found = []
    for mark in alert.heard:
        content, topic, *packets = [*mark.split(), UNKNOWN] if " " not in mark else mark.split()
        found.append(_HeardWord(content, topic, packets))
    return found


def _note(alert: Alert, told: Told) -> None:
    delivery = told.delivery
    new = _HeardWord(_content_mark(told), _topic_mark(told))
    packets = [] if delivery.packet_id is None else [str(delivery.packet_id)]
    marks = []
    for one in _heard(alert):
        if (one.content, one.topic) == (new.content, new.topic):
            packets = [*one.packets, *packets][-MOST_PACKETS:]
        else:
            marks.append(" ".join([one.content, one.topic, *one.packets]))
    alert.heard = [*marks, " ".join([new.content, new.topic, *packets])][-MOST_HEARD:]


def _content_mark(told: Told) -> str:
    return told.delivery.digest[:16]


def _topic_mark(told: Told) -> str:
    if told.delivery.received_at is not None:
        return UNKNOWN
    topic = told.delivery.topic
    return NOWHERE if topic is None else hashlib.sha256(topic.encode()).hexdigest()[:8]
