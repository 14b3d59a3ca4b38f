"""The workers and collate_fn parts of the DataLoader tab: handlers, the numbers they print, their code."""

import base64
import contextlib
import io

import gradio as gr
import pytest
import torch
from PIL import Image

from data.loader.collate import padded
from data.loader.race import BatchTimes, RaceError, RaceResult, RaceSettings, cores, expected, usual_start
from language import resolve
from ui.dataloader import collate, race, workers

CHOICES = ("wait", 1, 1, 4, 3, [0, 1], usual_start())


def batch(number, worker, fetch, request, received, step):
    return BatchTimes(number, worker, fetch, request, received, (received, step))


NONE = RaceResult(
    0,
    (batch(0, None, (0.01, 0.11), 0.0, 0.12, 0.22), batch(1, None, (0.23, 0.33), 0.22, 0.34, 0.44)),
    total=0.45,
)
ONE = RaceResult(
    1,
    (batch(0, 0, (0.05, 0.15), 0.02, 0.16, 0.26), batch(1, 0, (0.15, 0.25), 0.26, 0.27, 0.37)),
    ready=((0, 0.04),),
    total=0.4,
    advice="Fewer workers!",
)
SETTINGS = RaceSettings((0, 1), 4, 10, 10, 50, "wait", usual_start())


# --- workers ----------------------------------------------------------------------------------------------


def test_a_race_is_shown_while_it_runs_and_when_it_is_done():
    frames = list(workers.on_race(*CHOICES))
    assert frames[0][0] is None and "imports torch" in frames[0][1]
    assert frames[-1][1] == "Done: 4 batches of 3, 1 ms of waiting per sample, 1 ms per step."
    value = [frame[0] for frame in frames if isinstance(frame[0], dict) and "races" in frame[0]][-1]
    assert [race["title"] for race in value["races"]] == ["No workers", "1 worker"]
    assert [lane["name"] for lane in value["races"][1]["lanes"]] == ["Worker 0", "Loop"]
    loop = value["races"][1]["lanes"][1]["bars"]
    assert [bar[3] for bar in loop if bar[0] == "step"] == [0, 1, 2, 3]
    # the bars of the loop do not overlap, and end when the race ends
    assert all(a[2] <= b[1] for a, b in zip(loop, loop[1:], strict=False))
    lanes = [lane for race in value["races"] for lane in race["lanes"]]
    assert max(bar[2] for lane in lanes for bar in lane["bars"]) <= value["axis"]
    assert value["verdict"].startswith("1 worker")


def test_leaving_closes_the_race(monkeypatch):
    closed = []

    def endless(settings):
        try:
            while True:
                yield RaceResult(0)
        finally:
            closed.append(settings)

    monkeypatch.setattr(workers, "race", endless)
    frames = workers.on_race(*CHOICES)
    for _ in range(4):
        next(frames)
    assert not closed
    frames.close()
    assert len(closed) == 1


def test_a_race_that_breaks_off_ends_with_a_sentence(monkeypatch):
    def broken(settings):
        yield NONE
        raise RaceError("The race broke off: try again.")

    monkeypatch.setattr(workers, "race", broken)
    frames = list(workers.on_race(*CHOICES))
    assert frames[-1] == (gr.skip(), "The race broke off: try again.")
    assert frames[-2][0]["races"][0]["note"] == "0.45 s"  # the results so far stay


def test_an_impossible_race_gets_a_sentence():
    assert workers.on_click(*CHOICES) == workers.QUEUED
    for change, sentence in (
        ({0: None}, "must be one of wait, compute"),
        ({1: float("nan")}, "from 0 to 50, not nan"),
        ({4: None}, "from 1 to 64"),
        ({5: "0"}, "at least one number of workers"),
    ):
        choices = [change.get(i, value) for i, value in enumerate(CHOICES)]
        assert sentence in workers.on_click(*choices)
        assert list(workers.on_race(*choices)) == [(gr.skip(), workers.on_click(*choices))]


