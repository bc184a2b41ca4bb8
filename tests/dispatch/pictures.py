"""Pictures, made up for tests."""

from io import BytesIO
from typing import Any

from PIL import Image


def picture(kind: str, size: tuple[int, int] = (64, 48), mode: str = "RGB", **saved: Any) -> bytes:
    """One whose left half is dark."""
    image = Image.new(mode, size, "white")
    image.paste(0 if mode == "L" else "black", (0, 0, size[0] // 2, size[1]))
    written = BytesIO()
    image.save(written, kind, **saved)
    return written.getvalue()


def jpeg(size: tuple[int, int] = (64, 48), **saved: Any) -> bytes:
    return picture("JPEG", size, **saved)


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))
