"""Machines at customers' sites, and the devices that watch them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from sqlalchemy import ColumnElement, delete
from sqlmodel import Session, col, select

from dispatch import search_texts
from dispatch.errors import Conflict
from dispatch.intake import Code, Input, Moment, Text
from dispatch.log import Entity
from dispatch.models import Asset, Device, DeviceName, Findable, Site
from dispatch.output import Output
from dispatch.register import Register
from solver.faults import Fault


class AssetContent(Input):
    """A machine at a site."""

    site_id: Code
    name: Text
    model: Text | None = None
    serial_number: Text | None = None


class AssetOut(Output):
    id: str
    site_id: str
    name: str
    model: str | None
    serial_number: str | None


def _sorted_once(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise PydanticCustomError(
            "duplicate", "names something more than once", {"action": "name it once"}
        )
    return sorted(names)


class DeviceContent(Input):
    """What watches an asset and sends alerts."""

    asset_id: Code
    names: Annotated[list[Text], AfterValidator(_sorted_once)] = Field(default=[], max_length=100)
    """What messages call it, beside its id; `*` in a name stands for any characters."""
    in_service: Annotated[bool, Field(strict=True)] = True
    """While it is not, its alerts are kept and make no jobs."""
    shelved_until: Moment | None = None
    """Until then its alerts are kept and make no jobs: somebody knows already."""


class DeviceOut(Output):
    id: str
    asset_id: str
    names: list[str]
    in_service: bool
    shelved_until: datetime | None


@dataclass(frozen=True)
class Watched:
    """A device with what it watches, and where."""

    device: Device
    asset: Asset
    site: Site


def find_devices(session: Session, names: Collection[str]) -> Mapping[str, Watched]:
    """The devices by the names that messages use: ids and exact names, else the longest pattern."""
    found = dict(_watched(session, col(DeviceName.name).in_(set(names))))
    missing = set(names) - found.keys()
    if missing:
        patterns = dict(_watched(session, col(DeviceName.is_pattern).is_(True)))
        longest = sorted(patterns, key=lambda pattern: (-len(pattern), pattern))
        for name in missing:
            pattern = next((pattern for pattern in longest if fits(name, pattern)), None)
            if pattern is not None:
                found[name] = patterns[pattern]
    return found


def _watched(session: Session, where: ColumnElement[bool]) -> Iterable[tuple[str, Watched]]:
    for name, device, asset, site in session.exec(
        select(DeviceName.name, Device, Asset, Site)
        .join(Device, col(DeviceName.device_id) == Device.id)
        .join(Asset, col(Device.asset_id) == Asset.id)
        .join(Site, col(Asset.site_id) == Site.id)
        .where(where)
    ):
        yield name, Watched(device, asset, site)


def fits(name: str, pattern: str) -> bool:
    """Whether it is the name, ``*`` in the pattern standing for any characters."""
    return fnmatchcase(name, pattern.replace("[", "[[]").replace("?", "[?]"))


def _apply_device(session: Session, row: Device, content: DeviceContent) -> None:
    taken = session.exec(
        select(DeviceName).where(
            col(DeviceName.name).in_([row.id, *content.names]), DeviceName.device_id != row.id
        )
    ).all()
    if taken:
        raise Conflict(
            *(
                Fault(
                    "name_taken",
                    "names",
                    f"{name.name!r} is a name of the device {name.device_id!r}",
                    "choose another one, or take it from there first",
                )
                for name in taken
            )
        )
    row.sqlmodel_update(content.model_dump(exclude={"names"}))
    session.add(row)
    session.flush()
    session.exec(delete(DeviceName).where(col(DeviceName.device_id) == row.id))
    session.add_all(name_rows(row.id, content.names))


def name_rows(device_id: str, names: Iterable[str]) -> list[DeviceName]:
    """Its id is a name, too."""
    return [
        DeviceName(name=name, device_id=device_id, is_pattern="*" in name)
        for name in sorted({device_id, *names})
    ]


def _show_devices(session: Session, rows: Sequence[Device]) -> list[DeviceOut]:
    names: dict[str, list[str]] = {row.id: [] for row in rows}
    for one in session.exec(select(DeviceName).where(col(DeviceName.device_id).in_(names))):
        if one.name != one.device_id:
            names[one.device_id].append(one.name)
    return [DeviceOut(**row.model_dump(), names=sorted(names[row.id])) for row in rows]


def _note_asset(session: Session, row: Asset) -> None:
    search_texts.note(session, assets=[row.id])


def _forget_asset(session: Session, id_: str) -> None:
    search_texts.forget(session, Findable.ASSET, id_)


ASSETS: Register[Asset, AssetContent, AssetOut] = Register(
    Entity.ASSET,
    Asset,
    AssetContent,
    AssetOut,
    kept=_note_asset,
    removed=_forget_asset,
)
DEVICES: Register[Device, DeviceContent, DeviceOut] = Register(
    Entity.DEVICE,
    Device,
    DeviceContent,
    DeviceOut,
    _apply_device,
    _show_devices,
)
