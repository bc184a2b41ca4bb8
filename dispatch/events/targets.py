"""Where webhooks may go: not to addresses that only this service can reach.

Whoever may create a webhook would otherwise have the service call whatever stands beside it. A name
may lead to another address every time it is asked, so the address that is used is the one that was
looked at.
"""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

Address = IPv4Address | IPv6Address
NAT64 = ip_network("64:ff9b::/96")


class Forbidden(Exception):  # noqa: N818 - reads as what it says
    """The target must not be called."""


def is_public(address: Address) -> bool:
    """Whether the internet reaches it, whatever it is wrapped in."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address.teredo:
            inner = address.teredo[1]
        if inner is None and address in NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast


async def addresses_of(host: str, port: int, *, private: bool) -> Sequence[str]:
    """The addresses to which the name leads now. Raises ``Forbidden`` if one is not public, unless
    ``private`` ones are allowed, and ``OSError`` for a name that leads nowhere."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    for address in addresses:
        if not private and not is_public(ip_address(address.partition("%")[0])):
            raise Forbidden(f"{host} leads to {address}, which is not a public address")
    return addresses


def _is_callable(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _not_a_target("is not a URL", "write it like https://example.com/hook") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise _not_a_target("is not an address on the web", "begin it with https://")
    if parts.username is not None or parts.password is not None:
        raise _not_a_target("names a user", "leave the part before @ out: events are signed")
    if parts.fragment:
        raise _not_a_target("has a fragment, which is never sent", "leave the part from # out")
    return url


def _not_a_target(cause: str, action: str) -> PydanticCustomError:
    return PydanticCustomError("target_url", cause, {"action": action})


TargetUrl = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[!-~]+$", max_length=1000),
    AfterValidator(_is_callable),
    Field(examples=["https://example.com/hooks/dispatch"]),
]
"""Whether it may be called is looked at with every call, since names change where they lead."""


def names_private_address(url: str) -> bool:
    """Whether the URL plainly names an address that is not public; names may lead to one too."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not is_public(ip_address(host))
    except ValueError:
        return False
