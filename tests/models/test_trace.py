import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torch.nn.functional as F
import torchinfo
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from models.arithmetic import receptive_field
from models.reach import ReceptiveField, slide, union
from models.registry import NETWORKS, build, parameters
from models.trace import code_of, trace


def picture(name: str, n: int = 1) -> torch.Tensor:
    side = 4 if name.startswith("pattern") else 28
    return torch.rand(n, 1, side, side, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_agrees_with_torchinfo(name):
    model = build(name, seed=0).eval()
    x = picture(name, 2)
    records = [record for record in trace(model, x).records if record.layer]
    summary = torchinfo.summary(model, input_data=x, verbose=0)
    summaries = [layer for layer in summary.summary_list if layer.is_leaf_layer]
    assert [record.output for record in records] == [tuple(layer.output_size) for layer in summaries]
    assert [record.inputs[0] for record in records] == [tuple(layer.input_size) for layer in summaries]
    assert [record.parameters for record in records] == [layer.num_params for layer in summaries]
    assert trace(model, x).parameters == summary.total_params == parameters(model)
    for record, layer in zip(records, summaries, strict=True):
        # torchinfo counts each bias as a multiply-add for every number it is added to (of one picture and
        # channel of a linear layer), and the two parameters of a normalisation once for each picture
        module, extra = layer.module, 0
        if isinstance(module, (nn.Linear, nn.Conv2d)) and module.bias is not None:
            extra = torch.Size(record.output).numel()
        elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            extra = 2 * module.num_features * len(x)
        assert record.multiply_adds == layer.macs - extra, record


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_agrees_with_the_flop_counter_of_torch(name):
    model, x = build(name, seed=0).eval(), picture(name, 3)
    with FlopCounterMode(display=False) as counter:
        model(x)
    assert 2 * trace(model, x).multiply_adds == counter.get_total_flops()


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 6, (3, 2), stride=2, padding=1, groups=2),
        nn.Conv2d(4, 8, 3, dilation=2, bias=False),
        nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2),
        nn.ConvTranspose2d(4, 6, 4),
        nn.Linear(9, 5),
    ],
)
def test_multiply_adds_of_single_layers(layer):
    x = torch.rand(2, 4, 9, 9)
    with FlopCounterMode(display=False) as counter:
        layer(x)
    assert 2 * trace(layer, x).multiply_adds == counter.get_total_flops() > 0


def test_a_convolution_by_hand():
    (record,) = trace(nn.Conv2d(3, 5, 3, padding=1), torch.rand(2, 3, 7, 8)).records
    assert record.inputs == ((2, 3, 7, 8),) and record.output == (2, 5, 7, 8)
    assert record.parameters == 3 * 5 * 9 + 5
    assert record.multiply_adds == 2 * 5 * 7 * 8 * 3 * 9
    assert record.bytes == 2 * 5 * 7 * 8 * 4
    assert record.activation is None


