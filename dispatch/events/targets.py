"""Where webhooks may go: not to addresses that only this service can reach.

Whoever may create a webhook would otherwise have the service call whatever stands beside it. A name
may lead to another address every time it is asked, so the address that is used is the one that was
looked at.
"""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

Address = IPv4Address | IPv6Address
NAT64 = IPv6Network("64:ff9b::/96")
GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that is given out so far (IANA). What lies elsewhere is for networks of their own, out of
use, or another way of writing an IPv4 address, such as ::10.0.0.5 or 64:ff9b:1::10.0.0.5."""
ISATAP = 0x5EFE
NOT_FOR_ALL: tuple[IPv4Network | IPv6Network, ...] = (
    IPv4Network("192.0.0.0/24"),  # for protocols
    IPv4Network("192.88.99.0/24"),  # relays to 6to4, out of use
    IPv6Network("2001::/23"),  # for protocols; Teredo, which is one, is looked into before
    IPv6Network("2001:db8::/32"),  # for examples
    IPv6Network("3fff::/20"),
)
"""Beside what Python's own list has, which differs from version to version."""


class Forbidden(Exception):  # noqa: N818 - reads as what it says
    """The target must not be called."""


def is_public(address: Address) -> bool:
    """Whether the internet reaches it, whatever it is wrapped in."""
    if isinstance(address, IPv6Address):
        inner = _embedded(address)
        if not all(is_public(one) for one in inner):
            return False
        is_other_spelling = address.ipv4_mapped is not None or address in NAT64
        if is_other_spelling or address.teredo is not None:
            return True
        if address not in GLOBAL_UNICAST:
            return False
    if any(address in network for network in NOT_FOR_ALL):
        return False
    return address.is_global and not address.is_multicast


def _embedded(address: IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses to which packets for this one may be handed on."""
    last = IPv4Address(int(address) & 0xFFFFFFFF)
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        found.append(last)
    # The two bits that say whether the identifier is unique and a group's may be set.
    if (int(address) >> 32) & 0xFCFFFFFF == ISATAP:
        found.append(last)
    return [one for one in found if one is not None]


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
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not is_public(ip_address(host))
    except ValueError:
        pass
    try:
        # As the system reads it: 127.1 and 0x7f000001 are addresses too.
        return not is_public(IPv4Address(socket.inet_aton(host)))
    except OSError:
        return False
