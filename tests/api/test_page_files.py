"""Files that pages are made of stay in memory, and are never those of before."""

import os
from pathlib import Path
from unittest.mock import patch

from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.routing import Mount

from api.pages import KeptFiles


def serving(folder: Path) -> TestClient:
    return TestClient(Starlette(routes=[Mount("/", KeptFiles(folder))]))


def test_a_file_is_as_it_is_now_and_not_sent_again_while_it_is_the_same(tmp_path: Path) -> None:
    file = tmp_path / "a.js"
    client = serving(tmp_path)
    for version in (1, 2):
        file.write_text(f"export const version = {version};")
        os.utime(file, ns=(version, version))
        answer = client.get("/a.js")
        assert answer.text == f"export const version = {version};"
        assert "javascript" in answer.headers["content-type"]
        again = client.get("/a.js", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert client.head("/a.js").headers["content-length"] == str(file.stat().st_size)


def test_a_file_that_is_gone_or_new_is_so_at_once(tmp_path: Path) -> None:
    client = serving(tmp_path)
    assert client.get("/a.js").status_code == 404
    (tmp_path / "a.js").write_text("1")
    assert client.get("/a.js").text == "1"
    (tmp_path / "a.js").unlink()
    assert client.get("/a.js").status_code == 404
    (tmp_path / "a.js").mkdir()
    for path in ("/a.js", f"/{'a' * 300}", "/a%00.js"):
        assert client.get(path).status_code == 404, path


def test_a_long_file_is_compressed_once(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("// the same again\n" * 1_000)
    client = serving(tmp_path)
    plain = client.get("/a.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with patch("api.pages.gzip.compress", side_effect=AssertionError):
        small = client.get("/a.js", headers={"Accept-Encoding": "br, gzip"})
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) < 1_000
    assert small.text == plain.text


def test_no_more_names_are_remembered_than_there_are_files(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1")
    files = KeptFiles(tmp_path)
    for dots in range(5):
        assert files._file("./" * dots + "a.js").content == b"1"
    assert len(files._found) == 1