def test_the_lanes_hold_every_moment():
    (loop,) = race.lanes(NONE)
    assert loop["bars"] == [
        ["fetch", 0.01, 0.11, 0, 0.12], ["step", 0.12, 0.22, 0, None],
        ["fetch", 0.23, 0.33, 1, 0.34], ["step", 0.34, 0.44, 1, None],
    ]  # fmt: skip
    worker, loop = race.lanes(ONE)
    assert worker["bars"] == [
        ["start", 0.0, 0.04, None, None], ["fetch", 0.05, 0.15, 0, 0.16], ["fetch", 0.15, 0.25, 1, 0.27],
    ]  # fmt: skip
    assert loop["bars"] == [
        ["start", 0.0, 0.02, None, None],
        ["wait", 0.02, 0.16, 0, None], ["step", 0.16, 0.26, 0, None],
        ["wait", 0.26, 0.27, 1, None], ["step", 0.27, 0.37, 1, None],
        ["end", 0.37, 0.4, None, None],
    ]  # fmt: skip


def test_the_table_puts_expected_and_measured_side_by_side():
    cells = race.row(SETTINGS, ONE, NONE.total)
    assert [cell["text"] for cell in cells] == [
        "1 worker", "0.45 s + start", "0.40 s", "0.10 s", "0.16 s", "0.15 s", "1.1 times as fast",
    ]  # fmt: skip
    assert [cell.get("small", "") for cell in cells] == [
        "", "4 × 100 + 1 × 50 ms", "", "requested: 0.10 s", "workers ready: 40 ms", "38% of the time", "",
    ]  # fmt: skip
    assert [cell["text"] for cell in race.row(SETTINGS, NONE, NONE.total)][-1] == "1"
    running = race.row(SETTINGS, RaceResult(1, ONE.batches, ONE.ready), NONE.total)
    assert len(running) == len(race.COLUMNS) == len(cells) and running[2]["text"] == "…"


@pytest.mark.parametrize(
    ("totals", "verdict"),
    [
        ({0: 2.0, 1: 1.0}, "1 worker: 2.0 times as fast as none."),
        (
            {0: 2.0, 2: 0.8, 4: 2.0},
            "2 workers: 2.5 times as fast as none.\n"
            "4 workers: no faster and no slower than none (1.00 times).",
        ),
        ({0: 0.1, 1: 0.2}, "1 worker cost more than it gained: 0.5 times as fast as none."),
        ({0: 0.1, 2: 0.3}, "2 workers cost more than they gained: 0.33 times as fast as none."),
        ({0: 1.0, 4: 0.98}, "4 workers: no faster and no slower than none (1.02 times)."),
        ({1: 1.0, 2: 0.5}, "Choose 0 workers too, to see whether workers help."),
        ({0: 1.0, 1: None}, ""),
        ({}, ""),
    ],
)  # fmt: skip
def test_the_verdict_is_the_measured_ratio(totals, verdict):
    assert race.verdict([RaceResult(number, total=total) for number, total in totals.items()]) == verdict


@pytest.mark.parametrize(("ratio", "text"), [(2.44, "2.4"), (1.0, "1.0"), (0.96, "1.0"), (0.374, "0.37")])
def test_a_ratio_has_two_digits(ratio, text):
    assert race.ratio_text(ratio) == text


def test_notes_say_why_times_are_what_they_are():
    texts = race.notes(SETTINGS, [NONE, ONE])
    assert texts[0].startswith("Starting 1 worker took 40 ms") and texts[-1] == "torch warned: Fewer workers!"
    assert any("fetching is still the slow side" in text for text in texts)
    assert ONE.transfer == pytest.approx(0.01)  # of batch 0 only: the loop did not wait for batch 1
    assert NONE.transfer is None
    quick = RaceSettings((0, 1), 4, 1, 0, 0, "wait", usual_start())
    small = RaceResult(0, (batch(0, None, (0.001, 0.002), 0.0, 0.003, 0.003),), total=0.003)
    texts = race.notes(quick, [small, ONE])
    assert "Without workers a batch was there after 1.0 ms." in texts[1] and "took 10 ms" in texts[1]
    assert not any("slow side" in text for text in texts)  # slower than none: neither is the reason
    busy = RaceSettings((0, 1), 4, 10, 5, 100, "compute", usual_start())
    assert "a batch took 0.10 s, not 50 ms" in race.notes(busy, [NONE])[0]


