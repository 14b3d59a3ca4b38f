"""Serves the scripts and stylesheets of the page."""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from language import _
from ui.kit import frontend
from ui.serving.gate import path_of


class Frontend:
    """ASGI middleware: answers for the files of `ui.kit.frontend`, and passes everything else on."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = path_of(scope) if scope["type"] == "http" else ""
        if not path.startswith(f"/{frontend.FOLDER}/"):
            await self.app(scope, receive, send)
            return
        file = frontend.content(path)
        response = (
            PlainTextResponse(_("There is nothing at this address."), 404)
            if file is None
            else Response(file[1], media_type=file[0])
        )
        await response(scope, receive, send)
