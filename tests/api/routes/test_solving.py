"""Problems that come in to be solved: answered as from files, at the edges, and beside all else."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from api.http import lines
from api.routes.solving import EXAMPLE, VROOM, VROOM_EXAMPLE
from benchmarks.engines.vroom_rules import faults as faults_of_vroom
from dispatch.models import Role
from dispatch.settings import Settings
from dispatch.solving import solvers
from dispatch.solving.orders import SolveOrder
from dispatch.solving.solvers import Solvers
from solver.files.read import problem_from_json
from solver.files.write import read_solution
from solver.judge.check import check
from tests.api.conftest import faults, key_of
from tests.api.serving import served
from tests.dispatch.waiting import until

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("compiled_search"),
]


@pytest.fixture(scope="module")
def processes() -> Iterator[Solvers]:
    """Shared, as each takes seconds to start."""
    shared = Solvers()
    yield shared
    shared.stop()


@pytest.fixture
def client(app: FastAPI, client: TestClient, processes: Solvers) -> TestClient:
    """An administrator."""
    app.state.solvers = processes
    return client


def assert_is_solved(answer: Any) -> None:
    assert answer.status_code == 200, answer.text
    problem = problem_from_json(EXAMPLE)
    assert not check(problem, read_solution(answer.json(), problem, 1))


# One caller


def test_a_problem_comes_back_solved_and_nothing_is_stored(client: TestClient) -> None:
    before = client.get("/log").json()

    answer = client.post("/solve?seconds=0.2", json=EXAMPLE)

    assert_is_solved(answer)
    assert answer.json()["unassigned"] == []
    assert answer.headers["content-type"] == "application/json"
    assert client.get("/log").json() == before


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/solve?format=vroom&iterations=5", "application/json"), ("/solve?iterations=5", VROOM)],
)
def test_a_problem_of_vrooms_has_an_answer_of_vrooms(
    client: TestClient, path: str, media_type: str
) -> None:
    headers = {"Content-Type": f"{media_type}; charset=utf-8"}

    answer = client.post(path, content=json.dumps(VROOM_EXAMPLE), headers=headers)

    assert answer.status_code == 200
    assert answer.json()["code"] == 0
    assert faults_of_vroom(VROOM_EXAMPLE, answer.json()) == []


def test_so_many_iterations_from_a_seed_have_the_same_answer_every_time(
    client: TestClient,
) -> None:
    visits = [{"id": str(i), "location": i % 3, "duration": 60 * i} for i in range(40)]
    problem = {**EXAMPLE, "visits": visits}

    answers = [client.post("/solve?iterations=300&seed=7", json=problem) for _ in range(2)]

    assert answers[0].status_code == 200
    assert answers[0].content == answers[1].content


def test_every_fault_of_a_problem_is_told_at_once(client: TestClient) -> None:
    broken = {**EXAMPLE, "visits": [{"id": "a", "location": 9}, {"id": "b", "locatoin": 1}]}

    answer = client.post("/solve", json=broken)

    assert answer.status_code == 422
    assert faults(answer) == {
        ("unknown_location", "visit 'a'"),
        ("missing_key", "/visits/1"),
        ("unknown_key", "/visits/1/locatoin"),
    }
    vroom = client.post("/solve?format=vroom", json={**VROOM_EXAMPLE, "shipments": [{}]})
    assert faults(vroom) == {("not_supported", "/shipments")}


@pytest.mark.parametrize(
    "content", [b"{", b"", b"\xff", b'{"visits": 1, "visits": 2}', b"[" * 9999]
)
def test_what_is_no_json_is_refused(client: TestClient, content: bytes) -> None:
    answer = client.post("/solve", content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("The body is not JSON: ")
    assert_is_solved(client.post("/solve?iterations=5", json=EXAMPLE))


def test_a_problem_is_sent_as_json(client: TestClient) -> None:
    for headers in ({"Content-Type": "text/plain"}, {}):
        answer = client.post("/solve", content=json.dumps(EXAMPLE), headers=headers)
        assert answer.status_code == 415


def test_a_problem_may_not_name_files_of_the_service(client: TestClient) -> None:
    answer = client.post("/solve", json={**EXAMPLE, "travel_time": {"file": "travel.npy"}})

    assert faults(answer) == {("not_beside", "/travel_time/file")}


# Too much


@pytest.fixture
def small(settings: Settings, processes: Solvers) -> Iterator[TestClient]:
    """A service that solves only what is small and short."""
    limits = {"solve_bytes": 5_000, "solve_places": 4, "solve_seconds": 0.3}
    app = create_app(settings.model_copy(update={"solver_processes": 0, **limits}))
    with TestClient(app, raise_server_exceptions=False) as client:
        app.state.solvers = processes
        client.headers["Authorization"] = f"Bearer {key_of(app)}"
        yield client


def test_a_problem_that_is_too_large_is_refused(small: TestClient) -> None:
    text = json.dumps(EXAMPLE)
    headers = {"Content-Type": "application/json"}

    def in_pieces(size: int) -> Iterator[bytes]:
        yield text.encode()
        yield b" " * (size - len(text))

    announced = small.post("/solve", content=text + " " * 5_000, headers=headers)
    streamed = small.post("/solve", content=in_pieces(5_001), headers=headers)
    just_so = small.post("/solve", content=in_pieces(5_000), headers=headers)

    assert (announced.status_code, streamed.status_code) == (413, 413)
    assert "5,000 bytes" in streamed.json()["detail"]
    assert_is_solved(just_so)


def test_a_problem_with_too_many_visits_is_refused_before_anything_is_made_of_it(
    small: TestClient,
) -> None:
    visits = [{"id": str(number)} for number in range(5)]
    places = [{"latitude": 0, "longitude": 0}] * 5
    many = {"visits": visits, "locations": places, "speed_kmh": 1, "shifts": []}

    assert faults(small.post("/solve", json=many)) == {
        ("too_many", "/visits"),
        ("too_many", "/locations"),
    }
    vroom = {"jobs": visits, "vehicles": [{"id": 1}]}
    assert faults(small.post("/solve?format=vroom", json=vroom)) == {("too_many", "/jobs")}


def test_nobody_may_ask_for_longer_than_the_service_lets_them(small: TestClient) -> None:
    too_long = ("too_long", "query parameter seconds")

    assert faults(small.post("/solve?seconds=0.4", json=EXAMPLE)) == {too_long}
    assert_is_solved(small.post("/solve?seconds=0.3", json=EXAMPLE))
    # Without either limit it takes no longer than it may.
    assert_is_solved(small.post("/solve", json=EXAMPLE))
    endless = small.post("/solve?iterations=1000000000", json=EXAMPLE)
    assert faults(endless) == {("too_long", "query parameter iterations")}


def test_parameters_are_as_they_are_described(client: TestClient) -> None:
    for query in ("seconds=0", "seconds=-1", "iterations=-1", "seed=-1", "format=trsp", "cores=2"):
        assert client.post(f"/solve?{query}", json=EXAMPLE).status_code == 422, query


# Many


@pytest.fixture
def busy(settings: Settings) -> FastAPI:
    changed = {"solver_processes": 0, "solves_at_once": 2, "solve_seconds": 30}
    return create_app(settings.model_copy(update=changed))


def test_of_twenty_callers_two_are_served_and_the_others_told_when_to_come_again(
    busy: FastAPI,
) -> None:
    """And whoever asks for something else meanwhile is answered as ever."""
    searching = threading.Event()

    class Searching:
        def solve(self, _order: SolveOrder, _gone: threading.Event) -> bytes:
            searching.wait(60)
            return b"{}"

        def stop(self) -> None:
            searching.set()

    busy.state.solvers = Searching()
    busy.state.lines.solving.seconds = 0.1
    with served(busy) as (address, _), ThreadPoolExecutor(20) as threads:
        headers = {"X-API-Key": key_of(busy)}
        with httpx2.Client(base_url=address, headers=headers, trust_env=False, timeout=60) as web:
            asked = [threads.submit(web.post, "/solve", json=EXAMPLE) for _ in range(20)]
            until(lambda: sum(one.done() for one in asked) == 18)
            assert web.get("/jobs").status_code == 200
            refused = [one.result() for one in asked if one.done()]
            searching.set()
            answers = [one.result() for one in asked]
    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [503] * 18
    assert {one.headers["Retry-After"] for one in refused} == {str(lines.SECONDS_TO_RETRY)}


def test_a_client_that_goes_away_ends_its_search_and_makes_room(busy: FastAPI) -> None:
    busy.state.lines.solving.size = 1
    with served(busy) as (address, _):
        headers = {"X-API-Key": key_of(busy)}
        with httpx2.Client(base_url=address, headers=headers, trust_env=False, timeout=60) as web:
            # So that there is a process, which takes a while.
            assert web.post("/solve?iterations=1", json=EXAMPLE).status_code == 200
            (process,) = busy.state.solvers._free
            with pytest.raises(httpx2.ReadTimeout):
                web.post("/solve?seconds=30", json=EXAMPLE, timeout=0.5)
            assert_is_solved(web.post("/solve?iterations=1", json=EXAMPLE))
            # The same process: it had only to be told.
            assert busy.state.solvers._free == [process]


def test_a_process_that_does_not_stop_is_ended_and_another_one_starts(
    busy: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solvers, "SECONDS_TO_STOP", 0.0)
    gone = threading.Event()
    with TestClient(busy, raise_server_exceptions=False) as client:
        client.headers["X-API-Key"] = key_of(busy, Role.SOLVER)
        assert client.post("/solve?iterations=1", json=EXAMPLE).status_code == 200
        (process,) = busy.state.solvers._free
        gone.set()
        with pytest.raises(solvers.NobodyWaits):
            busy.state.solvers.solve(process_order(seconds=30.0), gone)
        assert not process.is_alive
        assert_is_solved(client.post("/solve?iterations=1", json=EXAMPLE))


def test_a_process_that_dies_takes_only_its_own_answer_along(busy: FastAPI) -> None:
    with TestClient(busy, raise_server_exceptions=False) as client:
        client.headers["X-API-Key"] = key_of(busy)
        assert client.post("/solve?iterations=1", json=EXAMPLE).status_code == 200
        (process,) = busy.state.solvers._free
        with ThreadPoolExecutor(1) as threads:
            asked = threads.submit(client.post, "/solve?seconds=30", json=EXAMPLE)
            until(lambda: not process.is_idle)
            process._process.kill()
            assert asked.result().status_code == 500
        assert_is_solved(client.post("/solve?iterations=1", json=EXAMPLE))


def test_processes_end_with_the_service(busy: FastAPI) -> None:
    with TestClient(busy) as client:
        client.headers["X-API-Key"] = key_of(busy)
        assert client.post("/solve?iterations=1", json=EXAMPLE).status_code == 200
        (process,) = busy.state.solvers._free
    assert not process.is_alive


def process_order(seconds: float) -> Any:
    return SolveOrder(
        text=json.dumps(EXAMPLE).encode(),
        form="json",
        seconds=seconds,
        iterations=None,
        seed=0,
        most_seconds=seconds,
        most_places=100,
    )
