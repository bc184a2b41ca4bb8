"""Links that are handed out: under which address the service is reached from outside.

What a request says of it (``Host``) is for the sender to say, and nobody else should follow it.
"""

import ipaddress
from urllib.parse import urlsplit

from fastapi import Request

from dispatch.settings import Settings


def outside(path: str, request: Request, settings: Settings) -> str:
    """The path as a link: below the public address, if one is set, or the address at which the
    service was reached, if it knows that for its own. Otherwise the path itself, which whoever has
    asked can put behind the address at which they did."""
    if settings.public_url is not None:
        return settings.public_url + path
    base = str(request.base_url).rstrip("/")
    return base + path if _is_own(base, request) else path


def _is_own(base: str, request: Request) -> bool:
    """Whether the address names this machine, or the one at which the connection has come in."""
    server = request.scope.get("server")
    try:
        host = urlsplit(base).hostname
    except ValueError:
        return False
    if host is None or server is None:
        return False
    if host == server[0] or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
