"""Who sends a request: the network address that limits apply to."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Any

from gradio.context import LocalContext

HOME = 64
"""Bits of an IPv6 address that a provider assigns to one household, which chooses the rest itself."""


def client_address() -> str:
    """Address of the client whose event or server function is being answered; "" outside of one.

    Behind a proxy that the server trusts (`FORWARDED_ALLOW_IPS`) it is the address that the proxy forwards.
    Everybody behind one router shares an address: a whole class, for example.
    """
    return address_of(LocalContext.request.get(None))


def address_of(request: Any) -> str:
    """The same for a request of Starlette or Gradio."""
    client = getattr(request, "client", None)
    return _household(getattr(client, "host", None) or "")


@lru_cache(maxsize=4096)
def _household(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 4:
        return host
    if address.ipv4_mapped is not None:  # how a server that listens on both kinds names IPv4 clients
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), HOME), strict=False))
