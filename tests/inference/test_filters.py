"""One kernel over a picture: every number against torch or hand arithmetic, every bad input a sentence."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from inference import filters
from inference.filters import CATALOGUE, FilterError, apply, checked_kernel, flipped, learned, random_kernel
from inference.predictor import Predictor

BY_NAME = {kernel.name: kernel for kernel in CATALOGUE.values()}
COUNTED = torch.tensor([[0.0, 0.1, 0.2], [0.3, 0.4, 0.5], [0.6, 0.7, 0.8]])
TABLE = ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), (7.0, 8.0, 10.0))


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.load("fashion", torch.device("cpu"))


@pytest.fixture(scope="module")
def picture() -> torch.Tensor:
    return torch.rand(31, 24, generator=torch.Generator().manual_seed(3))


def by_hand(image: torch.Tensor, kernel, stride: int, padding: int) -> list[list[float]]:
    """The definition, product by product."""
    height, width = image.shape
    rows, columns = len(kernel), len(kernel[0])

    def pixel(y: int, x: int) -> float:
        return float(image[y, x]) if 0 <= y < height and 0 <= x < width else 0.0

    return [
        [
            math.fsum(kernel[i][j] * pixel(top + i, left + j) for i in range(rows) for j in range(columns))
            for left in range(-padding, width + padding - columns + 1, stride)
        ]
        for top in range(-padding, height + padding - rows + 1, stride)
    ]


def test_one_pixel_by_hand():
    # 0*1 + .1*2 + .2*3 + .3*4 + .4*5 + .5*6 + .6*7 + .7*8 + .8*10
    assert apply(COUNTED, TABLE).tolist() == [[pytest.approx(24.8, abs=1e-6)]]
    # the kernel turned: 0*10 + .1*8 + .2*7 + .3*6 + .4*5 + .5*4 + .6*3 + .7*2 + .8*1
    assert apply(COUNTED, TABLE, flip=True).tolist() == [[pytest.approx(12.0, abs=1e-6)]]


def test_padding_by_hand():
    output = apply(COUNTED, TABLE, stride=2, padding=1)
    # upper left: only the lower right of the kernel meets the picture, 5*0 + 6*.1 + 8*.3 + 10*.4
    # lower right: only its upper left, 1*.4 + 2*.5 + 4*.7 + 5*.8
    assert output.shape == (2, 2)
    assert output[0, 0].item() == pytest.approx(7.0, abs=1e-6)
    assert output[1, 1].item() == pytest.approx(8.2, abs=1e-6)


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("padding", [0, 1, 3])
@pytest.mark.parametrize("name", ["Sobel, vertical edges", "Shift by 3 pixels", "Gaussian blur, 5 × 5"])
def test_against_the_definition(picture, name, stride, padding):
    kernel = BY_NAME[name].rows
    expected = torch.tensor(by_hand(picture, kernel, stride, padding), dtype=torch.float64)
    torch.testing.assert_close(apply(picture, kernel, stride, padding), expected)
    turned = tuple(tuple(kernel[-1 - i][-1 - j] for j in range(len(kernel))) for i in range(len(kernel)))
    expected = torch.tensor(by_hand(picture, turned, stride, padding), dtype=torch.float64)
    torch.testing.assert_close(apply(picture, kernel, stride, padding, flip=True), expected)


@pytest.mark.parametrize("kernel", CATALOGUE.values(), ids=list(CATALOGUE))
def test_against_conv2d_itself(picture, kernel):
    weight = torch.tensor([[kernel.rows]], dtype=torch.float64)
    expected = nn.functional.conv2d(picture[None, None].double(), weight, padding=1)
    assert torch.equal(apply(picture, kernel.rows, padding=1), expected[0, 0])


@given(st.sampled_from(filters.SIDES), st.sampled_from(filters.SIDES), st.integers(0, 99))
def test_flipping_is_the_convolution_of_mathematics(height, width, seed):
    """A convolution with a single 1 copies the kernel as it is written; a cross-correlation turns it."""
    kernel = random_kernel(height, width, seed)
    impulse = torch.zeros(2 * height - 1, 2 * width - 1)
    impulse[height - 1, width - 1] = 1
    torch.testing.assert_close(apply(impulse, kernel, flip=True), torch.tensor(kernel, dtype=torch.float64))
    turned = torch.tensor(kernel, dtype=torch.float64).rot90(2)
    torch.testing.assert_close(apply(impulse, kernel), turned)


# --- the kernels --------------------------------------------------------------------------------------------


def test_every_kernel_has_a_sentence_and_can_be_used():
    assert len(BY_NAME) == len(CATALOGUE) >= 12
    for kernel in CATALOGUE.values():
        assert kernel.meaning.endswith(".") and checked_kernel(kernel.rows) == kernel.rows


@pytest.mark.parametrize(
    ("group", "total"), [("Edges", 0), ("Blur", 1), ("Copy and move", 1), ("Sharpen and emboss", 1)]
)
def test_a_flat_picture_tells_the_groups_apart(group, total):
    flat = torch.full((9, 9), 0.5)
    kernels = [kernel for kernel in CATALOGUE.values() if kernel.group == group]
    assert kernels
    for kernel in kernels:
        assert torch.allclose(apply(flat, kernel.rows), torch.full((1,), 0.5 * total).double()), kernel.name


def test_edges_have_the_sign_that_their_sentence_says():
    brighter_down = torch.linspace(0, 1, 9)[:, None].expand(9, 9).contiguous()
    for name in ("Horizontal edges", "Sobel, horizontal edges"):
        assert (apply(brighter_down, BY_NAME[name].rows) > 0).all()
        assert apply(brighter_down.T.contiguous(), BY_NAME[name].rows).abs().max() < 1e-6
    for name in ("Vertical edges", "Sobel, vertical edges"):
        assert (apply(brighter_down.T.contiguous(), BY_NAME[name].rows) > 0).all()
        assert apply(brighter_down, BY_NAME[name].rows).abs().max() < 1e-6


def test_identity_and_shift_do_what_they_say(picture):
    assert torch.equal(apply(picture, BY_NAME["Identity"].rows, padding=1), picture.double())
    moved = apply(picture, BY_NAME["Shift by 3 pixels"].rows, padding=3)
    assert torch.equal(moved[:, :-3], picture.double()[:, 3:]) and not moved[:, -3:].any()


def test_learned_kernels_are_the_weights_of_the_first_layer(predictor):
    kernels = learned(predictor)
    weights = predictor.model.stem[0].weight.detach()
    assert len(kernels) == 32 == len(weights)
    for kernel, weight in zip(kernels, weights, strict=True):
        assert torch.equal(torch.tensor(kernel.rows, dtype=torch.float32), weight[0])
    assert kernels[6].name == "Learned 7 of 32"


def test_a_learned_kernel_gives_the_feature_map_of_the_layer(predictor, picture):
    expected = predictor.model.stem[0](picture[None, None])[0].detach()  # (32, 31, 24)
    for kernel, feature_map in zip(learned(predictor), expected, strict=True):
        torch.testing.assert_close(apply(picture, kernel.rows, padding=1).float(), feature_map)


@pytest.mark.parametrize("layer", [nn.Conv2d(3, 4, 3), nn.Conv2d(1, 4, 11), nn.Linear(4, 4)])
def test_a_network_that_reads_otherwise_has_no_kernel_to_show(predictor, layer):
    assert learned(Predictor(nn.Sequential(layer), predictor.card)) == ()


@pytest.mark.parametrize("size", [(3, 3), (1, 7), (5, 5)])
def test_random_kernels_are_those_of_a_new_layer(size):
    torch.manual_seed(11)
    layer = nn.Conv2d(1, 1, size)
    assert torch.equal(torch.tensor(random_kernel(*size, 11), dtype=torch.float32), layer.weight[0, 0])
    assert random_kernel(*size, 11) != random_kernel(*size, 12)


@pytest.mark.parametrize(
    "wrong",
    [(2, 3, 0), (3, 9, 0), (3, 3, -1), (3, 3, 2**31), (3, 3, True), (3, 3, None), (3.5, 3, 0), ("3", 3, 0)],
)
def test_random_kernels_of_nonsense(wrong):
    with pytest.raises(FilterError, match=r"\.$"):
        random_kernel(*wrong)


def test_a_size_as_browsers_may_send_it():
    assert random_kernel(3.0, 5.0, 11.0) == random_kernel(3, 5, 11)


def test_flipped_twice_is_the_kernel():
    assert flipped(TABLE) == ((10.0, 8.0, 7.0), (6.0, 5.0, 4.0), (3.0, 2.0, 1.0))
    assert flipped(flipped(TABLE)) == TABLE


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (None, "list of rows"),
        ("123", "list of rows"),
        ({}, "list of rows"),
        (["1", "2", "3"], "list of rows"),
        ([], "1, 3, 5 or 7"),
        ([[]], "1, 3, 5 or 7"),
        ([[1, 2], [3, 4]], "1, 3, 5 or 7"),
        ([[0] * 9] * 9, "1, 3, 5 or 7"),
        ([[1, 2, 3], [1, 2], [1, 2, 3]], "same length"),
        ([[1, 2, math.nan]], "column 3"),
        ([[1, True, 3]], "column 2"),
        ([[1], [None], [3]], "Row 2"),
        ([["1/0"]], "Row 1, column 1 of the kernel must be a number from -1,000,000 to 1,000,000, not '1/0'"),
        ([[[1]]], "must be a number"),
        ([[1e6 + 1]], "to 1,000,000, not 1000001.0"),
        ([[-math.inf]], "to 1,000,000, not -inf"),
        ([[10**400]], "to 1,000,000, not 1000"),
    ],
)
def test_a_wrong_kernel_gets_a_sentence(rows, words):
    with pytest.raises(FilterError, match=words) as error:
        checked_kernel(rows)
    assert str(error.value).endswith(".")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=1), inner, max_size=1),
    max_leaves=9,
)


@given(anything)
def test_whatever_comes_is_a_kernel_or_a_sentence(rows):
    try:
        kernel = checked_kernel(rows)
    except FilterError as error:
        assert str(error).endswith(".")
    else:
        assert all(math.isfinite(weight) for row in kernel for weight in row)


@pytest.mark.parametrize(
    ("image", "more", "words"),
    [
        (COUNTED, {"stride": 0}, "stride"),
        (COUNTED, {"stride": 5}, "stride"),
        (COUNTED, {"stride": True}, "stride"),
        (COUNTED, {"stride": 1.5}, "stride"),
        (COUNTED, {"padding": -1}, "padding"),
        (COUNTED, {"padding": 4}, "padding"),
        (COUNTED, {"padding": None}, "padding"),
        (COUNTED, {"flip": "yes"}, "flip"),
        (COUNTED[0], {}, "tensor"),
        (COUNTED.int(), {}, "tensor"),
        ([[0.0]], {}, "tensor"),
        (torch.zeros(113, 5), {}, "112"),
        (torch.zeros(0, 5), {}, "112"),
        (COUNTED + 0.3, {}, "between 0 and 1"),
        (torch.full((3, 3), math.nan), {}, "between 0 and 1"),
        (COUNTED[:2], {}, "2 × 3"),
    ],
)
def test_a_wrong_picture_or_step_gets_a_sentence(image, more, words):
    with pytest.raises(FilterError, match=words) as error:
        apply(image, TABLE, **more)
    assert str(error.value).endswith(".")


# --- the program --------------------------------------------------------------------------------------------


def test_the_program_prints_what_the_page_shows(programs, tmp_path):
    """Three programs, run in one Python."""
    values = np.random.default_rng(0).integers(0, 256, (20, 17), dtype=np.uint8)
    Image.fromarray(values).save(tmp_path / "picture.png")
    image = torch.from_numpy(values) / 255
    requests = [
        (BY_NAME["Sobel, vertical edges"].rows, 1, 1, False),
        (random_kernel(5, 3, 4), 2, 0, True),
        (((1 / 9, -1e6, 1e-7),), 3, 3, False),
    ]
    texts = [filters.code(*request) for request in requests]
    (tmp_path / "all.py").write_text("\n".join(texts), "utf-8")
    ran = programs.run("all.py", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    for line, (kernel, stride, padding, flip) in zip(ran.stdout.splitlines(), requests, strict=True):
        y = apply(image.double(), kernel, stride, padding, flip)
        shape, _, span = line.partition(" from ")
        assert shape == str(tuple(y.shape))
        assert [float(end) for end in span.split(" to ")] == pytest.approx(
            [y.min().item(), y.max().item()], rel=1e-6
        )
    assert ["flip(0, 1)" in text for text in texts] == [False, True, False]
    assert all(len(line) <= 110 for line in texts[0].splitlines())


def test_the_program_of_nonsense_is_refused():
    with pytest.raises(FilterError):
        filters.code([["__import__('os')"]], 1, 0, False)
    with pytest.raises(FilterError):
        filters.code(TABLE, "1); print(1", 0, False)
