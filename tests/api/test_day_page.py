"""What keeps the technician's page on the phone."""

import json
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api import pages

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def kept(client: TestClient) -> dict[str, object]:
    answer = client.get("/my-day/service-worker.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["service-worker-allowed"] == "/my-day"
    assert answer.headers["cache-control"] == "no-cache"
    first = answer.text.partition("\n")[0]
    found: dict[str, object] = json.loads(first.removeprefix("const KEPT = ").removesuffix(";"))
    return found


def test_everything_that_is_to_be_kept_is_served(client: TestClient) -> None:
    paths = kept(client)["paths"]
    assert isinstance(paths, list)
    assert {"/my-day", "/pages/scripts/dom.js", "/pages/texts/vi/my-day.json"} <= set(paths)
    assert [client.get(path).status_code for path in paths] == [200] * len(paths)


def test_a_worker_that_can_load_modules_keeps_the_same_and_sends(client: TestClient) -> None:
    plain, sending = (
        client.get(f"/my-day/{name}.js") for name in ("service-worker", "sending-service-worker")
    )
    [loading] = set(sending.text.splitlines()) - set(plain.text.splitlines())
    module = loading.removeprefix('import "').removesuffix('";')
    assert client.get(module).status_code == 200
    assert sending.headers["service-worker-allowed"] == "/my-day"
    assert "script-src 'self'" in sending.headers["content-security-policy"]


def test_everything_that_the_page_loads_is_kept(client: TestClient) -> None:
    paths = set(kept(client)["paths"])  # type: ignore[call-overload]
    scripts = [*pages.WEB.glob("scripts/*.js"), *pages.WEB.glob("scripts/my-day/*.js")]
    assert {f"/pages/{file.relative_to(pages.WEB).as_posix()}" for file in scripts} <= paths
    imported = {
        address
        for script in scripts
        for address in re.findall(r'from "(/pages/[^"]+)"', script.read_text(encoding="utf-8"))
    }
    assert imported == {"/pages/idb/index.js"}
    assert imported <= paths


def test_a_file_that_changes_changes_the_version(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scripts" / "my-day").mkdir(parents=True)
    for name in ("my-day.html", "scripts/dom.js", "scripts/my-day/service-worker.js"):
        (tmp_path / name).write_text("x")
    monkeypatch.setattr(pages, "WEB", tmp_path)
    first, again = kept(client), kept(client)
    (tmp_path / "scripts/dom.js").write_text("y")
    changed = kept(client)
    assert first == again
    assert changed["paths"] == first["paths"]
    assert changed["version"] != first["version"]
