"""Machines at customers' sites and the devices that watch them, over HTTP."""

from typing import Any

from fastapi import APIRouter

from api.http.registers import add_operations
from dispatch.company.devices import ASSETS, DEVICES

router = APIRouter(tags=["assets"])

ASSET_EXAMPLES: dict[str, Any] = {
    "chiller": {
        "summary": "A cold room at a restaurant",
        "value": {
            "site_id": "S008",
            "name": "Kho lạnh tầng hầm",
            "model": "RX-700",
            "serial_number": "RX7-2024-00815",
        },
    }
}
DEVICE_EXAMPLES: dict[str, Any] = {
    "gateway": {
        "summary": "What watches the cold room, and what messages call it",
        "value": {
            "asset_id": "A-1",
            "names": ["784f394c-42b6-435a-983c-b7beff2784f9", "sen/cold-room/*"],
        },
    },
    "shelved": {
        "summary": "Known to be faulty: no jobs until Monday morning",
        "value": {"asset_id": "A-1", "shelved_until": "2026-11-23T08:00:00+07:00"},
    },
}

add_operations(router, ASSETS, ASSET_EXAMPLES, listed_by="site_id")
add_operations(router, DEVICES, DEVICE_EXAMPLES, listed_by="asset_id")
