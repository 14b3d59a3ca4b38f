"""The benchmarks of training run to their end, on little: what they measure is not looked at. Of the
benchmark of arrivals here are the parts that need no page; the others are in tests/browser/test_arrival.py.
"""

import os
import time

import httpx
import pytest

from benchmarks import arrival
from benchmarks.strangers.floods import outside


@pytest.fixture
def printed(programs):
    """What a benchmark prints that comes to its end."""

    def run(name, data, *arguments):
        done = programs.run(f"benchmarks/{name}.py", "--data", str(data), *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_training_speed_compares_the_page_with_the_textbook(printed, fashion_root):
    text = printed("training_speed", fashion_root, "--samples", "2000", "--goal", "0.3", "--epochs", "1")
    assert "to the first loss" in text and "of the test pictures" in text and "times as fast" in text


def test_page_overhead_compares_the_page_with_the_command_line(printed, fashion_root):
    text = printed("page_overhead", fashion_root, "--rounds", "1", "--epochs", "1", "--samples", "2000")
    assert "the page costs" in text and "ms beside a run" in text


@pytest.mark.parametrize("name", ["training_speed", "page_overhead"])
def test_without_the_data_set_they_say_what_to_do(programs, tmp_path, name):
    done = programs.run(f"benchmarks/{name}.py", "--data", str(tmp_path))
    assert done.returncode == 2 and "Fashion-MNIST is not " in done.stderr
    assert "Traceback" not in done.stderr


def test_the_clock_of_a_process_counts_its_work_and_not_its_waiting():
    before, own_before = arrival.processor_ms(os.getpid()), time.process_time()
    sum(number * number for number in range(10**6))
    time.sleep(0.2)
    spent, own = arrival.processor_ms(os.getpid()) - before, 1000 * (time.process_time() - own_before)
    assert own > 10 and spent == pytest.approx(own, abs=5)


def test_the_bytes_of_a_visit_are_those_of_its_files():
    figures = arrival.Figures()
    with outside() as (address, fetched), httpx.Client(base_url=address) as http:  # each file has two bytes
        paths = ["/", "/assets/index.js", "/gradio_api/file=/x/dom.js?v=1", "/theme.css"]
        arrival.measure_bytes(figures, http, paths)
    assert fetched == set(paths)
    assert (figures.document, figures.own, figures.visit, figures.requests) == (2, 6, 8, 4)


def test_the_table_of_arrivals_gives_medians_and_nearly_the_worst():
    seconds = [float(number) for number in range(1, 101)]
    figures = arrival.Figures(1000, 2000, 3000, 4, page=seconds, answer=seconds[::-1], refused=5)
    rows = dict(line.strip("| ").split(" | ") for line in arrival.table({"now": figures}).splitlines()[2:])
    assert rows["page, compressed"] == "1.0 KB"
    assert rows["with all that a first visit loads"] == "3.0 KB in 4 requests"
    assert rows["crowd: until the page is loaded, s"] == "50.50 (95.05)"
    assert rows["both, s"] == "101.00 (101.00)"  # of each visitor, not of two others
    assert rows["of a new session, ms"] == "–" and rows["visitors without an answer"] == "5"
