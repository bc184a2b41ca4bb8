"""What is wrong with what somebody gave, so that they can mend it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: what kind, where, why, and what to do."""

    code: str
    where: str
    cause: str
    action: str

    def __str__(self) -> str:
        return f"{self.where}: {self.cause}; {self.action} [{self.code}]"
