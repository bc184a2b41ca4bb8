"""Errors that have nothing to do with what an operation does."""

from fastapi.testclient import TestClient


def test_an_unknown_path_is_a_404_problem(client: TestClient) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404


def test_a_wrong_method_is_a_405_problem_that_lists_the_right_ones(client: TestClient) -> None:
    answer = client.delete("/health")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.headers["content-type"] == "application/problem+json"
