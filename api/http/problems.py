"""Errors as RFC 9457 problem details: how they look, how they are made, how they are documented."""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from itertools import islice
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from starlette.exceptions import HTTPException
from starlette.routing import Match

from dispatch.errors import Conflict, DispatchError, InvalidInput, NotFound, Unavailable
from dispatch.input_faults import faults_of
from dispatch.service.troubles import fault_of, trouble_of
from solver.faults import Fault

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
SECONDS_TO_RETRY = 5
SEE_FAULTS = "The request was refused; `faults` says where, why and what to do."
MAX_FAULTS = 500
METHODS = ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")


class ProblemFault(BaseModel):
    """One thing that is wrong: what kind, where, why, and what to do."""

    code: str = Field(description="Kind of fault; stable, for programs.")
    where: str = Field(description="JSON pointer into the body, or the parameter's name.")
    cause: str
    action: str = Field(description="What to do about it.")
    values: dict[str, str | int | float] | None = Field(
        default=None,
        description="What the cause is about, by name: a bound, say. With the code it makes a "
        "sentence in any language.",
    )


class Problem(BaseModel):
    """Why a request was refused or failed (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Unprocessable Entity",
                    "status": 422,
                    "detail": SEE_FAULTS,
                    "faults": [
                        {
                            "code": "unknown_reference",
                            "where": "/skills",
                            "cause": "there is no skill 'air-condition'",
                            "action": "did you mean 'air-conditioning'?",
                        }
                    ],
                }
            ]
        }
    )

    type: str = Field(description="`about:blank`: the status and the faults' codes say it all.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str
    instance: str | None = Field(
        default=None, description="Name of this one failure, as found in the service's log."
    )
    faults: list[ProblemFault] | None = Field(
        default=None, description="Everything that is wrong, not only the first thing; 500 at most."
    )


def problem(
    status: int,
    detail: str,
    *,
    faults: Iterable[ProblemFault] = (),
    instance: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    body = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=instance,
        faults=list(faults) or None,
    )
    return JSONResponse(
        body.model_dump(exclude_none=True), status, headers=headers, media_type=MEDIA_TYPE
    )


async def _unacceptable_request(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as registered
    if any(one["type"] == "json_invalid" for one in error.errors()):
        position, reason = error.errors()[0]["loc"][-1], error.errors()[0]["ctx"]["error"]
        return problem(400, f"The body is not JSON: {reason} at character {position}.")
    faults = _for_the_wire(faults_of([_placed(one) for one in error.errors()]))
    for fault, one in zip(faults, error.errors(), strict=False):
        fault.values = values_of(one) or None
    return problem(422, SEE_FAULTS, faults=faults)


def values_of(error: Any) -> dict[str, str | int | float]:
    """What Pydantic's finding is about, by name, such as a bound."""
    return {
        name: _unicode(value) if isinstance(value, str) else value
        for name, value in error.get("ctx", {}).items()
        if name != "action" and isinstance(value, str | int | float)
    }


def _placed(error: Any) -> Any:
    """Pydantic's finding, located in the request and not in the framework's view of it."""
    source, *path = error["loc"]
    if source == "body":
        return {**error, "loc": (json_pointer(path),)}
    found = {**error, "loc": (f"{source} parameter {path[0]}",)}
    if source == "header":
        found["ctx"] = {"action": "write it as /openapi.json says, or leave it out"}
    return found


