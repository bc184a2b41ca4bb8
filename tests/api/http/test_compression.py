"""What is long to read comes compressed, to whoever can read that."""

import gzip

import pytest
from fastapi.testclient import TestClient

from api.pages import WEB

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SCRIPT = "/pages/scripts/board/page.js"


def headers_of(client: TestClient, method: str, path: str, **headers: str) -> dict[str, str]:
    answer = client.request(method, path, headers={"Accept-Encoding": "gzip", **headers})
    return {"status": str(answer.status_code), **answer.headers}


def test_a_long_answer_is_compressed_for_whoever_can_read_it(client: TestClient) -> None:
    script = (WEB / "bundled" / "board" / "page.js").read_bytes()
    with client.stream("GET", SCRIPT, headers={"Accept-Encoding": "gzip"}) as answer:
        sent = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert int(answer.headers.get("content-length", len(sent))) == len(sent)
    assert len(sent) < len(script) / 2
    assert gzip.decompress(sent) == script
    plain = client.get(SCRIPT, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == script


def test_data_are_compressed_as_pages_are(client: TestClient) -> None:
    assert headers_of(client, "GET", "/openapi.json")["content-encoding"] == "gzip"


def test_a_short_answer_is_not(client: TestClient) -> None:
    assert "content-encoding" not in headers_of(client, "GET", "/health")


def test_an_answer_to_a_change_is_not_as_secrets_may_stand_in_it(client: TestClient) -> None:
    wrong = {f"unheard-of-{number}": number for number in range(20)}
    answer = client.post("/sign-in", json=wrong, headers={"Accept-Encoding": "gzip"})
    assert len(answer.content) > 1_000
    assert "content-encoding" not in answer.headers


def test_head_says_what_get_does(client: TestClient) -> None:
    for path in (SCRIPT, "/openapi.json"):
        assert headers_of(client, "HEAD", path) == headers_of(client, "GET", path)


def test_what_the_reader_still_holds_is_not_sent_again(client: TestClient) -> None:
    held = headers_of(client, "GET", SCRIPT)["etag"]
    answer = client.get(SCRIPT, headers={"Accept-Encoding": "gzip", "If-None-Match": held})
    assert (answer.status_code, answer.content) == (304, b"")
    assert "content-encoding" not in answer.headers
