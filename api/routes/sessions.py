"""Being signed in with a browser, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request, Response

from api.http import cookies
from api.http.dependencies import GivenSettings, ReadingSession, SignedInPerson, WritingSession
from api.http.problems import documented
from api.routes.sign_ins import CREDENTIALS, verified_within_limits
from dispatch.access import browser_sessions, sign_ins
from dispatch.access.browser_sessions import SessionOut
from dispatch.access.sign_ins import Credentials

router = APIRouter(tags=["access"])

COOKIES: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            "Set-Cookie": {
                "description": f"`{cookies.SESSION}`, for the browser alone (over HTTPS it is "
                f"`__Host-{cookies.SESSION}`), and `{cookies.CSRF}`, which the page repeats as "
                f"`{cookies.CSRF_HEADER}` with every request that is not `GET`; "
                f"`{cookies.BROWSER}`, by which the browser is known when it signs in again.",
                "schema": {"type": "string"},
            }
        }
    }
}


@router.post(
    "/session",
    summary="Sign in with a browser",
    dependencies=[Depends(cookies.refuse_other_sites)],
    responses={**COOKIES, **documented(401, 403, 429)},
)
def start_session(
    credentials: Annotated[Credentials, Body(openapi_examples=CREDENTIALS)],
    looking: ReadingSession,
    session: WritingSession,
    settings: GivenSettings,
    request: Request,
    response: Response,
) -> SessionOut:
    """As `POST /sign-in`, with cookies instead of tokens. The browser's session so far is over."""
    with verified_within_limits(request, response, credentials.user_name, settings):
        token, started = browser_sessions.start_session(
            looking, session, credentials, settings, instead_of=cookies.token_in(request)
        )
    cookies.give(response, request, token, settings)
    return started


@router.get("/session", summary="Read who is signed in", responses=documented())
def read_session(
    session: ReadingSession,
    person: SignedInPerson,
    settings: GivenSettings,
    request: Request,
    response: Response,
) -> SessionOut:
    """What a page asks first. The cookies are good for as long again."""
    token = cookies.token_in(request)
    if token is not None and person.by_cookie:
        cookies.give(response, request, token, settings)
        cookies.remember_browser(response, request, person.account_id, settings)
    return browser_sessions.read_session(session, person.account_id, settings)


@router.delete(
    "/session", status_code=204, summary="Sign out with a browser", responses=documented()
)
def end_session(
    session: WritingSession, person: SignedInPerson, request: Request, response: Response
) -> None:
    """As `POST /sign-out`; the cookies are gone too."""
    sign_ins.sign_out(session, person.sign_in_id, person.account_id)
    cookies.take_back(response, request)
