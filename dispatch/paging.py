"""Lists that may be long are read a page at a time."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, TypeVar

from sqlmodel import Session, col
from sqlmodel.sql.expression import SelectOfScalar

Row = TypeVar("Row")
Key = TypeVar("Key", str, int)

ID_OF = attrgetter("id")


def page_of(
    session: Session,
    query: SelectOfScalar[Row],
    after: Key | None,
    limit: int,
    *,
    newest_first: bool = False,
    **equal: Any,
) -> tuple[Sequence[Row], Key | None]:
    """Up to ``limit`` rows of the query behind the id ``after``, and ``after`` for the next page
    (None: last).

    They come in the order of their ids, or ``newest_first``. ``equal`` says what columns have to
    hold; None is anything.
    """
    key = col(query.column_descriptions[0]["entity"].id)
    query = query.filter_by(**{name: value for name, value in equal.items() if value is not None})
    if after is not None:
        query = query.where(key < after if newest_first else key > after)
    query = query.order_by(key.desc() if newest_first else key)
    return cut(session.exec(query.limit(limit + 1)).all(), limit)


def cut(found: Sequence[Row], limit: int) -> tuple[Sequence[Row], Any]:
    """The page, of rows in its order of which one more was asked for than it may have, and
    ``after`` for the next page (None: last)."""
    page = found[:limit]
    return page, ID_OF(page[-1]) if len(found) > limit else None
