"""Where webhooks may go."""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_address

import pytest
from pydantic import ValidationError

from dispatch.events.targets import Forbidden, addresses_of, is_public, names_private_address
from dispatch.events.webhooks import NewWebhook


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.5",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::10.0.0.5",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::10.0.0.5",
        "64:ff9b:1::8.8.8.8",
        "64:ff9b:1:a00:0:500::",
        "::10.0.0.5",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:0:127.0.0.1",
        "::ffff:100.64.0.1",
        "2002:a00:5::1",
        "2001:0:808:808:0:0:f5ff:fffa",
        "2001:0:a00:5::f7f7:f7f7",
        "2606:2800:21f:cb07:0:5efe:10.0.0.5",
        "2606:2800:21f:cb07:200:5efe:127.0.0.1",
        "2606:2800:21f:cb07:100:5efe:192.168.1.1",
        "fe80::5efe:10.0.0.5",
        "100::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "4000::1",
        "192.0.0.8",
        "192.88.99.1",
        "198.18.0.1",
    ],
)
def test_an_address_that_the_internet_does_not_reach_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "93.184.215.14",
        "2606:2800:21f:cb07::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
        "2606:2800:21f:cb07:0:5efe:8.8.8.8",
        "2a00:1450:4001:80b::200e",
    ],
)
def test_an_address_on_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/",
        "http://localhost./",
        "https://a.localhost:8443/",
        "http://10.1.2.3/",
        "http://[::1]:80/",
        "http://[::10.0.0.5]/",
        "http://[64:ff9b:1::a00:5]/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
    ],
)
def test_a_private_address_is_seen_in_the_url(url: str) -> None:
    assert names_private_address(url)
    assert not names_private_address("https://example.com/")


def test_a_name_that_leads_to_a_wrapped_address_is_not_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def leads_to(*addresses: str) -> None:
        found = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", (one, 443)) for one in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    def looked_up() -> Sequence[str]:
        return asyncio.run(addresses_of("hooks.example", 443, private=False))

    leads_to("64:ff9b::8.8.8.8")
    assert looked_up() == ["64:ff9b::8.8.8.8"]
    for wrapped in ("64:ff9b:1::a00:5", "::7f00:1", "2606:2800:21f:cb07:0:5efe:a00:5"):
        leads_to("2606:2800:21f:cb07::1", wrapped)
        with pytest.raises(Forbidden, match="not a public address"):
            looked_up()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "example.com/hook",
        "https://",
        "https:///path",
        "https://lan:secret@example.com/",
        "https://example.com/#part",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://[::1/",
        "https://exa mple.com/",
        "https://example.com/\r\nHost: x",
        "https://bücher.example/",
        "https://example.com/" + "x" * 1000,
    ],
)
def test_what_is_no_target_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        NewWebhook(url=url)


@pytest.mark.parametrize(
    "url",
    ["https://example.com", "http://example.com:8080/a?b=c", "https://xn--bcher-kva.example/"],
)
def test_an_address_on_the_web_is_a_target(url: str) -> None:
    assert NewWebhook(url=url).url == url
