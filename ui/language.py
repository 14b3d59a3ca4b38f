"""The language of a visitor: that of the address (?lang=), of a cookie, or of the browser."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import language

COOKIE = "tp-lang"
A_YEAR = 365 * 24 * 3600


def of_request(headers: Headers, query: str = "") -> str:
    """The language of a request with these headers, and with `query` in its address."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        cookie = None
    wishes = (
        QueryParams(query).get("lang", ""),
        cookie.value if cookie else "",
        headers.get("accept-language", ""),
    )
    return language.choose(*wishes)


class Languages:
    """ASGI middleware: answers come in the visitor's language, whose code is `scope["language"]`."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        code = of_request(Headers(scope=scope), query)

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and QueryParams(query).get("lang") == code:
                # a page inside another one, as on a Space, has its own cookies only over https
                is_safe = scope["scheme"] == "https"
                rules = "SameSite=None; Secure; Partitioned" if is_safe else "SameSite=Lax"
                cookie = f"{COOKIE}={code}; Max-Age={A_YEAR}; Path=/; {rules}"
                message["headers"] = [*message["headers"], (b"set-cookie", cookie.encode())]
            await send(message)

        with language.use(code):
            await self.app({**scope, "language": code}, receive, send_with_cookie)
