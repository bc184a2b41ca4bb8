"""People's passwords: which ones are taken, and how they are kept and compared."""

import base64
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from dispatch.errors import InvalidInput
from dispatch.weakness import weakness
from solver.faults import Fault

SHORTEST = 12
SYMBOLS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Easy to read and to type: without i, l, o, 0 and 1."""

hasher = PasswordHasher()
"""Argon2id with 64 MiB and three passes, as RFC 9106 recommends where memory is short."""
AT_ONCE = 1
"""Each comparison takes much memory, and several cores for a while: a wave of sign-ins must wait,
and not take the machine from those who are in."""
_hashing = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hashing")


def _as_typed(value: object) -> object:
    """Normalised, since keyboards compose letters in different ways; nothing is trimmed."""
    if not isinstance(value, str):
        return value
    value = unicodedata.normalize("NFC", value)
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in value):
        raise PydanticCustomError(
            "control_character", "contains a control character", {"action": "remove it"}
        )
    return value


Password = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    BeforeValidator(_as_typed),
    Field(json_schema_extra={"format": "password", "writeOnly": True}),
]
"""Fields that hold one keep it out of what is printed of their model: ``repr=False``."""


def hashed(password: str) -> str:
    return _hashing.submit(hasher.hash, password).result()


def check_strength(password: str, where: str, owner: str) -> None:
    """Raises ``InvalidInput`` for a password that is easy to guess, given who has it."""
    cause = weakness(password, SHORTEST, (owner,))
    if cause is not None:
        action = "take some words that do not belong together, or let a program make one up"
        raise InvalidInput(Fault("weak_password", where, cause, action))


def matches(password: str, password_hash: str | None) -> bool:
    """Whether it is the password; takes as long if there is none (None)."""
    try:
        _hashing.submit(hasher.verify, password_hash or _of_nobody(), password).result()
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def _of_nobody() -> str:
    """What looks like a hash, takes as long to compare as any, and is no password's."""
    salt, digest = (base64.b64encode(secrets.token_bytes(size)) for size in (16, 32))
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    content = (part.decode().rstrip("=") for part in (salt, digest))
    return "$".join(("", "argon2id", "v=19", cost, *content))


def made_up() -> str:
    """A new password, with 79 bits that nobody can guess."""
    groups = ("".join(secrets.choice(SYMBOLS) for _ in range(4)) for _ in range(4))
    return "-".join(groups)
