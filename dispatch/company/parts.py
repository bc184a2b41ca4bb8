"""Parts of the catalogue, found by what people remember of them."""

from sqlmodel import Session, select

from dispatch.models import Part
from dispatch.output import Output
from dispatch.search_texts import plain, words_of


class PartOut(Output):
    """A part of the catalogue."""

    id: str
    name: str


def find_parts(session: Session, search: str, *, limit: int = 20) -> list[PartOut]:
    """Parts where every word of the search begins one of id or name, whatever its accents and
    capitals: first what has that id, then whose name begins with it."""
    words, code = words_of(search), plain(search.strip())
    if search.strip() and not words:
        return []
    # Neither database folds Vietnamese letters, and a company's parts are some thousands.
    found = []
    for id_, name in session.exec(select(Part.id, Part.name)):
        there = words_of(id_, name)
        if all(any(one.startswith(word) for one in there) for word in words):
            is_it, begins_so = plain(id_) == code, plain(name).startswith(" ".join(words))
            found.append((not is_it, not begins_so, plain(name), id_, name))
    return [PartOut(id=id_, name=name) for *_, id_, name in sorted(found)[:limit]]
