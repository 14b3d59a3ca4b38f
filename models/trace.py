"""What happens to a tensor on its way through any network: one record for each layer and each step between.

Forward hooks record the layers. A TorchFunctionMode records the steps of a `forward` that are no layers
(torch.cat, x + y, amax, flatten) and that hooks miss: unlike torch.fx it needs no symbolic run, so any Python
in `forward` works, and it does not patch nn.Module for the whole process but belongs to one thread. The hooks
are on a copy of the modules that shares the weights: several visitors may trace one network at once, and
neither the network nor its running statistics change.
"""

from __future__ import annotations

import copy
import inspect
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._pytree import tree_leaves

from models.layer_kinds import Sliding, kind_of
from models.reach import ReceptiveField, after_layer, is_elementwise, pair, union

Shape = tuple[int, ...]

POINTWISE = {
    *("add", "sub", "rsub", "mul", "div", "true_divide", "neg", "abs", "exp", "log", "sqrt", "pow", "square"),
    *("relu", "sigmoid", "tanh", "gelu", "silu", "leaky_relu", "elu", "softplus", "clamp", "maximum"),
    *("minimum", "where", "gt", "ge", "lt", "le", "eq", "ne", "radd", "rmul", "rdiv", "rtruediv"),
}
"""Functions that compute each number from those at the same place; one operation each."""
REDUCING = {"amax", "amin", "mean", "sum", "max", "min", "argmax", "softmax", "log_softmax"}
"""Functions that read every number of their input once."""
REARRANGING = {
    *("flatten", "reshape", "view", "permute", "transpose", "squeeze", "unsqueeze", "cat", "concat", "stack"),
    *("getitem", "chunk", "split", "contiguous", "to", "float", "clone", "detach", "expand", "t"),
}
"""Functions that compute nothing."""
_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "true_divide": "/", "gt": ">", "lt": "<"}
_SIGNS |= {"matmul": "@"}

_IDLE_LAYERS = (nn.Flatten, nn.Unflatten, nn.Identity, nn.Dropout, nn.Dropout2d)


@dataclass(frozen=True)
class Record:
    """One layer, or one step between layers, with the tensor that came out of it."""

    name: str
    """As in `named_modules`; for a step without a layer, the module whose `forward` does it ("" is the whole
    network)."""
    code: str
    """`Conv2d(1, 32, 3, padding=1, bias=False)`, or for a step without a layer `torch.cat([x, y], dim=1)`."""
    layer: bool
    """Whether it is an nn.Module."""
    again: bool
    """Whether the same layer or parameter was used before, and its parameters counted there."""
    inputs: tuple[Shape, ...]
    output: Shape
    parameters: int
    """Trainable numbers."""
    buffers: int
    """Numbers stored with the weights but not trained, such as the running statistics of BatchNorm2d."""
    multiply_adds: int | None
    """For the whole batch, one for each product of a weight and a number. None where it is unknown."""
    element_operations: int
    """For the whole batch, how often a number is read to be scaled, compared or summed without a weight of
    its own, such as once for each place of a pooling window. Layers that only rearrange have none."""
    bytes: int
    """Of the output."""
    field: ReceptiveField | None
    """The window of the picture that one number of the output sees. None where that is no window (from
    Flatten, Linear or a maximum over H and W on) or unknown."""
    activation: Tensor | None = None
    """The output itself, on request."""

    @property
    def kind(self) -> str:
        """The class of the layer, or the function of the step: what `code` has before its first bracket."""
        return self.code.partition("(")[0]


@dataclass(frozen=True)
class Failure:
    """The step that raised, as far as the network came."""

    name: str
    code: str
    inputs: tuple[Shape, ...]
    error: Exception
    module: nn.Module | None
    """The copy of the layer that raised; None for a step without a layer."""


@dataclass(frozen=True)
class Trace:
    """What happened to one batch in a network."""

    records: tuple[Record, ...]
    failure: Failure | None

    @property
    def parameters(self) -> int:
        """Of all layers, each counted once."""
        return sum(record.parameters for record in self.records if not record.again)

    @property
    def multiply_adds(self) -> int:
        """Of the records for which they are known."""
        return sum(record.multiply_adds or 0 for record in self.records)

    @property
    def bytes(self) -> int:
        """Of all outputs together: roughly what training keeps for the gradients."""
        return sum(record.bytes for record in self.records)


def trace(model: nn.Module, x: Tensor, keep: bool = False) -> Trace:
    """Run `model` on `x`, (N, C, H, W), in evaluation mode and without gradients, and record what happened.

    With `keep` each record has its activation. On the meta device (model and `x`) nothing is computed, but
    all shapes are right. An exception of the network is not raised: it is the `failure`.
    """
    twin = _twin(model).eval()
    recorder = _TraceRecorder(keep)
    for name, module in twin.named_modules():
        recorder.watch(name, module)
    failure = None
    try:
        with torch.no_grad(), recorder:
            twin(recorder.entering(x))
    except Exception as error:  # the page shows whatever the network raises
        failure = recorder.failure(error)
    return Trace(tuple(recorder.records), failure)


