"""Things that are kept under the company's own ids and set as a whole: put, read, list, remove."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, select

from dispatch import log
from dispatch.errors import Conflict, InvalidInput, existing
from dispatch.intake import Input
from dispatch.models import AlertRule, AlertSource, Asset, Device, JobLink, JobTemplate
from dispatch.output import Output
from dispatch.paging import page_of
from dispatch.references import references_of, unknown_references
from solver.faults import Fault

Row = TypeVar("Row", Asset, Device, AlertSource, JobTemplate, AlertRule, JobLink)
Content = TypeVar("Content", bound=Input)
Out = TypeVar("Out", bound=Output)


def _every_field(_session: Session, row: SQLModel, content: Input) -> None:
    row.sqlmodel_update(content)


@dataclass(frozen=True)
class Register(Generic[Row, Content, Out]):
    """What is kept in ``table``, which the log calls ``entity``.

    ``apply`` writes a content into a row; it may raise ``Conflict``. ``show`` says what rows look
    like to others, asking once for all of them. ``kept`` and ``removed`` do what has to follow.
    """

    entity: log.Entity
    table: type[Row]
    content: type[Content]
    out: type[Out]
    apply: Callable[[Session, Row, Content], None] = _every_field
    show: Callable[[Session, Sequence[Row]], list[Out]] | None = None
    kept: Callable[[Session, Row], None] | None = None
    removed: Callable[[Session, str], None] | None = None

    def put(self, session: Session, id_: str, content: Content, *, actor: str) -> tuple[Out, bool]:
        """Keep the content under the id, in place of what was there; also whether it is new.

        Raises ``InvalidInput`` for unknown references, and ``Conflict``.
        """
        faults = unknown_references(session, references_of(content))
        if faults:
            raise InvalidInput(*faults)
        row = session.get(self.table, id_)
        before = None if row is None else self._json(session, row)
        if row is None:
            row = cast(Any, self.table)(id=id_)  # the content gives the rest
        self.apply(session, row, content)
        session.add(row)
        session.flush()
        if self.kept is not None:
            self.kept(session, row)
        [out] = self._shown(session, [row])
        after = out.model_dump(mode="json")
        if before != after:
            log.record(session, actor, "put", self.entity, id_, before=before, after=after)
        return out, before is None

    def read(self, session: Session, id_: str) -> Out:
        """Raises ``NotFound``."""
        return self._shown(session, [self.row(session, id_)])[0]

    def page(
        self, session: Session, after: str | None, limit: int, **equal: Any
    ) -> tuple[list[Out], str | None]:
        """A page in the order of ids, and ``after`` for the next one (None: last)."""
        page, following = page_of(session, select(self.table), after, limit, **equal)
        return self._shown(session, page), following

    def remove(self, session: Session, id_: str, *, actor: str) -> None:
        """Raises ``NotFound``, or ``Conflict`` if something refers to it."""
        row = self.row(session, id_)
        before = self._json(session, row)
        try:
            with session.begin_nested():
                session.delete(row)
        except IntegrityError:
            cause = "others refer to it"
            action = "change or remove those first, or set it out of use"
            raise Conflict(Fault("in_use", f"{self.kind} {id_}", cause, action)) from None
        if self.removed is not None:
            self.removed(session, id_)
        log.record(session, actor, "remove", self.entity, id_, before=before)

    def row(self, session: Session, id_: str) -> Row:
        """Raises ``NotFound``."""
        return existing(session.get(self.table, id_), self.kind, id_)

    @property
    def kind(self) -> str:
        """What it is called in texts."""
        return self.entity.value.replace("_", " ")

    def _json(self, session: Session, row: Row) -> dict[str, Any]:
        return self._shown(session, [row])[0].model_dump(mode="json")

    def _shown(self, session: Session, rows: Sequence[Row]) -> list[Out]:
        if self.show is not None:
            return self.show(session, rows)
        return [self.out.model_validate(row) for row in rows]
