"""The four operations that each register of the company has: put, list, read and remove."""

from types import GenericAlias
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import create_model
from sqlmodel import Session

from api.http.dependencies import Actor, Next, PageAfter, PageLimit, ReadingSession, WritingSession
from api.http.problems import documented
from dispatch.intake import Code
from dispatch.output import Output
from dispatch.register import Content, Out, Register


def add_operations(
    router: APIRouter,
    register: Register[Any, Content, Out],
    examples: dict[str, Any],
    *,
    listed_by: str | None = None,
) -> None:
    """Add the operations on what the register keeps, named after its entity.

    ``listed_by`` is the column by which the list may be narrowed down.
    """
    noun, kind = register.entity.value, register.kind
    plural, a_kind = f"{noun}s", f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
    id_name = f"{noun.rpartition('_')[2]}_id"
    path_of_all = f"/{plural.replace('_', '-')}"
    path_of_one = f"{path_of_all}/{{{id_name}}}"
    given_id = Path(alias=id_name)
    fields: dict[str, Any] = {plural: GenericAlias(list, register.out), "next": Next}
    page_model = create_model(f"{noun.title().replace('_', '')}Page", __base__=Output, **fields)

    @router.put(
        path_of_one,
        name=f"put_{noun}",
        summary=f"Keep {a_kind}",
        response_model=register.out,
        responses={
            201: {"model": register.out, "description": "It is new."},
            **documented(409),
        },
    )
    def put(
        id_: Annotated[Code, given_id],
        content: Annotated[register.content, Body(openapi_examples=examples)],  # type: ignore[name-defined]
        session: WritingSession,
        actor: Actor,
        response: Response,
    ) -> Out:
        """In place of what is kept under this id; the same again changes nothing."""
        kept, is_new = register.put(session, id_, content, actor=actor)
        if is_new:
            response.status_code = 201
        return kept

    def page(session: Session, after: str | None, limit: int, **equal: str | None) -> Output:
        found, following = register.page(session, after, limit, **equal)
        return page_model.model_validate({plural: found, "next": following})

    def list_all(session: ReadingSession, after: PageAfter = None, limit: PageLimit = 50) -> Output:
        return page(session, after, limit)

    def list_some(
        session: ReadingSession,
        belongs_to: Annotated[Code | None, Query(alias=listed_by)] = None,
        after: PageAfter = None,
        limit: PageLimit = 50,
    ) -> Output:
        return page(session, after, limit, **{str(listed_by): belongs_to})

    router.add_api_route(
        path_of_all,
        list_some if listed_by else list_all,
        name=f"list_{plural}",
        summary=f"List {kind}s, in the order of their ids",
        response_model=page_model,
        responses=documented(422),
    )

    @router.get(
        path_of_one,
        name=f"read_{noun}",
        summary=f"Read {a_kind}",
        response_model=register.out,
        responses=documented(404, 422),
    )
    def read(id_: Annotated[Code, given_id], session: ReadingSession) -> Out:
        return register.read(session, id_)

    @router.delete(
        path_of_one,
        name=f"remove_{noun}",
        status_code=204,
        summary=f"Remove {a_kind} that nothing refers to",
        responses=documented(404, 409, 422),
    )
    def remove(id_: Annotated[Code, given_id], session: WritingSession, actor: Actor) -> None:
        register.remove(session, id_, actor=actor)
