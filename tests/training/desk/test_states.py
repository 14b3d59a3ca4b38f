"""The states of a run: what each means, written by hand, and as the page's scripts get it."""

import json

from training.desk.states import RunState, page_constants

MEANINGS = {
    "queued": ("Waiting", "waiting", ""),
    "starting": ("Starting", "starting", ""),
    "running": ("Training", "running", "steerable"),
    "paused": ("Paused", "paused", "steerable"),
    "stopping": ("Stopping", "stopping", ""),
    "done": ("Done", "done", "ended usable"),
    "stopped": ("Stopped", "stopped", "ended usable"),
    "diverged": ("Diverged", "diverged", "ended lost"),
    "failed": ("Failed", "failed", "ended lost"),
}


def test_each_state_means_what_it_says():
    constants = json.loads(json.dumps(page_constants()))
    assert list(constants) == list(MEANINGS)
    for name, (title, word, facts) in MEANINGS.items():
        flags = {flag: flag in facts.split() for flag in ("ended", "usable", "lost", "steerable")}
        assert constants[name] == {"title": title, "word": word} | flags


def test_a_state_survives_json():
    for state in RunState:
        assert RunState(json.loads(json.dumps({"state": state}))["state"]) is state