@pytest.mark.parametrize(
    ("longest", "tick"), [(2.03, 1.0), (1.9, 0.5), (0.7, 0.2), (0.05, 0.02), (0.0, 0.0005), (9.0, 5.0)]
)
def test_the_axis_holds_two_to_four_round_steps(longest, tick):
    end, step = race.axis_of(longest)
    assert step == pytest.approx(tick) and end >= longest and end <= 4.2 * step


def test_the_expected_times_stand_beside_the_choices():
    text, code = workers.on_settings("wait", 5, 40, 16, 16, [0, 2], usual_start())
    assert text == "Expected: no workers **1.92 s**; 2 workers **0.72 s**, and the start of the workers."
    assert "(0, 2)" in code
    text, code = workers.on_settings("wait", 50, 40, 40, 64, [0], usual_start())
    assert "= 129.6 s" in text and code == gr.skip()


@pytest.mark.parametrize("name", list(workers.PRESETS))
def test_each_example_can_be_raced(name):
    values = workers.on_preset(name)
    settings = workers.settings_of(*values, usual_start())
    assert expected(settings, 0, cores()).seconds <= 2.5


@pytest.mark.parametrize("name", [None, "Slow disk", ["disk"]])
def test_an_unknown_example_is_refused(name):
    with pytest.raises(gr.Error):
        workers.on_preset(name)


@pytest.mark.parametrize("kind", ["wait", "compute"])
def test_the_code_shown_runs(kind):
    markdown = workers.code(RaceSettings((0,), 4, 2, 1, 1, kind, usual_start()))
    output = run(markdown)
    assert output.startswith("0 workers: ") and output.endswith(" s\n")
    assert "multiprocessing_context" not in markdown


def test_the_code_names_another_start():
    other = "spawn" if usual_start() == "fork" else usual_start()
    assert (f'multiprocessing_context="{other}"' in workers.code(RaceSettings(start=other))) == (
        other != usual_start()
    )


def run(markdown: str) -> str:
    """What the code block of `markdown` prints."""
    source = markdown.split("```python\n")[1].split("```")[0]
    threads, output = torch.get_num_threads(), io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            exec(compile(source, "shown.py", "exec"), {"__name__": "__main__"})
    finally:
        torch.set_num_threads(threads)
    return output.getvalue()


def test_a_race_is_in_the_language_of_the_visitor(pseudo):
    for kind in ("wait", "compute"):
        settings = RaceSettings((0, 1), 4, 10, 5, 50, kind, usual_start())
        value = resolve(race.race_value(settings, [NONE, ONE]))
        titles = [text for part in value["races"] for text in (part["title"], part["lanes"][-1]["name"])]
        texts = [value["verdict"], *value["columns"], *value["notes"], *titles, workers.summary(settings)]
        assert len(value["notes"]) >= 3 and all(text.startswith("⟦") for text in texts), texts


# --- collate_fn -------------------------------------------------------------------------------------------


def test_sequences_show_torchs_error_or_the_padding():
    value = collate.on_collate(None, "sequences", "default")
    with pytest.raises(RuntimeError) as raised:
        torch.stack([x for x, _ in collate.sequences()])
    assert value["result"]["error"] == "RuntimeError" and value["result"]["message"] == str(raised.value)
    assert value["collate"] == "default_collate(samples)" and value["result"]["parts"] == []

    value = collate.on_collate(None, "sequences", "padded")
    assert [(part["cells"], part["own"]) for part in value["result"]["parts"]] == [
        (["4", "9", "2", "0", "0"], 3), (["7", "1", "3", "8", "5"], 5),
        (["6", "0", "0", "0", "0"], 1), (["2", "2", "9", "4", "0"], 4),
    ]  # fmt: skip
    assert value["result"]["filled"] and value["result"]["structure"] == [
        "tuple of 3",
        "  batch: tensor (4, 5) int64",
        "  lengths: tensor (4,) int64: 3, 5, 1, 4",
        "  labels: tensor (4,) int64: 0, 1, 0, 1",
    ]


