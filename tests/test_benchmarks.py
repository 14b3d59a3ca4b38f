"""The benchmarks of training run to their end on little data; their figures are not checked. The parts of the
benchmark of arrivals that need no page are tested here, the others in tests/browser/test_arrival.py.
"""

import os
import time

import httpx
import pytest

from benchmarks import arrival
from benchmarks.strangers.floods import outside


@pytest.fixture
def output(programs):
    """Runs a benchmark, which must succeed; returns what it prints."""

    def run(name, data, *arguments):
        process = programs.run(f"benchmarks/{name}.py", "--data", str(data), *arguments)
        assert process.returncode == 0, process.stderr
        return process.stdout

    return run


def test_training_speed_compares_the_page_with_the_textbook(output, fashion_root):
    text = output("training_speed", fashion_root, "--samples", "2000", "--goal", "0.3", "--epochs", "1")
    assert "to the first loss" in text and "of the test pictures" in text and "times as fast" in text


def test_page_overhead_compares_the_page_with_the_command_line(output, fashion_root):
    text = output("page_overhead", fashion_root, "--rounds", "1", "--epochs", "1", "--samples", "500")
    assert "the page costs" in text and "ms beside a run" in text


@pytest.mark.parametrize("name", ["training_speed", "page_overhead"])
def test_without_the_data_set_a_benchmark_says_what_to_do(programs, tmp_path, name):
    process = programs.run(f"benchmarks/{name}.py", "--data", str(tmp_path))
    assert process.returncode == 2 and "Fashion-MNIST is not " in process.stderr
    assert "Traceback" not in process.stderr


def test_the_clock_of_a_process_counts_its_work_and_not_its_waiting():
    before, clock_before = arrival.processor_ms(os.getpid()), time.process_time()
    sum(number * number for number in range(10**6))
    time.sleep(0.2)
    spent, expected = arrival.processor_ms(os.getpid()) - before, 1000 * (time.process_time() - clock_before)
    assert expected > 10 and spent == pytest.approx(expected, abs=5)


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
    assert rows["both, s"] == "101.00 (101.00)"  # of the same visitor
    assert rows["of a new session, ms"] == "–" and rows["visitors without an answer"] == "5"
