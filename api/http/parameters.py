"""Query parameters: an operation takes those that it declares, each of them once.

A misspelt one would otherwise be lost without a word, and the answer be to another question. Pages
are left alone, since what stands in their addresses is their scripts' to read; and so is whoever
sends alerts: a machine that fails must not be silenced by an odd address.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

LONGEST = 100
"""An answer repeats no more of a name."""
TAKE_ANYTHING = frozenset(
    {"take_alerts", "take_alerts_of_source", "agree_to_alerts", "agree_to_alerts_of_source"}
)


async def only_declared(request: Request) -> None:
    """A dependency of the whole service. Raises ``RequestValidationError`` that names each query
    parameter which the operation does not know, or takes once and was given more often."""
    if not request.scope["query_string"]:
        return
    route = request.scope["route"]
    if not route.include_in_schema or route.name in TAKE_ANYTHING:
        return
    declared = _declared(route)
    times = Counter(name for name, _ in request.query_params.multi_items())
    errors: list[Any] = [
        *(_unknown(name, declared) for name in times if name not in declared),
        *(_repeated(name) for name in times if times[name] > 1 and not declared.get(name, True)),
    ]
    if errors:
        # Nothing else is looked at then; at least all that the address gets wrong is told at once.
        for part in _parts(route.dependant):
            errors += request_params_to_args(part.query_params, request.query_params)[1]
        raise RequestValidationError(errors)


_KNOWN: dict[str, Mapping[str, bool]] = {}
"""By the operation's name, what was worked out once."""


def _declared(route: APIRoute) -> Mapping[str, bool]:
    """Whether each query parameter of the operation may be given several times."""
    if route.name not in _KNOWN:
        _KNOWN[route.name] = {
            field.alias: _is_list(field.field_info.annotation)
            for part in _parts(route.dependant)
            for field in part.query_params
        }
    return _KNOWN[route.name]


def _parts(dependant: Dependant) -> Iterator[Dependant]:
    """The operation, and all that it depends on."""
    yield dependant
    for inner in dependant.dependencies:
        yield from _parts(inner)


def _is_list(annotation: Any) -> bool:
    return any(get_origin(kind) is list for kind in (annotation, *get_args(annotation)))


def _unknown(name: str, declared: Mapping[str, bool]) -> dict[str, Any]:
    alike = get_close_matches(name, declared, n=1)
    if alike:
        action = f"did you mean {alike[0]}?"
    elif declared:
        action = f"remove it; known are {', '.join(declared)}"
    else:
        action = "remove it; there are none here"
    return {
        "type": "extra_forbidden",
        "loc": ("query", name[:LONGEST]),
        "msg": "There is no such parameter",
        "ctx": {"action": action},
    }


def _repeated(name: str) -> dict[str, Any]:
    return {
        "type": "duplicate",
        "loc": ("query", name),
        "msg": "Is given more than once",
        "ctx": {"action": "give it once"},
    }


def describe(document: dict[str, Any], refusal: Mapping[str, Any]) -> None:
    """Put into the OpenAPI document that operations refuse parameters that they do not know."""
    for path in document["paths"].values():
        for operation in path.values():
            if operation["operationId"] not in TAKE_ANYTHING:
                operation["responses"] = dict(
                    sorted({"422": refusal, **operation["responses"]}.items())
                )