def test_pictures_are_sent_without_their_padding():
    value = collate.on_collate(None, "pictures", "padded")
    assert [part["own"] for part in value["result"]["parts"]] == [list(size) for size in collate.SIZES]
    assert {(part["height"], part["width"]) for part in value["result"]["parts"]} == {(28, 28)}
    assert [s["input"]["pixels"] for s in value["samples"]] == [p["pixels"] for p in value["result"]["parts"]]
    batch, sizes, _ = padded(collate.pictures())
    assert batch[0, :, :, 20:].eq(0).all() and sizes.tolist() == [list(size) for size in collate.SIZES]


def test_the_batch_on_screen_shows_its_first_samples():
    samples = [(torch.full((1, 2, 2), n / 10), n) for n in range(6)]
    value = collate.on_collate(samples, "screen", "default")
    assert value["samples"][3]["code"] == "samples[3]: tensor (1, 2, 2) float32"
    assert value["samples"][3]["label"] == "int 3" and value["more"] == 2
    assert value["result"]["about"] == "The first 4 of its 6 inputs." and not value["result"]["filled"]
    assert value["result"]["structure"][1] == "  batch: tensor (6, 1, 2, 2) float32"
    value = collate.on_collate(samples, "screen", "padded")
    assert "no padding was needed" in value["result"]["about"]


@pytest.mark.parametrize(
    ("samples", "error"),
    [
        ([(Image.new("L", (3, 3)), 0), (Image.new("L", (3, 3)), 1)], "TypeError"),
        ([(torch.ones(2), None)], "TypeError"),
        ([torch.ones(2), torch.ones(3)], "RuntimeError"),
    ],
)
def test_samples_that_do_not_stack_show_the_error(samples, error):
    value = collate.on_collate(samples, "screen", "default")
    assert value["result"]["error"] == error and value["result"]["meaning"]


def test_numbers_outside_0_to_1_are_scaled():
    grey = collate.pixels(torch.tensor([[[-1.0, 0.0], [1.0, 3.0]]]))
    assert list(base64.b64decode(grey["pixels"])) == [0, 64, 128, 255]
    assert list(base64.b64decode(collate.pixels(torch.tensor([[[0.0, 1.0]]]))["pixels"])) == [0, 255]
    assert list(base64.b64decode(collate.pixels(torch.tensor([[[7, 200]]]).byte())["pixels"])) == [7, 200]
    for never in (torch.ones(1, 0, 3), torch.full((1, 2, 2), float("nan")), torch.ones(2, 4, 4), "x", None):
        assert collate.pixels(never) is None


@pytest.mark.parametrize(
    ("samples", "example", "how"),
    [
        (None, "screen", "default"),
        ([], "screen", "default"),
        ([(torch.ones(1), 0)], "else", "default"),
        ([(torch.ones(1), 0)], ["screen"], "default"),
        ([(torch.ones(1), 0)], "screen", "sum"),
        ([(torch.ones(1), 0)], "screen", ["padded"]),
    ],
)
def test_unknown_samples_and_functions_are_refused(samples, example, how):
    with pytest.raises(gr.Error):
        collate.on_collate(samples, example, how)


def test_the_padding_code_shown_runs():
    output = run(collate.CODE)
    assert "[7, 1, 3, 8, 5]" in output and "torch.Size([2, 1, 28, 28])" in output


def test_the_habits_are_those_of_torch():
    markdown = collate.habits_list()
    assert "- `[3, 5]` → `tensor (2,) int64: 3, 5`\n" in markdown
    assert "- `[0.5, 1.5]` → `tensor (2,) float64: 0.5, 1.5`\n" in markdown
    assert "TypeError: default_collate: batch must contain tensors" in markdown and "<class" in markdown
