"""Where webhooks may go."""

from ipaddress import ip_address

import pytest
from pydantic import ValidationError

from dispatch.targets import is_public, names_private_address
from dispatch.webhooks import NewWebhook


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
    ],
)
def test_an_address_that_the_internet_does_not_reach_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_an_address_on_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    ["http://localhost/", "https://a.localhost:8443/", "http://10.1.2.3/", "http://[::1]:80/"],
)
def test_a_private_address_is_seen_in_the_url(url: str) -> None:
    assert names_private_address(url)
    assert not names_private_address("https://example.com/")


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
