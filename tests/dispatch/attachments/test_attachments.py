"""Photos and signatures of a job: added once, taken back, gone when they are old."""

import os
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from dispatch.attachments.attachments import (
    AttachmentOut,
    NewAttachment,
    add_attachment,
    list_attachments,
    read_attachment,
    remove_attachment,
)
from dispatch.attachments.pictures import picture_of
from dispatch.attachments.shelf import Shelf
from dispatch.errors import Conflict, NotFound
from dispatch.models import Attachment, AttachmentKind, Job, JobStatus, LogEntry, now
from dispatch.service.retention import remove_old
from dispatch.settings import Settings
from tests.dispatch.crew import add_job, add_technician
from tests.dispatch.pictures import jpeg

PHOTO = picture_of(jpeg())


@pytest.fixture
def monday(session: Session) -> Session:
    add_technician(session, "ann")
    add_job(session, "j1")
    add_job(session, "j2")
    session.commit()
    return session


def add(
    session: Session, settings: Settings, id_: str = "p1", job: str = "j1", **more: object
) -> tuple[AttachmentOut, bool]:
    fields = {"kind": AttachmentKind.PHOTO, "picture": PHOTO, "technician_id": "ann", **more}
    new = NewAttachment(id_, job, **fields)  # type: ignore[arg-type]
    shelf = Shelf(settings.attachments_folder)
    shelf.keep(new.picture.digest, new.picture.content)
    found = add_attachment(session, new, shelf, settings, actor="ann")
    session.commit()
    return found


def ids(session: Session, job: str = "j1") -> list[str]:
    return [one.id for one in list_attachments(session, job)]


def kept(settings: Settings) -> bool:
    return Shelf(settings.attachments_folder).has(PHOTO.digest)


def age(settings: Settings) -> None:
    """As if everything on the disk were two hours old."""
    for file in settings.attachments_folder.rglob("*"):
        if file.is_file():
            os.utime(file, (0, (now() - timedelta(hours=2)).timestamp()))


def test_it_is_added_once_however_often_it_is_sent(monday: Session, settings: Settings) -> None:
    first, is_new = add(monday, settings)
    assert is_new
    assert add(monday, settings) == (first, False)
    assert ids(monday) == ["p1"]
    row, content = read_attachment(monday, "j1", "p1", Shelf(settings.attachments_folder))
    assert (row.media_type, content) == ("image/jpeg", PHOTO.content)
    [entry] = monday.exec(select(LogEntry).where(LogEntry.entity == "attachment"))
    assert (entry.actor, entry.action, entry.entity_id) == ("ann", "add", "p1")


@pytest.mark.parametrize(
    "other",
    [
        {"job": "j2"},
        {"technician_id": None},
        {"kind": AttachmentKind.SIGNATURE},
        {"picture": picture_of(jpeg((8, 8)))},
    ],
    ids=lambda one: next(iter(one)),
)
def test_an_id_is_good_for_one(
    monday: Session, settings: Settings, other: dict[str, object]
) -> None:
    add(monday, settings)
    with pytest.raises(Conflict, match="used for another attachment"):
        add(monday, settings, **other)  # type: ignore[arg-type]


def test_a_job_has_no_more_than_it_may(monday: Session, settings: Settings) -> None:
    few = settings.model_copy(update={"attachments_per_job": 2})
    add(monday, few)
    add(monday, few, "p2")
    with pytest.raises(Conflict, match="it has 2 already"):
        add(monday, few, "p3")
    monday.rollback()
    assert add(monday, few, "p2")[1] is False
    remove_attachment(monday, "j1", "p2", actor="ann")
    add(monday, few, "p3")
    assert ids(monday) == ["p1", "p3"]


def test_what_was_taken_back_does_not_come_back(monday: Session, settings: Settings) -> None:
    add(monday, settings)
    remove_attachment(monday, "j1", "p1", actor="lan")
    monday.commit()
    assert add(monday, settings)[1] is False
    assert ids(monday) == []
    with pytest.raises(NotFound):
        read_attachment(monday, "j1", "p1", Shelf(settings.attachments_folder))
    with pytest.raises(NotFound):
        remove_attachment(monday, "j1", "p1", actor="lan")


def test_technicians_take_back_their_own_only(monday: Session, settings: Settings) -> None:
    add(monday, settings, technician_id=None)
    with pytest.raises(Conflict, match="somebody else"):
        remove_attachment(monday, "j1", "p1", actor="ann", technician_id="ann")
    add(monday, settings, "p2")
    remove_attachment(monday, "j1", "p2", actor="ann", technician_id="ann")
    assert ids(monday) == ["p1"]


def test_it_is_found_with_its_own_job_only(monday: Session, settings: Settings) -> None:
    add(monday, settings)
    with pytest.raises(NotFound):
        read_attachment(monday, "j2", "p1", Shelf(settings.attachments_folder))
    with pytest.raises(NotFound):
        remove_attachment(monday, "j2", "p1", actor="lan")
    with pytest.raises(NotFound):
        list_attachments(monday, "none")
    with pytest.raises(NotFound):
        add(monday, settings, "p9", job="none")


def test_a_content_that_is_gone_is_said_to_be(monday: Session, settings: Settings) -> None:
    add(monday, settings)
    shelf = Shelf(settings.attachments_folder)
    assert shelf.remove(PHOTO.digest, now() + timedelta(days=1))
    with pytest.raises(NotFound, match="bring back the folder"):
        read_attachment(monday, "j1", "p1", shelf)


# What is old


def test_contents_go_when_nobody_names_them(
    monday: Session, settings: Settings, engine: Engine
) -> None:
    """The same picture of another job keeps it, and so does what came just now."""
    add(monday, settings)
    add(monday, settings, "p2", job="j2")
    age(settings)
    remove_attachment(monday, "j1", "p1", actor="lan")
    monday.commit()
    assert remove_old(engine, settings, now()) == {}
    assert kept(settings)
    remove_attachment(monday, "j2", "p2", actor="lan")
    monday.commit()
    assert remove_old(engine, settings, now()) == {"contents": 1}
    assert not kept(settings)
    Shelf(settings.attachments_folder).keep(PHOTO.digest, PHOTO.content)
    assert remove_old(engine, settings, now()) == {}
    assert kept(settings)
    age(settings)
    assert remove_old(engine, settings, now()) == {"contents": 1}


def test_what_a_job_that_is_over_has_goes_after_its_time(
    monday: Session, settings: Settings, engine: Engine
) -> None:
    add(monday, settings)
    add(monday, settings, "p2", job="j2", picture=picture_of(jpeg((8, 8))))
    monday.get_one(Job, "j1").status = JobStatus.COMPLETED
    for id_ in ("p1", "p2"):
        monday.get_one(Attachment, id_).received_at = now() - timedelta(days=2_000)
    monday.commit()
    age(settings)
    for_ever = settings.model_copy(update={"keep_attachments_days": None})
    assert remove_old(engine, for_ever, now()) == {}
    assert remove_old(engine, settings, now()) == {"attachments": 1, "contents": 1}
    assert (ids(monday, "j1"), ids(monday, "j2")) == ([], ["p2"])
    assert not kept(settings)