def json_pointer(path: Sequence[int | str]) -> str:
    """RFC 6901, below the body."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _for_the_wire(faults: Iterable[Fault]) -> list[ProblemFault]:
    """As many as anybody will read: an answer must not be larger than what provoked it."""
    return [
        ProblemFault(
            code=fault.code,
            where=_unicode(fault.where),
            cause=_unicode(fault.cause),
            action=_unicode(fault.action),
        )
        for fault in islice(faults, MAX_FAULTS)
    ]


def _unicode(text: str) -> str:
    """JSON may spell lone surrogates, in names too; no answer can carry them."""
    return text.encode(errors="replace").decode()


async def _refused_by_the_domain(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DispatchError)  # noqa: S101 - as registered
    if isinstance(error, Unavailable):
        return _unavailable(error.faults)
    status = {InvalidInput: 422, NotFound: 404, Conflict: 409}[type(error)]
    if any(fault.code == "stale_revision" for fault in error.faults):
        status = 412
    faults = [replace(fault, where=_pointer_to(fault.where)) for fault in error.faults]
    return problem(status, SEE_FAULTS, faults=_for_the_wire(faults))


def _pointer_to(where: str) -> str:
    """The domain names a field as ``windows.0.ends_at`` and anything else in words."""
    is_field = re.fullmatch(r"[a-z_]+(\.\w+)*", where)
    return json_pointer(where.split(".")) if is_field else where


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - as registered
    if error.status_code == 404:
        detail = "There is nothing at this path; /openapi.json lists what there is."
        return problem(404, detail)
    if error.status_code == 405:
        allow = ", ".join(_allowed_methods(request))
        return problem(405, f"This path takes {allow} only.", headers={"Allow": allow})
    return problem(error.status_code, error.detail, headers=error.headers)


def _allowed_methods(request: Request) -> list[str]:
    """The framework names the methods of the first route only; a path may have several."""
    allowed = [
        method
        for method in METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] == Match.FULL
            for route in request.app.routes
        )
    ]
    return [*allowed, "HEAD"] if "GET" in allowed else allowed


async def _clash(request: Request, error: Exception) -> JSONResponse:
    """Two requests made the same thing at once and the database let one of them through."""
    log.warning("%s %s: %s", request.method, request.url.path, error)
    detail = "Another request made this change at the same moment. Read the state and try again."
    return problem(409, detail)


async def _unstorable(request: Request, error: Exception) -> JSONResponse:
    log.warning("%s %s: %s", request.method, request.url.path, error)
    return problem(422, "The database cannot hold one of the values: too large or not text.")


def _unavailable(faults: Sequence[Fault], instance: str | None = None) -> JSONResponse:
    return problem(
        503,
        "The service cannot work, and nothing was changed; `faults` says why and what to do.",
        faults=_for_the_wire(faults),
        instance=instance,
        headers={"Retry-After": str(SECONDS_TO_RETRY)},
    )


async def _database_failure(request: Request, error: Exception) -> JSONResponse:
    """Trouble that lasts until somebody does something about it, or a fault of the program."""
    trouble = trouble_of(error)
    if trouble is None:
        return await _failure(request, error)
    return _unavailable([fault_of(trouble)], _log_failure(request, error))


async def _database_unavailable(request: Request, error: Exception) -> JSONResponse:
    trouble = trouble_of(error)
    if trouble is not None:
        return _unavailable([fault_of(trouble)], _log_failure(request, error))
    instance = _log_failure(request, error)
    return problem(
        503,
        "The database does not answer or is busy. Nothing was changed; try again.",
        instance=instance,
        headers={"Retry-After": str(SECONDS_TO_RETRY)},
    )


async def _failure(request: Request, error: Exception) -> JSONResponse:
    instance = _log_failure(request, error)
    detail = "The service failed; nothing was changed. Report it with the instance's name."
    return problem(500, detail, instance=instance)


def _log_failure(request: Request, error: Exception) -> str:
    instance = f"urn:uuid:{uuid4()}"
    log.error("%s: %s %s failed", instance, request.method, request.url.path, exc_info=error)
    return instance


def install(app: FastAPI) -> None:
    """Make ``app`` answer every error with a problem."""
    app.add_exception_handler(RequestValidationError, _unacceptable_request)
    app.add_exception_handler(DispatchError, _refused_by_the_domain)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(IntegrityError, _clash)
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(DBAPIError, _database_failure)
    for unavailable in (OperationalError, InterfaceError, NoFreeConnection):
        app.add_exception_handler(unavailable, _database_unavailable)
    app.add_exception_handler(Exception, _failure)


def schemas() -> dict[str, Any]:
    """OpenAPI schemas that ``documented`` refers to."""
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "Problem": schema}


_WHEN = {
    400: "The body is not JSON.",
    401: "There are no credentials, or they are not valid (any more).",
    403: "Known, but not allowed to.",
    404: "There is no such thing.",
    408: "The body did not come in time.",
    409: "The state of things does not allow it (any more).",
    412: "It is no longer as `If-Match` says.",
    413: "The body is larger than 1 MB.",
    415: "The body is not `application/json`.",
    422: "Something in the request is not valid; `faults` lists everything.",
    429: "Too often; go on after `Retry-After` seconds.",
    500: "The service failed. Nothing was changed.",
    503: "The service or its database has too much to do. Nothing was changed; try again later.",
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses of an operation that may answer with these problems, 500 or 503."""
    responses: dict[int | str, dict[str, Any]] = {}
    for status in (*statuses, 500, 503):
        responses[status] = {
            "description": _WHEN[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    for status in {429, 503} & responses.keys():
        responses[status]["headers"] = {
            "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
        }
    if 401 in responses:
        responses[401]["headers"] = {
            "WWW-Authenticate": {"description": "How to.", "schema": {"type": "string"}}
        }
    return responses


def refusals() -> dict[str, Any]:
    """OpenAPI responses of every operation that needs credentials."""
    found = documented(401, 403, 429)
    return {str(status): found[status] for status in (401, 403, 429)}
