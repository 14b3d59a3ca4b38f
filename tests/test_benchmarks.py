"""The benchmarks of training run to their end, on little: what they measure is not looked at."""

import subprocess
import sys

import pytest

from settings import ROOT


def told(fashion_root, name, *arguments):
    words = [sys.executable, f"benchmarks/{name}.py", "--data", str(fashion_root), *arguments]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_training_speed_compares_the_page_with_the_textbook(fashion_root):
    said = told(fashion_root, "training_speed", "--samples", "2000", "--goal", "0.3", "--epochs", "1")
    assert "to the first loss" in said and "of the test pictures" in said and "times as fast" in said


def test_page_overhead_compares_the_page_with_the_command_line(fashion_root):
    said = told(fashion_root, "page_overhead", "--rounds", "1", "--epochs", "1", "--samples", "2000")
    assert "the page costs" in said and "ms beside a run" in said


@pytest.mark.parametrize("name", ["training_speed", "page_overhead"])
def test_without_the_data_set_they_say_what_to_do(tmp_path, name):
    words = [sys.executable, f"benchmarks/{name}.py", "--data", str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 2 and "Fashion-MNIST is not " in done.stderr
    assert "Traceback" not in done.stderr
