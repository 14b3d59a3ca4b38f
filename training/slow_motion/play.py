"""The training loop in slow motion: a small network on real pictures, and every tensor after every line.

    for frame in play(Settings())["frames"]: ...

The lines that are shown are the lines that run, in the order that the visitor chose; what goes wrong is what
PyTorch itself does or says.
"""

from __future__ import annotations

import base64
import math
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache
from threading import Thread
from types import CodeType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from data import sources
from models.registry import seeded
from training.slow_motion import words
from training.slow_motion.program import (
    CLASSES,
    HIDDEN,
    LINES,
    OPTIMIZERS,
    PARAMETERS,
    PASSES,
    SIDE,
    Settings,
    head,
    imports,
    program,
    setup,
)

SHOWN = 4
"""Pictures of a batch that are sent."""


# --- the pictures -------------------------------------------------------------------------------------------


def _places(source: sources.Source) -> tuple[Tensor, ...]:
    """For each of CLASSES the samples of it in a data set."""
    return tuple((source.targets == source.classes.index(name)).nonzero().flatten() for name in CLASSES)


def chosen(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """`count` pictures of the page's data set: (count, 28, 28) uint8, labels (count,) int64 as places in
    CLASSES, as many of each class as can be. A small data set gives some of them twice.
    """
    source = sources.source(sources.default())
    generator = torch.Generator().manual_seed(seed)
    places = [rows[torch.randperm(len(rows), generator=generator)] for rows in _places(source)]
    labels = torch.arange(count) % len(CLASSES)
    turns = [(places[n % len(CLASSES)], n // len(CLASSES)) for n in range(count)]
    chosen_rows = [int(rows[turn % len(rows)]) for rows, turn in turns]
    stored = source.stored
    assert stored is not None
    return stored[chosen_rows], labels


def shrunk(pictures: Tensor) -> Tensor:
    """(N, 28, 28) uint8 -> (N, 8, 8) uint8: a border of 2 around, then the mean of each 4 x 4 pixels."""
    padded = F.pad(pictures.float(), (2, 2, 2, 2))  # (N, 32, 32)
    return F.avg_pool2d(padded.unsqueeze(1), 4).squeeze(1).round().byte()


def pictures(count: int, seed: int = 0) -> TensorDataset:
    """`chosen` as the network gets them: x (count, 64) float32 in [0, 1], y (count,) int64."""
    large, labels = chosen(count, seed)
    return TensorDataset(shrunk(large).flatten(1) / 255, labels)


# --- running the program ------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _compiled(line: str) -> CodeType:
    return compile(line, "<the program>", "exec")


class Run:
    """The program with its names: `setup` first, then `line` by line. It raises what Python raises."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.names: dict[str, Any] = {}

    def setup(self) -> None:
        """Everything before the loop."""
        # the program seeds the process-wide generator: other threads must not see that
        with seeded(None), torch.enable_grad():
            exec(_compiled(imports(self.settings)), self.names)
            for _, statement in setup(self.settings):
                exec(_compiled(statement), self.names)

    def batches(self) -> Any:
        """What the head of the loop does: gives each pass its x and y."""
        if self.settings.batches == "same":
            yield from range(PASSES)
        else:
            for number, (x, y) in enumerate(self.names["loader"]):
                self.names.update(x=x, y=y)
                yield number

    def line(self, key: str) -> None:
        """Run one of LINES."""
        with torch.enable_grad():
            exec(_compiled(LINES[key]), self.names)

    @property
    def parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.names["model"].named_parameters())


def losses(settings: Settings) -> list[float]:
    """The loss of each pass, up to the line that fails."""
    run = Run(settings)
    curve = []
    try:
        run.setup()
        for _ in run.batches():
            for key in settings.running:
                run.line(key)
                if key == "loss":
                    curve.append(run.names["loss"].item())
    except Exception:  # what Python says of it stands in `play`
        pass
    return curve


def play(settings: Settings) -> dict[str, Any]:
    """Run the program and keep every tensor after every line. JSON-ready:

    - settings, program (setup: [key, text], head, lines: [key, text], text), classes, side, passes;
    - parameters: name, shape, given, frozen of each, and whether it is of the last layer, in the order of
      `named_parameters()`;
    - tensors: base64 of little-endian float32, each different tensor once; a number below is a place in it;
    - frames: the state after a line: `pass` (0 ...), `line` (a key of LINES, or "start"), `sentence` and
      `wrong` (whether it is about a mistake), `error` (Python's sentence or none); for each parameter `w`
      (values), `g` (.grad or none), `sums` (the passes whose gradients are in .grad), `buffers` (name ->
      tensors or none) and `t` (steps that the optimizer counts); `logits` and `shares` (N, 3) with the pass
      they are from, `losses` (N,) of the pictures, `loss` (a number, or "nan", "inf") with its pass;
    - batches: of each pass its size, labels, and places of its first pictures in `pictures`, which are
      {large: base64 of 784 bytes, small: of 64 bytes};
    - curve and textbook: the losses of the passes, and those of the textbook's loop (none where they are
      the same); verdict: {kind, sentence};
    - chosen: [parameter, place], the weight with the largest first gradient.

    Nothing in here is random beyond `settings`. The visitor's program may fail; that is no exception here.
    """
    # in the language of the caller
    return _alone().submit(copy_context().run, _Recorder(settings).play).result()


@lru_cache(maxsize=1)
def _alone() -> ThreadPoolExecutor:
    """One thread in which torch computes without others: for matrices this small their meeting takes a
    hundred times as long as the work when the processor is busy.
    """

    def begin() -> None:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # holds for this thread, and for those that begin after it
        others = Thread(target=torch.set_num_threads, args=(threads,))
        others.start()
        others.join()

    return ThreadPoolExecutor(1, "slow motion", begin)


class _Recorder:
    """Runs the program and writes down what happens."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.run = Run(settings)
        self.tensors: dict[bytes, int] = {}
        self.frames: list[dict[str, Any]] = []
        self.sums: dict[str, list[int]] = {}  # name -> the passes whose gradients are in .grad
        self.seen: dict[str, dict[str, Any]] = {"logits": {}, "loss": {}}
        self.pictures: dict[bytes, int] = {}
        self.batches: list[dict[str, Any]] = []
        self.curve: list[float | str] = []
        self.story = words.Story(settings)

    def play(self) -> dict[str, Any]:
        settings = self.settings
        try:
            self.run.setup()
        except Exception as error:
            self.sums = {name: [] for name in self.run.parameters}
            self.frame(0, "start", error)
            return self.payload()
        self.sums = {name: [] for name in self.run.parameters}
        self.frame(0, "start", None)
        for number in self.run.batches():
            self.take_batch()
            if not settings.running:
                break
            for key in settings.running:
                before = {name: p.detach().clone() for name, p in self.run.parameters.items()}
                try:
                    self.run.line(key)
                except Exception as error:
                    self.frame(number, key, error)
                    return self.payload()
                self.note(number, key)
                moved = {
                    name: not torch.equal(before[name], p.detach()) for name, p in self.run.parameters.items()
                }
                self.frame(number, key, None, moved)
        return self.payload()

    def note(self, number: int, key: str) -> None:
        """Remember what a line that ran has left behind."""
        names, parameters = self.run.names, self.run.parameters
        if key == "zero_grad":
            for name, past in self.sums.items():
                if parameters[name].grad is None:
                    past.clear()
        elif key == "backward":
            for name, past in self.sums.items():
                if parameters[name].grad is not None:
                    past.append(number)
        elif key == "forward":
            logits = names["logits"].detach()
            self.seen["logits"] = {
                "logits": self.keep(logits),
                "shares": self.keep(logits.softmax(1)),
                "from": number,
                "right": int((logits.argmax(1) == names["y"]).sum()),
            }
        elif key == "loss":
            value = _number(names["loss"].item())
            each = F.cross_entropy(names["logits"].detach(), names["y"], reduction="none")
            self.seen["loss"] = {"loss": value, "each": self.keep(each), "from": number}
            self.curve.append(value)

    def frame(
        self, number: int, key: str, error: Exception | None, moved: dict[str, bool] | None = None
    ) -> None:
        parameters = self.run.parameters
        names = self.run.names
        optimizer = names.get("optimizer")
        states = [optimizer.state.get(p, {}) if optimizer else {} for p in parameters.values()]
        sums = {name: list(past) for name, past in self.sums.items()}
        sentence, wrong = self.story.tell(
            number, key, sums, moved or {}, self.seen, _last_line(error) if error else None
        )
        self.frames.append(
            {
                "pass": number,
                "line": key,
                "sentence": sentence,
                "wrong": wrong,
                "error": _last_line(error) if error else None,
                "w": [self.keep(p) for p in parameters.values()],
                "g": [None if p.grad is None else self.keep(p.grad) for p in parameters.values()],
                "sums": list(sums.values()),
                "buffers": {
                    name: [self.keep(state[name]) if name in state else None for state in states]
                    for name in OPTIMIZERS[self.settings.optimizer].buffers
                },
                "t": [int(state["step"]) if "step" in state else 0 for state in states],
                **{name: dict(values) for name, values in self.seen.items()},
            }
        )

    def keep(self, tensor: Tensor) -> int:
        """The place of a tensor among those that are sent."""
        data = tensor.detach().contiguous().numpy().astype("<f4").tobytes()
        return self.tensors.setdefault(data, len(self.tensors))

    def take_batch(self) -> None:
        """Write down the pictures of the batch at hand, once each."""
        if self.batches and self.settings.batches == "same":
            return
        x, y = self.run.names["x"], self.run.names["y"]
        self.batches.append(
            {
                "size": len(y),
                "labels": y[:SHOWN].tolist(),
                "pictures": [self.picture(row) for row in x[:SHOWN]],
            }
        )

    def picture(self, row: Tensor) -> int:
        small = row.mul(255).round().byte().numpy().tobytes()
        return self.pictures.setdefault(small, len(self.pictures))

    def large(self) -> list[dict[str, str]]:
        """The pictures written down: as they are in the data set, and as the network gets them."""
        whole, _ = chosen(PASSES * self.settings.batch_size, self.settings.seed)
        by_small = {
            small.numpy().tobytes(): large.numpy().tobytes()
            for large, small in zip(whole, shrunk(whole), strict=True)
        }
        return [{"large": _base64(by_small[small]), "small": _base64(small)} for small in self.pictures]

    def payload(self) -> dict[str, Any]:
        settings = self.settings
        parameters = self.run.parameters
        reference = [_number(loss) for loss in losses(words.textbook(settings))]
        same = reference == self.curve
        return {
            "settings": settings.as_dict(),
            "program": {
                "setup": setup(settings),
                "head": head(settings),
                "lines": [(key, LINES[key]) for key in settings.order],
                "text": program(settings),
            },
            "classes": CLASSES,
            "side": SIDE,
            "hidden": HIDDEN,
            "passes": PASSES,
            "parameters": [
                {
                    "name": name,
                    "shape": list(p.shape),
                    "given": name in settings.given,
                    "frozen": name in settings.frozen,
                    "last": name in PARAMETERS[settings.network][-2:],
                }
                for name, p in parameters.items()
            ],
            "pictures": self.large(),
            "batches": self.batches,
            "frames": self.frames,
            "curve": self.curve,
            "textbook": None if same else reference,
            "verdict": self.story.verdict(self.curve, reference),
            "chosen": self.strongest(),
            "tensors": [_base64(data) for data in self.tensors],
        }

    def strongest(self) -> list[int]:
        """[parameter, place] of the weight with the largest gradient of the first backward."""
        data = list(self.tensors)
        for frame in self.frames:
            for number, place in enumerate(frame["g"]):
                if place is not None:
                    gradient = torch.frombuffer(bytearray(data[place]), dtype=torch.float32)
                    return [number, int(gradient.abs().nan_to_num().argmax())]
        return [0, SIDE * SIDE // 2 + SIDE // 2]


def _number(value: float) -> float | str:
    """JSON has no NaN and no infinity."""
    return value if math.isfinite(value) else str(value)


def _last_line(error: Exception) -> str:
    """The last line of Python's own message for it."""
    first = str(error).strip().splitlines()[0] if str(error).strip() else ""
    return f"{type(error).__name__}: {first}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