def window_of(model: nn.Module, last: int, size: int) -> tuple[int, int, int, int]:
    """(top, left, bottom, right) of the pixels with a gradient for the middle number of a feature map."""
    x = torch.rand(1, 1, size, size, requires_grad=True)
    y = x
    for layer in list(model.children())[: last + 1]:
        y = layer(y)
    y[0, :, y.shape[2] // 2, y.shape[3] // 2].sum().backward()
    assert x.grad is not None
    rows, columns = x.grad[0, 0].nonzero(as_tuple=True)
    return int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1


class Paths(nn.Module):
    def __init__(self, *paths: nn.Module, cat: bool):
        super().__init__()
        self.paths, self.cat = nn.ModuleList(paths), cat

    def forward(self, x):
        maps = [path(x) for path in self.paths]
        return torch.cat(maps, dim=1) if self.cat else maps[0] + maps[1]


@pytest.mark.parametrize(
    "layers",
    [
        (nn.Conv2d(1, 2, 3), nn.AvgPool2d(2), nn.Conv2d(2, 2, 3, padding=1)),
        (nn.Conv2d(1, 2, (3, 5), stride=(2, 1)), nn.Conv2d(2, 2, 3, dilation=(1, 3), padding=(0, 2))),
        (nn.AvgPool2d(3, stride=2, padding=1), nn.Conv2d(1, 2, 4, stride=3)),
        (nn.Conv2d(1, 2, 5, padding=2), nn.Sigmoid(), nn.BatchNorm2d(2).eval(), nn.Conv2d(2, 1, 2)),
        (
            nn.Conv2d(1, 2, 3, stride=2),
            Paths(nn.Conv2d(2, 2, 1), nn.Conv2d(2, 3, 5, padding=2), nn.AvgPool2d(3, 1, 1), cat=True),
            nn.Conv2d(7, 1, 3),
        ),
        (Paths(nn.Identity(), nn.Conv2d(1, 1, 3, padding=1), cat=False), nn.Conv2d(1, 1, 2, stride=2)),
        # windows of branches that lie apart: the smallest one that holds both
        (Paths(nn.Conv2d(1, 1, 1, stride=2), nn.AvgPool2d(2), cat=False), nn.Conv2d(1, 1, 3)),
        (nn.Conv2d(1, 2, 7), nn.AdaptiveAvgPool2d(1)),
    ],
)
def test_the_window_is_where_the_gradients_are(layers):
    torch.manual_seed(0)
    model, size = nn.Sequential(*layers), 42
    for last in range(len(layers)):
        head = model[: last + 1]
        record = trace(head, torch.rand(1, 1, size, size)).records[-1]
        middle = record.output[2] // 2, record.output[3] // 2
        assert record.field.window(*middle) == window_of(head, last, size), last


@pytest.mark.parametrize("name", ["tutorial_cnn", "lenet5", "residual", "inception"])
def test_the_windows_of_the_registry_are_where_the_gradients_are(name):
    model = build(name, seed=0).eval()
    x = torch.rand(1, 1, 28, 28, requires_grad=True)
    outputs: dict[nn.Module, torch.Tensor] = {}

    def keep(module, args, output):
        outputs.setdefault(module, output)

    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(keep)
    model(x)
    names = {module: key for key, module in model.named_modules()}
    for module, output in outputs.items():
        (record,) = [record for record in trace(model, x.detach()).records if record.name == names[module]]
        row, column = output.shape[2] // 2, output.shape[3] // 2
        (gradient,) = torch.autograd.grad(output[0, :, row, column].sum(), x, retain_graph=True)
        rows, columns = gradient[0, 0].nonzero(as_tuple=True)
        top, left, bottom, right = record.field.window(row, column)
        # a maximum passes its gradient to one pixel of its window, so some of the window may be missing
        assert top <= rows.min() and rows.max() < bottom and left <= columns.min() and columns.max() < right
        if name == "lenet5":
            assert (int(rows.min()), int(rows.max()) + 1) == (max(top, 0), min(bottom, 28))


def test_fields_agree_with_the_arithmetic_of_one_axis():
    layers = [(5, 1, 1), (2, 2, 1), (3, 2, 2), (4, 3, 1)]
    field = ReceptiveField()
    for kernel, stride, dilation in layers:
        field = slide(field, kernel, stride, 1, dilation)
    size, jump = receptive_field(layers)
    assert (field.size, field.jump) == ((size, size), (jump, jump))


def test_branches_without_a_common_window_have_none():
    assert union([ReceptiveField(), None]) is None
    assert union([ReceptiveField(), ReceptiveField(jump=(2, 2))]) is None
    assert union([]) is None


def test_steps_without_a_layer_have_records():
    records = trace(build("fashion_cnn", seed=0), picture("fashion_cnn")).records
    steps = {(record.name, record.code, record.output) for record in records if not record.layer}
    assert steps == {
        ("stages.0", "x + y", (1, 64, 14, 14)),
        ("stages.1", "x + y", (1, 128, 7, 7)),
        ("stages.2", "x + y", (1, 128, 3, 3)),
        ("", "torch.amax(x, dim=(2, 3))", (1, 128)),
    }
    records = trace(build("pattern_cnn", seed=0), picture("pattern_cnn")).records
    assert [record.code for record in records if not record.layer] == [
        "torch.amax(x, dim=(1, 2, 3), keepdim=True)",
        *("x > 0", "torch.where(x, y, 1)", "x / y", "x.flatten(1)"),
    ]
    joined = [r for r in trace(build("inception"), picture("inception")).records if "cat" in r.code]
    assert [record.code for record in joined] == ["torch.cat([x, y, z, u], dim=1)"] * 2
    assert joined[0].inputs == ((1, 16, 14, 14),) * 4


def test_each_shape_is_the_one_the_step_before_gave():
    """Nothing that changes a shape is missing: every input is the picture or the output of a record."""
    for name in NETWORKS:
        x = picture(name)
        in_shape = {tuple(x.shape)}
        for record in trace(build(name, seed=0), x).records:
            assert set(record.inputs) <= in_shape, (name, record)
            in_shape.add(record.output)


def test_a_shared_layer_gives_a_record_for_each_call():
    records = [r for r in trace(build("lenet5"), picture("lenet5")).records if r.name == "relu"]
    assert [record.again for record in records] == [False, True, True, True]
    shared = nn.Linear(4, 4)
    both = trace(nn.Sequential(shared, shared), torch.rand(1, 4))
    assert [record.parameters for record in both.records] == [20, 20] and both.parameters == 20


def test_activations_are_those_of_the_network():
    model, x = build("tutorial_cnn", seed=0).eval(), picture("tutorial_cnn")
    traced = trace(model, x, keep=True)
    assert torch.equal(traced.records[-1].activation, model(x))
    assert torch.equal(traced.records[0].activation, model.block1[0](x))
    inplace = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(inplace=True), nn.Conv2d(1, 1, 1))
    first = trace(inplace, x - 0.5, keep=True).records[0].activation
    assert torch.equal(first, inplace[0](x - 0.5))


