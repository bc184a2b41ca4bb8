"""The pages: the dispatcher's board, the technician's day, signing in, and what they load.

They are files, and use the HTTP interface like any other client. Nothing comes from elsewhere.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.http.dependencies import GivenSettings
from dispatch.settings import Settings

router = APIRouter(include_in_schema=False)

WEB = Path(__file__).parent / "web"


class KeptFiles(StaticFiles):
    """Files whose contents stay in memory as long as they are the same: a page is made of more than
    a hundred small ones, and to open and read each took longer than all else about it."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        answer = super().file_response(full_path, stat_result, scope, status_code)
        if not isinstance(answer, FileResponse):
            return answer
        # Parts of it are not to be had any more, which nobody asks for.
        headers = {name: value for name, value in answer.headers.items() if name != "accept-ranges"}
        return Response(_content(str(full_path), stat_result.st_mtime_ns), status_code, headers)


@lru_cache(maxsize=1_000)
def _content(path: str, _modified: int) -> bytes:
    return Path(path).read_bytes()


SERVED = {
    "scripts": "scripts",
    "styles": "styles",
    "texts": "texts",
    "my-day": "my-day",
    "leaflet": "node_modules/leaflet/dist",
    "idb": "node_modules/idb/build",
}
"""Folders in ``WEB``, by the first part of a path below ``/pages``."""
FILES = {
    name: KeptFiles(directory=WEB / folder, check_dir=False) for name, folder in SERVED.items()
}
KEPT_ON_PHONES = (
    "scripts/*.js",
    "scripts/my-day/*.js",
    "idb/index.js",
    "styles/base.css",
    "styles/my-day.css",
    "texts/*/common.json",
    "texts/*/my-day.json",
    "my-day/*",
)
"""What the technician's page is made of: paths below ``/pages``."""
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "font-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "img-src": "'self' data: blob:",
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


@router.get("/my-day/service-worker.js")
def read_day_service_worker(settings: GivenSettings) -> Response:
    """The script that keeps the technician's page on the phone."""
    return _service_worker(settings)


@router.get("/my-day/sending-service-worker.js")
def read_sending_service_worker(settings: GivenSettings) -> Response:
    """The same as a module, which also sends reports while the page is closed."""
    return _service_worker(settings, modules=["/pages/scripts/my-day/sync.js"])


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


def _service_worker(settings: Settings, modules: Iterable[str] = ()) -> Response:
    """The script, with the modules that it loads and the files that it is to keep.

    What is kept has a name that follows from the content of all of it: a new version of any file is
    a new version of the script, which is how browsers learn of it.
    """
    files = {"/my-day": WEB / "my-day.html"} | {
        f"/pages/{name}/{file.relative_to(folder).as_posix()}": file
        for name, folder, pattern in _kept_on_phones()
        for file in sorted(folder.glob(pattern))
    }
    version = hashlib.sha256()
    for path, file in files.items():
        version.update(path.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    kept = {"version": version.hexdigest()[:16], "paths": list(files)}
    script = (WEB / "scripts" / "my-day" / "service-worker.js").read_text(encoding="utf-8")
    loading = "".join(f"import {json.dumps(module)};\n" for module in modules)
    return Response(
        f"const KEPT = {json.dumps(kept)};\n{loading}{script}",
        media_type="text/javascript",
        # The page's address lies above the script's.
        headers={**_headers(settings), "Service-Worker-Allowed": "/my-day"},
    )


def _kept_on_phones() -> Iterator[tuple[str, Path, str]]:
    """Of each path: its first part, the folder that this stands for, and what is meant there."""
    for path in KEPT_ON_PHONES:
        name, _, pattern = path.partition("/")
        yield name, WEB / SERVED[name], pattern


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
