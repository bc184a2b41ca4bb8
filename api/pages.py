"""The pages: the dispatcher's board, the technician's day, signing in, and what they load.

They are files, and use the HTTP interface like any other client. Nothing comes from elsewhere.
"""

import gzip
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from mimetypes import guess_type
from pathlib import Path
from stat import S_ISREG
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from api.http.dependencies import GivenSettings
from api.http.limits import SHORTEST_COMPRESSED
from dispatch.settings import Settings

router = APIRouter(include_in_schema=False)

WEB = Path(__file__).parent / "web"


class KeptFiles(StaticFiles):
    """Files that stay in memory as long as they are the same, compressed once: a page is made of
    more than a hundred small ones, and to find, read and compress each anew took longer than all
    else about it. Parts of a file are not to be had."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, check_dir=False)
        self.folder = directory
        self._found: dict[str, str] = {}

    async def get_response(self, path: str, scope: Scope) -> Response:
        asked = Headers(scope=scope)
        file = self._file(path)
        if self.is_not_modified(Headers(file.headers), asked):
            return NotModifiedResponse(Headers(file.headers))
        if file.compressed is None or "gzip" not in asked.get("accept-encoding", ""):
            return Response(file.content, headers=file.headers)
        return Response(file.compressed, headers={**file.headers, "content-encoding": "gzip"})

    def _file(self, path: str) -> "_File":
        """Raises ``HTTPException`` if there is none."""
        # Where it really lies is looked up once; whether it is still there, and the same, is asked
        # for each time.
        place = self._found.get(path)
        try:
            if place is None:
                place, state = self.lookup_path(path)
            else:
                state = os.stat(place)
        except (OSError, ValueError):  # no name that a file can have, or it is gone
            state = None
        if place is None or state is None or not S_ISREG(state.st_mode):
            raise HTTPException(404)
        if path == os.path.normpath(path):  # else there is no end to what one file is called
            self._found[path] = place
        return _read(place, state.st_mtime_ns, state.st_size)


@dataclass(frozen=True, slots=True)
class _File:
    headers: Mapping[str, str]
    content: bytes
    compressed: bytes | None
    """None if it is too short to gain from it."""


@lru_cache(maxsize=1_000)
def _read(path: str, _modified: int, _size: int) -> _File:
    content = Path(path).read_bytes()
    kind = guess_type(path)[0] or "text/plain"
    headers = {
        "content-type": f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
        "etag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        "vary": "Accept-Encoding",
    }
    is_long = len(content) >= SHORTEST_COMPRESSED
    return _File(headers, content, gzip.compress(content, mtime=0) if is_long else None)


FILES = {
    "scripts": KeptFiles(WEB / "bundled"),
    "styles": KeptFiles(WEB / "styles"),
    "texts": KeptFiles(WEB / "texts"),
    "my-day": KeptFiles(WEB / "my-day"),
    "leaflet": KeptFiles(WEB / "node_modules/leaflet/dist"),
}
"""By the first part of a path below ``/pages``."""
KEPT_ON_PHONES = (
    "scripts/first.js",
    "scripts/my-day/*.js",
    "scripts/shared/*.js",
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


async def read_page_file(request: Request) -> Response:
    folder, path = request.path_params["folder"], request.path_params["path"]
    if folder not in FILES:
        raise HTTPException(404)
    answer = await FILES[folder].get_response(path, request.scope)
    answer.headers.update(_headers(request.app.state.settings))
    return answer


PAGE_FILES = Route("/pages/{folder}/{path:path}", read_page_file, methods=["GET"])
"""By itself, and before all operations: whatever these need, files do not, and to find the right
one among them takes longer than to answer with a file."""


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
        yield name, FILES[name].folder, pattern


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