def test_a_failure_names_the_step_and_keeps_torchs_message():
    traced = trace(build("fashion_cnn"), torch.rand(1, 1, 6, 6))
    assert traced.failure.name == "stages.2.pool" and traced.failure.code == "MaxPool2d(2)"
    assert "Output size is too small" in str(traced.failure.error)
    assert traced.records[-1].name == "stages.2.conv1"
    traced = trace(Paths(nn.Conv2d(1, 2, 3), nn.Identity(), cat=True), torch.rand(1, 1, 6, 6))
    assert traced.failure.name == "" and traced.failure.code == "torch.cat([x, y], dim=1)"
    assert traced.failure.inputs == ((1, 2, 4, 4), (1, 1, 6, 6)) and traced.failure.module is None

    class Broken(nn.Module):
        def forward(self, x):
            raise KeyError("not a tensor's fault")

    assert isinstance(trace(nn.Sequential(Broken()), torch.rand(1)).failure.error, KeyError)


def test_the_meta_device_gives_the_same_table():
    with torch.device("meta"):
        model = build("residual")
    here, there = (
        trace(network, x).records
        for network, x in (
            (build("residual"), picture("residual")),
            (model, torch.empty(1, 1, 28, 28, device="meta")),
        )
    )
    assert here == there


def test_tracing_leaves_the_network_as_it_was():
    model = build("tutorial_cnn", seed=0).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    trace(model, picture("tutorial_cnn"))
    assert model.training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_visitors_do_not_mix():
    """Several threads trace one network on pictures of their own, and others use it at the same time."""
    model = build("residual", seed=0).eval()
    start = threading.Barrier(4)

    def visit(n: int) -> list:
        start.wait(10)
        if n == 4:
            return [model(picture("residual", n)).shape for _ in range(10)]
        return [trace(model, picture("residual", n)) for _ in range(10)]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(visit, (1, 2, 3, 4)))
    for n, traces in enumerate(results[:3], 1):
        assert all(traced == trace(model, picture("residual", n)) for traced in traces)
        assert {record.output[0] for traced in traces for record in traced.records} == {n}


@pytest.mark.parametrize(
    "code",
    [
        "Conv2d(1, 32, 3, padding=1, bias=False)",
        "Conv2d(4, 8, (3, 5), stride=2, padding=(1, 2), dilation=2, groups=2)",
        "Conv2d(1, 2, 3, padding='same')",
        "ConvTranspose2d(4, 6, 3, stride=2, output_padding=1)",
        "BatchNorm2d(16)",
        "BatchNorm2d(16, momentum=0.2)",
        "MaxPool2d(2)",
        "MaxPool2d(3, stride=1, padding=1)",
        "AvgPool2d(3, stride=2)",
        "AdaptiveMaxPool2d(1)",
        "Linear(3136, 10)",
        "Linear(4, 2, bias=False)",
        "Dropout(0.5)",
        "Dropout(0.25)",
        "Flatten()",
        "ReLU()",
        "ReLU(inplace=True)",
    ],
)
def test_the_code_of_a_layer_makes_the_same_layer(code):
    layer = eval(code, vars(nn))
    assert code_of(layer) == code


def test_hooks_of_others_see_nothing_and_stay():
    layer, calls = nn.Conv2d(1, 1, 1), []
    layer.register_forward_hook(lambda *arguments: calls.append(arguments))
    assert len(trace(nn.Sequential(layer), torch.rand(1, 1, 2, 2)).records) == 1
    assert calls == []
    layer(torch.rand(1, 1, 2, 2))
    assert len(calls) == 1


def test_parameters_without_a_layer_are_counted_once():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(3))

        def forward(self, x):
            return x * self.scale + self.scale

    traced = trace(Scale(), torch.rand(2, 3))
    assert [(record.code, record.parameters, record.again) for record in traced.records] == [
        ("x * y", 3, False),
        ("x + y", 3, True),
    ]
    assert traced.parameters == 3


def test_functions_of_torch_are_recorded_as_code():
    class Steps(nn.Module):
        def forward(self, x):
            x = F.relu(x * 2)
            x = x.mean(dim=1, keepdim=True) - x
            return x.reshape(-1, 4)[:, 1:]

    records = trace(Steps(), torch.rand(1, 2, 2, 2)).records
    assert [record.output for record in records][-1] == (2, 3)
    assert [record.code for record in records][:3] == [
        "x * 2",
        "F.relu(x, inplace=False)",
        "x.mean(dim=1, keepdim=True)",
    ]
