"""benchmarks/arrival.py loads the page like a browser, and each of its visitors gets an answer."""

import os

import pytest

from benchmarks import arrival
from benchmarks.strangers.page import Client

pytestmark = pytest.mark.browser


def test_a_visit_a_session_and_a_crowd_are_measured(chromium, address):
    figures = arrival.Figures()
    paths = arrival.first_visit(chromium, address)
    with Client(address) as client:
        arrival.measure_bytes(figures, client.http, paths)
        arrival.measure_server(figures, client, arrival.call_page, os.getpid())
    own = [path for path in paths if arrival.is_own(path)]
    arrival.arrive(figures, address, own, arrival.ask_page, visitors=3, within=0.1)
    assert paths[0] == "/" and own[0] == "/" and len(own) < len(paths)
    assert 0 < figures.document <= figures.own < figures.visit
    assert len(figures.page) == len(figures.answer) == 3 and figures.refused == 0


def test_a_visitor_without_an_answer_is_counted(address):
    def refuse(client):
        raise arrival.Refused("the queue is full")

    figures = arrival.Figures()
    arrival.arrive(figures, address, ["/"], refuse, visitors=2, within=0.1)
    assert figures.refused == 2 and figures.page == []


def test_the_empty_page_answers(tmp_path):
    page = arrival.ServedPage(arrival.EMPTY, tmp_path, tmp_path)
    try:
        with Client(page.wait().address) as client:
            arrival.call_empty(client)
            assert client.ask(client.endpoint("answer"), ["text"]) == ["text"]
    finally:
        page.stop()
