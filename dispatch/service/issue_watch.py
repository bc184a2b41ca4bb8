"""What has to be decided, kept until something changes, and told to listeners when it does.

Most looks find that nothing was committed (see ``watch``), and then the list is the one before. It
is made anew when something was, and each minute, since lateness comes with the clock alone.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from dispatch.events.events import EventOut
from dispatch.events.feed import Feed
from dispatch.models import now
from dispatch.planning.conflicts import Conflicts
from dispatch.service.watch import Seen, Watch
from dispatch.settings import Settings
from dispatch.settling.issues import Issue
from dispatch.settling.listing import list_issues

LOOK_EVERY_SECONDS = 0.5
AFTER_FAILURE_SECONDS = 2.0
APART = frozenset(
    {
        "account",
        "alert",
        "alert_rule",
        "asset",
        "calendar_link",
        "device",
        "job_template",
        "key",
        "webhook",
    }
)
"""Changes of these alone open no issue and end none."""
CHANGED = "issue.changed"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _KeptIssues:
    minute: datetime
    seen: Seen
    issues: Sequence[Issue]


class CurrentIssues:
    """Gives the list as it is now; for several threads at once, of which one makes it."""

    def __init__(
        self, reading: Engine, settings: Settings, conflicts: Conflicts, watch: Watch
    ) -> None:
        self._reading, self._settings = reading, settings
        self._conflicts, self._watch = conflicts, watch
        self._making = threading.Lock()
        self._kept: _KeptIssues | None = None

    def as_of(self, seen: Seen) -> Sequence[Issue]:
        """The weightiest first, with all that was stored when the caller had ``seen`` so far; times
        are expected as of the full minute, as on the board."""
        minute = now().replace(second=0, microsecond=0)
        with self._making:
            kept = self._kept
            if kept is None or kept.minute != minute or not self._still_holds(kept, seen):
                # What is committed from here on may be in it, and is looked for again.
                seen = max(seen, self._watch.look())
                with Session(self._reading) as session:
                    broken = self._conflicts.at(session, minute)
                    found = list_issues(session, self._settings, minute, broken)
                kept = _KeptIssues(minute, seen, found)
            elif seen.commits > kept.seen.commits:
                kept = _KeptIssues(minute, seen, kept.issues)
            self._kept = kept
            return kept.issues

    def _still_holds(self, kept: _KeptIssues, seen: Seen) -> bool:
        if seen.commits <= kept.seen.commits:
            return True
        changes = self._watch.since(kept.seen)
        return changes is not None and all(one.entity in APART for one in changes)


class IssueTeller:
    """Tells a feed's listeners which issues have come and gone, from start to stop."""

    def __init__(self, current: CurrentIssues, watch: Watch, feed: Feed) -> None:
        self._current, self._watch, self._feed = current, watch, feed
        self._told: frozenset[str] | None = None
        """Those that listeners know of; None while there are none."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="issues", daemon=True)

    def start(self) -> None:
        """Look from now on, while somebody listens."""
        self._thread.start()

    def stop(self) -> None:
        """End after the look under way."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _work(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_SECONDS):
            try:
                self.look()
            except Exception:
                # A database that is busy or away: what has changed is found by the next look.
                logger.warning("Could not look for issues", exc_info=True)
                self._stopping.wait(AFTER_FAILURE_SECONDS)

    def look(self) -> None:
        """Tell what has changed since the last look; the first one finds where things stand."""
        if not self._feed.is_heard:
            self._told = None
            return
        before, found = self._told, self._current.as_of(self._watch.look())
        self._told = frozenset(issue.id for issue in found)
        if before is not None and before != self._told:
            self._feed.tell(changed(before, self._told))


def changed(before: frozenset[str], after: frozenset[str]) -> EventOut:
    """That issues have come (``opened``) and gone (``ended``)."""
    return EventOut(
        id=None,
        type=CHANGED,
        at=now(),
        actor="service",
        entity="issue",
        entity_id="all",
        after={
            "opened": sorted(after - before),
            "ended": sorted(before - after),
            "count": len(after),
        },
    )
