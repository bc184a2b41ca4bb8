"""What goes out."""

from pydantic import BaseModel, ConfigDict


class Output(BaseModel):
    """Base of what others read; the texts below its fields describe them to clients too."""

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True)
