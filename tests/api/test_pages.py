"""How pages are served: their files, and what browsers are told about them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import ValidationError

from api.app import create_app
from api.pages import WEB
from dispatch.settings import Settings

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAGES = ("/", "/my-day", "/sign-in")


@pytest.fixture
def visitor(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def policy_of(client: TestClient, path: str) -> dict[str, list[str]]:
    directives = client.get(path).headers["content-security-policy"].split("; ")
    return {name: where for name, *where in map(str.split, directives)}


def test_pages_run_load_and_send_only_what_is_ours(visitor: TestClient) -> None:
    for path in (*PAGES, "/pages/scripts/sign-in/page.js"):
        policy = policy_of(visitor, path)
        assert policy["default-src"] == ["'none'"]
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == ["'self'"]
        assert policy["img-src"] == ["'self'", "data:", "blob:"]
        for what in ("base-uri", "form-action", "frame-ancestors"):
            assert policy[what] == ["'none'"]
        assert "unsafe" not in str(policy)
        headers = visitor.get(path).headers
        assert headers["x-frame-options"] == "DENY"
        assert "geolocation=(self)" in headers["permissions-policy"]
        assert headers["cache-control"] == "no-cache"


def test_pictures_may_come_from_the_map_that_is_set_too(settings: Settings) -> None:
    def allowed(tile_url: str) -> list[str]:
        changed = {"tile_url": tile_url, "solver_processes": 0}
        app = create_app(settings.model_copy(update=changed))
        with TestClient(app) as client:
            policy = policy_of(client, "/")
            assert policy["connect-src"] == ["'self'"]
            return policy["img-src"][3:]

    assert allowed("https://tile.example:8443/{z}/{x}/{y}.png?key=a") == [
        "https://tile.example:8443"
    ]
    assert allowed("/tiles/{z}/{x}/{y}.png") == []


@pytest.mark.parametrize(
    "url",
    [
        "https://tile.example/{z}/{x}.png",
        "//tile.example/{z}/{x}/{y}.png",
        "https://tile.example; script-src *; /{z}/{x}/{y}.png",
        "https://tile.example /{z}/{x}/{y}.png",
        "https://user@tile.example/{z}/{x}/{y}.png",
        "javascript:alert(1)/{z}/{x}/{y}",
        "",
    ],
)
def test_a_map_address_that_is_none_is_refused(settings: Settings, url: str) -> None:
    with pytest.raises(ValidationError, match="tile_url"):
        Settings(**{**settings.model_dump(), "tile_url": url})


def test_nothing_outside_the_pages_folders_is_served(visitor: TestClient) -> None:
    for path in (
        "scripts/../board.html",
        "scripts/%2e%2e/board.html",
        "scripts/..%2fboard.html",
        "scripts/%2e%2e%2f%2e%2e%2fapp.py",
        "scripts/%2e%2e%2fscripts/dom.js",
        "scripts//etc/passwd",
        "scripts/",
        "scripts",
        "node_modules/leaflet/package.json",
        "leaflet/../package.json",
        "package.json",
    ):
        assert visitor.get(f"/pages/{path}").status_code == 404, path


def addresses(file: Path) -> list[str]:
    return re.findall(r'(?:src|href)="([^"]+)"', file.read_text(encoding="utf-8"))


def test_whatever_pages_refer_to_is_there(visitor: TestClient) -> None:
    found = {address for file in WEB.glob("*.html") for address in addresses(file)}
    ours = {one for one in found if one.startswith("/") and not one.startswith("/pages/leaflet/")}
    assert {"/pages/styles/base.css", "/pages/scripts/sign-in/page.js"} <= ours
    for address in ours:
        assert visitor.get(address.partition("#")[0]).status_code == 200, address
    # Nothing of others, from wherever.
    assert all(one.startswith(("/", "#", "data:", "tel:")) for one in found)


def test_packages_are_pinned_and_the_lock_file_says_from_nowhere(settings: Settings) -> None:
    listed = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    packages = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for one in packages.values():
        one.pop("funding", None)
    assert not re.search(r'https?:|"resolved"', json.dumps(packages))
    own = packages.pop("")
    for kind in ("dependencies", "devDependencies"):
        assert own[kind] == listed[kind]
        for name, version in listed[kind].items():
            assert re.fullmatch(r"\d+\.\d+\.\d+", version)
            assert packages[f"node_modules/{name}"]["version"] == version
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())
