"""What is let in as a picture: what a decoder can read to its end, written anew.

What a sender calls it counts for nothing. Nothing is kept of what came but its pixels: no place
where it was taken, no name of a phone, nothing that follows the picture or hides in it. What the
camera says of how it was held is applied before it is dropped; colours are taken to be sRGB.
"""

import hashlib
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from dispatch.errors import InvalidInput
from solver.faults import Fault

MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
LONGEST_SIDE = 2_560
"""Pixels; what is larger is scaled down."""
MOST_PIXELS = 25_000_000
"""More are not decoded: compressed, a few bytes can stand for very many. Of a JPEG they count as
they are decoded, which is at a half, a quarter or an eighth where that is large enough."""
QUALITY = 85


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept."""

    content: bytes
    media_type: str
    width: int
    height: int
    sent_digest: str
    """SHA-256 of what came."""

    @property
    def digest(self) -> str:
        """SHA-256 of what is kept, in hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()


def picture_of(sent: bytes) -> Picture:
    """The picture that was sent. Raises ``InvalidInput``."""
    try:
        with Image.open(BytesIO(sent), formats=list(MEDIA_TYPES)) as image:
            kind = image.format or ""
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            if image.width * image.height > MOST_PIXELS:
                raise _too_many_pixels(image.width, image.height)
            image.load()
            upright = ImageOps.exif_transpose(image)
    except InvalidInput:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except UnidentifiedImageError:
        raise _no_picture("it is no JPEG, PNG or WebP") from None
    except Exception as error:
        raise _no_picture(f"it cannot be read to its end: {error}"[:300]) from error
    # Whatever else came with the pixels stays behind here.
    plain = upright.convert("RGB" if kind == "JPEG" or not _has_alpha(upright) else "RGBA")
    plain.info = {}
    plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    written = BytesIO()
    plain.save(written, kind, quality=QUALITY, optimize=True)
    digest = hashlib.sha256(sent).hexdigest()
    return Picture(written.getvalue(), MEDIA_TYPES[kind], plain.width, plain.height, digest)


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in ("LA", "RGBA", "PA") or "transparency" in image.info


def _no_picture(cause: str) -> InvalidInput:
    action = "send a whole JPEG, PNG or WebP"
    return InvalidInput(Fault("no_picture", "body", cause, action))


def _too_many_pixels(width: int = 0, height: int = 0) -> InvalidInput:
    size = f"{width} × {height} pixels are" if width else "it is"
    cause = f"{size} more than are decoded"
    return InvalidInput(Fault("too_many_pixels", "body", cause, "scale it down"))
