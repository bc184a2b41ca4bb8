"""The pages: the dispatcher's board, the technician's day, signing in, and what they load.

They are files, and use the HTTP interface like any other client. Nothing comes from elsewhere.
"""

import hashlib
import json
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
    "my-day": WEB / "my-day",
    "leaflet": WEB / "node_modules" / "leaflet" / "dist",
}
"""By the first part of a path below ``/pages``."""
FILES = {name: StaticFiles(directory=folder, check_dir=False) for name, folder in SERVED.items()}
KEPT_ON_PHONES = (
    "scripts/*.js",
    "scripts/my-day/*.js",
    "styles/base.css",
    "styles/my-day.css",
    "texts/*/common.json",
    "texts/*/my-day.json",
    "my-day/*",
)
"""What the technician's page is made of."""
# Kept, but asked about each time: the next version may be here any moment.
FRESH = {"Cache-Control": "no-cache"}


@router.get("/")
def read_board_page() -> FileResponse:
    return _page("board")


@router.get("/my-day")
def read_day_page() -> FileResponse:
    return _page("my-day")


@router.get("/my-day/service-worker.js")
def read_day_service_worker() -> Response:
    """The script that keeps the technician's page on the phone, with what it is to keep.

    What is kept has a name that follows from the content of all of it: a new version of any file is
    a new version of the script, which is how browsers learn of it.
    """
    files = {"/my-day": WEB / "my-day.html"} | {
        f"/pages/{file.relative_to(WEB).as_posix()}": file
        for pattern in KEPT_ON_PHONES
        for file in sorted(WEB.glob(pattern))
    }
    version = hashlib.sha256()
    for path, file in files.items():
        version.update(path.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    kept = {"version": version.hexdigest()[:16], "paths": list(files)}
    script = (WEB / "scripts" / "my-day" / "service-worker.js").read_text(encoding="utf-8")
    return Response(
        f"const KEPT = {json.dumps(kept)};\n{script}",
        media_type="text/javascript",
        # The page's address lies above the script's.
        headers={**FRESH, "Service-Worker-Allowed": "/my-day"},
    )


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
