"""A change by hand of a linked job that keeps its links: their times say when it can be."""

from dataclasses import replace

from dispatch.by_hand.judging import judge
from dispatch.by_hand.moves import Judged, Move
from dispatch.models import LinkKind
from dispatch.planning.live_day import LiveDay
from dispatch.planning.snapshot import Scope
from dispatch.settings import Settings

NEAR = 900
"""Seconds: whoever puts a visit so near to its crew means to leave it there."""


def within_links(scope: Scope) -> Scope:
    """The scope as it is for whoever is bound by the links of the job that is moved."""
    return replace(scope, by_hand=frozenset())


def judged_within_links(live: LiveDay, move: Move, settings: Settings) -> Judged | None:
    """What becomes of the move if the job keeps its links. None if it has none, or cannot keep them
    there: then it is for who moves it to decide."""
    translation = live.translation
    is_linked = move.job_id in translation.snapshot.partners
    if not is_linked or move.job_id not in translation.visits or move.job_id in live.waiting:
        return None
    judged = judge(live, move, settings.late_after_seconds)
    if not judged.is_possible or _is_back(live, judged):
        return None
    return judged


def _is_back(live: LiveDay, judged: Judged) -> bool:
    """Whether one of a crew that was to start at another time is left where the others are."""
    [move] = judged.moves
    crews = (facts for facts in live.translation.snapshot.links if move.job_id in facts.job_ids)
    if move.start is None or not any(one.link.kind is LinkKind.TOGETHER for one in crews):
        return False
    stops = (stop for route in judged.after for stop in route.stops if stop.id == move.job_id)
    return any(abs(stop.start - move.start) > NEAR for stop in stops)
