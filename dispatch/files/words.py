"""Words in cells: yes and no, weekdays and kinds, as Vietnamese and English say them.

Capitals, accents and what stands between letters do not matter.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

from dispatch.files.reading import BadCell, Clock
from dispatch.models import JobStatus, LinkKind, Priority
from dispatch.search_texts import plain
from solver.links import Person, Separation

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""As they are written."""
MARKS = frozenset({"x", "v", "✓", "✔"})
"""They say yes; what an empty cell beside them says is not clear."""


@lru_cache(maxsize=4_096)
def folded(text: str) -> str:
    """The letters and digits of the text, without capitals and accents; a sign stays."""
    return re.sub(r"[^\w-]+|_|-(?!\d)", "", plain(text))


def _by_word(words: Mapping[Any, str]) -> dict[str, Any]:
    return {folded(word): value for value, some in words.items() for word in some.split(", ")}


YES = "true, yes, y, 1, x, v, đúng, có, wahr, ja, vrai, oui, verdadero, sí, vero, waar, prawda, tak"
NO = "false, no, n, 0, sai, không, falsch, nein, faux, non, falso, onwaar, nee, fałsz, nie"
YES_OR_NO: Mapping[str, bool] = _by_word({True: YES, False: NO})
"""With what spreadsheets write in other countries' languages."""

OF_WEEK: Mapping[str, int] = _by_word(
    {
        0: "mon, monday, thứ 2, thứ hai, t2",
        1: "tue, tues, tuesday, thứ 3, thứ ba, t3",
        2: "wed, weds, wednesday, thứ 4, thứ tư, t4",
        3: "thu, thur, thurs, thursday, thứ 5, thứ năm, t5",
        4: "fri, friday, thứ 6, thứ sáu, t6",
        5: "sat, saturday, thứ 7, thứ bảy, thứ bẩy, t7",
        6: "sun, sunday, chủ nhật, cn",
    }
)

KINDS: Mapping[type[StrEnum], Mapping[StrEnum, str]] = {
    Priority: {
        Priority.LOW: "thấp",
        Priority.NORMAL: "thường, bình thường, trung bình, medium",
        Priority.HIGH: "cao, ưu tiên cao, ưu tiên",
        Priority.URGENT: "gấp",
        Priority.EMERGENCY: "khẩn cấp",
    },
    JobStatus: {
        JobStatus.OPEN: "mới, chưa xếp, new",
        JobStatus.SCHEDULED: "đã xếp lịch, planned",
        JobStatus.DISPATCHED: "đã giao, đã giao việc",
        JobStatus.EN_ROUTE: "đang đi, đang đến, on the way",
        JobStatus.ON_SITE: "đang làm",
        JobStatus.COMPLETED: "hoàn thành, đã xong, xong, done",
        JobStatus.CANNOT_COMPLETE: "không làm được, not done, could not be completed",
        JobStatus.ON_HOLD: "tạm hoãn",
        JobStatus.CANCELLED: "đã hủy, hủy, canceled",
    },
    LinkKind: {
        LinkKind.TOGETHER: "cùng lúc, cùng nhau",
        LinkKind.AFTER: "sau, làm sau",
        LinkKind.APART: "tách riêng, riêng",
        LinkKind.FOLLOW_UP: "làm tiếp",
    },
    Person: {
        Person.SAME: "cùng người",
        Person.DIFFERENT: "người khác",
        Person.ANY: "ai cũng được",
    },
    Separation: {
        Separation.TECHNICIAN: "kỹ thuật viên",
        Separation.DAY: "ngày",
    },
}
"""What else the values of an enumeration are called than by their own names."""


def yes_or_no(text: str, _clock: Clock) -> bool:
    """Raises ``BadCell``."""
    found = YES_OR_NO.get(folded(text), True if text in MARKS else None)
    if found is None:
        action = "write true or false, or có or không"
        raise BadCell("not_yes_or_no", f"{text!r} is neither yes nor no", action)
    return found


def weekday(text: str, _clock: Clock) -> int:
    """From 0, which is Monday; a bare number is none, as weeks begin on different days. Raises
    ``BadCell``."""
    found = OF_WEEK.get(folded(text))
    if found is None:
        action = f"write one of {', '.join(WEEKDAYS)}, or thứ 2 to thứ 7 and CN"
        raise BadCell("not_a_weekday", f"{text!r} is not a weekday", action)
    return found


def one_of(kinds: type[StrEnum]) -> Callable[[str, Clock], str]:
    """Reads a value of the enumeration; what is none is left to its model to refuse."""
    known: dict[str, str] = _by_word(KINDS.get(kinds, {})) | {folded(kind): kind for kind in kinds}
    return lambda text, _clock: str(known.get(folded(text), text))
