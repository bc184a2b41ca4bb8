"""Browsers in which somebody has signed in before, by a cookie that says so.

Whoever guesses passwords is stopped by user name, from wherever they try. Without more, anybody
could keep a colleague out that way. So a browser in which an account has signed in gets a signed
mark, which opens nothing; attempts that bring it are counted by themselves, and strangers' failures
do not count against them (OWASP calls it a device cookie).
"""

import hmac
import re
import secrets

from dispatch.access.tokens import secret_of
from dispatch.settings import Settings

KEPT = 5
"""Accounts that a browser is known for: in an office several people share one."""
MARK = re.compile(r"([a-z0-9._-]{1,40}):([0-9a-f]{16}):([0-9a-f]{64})", re.ASCII)


def known_as(marks: str | None, account_id: str, settings: Settings) -> str | None:
    """The name under which the browser with these marks is known for the account, if it is."""
    for mark in (marks or "").split("~"):
        parts = MARK.fullmatch(mark)
        if parts is not None and parts[1] == account_id:
            _, name, signature = parts.groups()
            if hmac.compare_digest(signature, _signature(account_id, name, settings)):
                return f"{account_id}:{name}"
    return None


def with_mark(marks: str | None, account_id: str, settings: Settings) -> str:
    """The marks of a browser in which the account has just signed in: the newest comes first."""
    others = [one for one in (marks or "").split("~") if MARK.fullmatch(one)]
    known = known_as(marks, account_id, settings)
    name = secrets.token_hex(8) if known is None else known.rpartition(":")[2]
    own = f"{account_id}:{name}:{_signature(account_id, name, settings)}"
    kept = [own, *(one for one in others if not one.startswith(f"{account_id}:"))]
    return "~".join(kept[:KEPT])


def _signature(account_id: str, name: str, settings: Settings) -> str:
    message = f"known browser {account_id} {name}"
    return hmac.digest(secret_of(settings).encode(), message.encode(), "sha256").hex()
