"""Who is asking: the network address that limits are counted for."""

from __future__ import annotations

from gradio.context import LocalContext


def client_address() -> str:
    """Address of the client whose event or server function is being answered; "" outside of one.

    Behind a proxy that the server trusts (`FORWARDED_ALLOW_IPS`) it is the address that the proxy forwards.
    Everybody behind one router shares an address, a whole class for example.
    """
    request = LocalContext.request.get(None)
    client = getattr(request, "client", None)
    return getattr(client, "host", None) or ""
