"""Tokens that the service signs: who somebody is, for some minutes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

from dispatch.errors import InvalidInput
from dispatch.models import Account, now
from dispatch.settings import Settings
from solver.faults import Fault

ALGORITHM = "HS256"
CLAIMS = ["sub", "sid", "rev", "iat", "exp"]
LEEWAY = timedelta(seconds=30)
"""So far may the clocks of two services on one database be apart: what one has signed the other
takes although it seems to be of a moment to come, or has just ended."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says; whether it still holds is for the database to say."""

    account_id: str
    sign_in_id: str
    account_revision: int
    ends_at: datetime
    """From then on this service does not take it any more."""


def secret_of(settings: Settings) -> str:
    """Raises ``InvalidInput`` if there is none; that a weak one is refused the settings see to."""
    if settings.secret is None:
        raise InvalidInput(
            Fault(
                "missing_secret",
                "DISPATCH_SECRET",
                "is not set, and there is no default",
                "set it to 32 random characters or more, such as openssl rand -hex 32 prints, "
                "the same for all services on the database",
            )
        )
    return settings.secret.get_secret_value()


def make_token(
    account: Account, sign_in_id: str, settings: Settings, at: datetime | None = None
) -> str:
    """Valid for as long as the settings say from ``at`` (None: now)."""
    issued_at = at or now()
    claims = {
        "sub": account.id,
        "sid": sign_in_id,
        "rev": account.revision,
        "iat": issued_at,
        "exp": issued_at + timedelta(minutes=settings.token_minutes),
    }
    return jwt.encode(claims, secret_of(settings), ALGORITHM)


def read_token(token: str, settings: Settings) -> Claims | None:
    """What the token says, or None if this service did not sign it or its time is over."""
    try:
        # The algorithm is ours to say, not the token's.
        claims = jwt.decode(
            token,
            secret_of(settings),
            algorithms=[ALGORITHM],
            options={"require": CLAIMS},
            leeway=LEEWAY,
        )
    except jwt.InvalidTokenError:
        return None
    match claims:
        case {"sub": str(account_id), "sid": str(sign_in_id), "rev": int(revision)}:
            ends_at = datetime.fromtimestamp(int(claims["exp"]), UTC) + LEEWAY
            return Claims(account_id, sign_in_id, revision, ends_at)
    return None
