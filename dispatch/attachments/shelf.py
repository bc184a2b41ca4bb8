"""Where the contents of attachments are kept: files in a folder, each named by what is in it.

A name is the SHA-256 of the content, and never anything that was given by somebody. The same
content is kept once. A file is there whole or not at all; it may be there before a row of the
database names it, and after none does any more: ``retention`` removes it then.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

UNFINISHED = ".unfinished"


@dataclass(frozen=True, slots=True)
class Shelf:
    folder: Path

    def keep(self, digest: str, content: bytes) -> None:
        """Have the content there, on the disk; it counts as new from now on."""
        file = self._file(digest)
        with contextlib.suppress(FileNotFoundError):
            os.utime(file)
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(suffix=UNFINISHED, dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as writing:
                writing.write(content)
                writing.flush()
                os.fsync(writing.fileno())
            os.replace(unfinished, file)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(unfinished)
            raise
        _have_on_disk(file.parent)

    def has(self, digest: str) -> bool:
        return self._file(digest).exists()

    def read(self, digest: str) -> bytes | None:
        """None if it is not there."""
        try:
            return self._file(digest).read_bytes()
        except FileNotFoundError:
            return None

    def older_than(self, before: datetime) -> Iterator[str]:
        """The digests of what was last kept before the moment. What was never finished is removed
        on the way."""
        for file in sorted(self.folder.glob("??/*")):
            if not self._is_older(file, before):
                continue
            if file.suffix == UNFINISHED:
                file.unlink(missing_ok=True)
            elif len(file.name) == 64:
                yield file.name

    def remove(self, digest: str, before: datetime) -> bool:
        """Remove it unless it was kept again since the moment; whether it was removed."""
        file = self._file(digest)
        if not self._is_older(file, before):
            return False
        file.unlink(missing_ok=True)
        return True

    def _file(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest

    @staticmethod
    def _is_older(file: Path, before: datetime) -> bool:
        try:
            kept_at = file.stat().st_mtime
        except FileNotFoundError:
            return False
        return datetime.fromtimestamp(kept_at, UTC) < before


def _have_on_disk(folder: Path) -> None:
    """That there is another name in it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
