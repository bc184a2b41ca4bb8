"""The words with which platforms say how bad it is, in ours. docs/alerts.md has them as a table."""

from typing import Any

from dispatch.models import Severity

WORDS: dict[Severity, tuple[str, ...]] = {
    Severity.CRITICAL: (
        *("critical", "crit", "disaster", "fatal", "emergency", "emerg", "panic", "alert", "page"),
        *("highest", "p1", "sev0", "sev1", "very high"),
    ),
    Severity.MAJOR: ("major", "high", "error", "err", "severe", "p2", "sev2"),
    Severity.MINOR: ("minor", "average", "medium", "moderate", "ticket", "p3", "sev3"),
    Severity.WARNING: ("warning", "warn", "low", "notice", "p4", "sev4"),
    Severity.INDETERMINATE: (
        *("indeterminate", "info", "information", "informational", "not classified", "none"),
        *("no severity", "unknown", "undefined", "debug", "lowest", "p5"),
    ),
}
"""Of ITU-T X.733 and ThingsBoard, Prometheus and Alertmanager, Grafana, Zabbix, syslog, Nagios,
PagerDuty, Opsgenie, Azure Monitor, Google Cloud. Numbers mean something else everywhere."""

_SEVERITIES = {word: severity for severity, words in WORDS.items() for word in words}


def severity_of(word: str) -> Severity | None:
    """What the word means, however it is written; None if nobody is known to use it."""
    return _SEVERITIES.get(" ".join(word.casefold().replace("_", " ").replace("-", " ").split()))


def word_of(value: Any) -> str:
    """A value of a message as the word that a mapping calls it, in any case."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().casefold()
