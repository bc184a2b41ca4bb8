"""The pages: the dispatcher's board, the technician's day, signing in, and what they load.

They are files, and use the HTTP interface like any other client. Nothing comes from elsewhere.
"""

from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from api.dependencies import GivenSettings
from dispatch.settings import Settings

router = APIRouter(include_in_schema=False)

WEB = Path(__file__).parent / "web"
SERVED = {
    "scripts": WEB / "scripts",
    "styles": WEB / "styles",
    "texts": WEB / "texts",
    "leaflet": WEB / "node_modules" / "leaflet" / "dist",
}
"""By the first part of a path below ``/pages``."""
FILES = {name: StaticFiles(directory=folder, check_dir=False) for name, folder in SERVED.items()}
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "font-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "img-src": "'self' data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
"""What pages may load and do; nothing that stands in their markup runs."""


@router.get("/")
def read_board_page(settings: GivenSettings) -> FileResponse:
    return _page("board", settings)


@router.get("/my-day")
def read_day_page(settings: GivenSettings) -> FileResponse:
    return _page("my-day", settings)


@router.get("/sign-in")
def read_sign_in_page(settings: GivenSettings) -> FileResponse:
    return _page("sign-in", settings)


@router.get("/pages/{folder}/{path:path}")
async def read_page_file(
    folder: str, path: str, request: Request, settings: GivenSettings
) -> Response:
    if folder not in FILES:
        raise HTTPException(404)
    answer = await FILES[folder].get_response(path, request.scope)
    answer.headers.update(_headers(settings))
    return answer


def _page(name: str, settings: Settings) -> FileResponse:
    return FileResponse(WEB / f"{name}.html", headers=_headers(settings))


def _headers(settings: Settings) -> dict[str, str]:
    policy = dict(POLICY)
    if settings.tile_url is not None and (tiles := urlsplit(settings.tile_url)).netloc:
        policy["img-src"] += f" {tiles.scheme}://{tiles.netloc}"
    return {
        # Kept, but asked about each time: the next version may be here any moment.
        "Cache-Control": "no-cache",
        "Content-Security-Policy": "; ".join(f"{what} {where}" for what, where in policy.items()),
        # The technician's page says where its van is.
        "Permissions-Policy": "geolocation=(self), camera=(), microphone=(), payment=(), usb=()",
    }
