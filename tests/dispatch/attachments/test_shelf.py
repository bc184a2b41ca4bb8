"""Contents are kept once, whole, and under names that nobody gives."""

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dispatch.attachments.shelf import Shelf

CONTENT = b"a picture"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
NOW = datetime.now(UTC)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "kept")


def files(shelf: Shelf) -> list[Path]:
    return [file for file in shelf.folder.rglob("*") if file.is_file()]


def age(shelf: Shelf, days: float) -> None:
    for file in files(shelf):
        moment = (NOW - timedelta(days=days)).timestamp()
        os.utime(file, (moment, moment))


def test_the_same_content_is_kept_once(shelf: Shelf) -> None:
    assert not shelf.has(DIGEST)
    assert shelf.read(DIGEST) is None
    shelf.keep(DIGEST, CONTENT)
    shelf.keep(DIGEST, CONTENT)
    assert shelf.read(DIGEST) == CONTENT
    [file] = files(shelf)
    assert file.relative_to(shelf.folder).as_posix() == f"{DIGEST[:2]}/{DIGEST}"


def test_what_was_not_written_to_its_end_is_not_there(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        shelf.keep(DIGEST, CONTENT)
    assert files(shelf) == []


def test_what_is_old_is_found_and_removed_unless_it_was_kept_again(shelf: Shelf) -> None:
    shelf.keep(DIGEST, CONTENT)
    yesterday = NOW - timedelta(days=1)
    assert list(shelf.older_than(yesterday)) == []
    age(shelf, 2)
    assert list(shelf.older_than(yesterday)) == [DIGEST]
    shelf.keep(DIGEST, CONTENT)
    assert not shelf.remove(DIGEST, yesterday)
    age(shelf, 2)
    assert shelf.remove(DIGEST, yesterday)
    assert files(shelf) == []


def test_what_was_left_unfinished_by_a_crash_goes(shelf: Shelf) -> None:
    shelf.keep(DIGEST, CONTENT)
    (shelf.folder / DIGEST[:2] / "tmp123.unfinished").write_bytes(b"a pic")
    (shelf.folder / "README").write_text("what somebody has put there stays")
    age(shelf, 2)
    assert list(shelf.older_than(NOW)) == [DIGEST]
    assert {file.name for file in files(shelf)} == {DIGEST, "README"}
