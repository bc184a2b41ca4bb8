"""Nothing in a text that people read hides, or turns what stands beside it."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dispatch.texts import cleaned

SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
ODD = "e\u0301\u200b\u200d\u200e\u202e\u2066\ufe0f\ufeff\u3164\u0e01\u0915\U0001f527\U000e0067 "


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  Ma\u0301y la\u0323nh  ", "M\u00e1y l\u1ea1nh"),
        ("\u202a+84 24 3825 0000\u202c", "+84 24 3825 0000"),
        ("gas\u202excod.exe", "gasxcod.exe"),
        ("\u2066a\u2069\u200f", "a"),
        ("e\u200b\u0301", "\u00e9"),
        ("\ufeffBếp\u00ad ga\u2060", "Bếp ga"),
        ("\u200b\u200d\u2063", ""),
        ("\u3164\u2800", ""),
        ("\u0301", ""),
        ("ga\u200ds", "gas"),
        ("👩\u200d🔧 sửa ❤️", "👩\u200d🔧 sửa ❤️"),
        (f"{SCOTLAND} a\U000e0067", f"{SCOTLAND} a"),
        ("می\u200cخواهم क्\u200dष", "می\u200cخواهم क्\u200dष"),
        ("\ue000", "\ue000"),
    ],
)
def test_what_cannot_be_seen_is_taken_out(text: str, shown: str) -> None:
    assert cleaned(text) == shown


@given(st.text() | st.text(alphabet=ODD))
@example("e\u200d\u0301\u200d\U0001f600")
def test_a_clean_text_stays_as_it_is(text: str) -> None:
    """So it comes back from a file as it went."""
    once = cleaned(text)
    assert cleaned(once) == once == once.strip() == unicodedata.normalize("NFC", once)


@given(st.text(alphabet="aàảãáạăằẳẵắặâầẩẫấậeèẻẽéẹêềểễếệđưựơợ 0-;.", min_size=1))
def test_vietnamese_is_left_alone_in_either_spelling(text: str) -> None:
    assert cleaned(unicodedata.normalize("NFD", text)) == cleaned(text) == text.strip()
