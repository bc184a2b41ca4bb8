"""Words as they are searched for: without accents and capitals, whatever stands between them, and
telephone numbers as they are dialled; and the table that holds those of jobs, sites and machines.

Neither database folds Vietnamese letters, so it is done here, when the rows are written.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import Any

from sqlmodel import Session, col, delete, select

from dispatch import store
from dispatch.models import Asset, Findable, Job, SearchText, Site

LONGEST = 600
"""Letters of the words of one thing; addresses may be long, and what is beyond finds nobody."""
COUNTRY = "84"
LEAST_WHOLE_NUMBER = 9
"""Digits of a telephone number that is not just a part of one."""
_NUMBER = re.compile(r"\+?\d[\d\s.\-()/]*")


def plain(text: str) -> str:
    """Without accents and capitals."""
    letters = unicodedata.normalize("NFD", text.casefold()).replace("đ", "d")
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def words_of(*texts: str | None) -> list[str]:
    """The words of the texts, folded. What stands between letters and digits parts them: of `12/3`
    there are two."""
    return re.findall(r"[^\W_]+", plain(" ".join(filter(None, texts))))


def dialled(number: str) -> str:
    """The digits, with a nought for the country's code: `+84 95 000 0112` is `0950000112`."""
    digits = re.sub(r"\D", "", number)
    is_abroad = number.lstrip().startswith("+") or digits.startswith("00")
    digits = digits.removeprefix("00") if is_abroad else digits
    local = digits.removeprefix(COUNTRY)
    if len(local) < len(digits) and (is_abroad or len(local) >= LEAST_WHOLE_NUMBER):
        # Some write both: +84 (0) 95 …
        return "0" + local.removeprefix("0")
    return digits


def phones_of(*texts: str | None) -> list[str]:
    """The telephone numbers of the texts, of which one may have several."""
    found = (dialled(one) for text in texts if text for one in _parts(text))
    return [number for number in found if number]


def _parts(text: str) -> Iterable[str]:
    for one in re.split(r"[;,/]| - |\b(?:hoac|or)\b", plain(text)):
        yield from _NUMBER.findall(one)


def note(
    session: Session,
    *,
    sites: Collection[str] = (),
    assets: Collection[str] = (),
    jobs: Collection[str] = (),
) -> None:
    """Write anew the words of what has changed, and of all that is found by them too: what is at
    the sites, and the jobs about the machines."""
    assets = {*assets, *_with(session, Asset.id, Asset.site_id, sites)}
    jobs = {
        *jobs,
        *_with(session, Job.id, Job.site_id, sites),
        *_with(session, Job.id, Job.asset_id, assets),
    }
    machines = {one.id: one for one in store.rows_where(session, Asset, "id", assets)}
    places = _Places(session)
    places.read({*sites, *(one.site_id for one in machines.values())})
    rows = [_row(Findable.SITE, id_, *places.found[id_]) for id_ in sites]
    for asset in machines.values():
        words, phones = places.found[asset.site_id]
        rows.append(_row(Findable.ASSET, asset.id, [*_of_asset(asset), *words], phones))
    store.upsert(session, SearchText, rows)
    for some in store.batches(jobs):
        found = list(store.rows_where(session, Job, "id", some))
        places.read({job.site_id for job in found})
        named = {job.asset_id for job in found if job.asset_id and job.asset_id not in machines}
        machines |= {one.id: one for one in store.rows_where(session, Asset, "id", named)}
        rows = []
        for job in found:
            there, phones = places.found[job.site_id]
            words = [*words_of(job.id, job.title, job.contact_name), *there]
            if job.asset_id is not None:
                words += _of_asset(machines[job.asset_id])
            numbers = [*phones_of(job.contact_phone), *phones]
            rows.append(_row(Findable.JOB, job.id, words, numbers))
        store.upsert(session, SearchText, rows)


def forget(session: Session, kind: Findable, id_: str) -> None:
    """It is there no more."""
    session.exec(delete(SearchText).where(col(SearchText.kind) == kind, col(SearchText.id) == id_))


class _Places:
    """Words and telephone numbers of sites."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.found: dict[str, tuple[list[str], list[str]]] = {}

    def read(self, site_ids: Collection[str]) -> None:
        for site in store.rows_where(self.session, Site, "id", {*site_ids} - self.found.keys()):
            words = words_of(site.name, site.address, site.id)
            self.found[site.id] = words, phones_of(site.phone)


def _of_asset(asset: Asset) -> list[str]:
    return words_of(asset.id, asset.name, asset.model, asset.serial_number)


def _row(
    kind: Findable, id_: str, words: Iterable[str], phones: Iterable[str]
) -> dict[str, object]:
    """Each word stands in it once."""
    return {
        "kind": kind,
        "id": id_,
        "code": id_.casefold(),
        "words": f" {' '.join(dict.fromkeys(words))[:LONGEST]} ",
        "phones": f" {' '.join(dict.fromkeys(phones))} ",
    }


def _with(session: Session, id_: Any, column: Any, values: Collection[str]) -> Iterable[str]:
    for some in store.batches(values):
        yield from session.exec(select(id_).where(col(column).in_(some)))
