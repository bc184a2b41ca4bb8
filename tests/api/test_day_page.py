"""What keeps the technician's page on the phone."""

import json
import re
from pathlib import Path
from urllib.parse import urljoin

import pytest
from fastapi.testclient import TestClient

from api import pages

IMPORT = re.compile(r"""\b(?:from|import)\s*["'](\.[^"']+)["']""")
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
    assert {"/my-day", "/pages/scripts/my-day/page.js", "/pages/texts/vi/my-day.json"} <= set(paths)
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
    page = client.get("/my-day").text
    wanted = re.findall(r'(?:src="|rel="stylesheet" href=")([^"]+)"', page)
    assert "/pages/scripts/my-day/page.js" in wanted
    for path in [*wanted, "/pages/scripts/my-day/sync.js"]:
        script = client.get(path).text
        wanted += [urljoin(path, found) for found in IMPORT.findall(script) if path.endswith("js")]
    assert set(wanted) <= paths
    assert any("/shared/" in path for path in wanted)


def test_a_file_that_changes_changes_the_version(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("scripts", "bundled"):
        (tmp_path / folder / "my-day").mkdir(parents=True)
    for name in ("my-day.html", "bundled/my-day/page.js", "scripts/my-day/service-worker.js"):
        (tmp_path / name).write_text("x")
    monkeypatch.setattr(pages, "WEB", tmp_path)
    monkeypatch.setitem(pages.FILES, "scripts", pages.KeptFiles(tmp_path / "bundled"))
    first, again = kept(client), kept(client)
    (tmp_path / "bundled/my-day/page.js").write_text("y")
    changed = kept(client)
    assert first == again
    assert changed["paths"] == first["paths"]
    assert "/pages/scripts/my-day/page.js" in first["paths"]  # type: ignore[operator]
    assert changed["version"] != first["version"]
