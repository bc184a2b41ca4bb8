"""What is searched: the words of jobs, sites and machines, folded."""

from enum import StrEnum

from sqlmodel import Field, SQLModel

from dispatch.models.base import text_of


class Findable(StrEnum):
    """The kinds of things that have words of their own here."""

    JOB = "job"
    SITE = "site"
    ASSET = "asset"


class SearchText(SQLModel, table=True):
    """The words by which a job, site or machine is found, those of its site included, as
    ``dispatch.search_texts`` folds them. Whoever writes the row that they come from has them
    written anew."""

    __tablename__ = "search_text"

    kind: Findable = Field(primary_key=True, sa_type=text_of(Findable))
    id: str = Field(primary_key=True)
    code: str = Field(index=True)
    """The id in small letters."""
    words: str
    """Each between two blanks, so that a blank says where one begins, and where it ends."""
    phones: str
    """Telephone numbers as they are dialled within the country, likewise."""
