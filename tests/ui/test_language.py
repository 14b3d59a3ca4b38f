"""Which language a visitor gets."""

from __future__ import annotations

import asyncio

import pytest
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

import language
from ui.language import Languages, of_request


@pytest.fixture(autouse=True)
def two_languages(tmp_path, monkeypatch):
    for code in ("de", "fr"):
        (tmp_path / f"{code}.po").write_text('msgid "Stop"\nmsgstr "Halt"\n')
    monkeypatch.setenv("TORCH_PLAYGROUND_LOCALE", str(tmp_path))


@pytest.mark.parametrize(
    ("query", "headers", "code"),
    [
        ("", {}, "en"),
        ("", {"accept-language": "fr-CA,fr;q=0.9"}, "fr"),
        ("", {"accept-language": "fr", "cookie": "a=b; tp-lang=de"}, "de"),
        ("tab=train&lang=fr", {"cookie": "tp-lang=de"}, "fr"),
        ("lang=xx", {"cookie": "tp-lang=de"}, "de"),
        ("lang=en", {"cookie": "tp-lang=de", "accept-language": "fr"}, "en"),
        ("lang=%00", {"cookie": 'tp-lang="\\'}, "en"),
    ],
)
def test_the_address_comes_first_then_the_cookie_then_the_browser(query, headers, code):
    assert of_request(Headers(headers), query) == code


def answer_to(query: bytes, scheme: str = "http"):
    messages = []

    async def app(scope, receive, send):
        await PlainTextResponse(f"{scope['language']} {language._('Stop')}")(scope, receive, send)

    async def receive():
        return {"type": "http.request"}

    async def send(message):
        messages.append(message)

    scope = {"type": "http", "scheme": scheme, "query_string": query, "headers": []}
    asyncio.run(Languages(app)(scope, receive, send))
    return Headers(raw=messages[0]["headers"]).get("set-cookie", ""), messages[1]["body"].decode()


def test_an_answer_is_in_that_language_and_a_choice_is_remembered():
    assert answer_to(b"") == ("", "en Stop")
    cookie, text = answer_to(b"lang=de")
    assert text == "de Halt" and cookie.startswith("tp-lang=de; ") and "SameSite=Lax" in cookie
    assert "SameSite=None; Secure; Partitioned" in answer_to(b"lang=de", "https")[0]
    assert answer_to(b"lang=xx") == ("", "en Stop")
