"""What happens to requests before an operation sees them, and to answers after it."""

import asyncio
import re

from fastapi import APIRouter, Depends, Request
from fastapi.routing import APIRoute
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.lines import Line, address_of, come_again
from api.http.problems import documented, problem
from api.http.repetitions import refuse_repeated_names
from solver.wording import counted

MAX_BODY_BYTES = 1_000_000
BODY_SECONDS = 30.0
"""For all of a body: who says a byte now and then must not keep a request open for ever."""


SOLVE_PATH = "/solve"
"""Where problems come in, which have matrices: how large is for the settings to say."""


PICTURES = re.compile(r"/jobs/[^/]+/attachments(/[^/]+)?", re.ASCII)
"""Where pictures come in and go out: how large is for the settings to say."""
PICTURE_SECONDS = 180.0
"""For all of a picture's body: 10 MB come by a line of 500 kbit/s."""
COMPRESSED = re.compile(rf"{PICTURES.pattern}|/board/[^/]+\.xlsx", re.ASCII)
"""What is answered there is compressed already."""


class BodyLimit:
    """Refuses bodies over ``MAX_BODY_BYTES``, announced or streamed, and those that take longer
    than ``BODY_SECONDS``, with a problem; of problems and pictures more may come.

    The framework's own limit answers in plain text, and it knows none of time.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most, seconds = MAX_BODY_BYTES, BODY_SECONDS
        if scope["path"] == SOLVE_PATH:
            most = scope["app"].state.settings.solve_bytes
        elif PICTURES.fullmatch(scope["path"]):
            most, seconds = scope["app"].state.settings.attachment_bytes, PICTURE_SECONDS
        too_large = f"The body is larger than {counted(most, 'byte', spec=',')}; send less at once."
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length[:20]) > most:
            await problem(413, too_large)(scope, receive, send)
            return
        too_slow = f"The body has not come within {seconds:.0f} seconds; send it again."
        received, is_complete = 0, False
        due = asyncio.get_running_loop().time() + seconds

        async def receive_within_limit() -> Message:
            nonlocal received, is_complete
            if is_complete:
                # What comes now is that the client leaves, whenever that is.
                return await receive()
            try:
                async with asyncio.timeout_at(due):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, too_slow, headers={"Connection": "close"}) from None
            is_complete = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > most:
                raise HTTPException(413, too_large)
            return message

        await self.app(scope, receive_within_limit, send)


SIGNING_IN = frozenset({"/sign-in", "/session"})


class TurnedAway:
    """Refuses those who would sign in while too many do, before anything is done for them: a wave
    of strangers is to cost next to nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in SIGNING_IN:
            request = Request(scope)
            line: Line = request.app.state.lines.hashing
            if line.is_full_for(address_of(request)):
                error = come_again()
                refusal = problem(error.status_code, error.detail, headers=error.headers)
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)


WAS_HEAD = "dispatch.was_head"
"""In the scope of such a request, for what would otherwise never end."""


class HeadAsGet:
    """``HEAD`` wherever there is ``GET``; the server leaves the body out (RFC 9110, 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            # A copy: the server looks at its own to know what was asked.
            scope = {**scope, "method": "GET", WAS_HEAD: True}
        await self.app(scope, receive, send)


class CompressedReading:
    """Compresses answers to ``GET``, those of ``SHORTEST_COMPRESSED`` bytes and more, where the
    client can read gzip.

    Whoever can put text of their own into an answer, have it asked for again and again in somebody
    else's name, and see how long it is, learns what else stands in it (BREACH). Here there is
    nothing secret to learn: tokens, keys, secrets of webhooks and links stand in answers to
    ``POST`` only, which are not compressed, and what pages repeat with every change in a cookie.
    And no other site can have a browser ask in its user's name (``cookies.refuse_other_sites``).

    Event streams are left as they are: each event has to go out at once.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._as_it_is = app
        self._compressed = GZipMiddleware(
            app, minimum_size=SHORTEST_COMPRESSED, compresslevel=GZIP_LEVEL
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_reading = scope["type"] == "http" and scope["method"] == "GET"
        # A picture is compressed already, and so is a workbook.
        gains = is_reading and not COMPRESSED.fullmatch(scope["path"])
        await (self._compressed if gains else self._as_it_is)(scope, receive, send)


SHORTEST_COMPRESSED = 1_000
"""Bytes; what is shorter fits into a packet anyway."""
GZIP_LEVEL = 5
"""Of the board of 1,500 visits (1.5 MB) 3 makes 130 kB in 5 ms of processor time, 5 makes 113 kB in
9 ms, 6 makes 107 kB in 14 ms, and 9 makes 102 kB in 43 ms."""


SAFE_HEADERS = {
    # It is what it says it is, is nobody's to keep, and tells no other site where it was read.
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    # If a browser shows it all the same, nothing in it runs, and no other page frames or loads it.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=(), payment=(), usb=()",
}


ONLY_HTTPS = "max-age=31536000"
"""Whoever has come by HTTPS does not come otherwise for a year, whatever a link or a network says.
Other names below this one are not the service's to rule on."""


class SafeHeaders:
    """Gives answers ``SAFE_HEADERS``, as far as they do not say otherwise themselves."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":  # as a trusted proxy says, or by itself
                    headers.setdefault("Strict-Transport-Security", ONLY_HTTPS)
            await send(message)

        await self.app(scope, receive, send_safely)


def take_json_only(router: APIRouter) -> None:
    """Have all of the router's operations that take a body take it as JSON, and describe how they
    refuse others."""
    for route in router.routes:
        if not isinstance(route, APIRoute) or route.body_field is None:
            continue
        # A router is in every service that this process makes.
        if JSON_ONLY not in route.dependencies:
            route.dependencies.insert(0, JSON_ONLY)
            route.responses |= documented(400, 408, 413, 415, 422)


async def _json_only(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and (media_type or await request.body()):
        raise HTTPException(415, "Send the body as application/json.")
    refuse_repeated_names(await request.body())


JSON_ONLY = Depends(_json_only)
