"""The training loop in slow motion: a small network, real pictures, and every tensor after every line.

    for frame in play(SlowSettings())["frames"]: ...

The lines that visitors see are the lines that run, in the order they chose; what goes wrong is what PyTorch
itself does or says.
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
    BATCHES,
    CLASSES,
    HIDDEN,
    LINES,
    OPTIMIZERS,
    PASSES,
    SIDE,
    SlowSettings,
    imports,
    program,
    setup,
)

PICTURES = 4
"""Most pictures of a batch that are sent."""


# --- the pictures -------------------------------------------------------------------------------------------


def _places(source: sources.Source) -> tuple[Tensor, ...]:
    """The indices of the samples of each of CLASSES in a data set."""
    return tuple((source.targets == source.classes.index(name)).nonzero().flatten() for name in CLASSES)


def draw(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """`count` pictures of the page's data set: (count, 28, 28) uint8, labels (count,) int64 as indices into
    CLASSES, equally many of each class. From a small data set some are drawn twice.
    """
    source = sources.source(sources.default())
    generator = torch.Generator().manual_seed(seed)
    places = [rows[torch.randperm(len(rows), generator=generator)] for rows in _places(source)]
    labels = torch.arange(count) % len(CLASSES)
    turns = [(places[n % len(CLASSES)], n // len(CLASSES)) for n in range(count)]
    indices = [int(rows[turn % len(rows)]) for rows, turn in turns]
    images = source.stored
    assert images is not None
    return images[indices], labels


def shrink(pictures: Tensor) -> Tensor:
    """(N, 28, 28) uint8 -> (N, 8, 8) uint8: a border of 2, then the mean of each 4 x 4 pixels."""
    padded = F.pad(pictures.float(), (2, 2, 2, 2))  # (N, 32, 32)
    return F.avg_pool2d(padded.unsqueeze(1), 4).squeeze(1).round().byte()


def pictures(count: int, seed: int = 0) -> TensorDataset:
    """The pictures of `draw` as the network gets them: x (count, 64) float32 in [0, 1], y (count,) int64."""
    large, labels = draw(count, seed)
    return TensorDataset(shrink(large).flatten(1) / 255, labels)


# --- running the program ------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _compiled(line: str) -> CodeType:
    return compile(line, "<the program>", "exec")


class Execution:
    """The program and its variables: `setup` first, then `line` by line. It raises what Python raises."""

    def __init__(self, settings: SlowSettings):
        self.settings = settings
        self.names: dict[str, Any] = {}

    def setup(self) -> None:
        """Everything before the loop."""
        # the program seeds the process-wide generator: other threads must not see that
        with seeded(None), torch.enable_grad():
            exec(_compiled(imports(self.settings)), self.names)
            for _key, statement in setup(self.settings):
                exec(_compiled(statement), self.names)

    def batches(self) -> Any:
        """Do what the head of the loop does: give each pass its x and y."""
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


def losses(settings: SlowSettings) -> list[float]:
    """The loss of each pass, up to the line that fails."""
    run = Execution(settings)
    curve = []
    try:
        run.setup()
        for _number in run.batches():
            for key in settings.running_lines:
                run.line(key)
                if key == "loss":
                    curve.append(run.names["loss"].item())
    except Exception:  # `play` has Python's message
        pass
    return curve


def play(settings: SlowSettings) -> dict[str, Any]:
    """Run the program and keep every tensor after every line. JSON-ready:

    - settings, program (setup: [key, text], head, lines: [key, text], text), classes, side, passes;
    - parameters: name, shape, given (to the optimizer) and frozen of each, and whether it belongs to the last
      layer, in the order of `named_parameters()`;
    - tensors: base64 of little-endian float32, each distinct tensor once; numbers below are places in it;
    - frames: the state after a line: `pass` (0 ...), `line` (a key of LINES, or "start"), `sentence` and
      `wrong` (whether it is about a mistake), `error` (Python's message or none); for each parameter `w`
      (values), `g` (.grad or none), `sums` (the passes whose gradients are in .grad), `buffers` (name ->
      tensors or none) and `t` (steps that the optimizer counts); `logits` and `shares` (N, 3) with the pass
      they are from, `losses` (N,) of the pictures, `loss` (a number, or "nan", "inf") with its pass;
    - batches: of each pass its size, labels, and the places of its first pictures in `pictures`, which are
      {large: base64 of 784 bytes, small: of 64 bytes};
    - curve and textbook: the losses of the passes, and those of the textbook's loop (none if they are the
      same); verdict: {kind, sentence};
    - chosen: [parameter, place], the weight with the largest first gradient.

    `settings` decide everything in it. The visitor's program may fail; that raises no exception here.
    """
    # the copied context has the caller's language
    return _single_thread().submit(copy_context().run, _Recorder(settings).play).result()


@lru_cache(maxsize=1)
def _single_thread() -> ThreadPoolExecutor:
    """One thread in which torch computes alone: for matrices this small, waiting for other threads takes a
    hundred times as long as the work when the processor is busy.
    """

    def begin() -> None:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # applies to this thread and to those started later
        others = Thread(target=torch.set_num_threads, args=(threads,))
        others.start()
        others.join()

    return ThreadPoolExecutor(1, "slow motion", begin)


class _Recorder:
    """Runs the program and records what happens."""

    def __init__(self, settings: SlowSettings):
        self.settings = settings
        self.run = Execution(settings)
        self.tensors: dict[bytes, int] = {}
        self.frames: list[dict[str, Any]] = []
        self.sums: dict[str, list[int]] = {}  # name -> the passes whose gradients are in .grad
        self.latest: dict[str, dict[str, Any]] = {"logits": {}, "loss": {}}
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
            if not settings.running_lines:
                break
            for key in settings.running_lines:
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
        """Record the effect of a line."""
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
            self.latest["logits"] = {
                "logits": self.keep(logits),
                "shares": self.keep(logits.softmax(1)),
                "from": number,
                "right": int((logits.argmax(1) == names["y"]).sum()),
            }
        elif key == "loss":
            value = _number(names["loss"].item())
            each = F.cross_entropy(names["logits"].detach(), names["y"], reduction="none")
            self.latest["loss"] = {"loss": value, "each": self.keep(each), "from": number}
            self.curve.append(value)

    def frame(
        self, number: int, key: str, error: Exception | None, moved: dict[str, bool] | None = None
    ) -> None:
        parameters = self.run.parameters
        names = self.run.names
        optimizer = names.get("optimizer")
        states = [optimizer.state.get(p, {}) if optimizer else {} for p in parameters.values()]
        sums = {name: list(past) for name, past in self.sums.items()}
        sentence, wrong = self.story.comment(
            number, key, sums, moved or {}, self.latest, _last_line(error) if error else None
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
                **{name: dict(values) for name, values in self.latest.items()},
            }
        )

    def keep(self, tensor: Tensor) -> int:
        """The place of a tensor in `tensors`."""
        data = tensor.detach().contiguous().numpy().astype("<f4").tobytes()
        return self.tensors.setdefault(data, len(self.tensors))

    def take_batch(self) -> None:
        """Record the pictures of the current batch, each once."""
        if self.batches and self.settings.batches == "same":
            return
        x, y = self.run.names["x"], self.run.names["y"]
        self.batches.append(
            {
                "size": len(y),
                "labels": y[:PICTURES].tolist(),
                "pictures": [self.picture(row) for row in x[:PICTURES]],
            }
        )

    def picture(self, row: Tensor) -> int:
        small = row.mul(255).round().byte().numpy().tobytes()
        return self.pictures.setdefault(small, len(self.pictures))

    def large(self) -> list[dict[str, str]]:
        """The recorded pictures: as they are in the data set, and as the network gets them."""
        images = draw(PASSES * self.settings.batch_size, self.settings.seed)[0]
        by_small = {
            small.numpy().tobytes(): large.numpy().tobytes()
            for large, small in zip(images, shrink(images), strict=True)
        }
        return [{"large": _base64(by_small[small]), "small": _base64(small)} for small in self.pictures]

    def payload(self) -> dict[str, Any]:
        settings = self.settings
        parameters = self.run.parameters
        reference = [_number(loss) for loss in losses(words.textbook(settings))]
        is_same = reference == self.curve
        return {
            "settings": settings.as_dict(),
            "program": {
                "setup": setup(settings),
                "head": BATCHES[settings.batches].head,
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
                    "given": name in settings.optimizer_parameters,
                    "frozen": name in settings.frozen,
                    "last": name in settings.all_parameters[-2:],
                }
                for name, p in parameters.items()
            ],
            "pictures": self.large(),
            "batches": self.batches,
            "frames": self.frames,
            "curve": self.curve,
            "textbook": None if is_same else reference,
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
    """The last line of Python's own message about it."""
    first = str(error).strip().splitlines()[0] if str(error).strip() else ""
    return f"{type(error).__name__}: {first}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
