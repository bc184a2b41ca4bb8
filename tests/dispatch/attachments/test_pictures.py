"""What is let in as a picture, and what of it is kept."""

import pytest
from PIL import Image, PngImagePlugin

from dispatch.attachments.pictures import LONGEST_SIDE, picture_of
from dispatch.errors import InvalidInput
from tests.dispatch.pictures import jpeg, opened, picture

SECRET = b"21.0285, 105.8542"
ORIENTATION, DESCRIPTION = 0x0112, 0x010E


def exif(orientation: int = 1) -> Image.Exif:
    found = Image.Exif()
    found[ORIENTATION], found[DESCRIPTION] = orientation, SECRET.decode()
    return found


@pytest.mark.parametrize(
    ("sent", "media_type"),
    [
        (jpeg(exif=exif(), comment=SECRET, icc_profile=SECRET), "image/jpeg"),
        (picture("WEBP", exif=exif().tobytes(), xmp=SECRET), "image/webp"),
        (picture("PNG", mode="RGBA", exif=exif()), "image/png"),
        (picture("JPEG", mode="L") + b"<script>" + SECRET, "image/jpeg"),
    ],
    ids=["jpeg", "webp", "png", "jpeg with something behind"],
)
def test_nothing_but_the_picture_is_kept(sent: bytes, media_type: str) -> None:
    assert SECRET in sent
    kept = picture_of(sent)
    assert kept.media_type == media_type
    assert (kept.width, kept.height) == opened(kept.content).size == (64, 48)
    assert SECRET not in kept.content
    assert b"<script>" not in kept.content
    assert not opened(kept.content).getexif()


def test_texts_of_a_png_are_not_kept() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", SECRET.decode())
    assert SECRET not in picture_of(picture("PNG", pnginfo=texts)).content


def test_what_is_clear_stays_clear() -> None:
    clear = picture("PNG", mode="RGBA", size=(8, 8))
    assert opened(picture_of(clear).content).mode == "RGBA"
    assert opened(picture_of(picture("PNG")).content).mode == "RGB"


def test_a_picture_stands_upright() -> None:
    """Taken with the phone on its side: its left is up."""
    kept = picture_of(jpeg((64, 48), exif=exif(6)))
    assert (kept.width, kept.height) == (48, 64)
    upright = opened(kept.content).convert("L")
    assert upright.getpixel((24, 2)) < 50
    assert upright.getpixel((24, 62)) > 200


def test_what_is_larger_is_scaled_down() -> None:
    kept = picture_of(jpeg((4_000, 1_000)))
    assert (kept.width, kept.height) == (LONGEST_SIDE, LONGEST_SIDE // 4)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"<html><script>alert(1)</script></html>",
        b"%PDF-1.7",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        jpeg()[:-300],
        jpeg()[:20],
        picture("PNG", (200, 200), "RGB")[:-40],
        picture("WEBP")[:-20],
        picture("GIF"),
        picture("TIFF"),
        b"\xff\xd8\xff\xe0" + bytes(200),
        b"\x89PNG\r\n\x1a\n" + bytes(200),
    ],
)
def test_what_is_no_whole_picture_is_refused(sent: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        picture_of(sent)
    assert [fault.code for fault in refused.value.faults] == ["no_picture"]


@pytest.mark.parametrize("side", [6_000, 12_000, 20_000])
def test_what_unfolds_to_very_much_is_refused_unread(side: int) -> None:
    small = picture("PNG", (side, side), "L")
    assert len(small) < 500_000
    with pytest.raises(InvalidInput) as refused:
        picture_of(small)
    assert [fault.code for fault in refused.value.faults] == ["too_many_pixels"]
