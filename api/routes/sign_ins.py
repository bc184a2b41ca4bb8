"""Signing in and out, and one's own account, over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.http import cookies
from api.http.access import count
from api.http.dependencies import GivenSettings, ReadingSession, SignedInPerson, WritingSession
from api.http.lines import address_of
from api.http.problems import documented, problem
from dispatch.access import accounts, sign_ins
from dispatch.access.accounts import AccountOut
from dispatch.access.rates import RateLimit
from dispatch.access.sign_ins import Credentials, PasswordChange, Renewal, Tokens, WrongCredentials
from dispatch.settings import Settings

router = APIRouter(tags=["access"])

FAILURES_BY_NAME = RateLimit("sign-ins", 10, minutes=15)
"""Since the last success. Whoever is signed in stays so; nobody else can sign them out."""
FAILURES_BY_BROWSER = RateLimit("sign-ins-of-browser", 10, minutes=15)
"""Instead of the one by name and the one by address, where the account has signed in before:
whoever tries its name elsewhere, or from the same address, does not keep its people out."""
ATTEMPTS_BY_ADDRESS = RateLimit("sign-ins-of-address", 300, minutes=15)
FAILURES_BY_SIGN_IN = RateLimit("password-changes", 10, minutes=15)
"""Of who is signed in and does not know the current password; what strangers try does not count."""

CREDENTIALS: dict[str, Any] = {
    "dispatcher": {
        "summary": "A dispatcher",
        "value": {"user_name": "lan", "password": "ba con mèo trên mái"},
    }
}
RENEWALS: dict[str, Any] = {
    "renewal": {
        "summary": "With the refresh token of the last answer",
        "value": {"refresh_token": "0b9c7a0f.oR4uT0cKq"},
    }
}
PASSWORD_CHANGES: dict[str, Any] = {
    "change": {
        "summary": "From a password that was made up to one's own",
        "value": {"password": "ba con mèo trên mái", "new_password": "bốn chiếc thuyền giấy"},
    }
}
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="dispatch"'}
WRONG = "User name and password do not belong together, or the account is disabled."


@contextmanager
def verified_within_limits(
    request: Request, response: Response, user_name: str, settings: Settings
) -> Iterator[None]:
    """Around an attempt to sign in: raises the 401 and 429 problems. With a success, the browser is
    known from now on."""
    rates = request.app.state.rates
    browser = cookies.known_browser(request, user_name, settings)
    if browser is None:
        count(rates, ATTEMPTS_BY_ADDRESS, address_of(request))
        counted = FAILURES_BY_NAME, user_name
    else:
        counted = FAILURES_BY_BROWSER, browser
    count(rates, *counted)
    try:
        yield
    except WrongCredentials as error:
        raise HTTPException(401, WRONG, headers=CHALLENGE) from error
    rates.forget(*counted)
    cookies.remember_browser(response, request, user_name, settings)


@router.post(
    "/sign-in",
    summary="Sign in",
    responses=documented(401, 429),
)
def sign_in(
    credentials: Annotated[Credentials, Body(openapi_examples=CREDENTIALS)],
    looking: ReadingSession,
    session: WritingSession,
    settings: GivenSettings,
    request: Request,
    response: Response,
) -> Tokens:
    """Send `access_token` with each request from then on; before it expires, get the next one.

    After ten failures in a row a user name has to wait for a quarter of an hour. Who keeps the
    cookie of a success is counted apart, and does not wait because of others' failures.
    """
    with verified_within_limits(request, response, credentials.user_name, settings):
        return sign_ins.sign_in(looking, session, credentials, settings)


@router.post(
    "/token/refresh",
    summary="Stay signed in",
    response_model=Tokens,
    responses=documented(401, 429),
)
def refresh_token(
    renewal: Annotated[Renewal, Body(openapi_examples=RENEWALS)],
    session: WritingSession,
    settings: GivenSettings,
    request: Request,
) -> Tokens | JSONResponse:
    """The next pair of tokens; the refresh token that was sent is used up.

    If the answer is lost, the same one may be sent again within a minute. If it turns up later,
    somebody has a copy: then all tokens of this sign-in are void.
    """
    count(request.app.state.rates, ATTEMPTS_BY_ADDRESS, address_of(request))
    tokens = sign_ins.renew(session, renewal, settings)
    # Returned, not raised: that the sign-in has ended is to be stored.
    detail = "The refresh token is not valid (any more); sign in again."
    return tokens or problem(401, detail, headers=CHALLENGE)


@router.post("/sign-out", status_code=204, summary="Sign out", responses=documented())
def sign_out(session: WritingSession, person: SignedInPerson) -> None:
    """Both tokens are void at once; other devices stay signed in."""
    sign_ins.sign_out(session, person.sign_in_id, person.account_id)


@router.get("/me", summary="Read one's own account", responses=documented())
def read_own_account(session: ReadingSession, person: SignedInPerson) -> AccountOut:
    return accounts.read_account(session, person.account_id)


@router.post(
    "/me/password",
    summary="Change one's own password",
    responses=documented(409),
)
def change_own_password(
    change: Annotated[PasswordChange, Body(openapi_examples=PASSWORD_CHANGES)],
    looking: ReadingSession,
    session: WritingSession,
    settings: GivenSettings,
    person: SignedInPerson,
    request: Request,
) -> Tokens:
    """Answers with new tokens; all others of the account are void, here and on other devices."""
    rates = request.app.state.rates
    count(rates, FAILURES_BY_SIGN_IN, person.sign_in_id)
    try:
        tokens = sign_ins.change_own_password(looking, session, person.account_id, change, settings)
    except WrongCredentials as error:
        raise HTTPException(409, "That is not the current password.") from error
    rates.forget(FAILURES_BY_SIGN_IN, person.sign_in_id)
    return tokens
