import os
from pathlib import Path

import pytest

from solver.search import compilation
from solver.search.compilation import compile_search, is_compiled


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is compiled for these sources, as far as anybody can see."""
    folder = tmp_path / "compiled-here"
    monkeypatch.setattr(compilation, "CACHE", folder)
    return folder


@pytest.mark.usefixtures("cache")
def test_it_is_known_whether_the_search_is_compiled() -> None:
    assert not is_compiled()
    compile_search()
    assert is_compiled()
    compile_search()
    assert is_compiled()


def test_what_other_sources_left_behind_goes_once_it_is_old(cache: Path) -> None:
    old, recent, stranger = (cache.parent / name for name in ("compiled-1", "compiled-2", "x"))
    for folder in (old, recent, stranger):
        (folder / "kernel").mkdir(parents=True)
    for folder in (old, stranger):
        os.utime(folder, (0, 0))

    compile_search()

    assert not old.exists()
    assert recent.exists()
    assert stranger.exists()


def test_a_folder_that_cannot_be_written_does_no_harm(cache: Path) -> None:
    cache.write_text("in the way")

    compile_search()

    assert not is_compiled()