def _twin(model: nn.Module) -> nn.Module:
    """A copy of the modules with the same weights, without the hooks, which belong to others."""
    memo: dict[int, Any] = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    for module in model.modules():
        memo[id(module._forward_hooks)] = OrderedDict()
        memo[id(module._forward_pre_hooks)] = OrderedDict()
    return copy.deepcopy(model, memo)  # what is in `memo` counts as copied


def _is_layer(name: str, module: nn.Module) -> bool:
    """Whether a module is one row; a network that is itself without children is looked into."""
    return not list(module.children()) and bool(name or type(module).__module__.startswith("torch.nn."))


def code_of(module: nn.Module) -> str:
    """The Python that builds such a layer, without `nn.` and without arguments equal to the defaults."""
    kind = type(module)
    if not kind.__module__.startswith("torch.nn."):
        return repr(module) if not list(module.children()) else f"{kind.__name__}(...)"
    words = []
    for name, parameter in inspect.signature(kind).parameters.items():
        if name in ("device", "dtype") or not hasattr(module, name):
            continue
        value = _plain(getattr(module, name))
        if parameter.default is inspect.Parameter.empty:
            words.append(repr(value))
        elif isinstance(module, nn.Dropout | nn.Dropout2d) and name == "p":
            words.append(repr(value))  # readers look for the share, even the default one
        elif value != _plain(parameter.default) and not (
            name == "stride" and parameter.default is None and value == _plain(module.kernel_size)
        ):
            words.append(f"{name}={value!r}")
    return f"{kind.__name__}({', '.join(words)})"


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor):  # a bias: its argument was True
        return True
    if isinstance(value, (tuple, list)) and value and len(set(value)) == 1:
        return value[0]
    return False if value is None else value


def _tensors(values: Any) -> list[Tensor]:
    return [value for value in tree_leaves(values) if isinstance(value, Tensor)]


def _shapes(tensors: Iterable[Tensor]) -> tuple[Shape, ...]:
    return tuple(tuple(tensor.shape) for tensor in tensors)


