"""The real service for ``benchmarks.day.day``, with a clock that the simulation sets.

Every moment that the service takes for now comes from ``dispatch.models.base``; only that is
replaced. What the service does by the clock, to plan again and to solve what is queued, is done
when the simulation says so: its day must not go on while a plan is being made for it.

Standard input has one command a line, and standard output an answer to each:

    clock MOMENT     now is that moment
    replan           queue a plan if something has happened that is worth one
    work             solve what is queued
"""

import argparse
import sys
import threading
import time
from datetime import datetime, tzinfo
from pathlib import Path

from sqlmodel import Session

from api.app import create_app
from api.server import Server
from dispatch.engines import connect
from dispatch.files.folder import import_folder
from dispatch.models import base, now
from dispatch.plans.queries import queued_runs
from dispatch.runs.execution import execute_run
from dispatch.runs.replanning import replan_if_worth_it
from dispatch.settings import Settings


class SimulatedTime:
    """Stands in for the class ``datetime`` where the service asks for now."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self, zone: tzinfo) -> datetime:
        return self.at.astimezone(zone)


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.day.service", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--at", type=datetime.fromisoformat, required=True)
    parser.add_argument("--replan-minutes", type=float)
    parser.add_argument("--company", type=Path, help="a folder to import before")
    chosen = parser.parse_args()
    answers, sys.stdout = sys.stdout, sys.stderr  # the server writes its log to standard output
    clock = SimulatedTime(chosen.at)
    setattr(base, "datetime", clock)  # noqa: B010 - a name that is to stay a type for everybody else
    settings = Settings(solver_processes=0)
    by_the_clock = settings.model_copy(update={"replan_every_minutes": chosen.replan_minutes})
    server = Server(create_app(settings), "127.0.0.1", chosen.port)
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)  # the server has nothing else to say that it has started
    engine = connect(settings.database_url)
    if chosen.company is not None:
        # By the clock of the day, unlike the command: what was new tomorrow is news all day.
        with Session(engine) as session:
            import_folder(session, chosen.company, actor="simulation", settings=settings)
            session.commit()
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "clock":
            clock.at = datetime.fromisoformat(arguments[0])
        elif command == "replan":
            with Session(engine) as session:
                replan_if_worth_it(session, by_the_clock, now())
                session.commit()
        elif command == "work":
            with Session(engine) as session:
                waiting = [run.id for run in queued_runs(session)]
            for run_id in waiting:
                execute_run(settings.database_url, run_id, settings)
        answers.write("done\n")
        answers.flush()
    server.should_exit = True
    thread.join()
    engine.dispose()


if __name__ == "__main__":
    main()
