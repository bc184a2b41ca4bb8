"""Files that pages are made of stay in memory, and are never those of before."""

import os
from pathlib import Path

from fastapi.testclient import TestClient

from api.pages import KeptFiles


def test_a_file_is_as_it_is_now_and_not_sent_again_while_it_is_the_same(tmp_path: Path) -> None:
    file = tmp_path / "a.js"
    client = TestClient(KeptFiles(directory=tmp_path))
    for version in (1, 2):
        file.write_text(f"export const version = {version};")
        os.utime(file, ns=(version, version))
        answer = client.get("/a.js")
        assert answer.text == f"export const version = {version};"
        assert "javascript" in answer.headers["content-type"]
        again = client.get("/a.js", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert client.head("/a.js").headers["content-length"] == str(file.stat().st_size)