class _TraceRecorder(TorchFunctionMode):
    """Collects the records; belongs to one run."""

    def __init__(self, keep: bool):
        super().__init__()
        self.keep = keep
        self.records: list[Record] = []
        self.open: list[tuple[str, nn.Module, list[Tensor]]] = []  # the modules that are running now
        self.counted: set[int] = set()
        # beside its field, the tensor itself: otherwise another one could get its id
        self.fields: dict[int, tuple[Tensor, ReceptiveField | None]] = {}
        self.failed: Failure | None = None

    def entering(self, x: Tensor) -> Tensor:
        if x.dim() == 4:
            self.fields[id(x)] = (x, ReceptiveField())
        else:
            self.fields[id(x)] = (x, None)
        return x

    def watch(self, name: str, module: nn.Module) -> None:
        leaf = _is_layer(name, module)

        def before(module: nn.Module, args: Any, kwargs: Any) -> None:
            self.open.append((name, module, _tensors((args, kwargs))))

        def after(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            _, _, inputs = self.open.pop()
            if leaf:
                with torch._C.DisableTorchFunction():
                    self.layer(name, module, inputs, _tensors(output))

        module.register_forward_pre_hook(before, with_kwargs=True)
        module.register_forward_hook(after, with_kwargs=True)

    def layer(self, name: str, module: nn.Module, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        if not outputs:
            return
        output = outputs[0]
        fields = [self.fields[id(tensor)][1] for tensor in inputs if id(tensor) in self.fields]
        field = after_layer(module, fields[0], tuple(inputs[0].shape)) if fields else None
        again = id(module) in self.counted
        self.counted.add(id(module))
        multiply_adds, element_operations = _work(module, inputs, output)
        self.record(
            Record(
                name=name,
                code=code_of(module),
                layer=True,
                again=again,
                inputs=_shapes(inputs),
                output=tuple(output.shape),
                parameters=sum(p.numel() for p in module.parameters() if p.requires_grad),
                buffers=sum(b.numel() for b in module.buffers()),
                multiply_adds=multiply_adds,
                element_operations=element_operations,
                bytes=output.numel() * output.element_size(),
                field=field if output.dim() == 4 else None,
                activation=output.detach().clone() if self.keep else None,
            ),
            outputs,
        )

    def record(self, record: Record, outputs: Sequence[Tensor]) -> None:
        self.records.append(record)
        for output in outputs:
            self.fields[id(output)] = (output, record.field)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        in_layer = bool(self.open) and _is_layer(*self.open[-1][:2])
        inputs = _tensors((args, kwargs))
        if in_layer or not any(id(tensor) in self.fields for tensor in inputs):
            return func(*args, **kwargs)
        name = resolve_name(func) or getattr(func, "__name__", "function")
        where = self.open[-1][0] if self.open else ""
        try:
            output = func(*args, **kwargs)
        except Exception as error:
            self.failed = Failure(where, _call(name, args, kwargs), _shapes(inputs), error, None)
            raise
        with torch._C.DisableTorchFunction():
            outputs = _tensors(output)
            if outputs:
                self.function(where, name, _call(name, args, kwargs), inputs, outputs)
        return output

    def function(self, where: str, name: str, code: str, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        output, short = outputs[0], _short(name)
        sources = [self.fields[id(tensor)] for tensor in inputs if id(tensor) in self.fields]
        same_place = short in POINTWISE or (
            short == "cat" and all(tensor.shape[-2:] == output.shape[-2:] for tensor, _ in sources)
        )
        field = union([field for _, field in sources]) if same_place and output.dim() == 4 else None
        operations = {**dict.fromkeys(POINTWISE, output.numel()), **dict.fromkeys(REARRANGING, 0)}
        operations |= dict.fromkeys(REDUCING, inputs[0].numel())
        own = [tensor for tensor in inputs if isinstance(tensor, nn.Parameter) and tensor.requires_grad]
        again = bool(own) and all(id(weight) in self.counted for weight in own)
        self.counted |= {id(weight) for weight in own}
        self.record(
            Record(
                name=where,
                code=code,
                layer=False,
                again=again,
                inputs=_shapes(inputs),
                output=tuple(output.shape),
                parameters=sum(weight.numel() for weight in own),
                buffers=0,
                multiply_adds=0 if short in operations else None,
                element_operations=operations.get(short, 0),
                bytes=output.numel() * output.element_size(),
                field=field,
                activation=output.detach().clone() if self.keep else None,
            ),
            outputs,
        )

    def failure(self, error: Exception) -> Failure:
        if self.failed and self.failed.error is error:
            return self.failed
        name, module, inputs = self.open[-1]
        layer = module if _is_layer(name, module) else None
        return Failure(name, code_of(module), _shapes(inputs), error, layer)


def _work(module: nn.Module, inputs: list[Tensor], output: Tensor) -> tuple[int | None, int]:
    """(multiply-adds, element operations) of one call of a layer."""
    kind = kind_of(module)
    if kind and kind.sliding:
        return _sliding_work(module, kind.sliding, inputs[0], output)
    if isinstance(module, nn.Linear):
        return output.numel() * module.in_features, 0
    if isinstance(module, _IDLE_LAYERS):
        return 0, 0
    if is_elementwise(module):
        return 0, output.numel()
    if isinstance(module, (nn.AdaptiveMaxPool2d, nn.AdaptiveAvgPool2d)):
        return 0, inputs[0].numel()
    return None, 0


def _sliding_work(module: Any, sliding: Sliding, x: Tensor, output: Tensor) -> tuple[int, int]:
    if sliding.weights is None:
        height, width = pair(module.kernel_size)
        return 0, output.numel() * height * width
    # one kernel's worth of weights for each number of the output, or of the input where that is spread
    numbers = x.numel() if sliding.is_transposed else output.numel()
    return numbers * module.weight[0].numel(), 0


def _short(name: str) -> str:
    """'torch.Tensor.add_' and 'torch.add' -> 'add', 'torch.Tensor.__rsub__' -> 'rsub'."""
    return name.rpartition(".")[2].strip("_")


def _call(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> str:
    """The call as code, with x, y, z for its tensors."""
    letters: dict[int, str] = {}

    def word(value: Any) -> str:
        if isinstance(value, Tensor):
            return letters.setdefault(id(value), "xyzuvw"[len(letters)] if len(letters) < 6 else "...")
        if isinstance(value, (list, tuple)) and any(isinstance(item, Tensor) for item in value):
            return f"[{', '.join(word(item) for item in value)}]"
        return repr(value)[:40]

    positional = [word(value) for value in args]
    named = [f"{key}={word(value)}" for key, value in kwargs.items() if value is not None]
    short = _short(name)
    if name.startswith("torch.Tensor."):
        if name.endswith(".__get__"):  # an attribute: torch.Tensor.T.__get__
            return f"{positional[0]}.{name.split('.')[-2]}"
        if short == "getitem":
            return f"{positional[0]}[{', '.join(positional[1:])}]"
        if short in _SIGNS and len(positional) == 2 and not named:
            return f"{positional[0]} {_SIGNS[short]} {positional[1]}"
        return f"{positional[0]}.{name.rpartition('.')[2]}({', '.join(positional[1:] + named)})"
    return f"{name.replace('torch.nn.functional', 'F')}({', '.join(positional + named)})"
