"""The pages: the dispatcher's board, the technician's day, signing in, and what they load.

They are files, and use the HTTP interface like any other client. Nothing comes from elsewhere.
"""

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

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
# Kept, but asked about each time: the next version may be here any moment.
FRESH = {"Cache-Control": "no-cache"}


@router.get("/")
def read_board_page() -> FileResponse:
    return _page("board")


@router.get("/my-day")
def read_day_page() -> FileResponse:
    return _page("my-day")


@router.get("/sign-in")
def read_sign_in_page() -> FileResponse:
    return _page("sign-in")


@router.get("/pages/{folder}/{path:path}")
async def read_page_file(folder: str, path: str, request: Request) -> Response:
    if folder not in FILES:
        raise HTTPException(404)
    answer = await FILES[folder].get_response(path, request.scope)
    answer.headers.update(FRESH)
    return answer


def _page(name: str) -> FileResponse:
    return FileResponse(WEB / f"{name}.html", headers=FRESH)
