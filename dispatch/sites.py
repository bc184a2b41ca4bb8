"""Customers' places: found by what people remember of them."""

import re
import unicodedata

from sqlmodel import Session, select

from dispatch.models import Site
from dispatch.output import Output


class SiteOut(Output):
    id: str
    name: str
    address: str
    phone: str | None
    latitude: float | None
    longitude: float | None
    territory: str | None


def find_sites(session: Session, search: str, *, limit: int = 20) -> list[SiteOut]:
    """Sites where every word of the search begins one of id, name or address, whatever its accents
    and capitals, or is a part of the phone number; whose name begins with it comes first."""
    words = re.findall(r"\w+", _plain(search))
    if search.strip() and not words:
        return []
    # Neither database folds Vietnamese letters, and a company's sites are some thousands.
    columns = select(Site.id, Site.name, Site.address, Site.phone)
    found = []
    for id_, name, address, phone in session.exec(columns):
        everything = " ".join(["", *re.findall(r"\w+", _plain(f"{id_} {name} {address}"))])
        digits = re.sub(r"\D", "", phone or "")
        if all(f" {word}" in everything or (word.isdigit() and word in digits) for word in words):
            begins_so = _plain(name).startswith(" ".join(words))
            found.append((not begins_so, _plain(name), id_))
    chosen = [session.get_one(Site, id_) for *_, id_ in sorted(found)[:limit]]
    return [SiteOut.model_validate(site) for site in chosen]


def _plain(text: str) -> str:
    """Without accents and capitals."""
    letters = unicodedata.normalize("NFD", text.casefold()).replace("đ", "d")
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
