"""What platforms ask before they send alerts: whether somebody here wants them."""

from typing import Any

from dispatch.alerts.content import Delivery
from dispatch.alerts.json_bodies import UnreadableBody, read_json, read_text

VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"


def validation_code(delivery: Delivery) -> str | None:
    """The code that Azure Event Grid wants back before it delivers; None if it asks nothing.

    The other way, an address that is to be called, is not used: it could be anybody's.
    """
    if VALIDATION.encode() not in delivery.body:
        return None
    try:
        content = read_json(read_text(delivery.body, delivery.charset))
    except UnreadableBody:
        return None
    match content:
        case [{"eventType": kind, "data": {"validationCode": str(code)}}]:
            return code[:200] if kind == VALIDATION else None
    return None


def agreement(headers: Any, alerts_per_minute: int) -> dict[str, str]:
    """The headers that agree to deliveries, as CloudEvents' web hooks ask for them (``OPTIONS``).

    Whoever is agreed with still has to show a key or a signature with every delivery.
    """
    found = {"Allow": "OPTIONS, POST"}
    origin = headers.get("webhook-request-origin")
    if origin is not None:
        found["WebHook-Allowed-Origin"] = origin
        found["WebHook-Allowed-Rate"] = str(alerts_per_minute)
    return found
