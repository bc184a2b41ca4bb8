"""Who was let in lately, so that asking again while nothing changes costs nothing."""

import hashlib
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import NamedTuple

from dispatch.access.callers import Caller
from dispatch.models import now
from dispatch.service.watch import Seen

MOST_CALLERS = 2_000
GOOD_FOR = timedelta(seconds=5)
"""Cookies also end by the clock; so late that may be noticed. When tokens and keys do is known."""


class Shown(NamedTuple):
    """What a request says who it comes from: a token or key, or else a cookie."""

    credential: str
    cookie: str | None

    @property
    def text(self) -> str:
        return self.cookie or self.credential


class KnownCallers:
    """Who showed what, as long as nothing at all has been committed since.

    Whatever is taken from somebody, here or by another service, is a commit: so it counts at once.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, tuple[Seen, datetime, Caller]] = OrderedDict()

    def of(self, shown: Shown, seen: Seen) -> Caller | None:
        kept = self._kept.get(_digest(shown))
        if kept is None:
            return None
        then, since, caller = kept
        at = now()
        holds = then.commits == seen.commits and abs(at - since) <= GOOD_FOR
        return caller if holds and not caller.is_over(at) else None

    def keep(self, shown: Shown, seen: Seen, caller: Caller) -> None:
        """``seen`` is from before the caller was looked up."""
        key = _digest(shown)
        self._kept[key] = (seen, now(), caller)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_CALLERS:
            self._kept.popitem(last=False)


def _digest(shown: Shown) -> bytes:
    """What opens doors is kept nowhere, not even here."""
    kind = "credential" if shown.cookie is None else "cookie"
    return hashlib.sha256(f"{kind} {shown.text}".encode()).digest()
