"""Made-up measurements."""

from typing import Any

from benchmarks.engines.results import Measurement, Trial, gap_to


def measured(
    instance: str = "R101",
    engine: str = "kernel",
    cost: float = 100.0,
    *,
    family: str = "vrptw",
    seconds: float = 10.0,
    seed: int = 1,
    cores: int = 1,
    unassigned: int = 0,
    published: float | None = 100.0,
    **others: Any,
) -> Measurement:
    values: dict[str, Any] = {
        "group": instance[:2],
        "visits": 100,
        "shifts": 25,
        "seconds_used": 10.0,
        "iterations": None,
        "memory_mb": 123.4,
        "curve": ((1.0, cost * 1.5), (4.0, cost)),
        "seconds_to_one_percent": 4.0,
        "version": f"{engine} 1.0",
        "machine": "A machine",
        "date": "2026-01-02",
    }
    return Measurement(
        Trial(family, instance, engine, seconds, seed, cores),
        cost=cost,
        unassigned=unassigned,
        published=published,
        gap=gap_to(published, cost, unassigned),
        **(values | others),
    )
