"""Signed in by cookie: how cookies are given, and which requests that bring one are refused.

A browser sends cookies with whatever any page makes it ask for. So what changes something has to
show that it comes from our own pages: they alone can read the second cookie, and repeat it.
"""

import hmac
from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

from fastapi import Request, Response
from starlette.exceptions import HTTPException

from dispatch.access import known_browsers
from dispatch.access.browser_sessions import csrf_token
from dispatch.settings import Settings

SESSION, CSRF, BROWSER = "dispatch_session", "dispatch_csrf", "dispatch_browser"
CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
BROWSER_KEPT = timedelta(days=400)
"""As long as browsers keep any cookie."""
SAME_SITE: Literal["strict"] = "strict"


def token_in(request: Request) -> str | None:
    """The session's token that the request brings, whatever it is worth."""
    return request.cookies.get(_own_cookie(SESSION, request))


def give(response: Response, request: Request, token: str, settings: Settings) -> None:
    """Let the browser keep the session for as long as it is good."""
    seconds = int(timedelta(days=settings.sign_in_days).total_seconds())
    for name, value in ((_own_cookie(SESSION, request), token), (CSRF, csrf_token(token))):
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            httponly=name != CSRF,
            secure=_is_secure(request),
            samesite=SAME_SITE,
        )


def take_back(response: Response, request: Request) -> None:
    for name in (_own_cookie(SESSION, request), CSRF):
        response.delete_cookie(
            name, httponly=name != CSRF, secure=_is_secure(request), samesite=SAME_SITE
        )


def known_browser(request: Request, account_id: str, settings: Settings) -> str | None:
    """The name of the browser, if the account has signed in with it before."""
    marks = request.cookies.get(_own_cookie(BROWSER, request))
    return known_browsers.known_as(marks, account_id, settings)


def remember_browser(
    response: Response, request: Request, account_id: str, settings: Settings
) -> None:
    """The account has signed in with this browser. Signing out leaves that as it is."""
    name = _own_cookie(BROWSER, request)
    response.set_cookie(
        name,
        known_browsers.with_mark(request.cookies.get(name), account_id, settings),
        max_age=int(BROWSER_KEPT.total_seconds()),
        httponly=True,
        secure=_is_secure(request),
        samesite=SAME_SITE,
    )


def refuse_other_sites(request: Request) -> None:
    """Raises the 403 problem if the browser says that a page from elsewhere is asking.

    Browsers say so since 2020 (Sec-Fetch-Site), older ones at least from where a change comes
    (Origin). What says nothing is no browser.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        is_ours = site in ("same-origin", "none")
    else:
        is_ours = origin is None or _is_from(origin, request.headers.get("host"))
    if not is_ours:
        raise HTTPException(403, "This comes from a page of another site, and is refused.")


def _is_from(origin: str, host: str | None) -> bool:
    try:
        return urlsplit(origin).netloc == host
    except ValueError:
        return False


def refuse_unproven(request: Request, token: str) -> None:
    """Raises the 403 problem for a change that does not repeat what belongs to its session."""
    if request.method in SAFE_METHODS:
        return
    shown = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(shown.encode(), csrf_token(token).encode()):
        raise HTTPException(
            403,
            f"Whoever is signed in by cookie has to send {CSRF_HEADER} with every change: "
            f"the value of the cookie {CSRF}.",
        )


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _own_cookie(name: str, request: Request) -> str:
    """With this prefix browsers take the cookie from this very host and over HTTPS only."""
    return f"__Host-{name}" if _is_secure(request) else name
