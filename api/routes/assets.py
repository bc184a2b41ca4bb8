"""Machines at customers' sites and the devices that watch them, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Response
from pydantic import Field

from api.http.dependencies import Actor, After, PageLimit, ReadingSession, WritingSession
from api.http.limits import json_only
from api.http.problems import WITH_BODY, documented
from dispatch.company.devices import (
    ASSETS,
    DEVICES,
    AssetContent,
    AssetOut,
    DeviceContent,
    DeviceOut,
)
from dispatch.intake import Code
from dispatch.output import Output

router = APIRouter(tags=["assets"])

NEXT = "`after` of the next page; null on the last one."


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


class AssetPage(Output):
    assets: list[AssetOut]
    next: str | None = Field(description=NEXT)


class DevicePage(Output):
    devices: list[DeviceOut]
    next: str | None = Field(description=NEXT)


@router.put(
    "/assets/{asset_id}",
    summary="Keep an asset",
    dependencies=[Depends(json_only)],
    responses={
        201: {"model": AssetOut, "description": "It is new."},
        **documented(*WITH_BODY, 409),
    },
)
def put_asset(
    asset_id: Code,
    content: Annotated[AssetContent, Body(openapi_examples=ASSET_EXAMPLES)],
    session: WritingSession,
    actor: Actor,
    response: Response,
) -> AssetOut:
    """In place of what is kept under this id; the same again changes nothing."""
    kept, is_new = ASSETS.put(session, asset_id, content, actor=actor)
    if is_new:
        response.status_code = 201
    return kept


@router.get("/assets", summary="List assets, in the order of their ids", responses=documented(422))
def list_assets(
    session: ReadingSession,
    site_id: Code | None = None,
    after: After = None,
    limit: PageLimit = 50,
) -> AssetPage:
    page, following = ASSETS.page(session, after, limit, site_id=site_id)
    return AssetPage(assets=page, next=following)


@router.get("/assets/{asset_id}", summary="Read an asset", responses=documented(404, 422))
def read_asset(asset_id: Code, session: ReadingSession) -> AssetOut:
    return ASSETS.read(session, asset_id)


@router.delete(
    "/assets/{asset_id}",
    status_code=204,
    summary="Remove an asset that nothing refers to",
    responses=documented(404, 409, 422),
)
def remove_asset(asset_id: Code, session: WritingSession, actor: Actor) -> None:
    ASSETS.remove(session, asset_id, actor=actor)


@router.put(
    "/devices/{device_id}",
    summary="Keep a device",
    dependencies=[Depends(json_only)],
    responses={
        201: {"model": DeviceOut, "description": "It is new."},
        **documented(*WITH_BODY, 409),
    },
)
def put_device(
    device_id: Code,
    content: Annotated[DeviceContent, Body(openapi_examples=DEVICE_EXAMPLES)],
    session: WritingSession,
    actor: Actor,
    response: Response,
) -> DeviceOut:
    """In place of what is kept under this id; the same again changes nothing."""
    kept, is_new = DEVICES.put(session, device_id, content, actor=actor)
    if is_new:
        response.status_code = 201
    return kept


@router.get(
    "/devices", summary="List devices, in the order of their ids", responses=documented(422)
)
def list_devices(
    session: ReadingSession,
    asset_id: Code | None = None,
    after: After = None,
    limit: PageLimit = 50,
) -> DevicePage:
    page, following = DEVICES.page(session, after, limit, asset_id=asset_id)
    return DevicePage(devices=page, next=following)


@router.get("/devices/{device_id}", summary="Read a device", responses=documented(404, 422))
def read_device(device_id: Code, session: ReadingSession) -> DeviceOut:
    return DEVICES.read(session, device_id)


@router.delete(
    "/devices/{device_id}",
    status_code=204,
    summary="Remove a device that nothing refers to",
    responses=documented(404, 409, 422),
)
def remove_device(device_id: Code, session: WritingSession, actor: Actor) -> None:
    DEVICES.remove(session, device_id, actor=actor)
