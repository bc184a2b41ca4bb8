"""What goes out."""

import hashlib
from datetime import time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, WithJsonSchema

TimeOfDay = Annotated[
    time,
    WithJsonSchema({"type": "string", "pattern": r"^\d\d:\d\d:\d\d$", "examples": ["07:00:00"]}),
]
"""By the company's clock. What JSON schemas call a ``time`` has an offset (RFC 3339)."""


class Output(BaseModel):
    """Base of what others read; the texts below its fields describe them to clients too."""

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True)


def etag(content: Output) -> str:
    """An entity tag, quotes included, that is the same exactly as long as the content is."""
    return f'"{hashlib.sha256(content.model_dump_json().encode()).hexdigest()[:32]}"'
