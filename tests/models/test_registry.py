import pytest
import torch
import torch.nn.functional as F

from models.fashion_cnn import FashionCNN, strangeness
from models.registry import NETWORKS, build, parameters

LOGITS = {"pattern_conv": 4, "pattern_cnn": 3}
"""Of the networks that do not tell ten kinds of garments apart."""


@pytest.mark.parametrize("name", NETWORKS)
def test_shape_finite_and_every_parameter_learns(name):
    model = build(name, seed=0)
    side, classes = 28 if NETWORKS[name].garments else 4, LOGITS.get(name, 10)
    x = torch.rand(6, 1, side, side, generator=torch.Generator().manual_seed(1))
    logits = model(x)
    assert logits.shape == (6, classes)
    assert logits.isfinite().all()
    F.cross_entropy(logits, torch.arange(6) % classes).backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key
        assert parameter.grad.abs().sum() > 0, key


@pytest.mark.parametrize("name", NETWORKS)
def test_seed_decides_the_weights_and_leaves_the_global_generator_alone(name):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, again, other = (build(name, seed=seed).state_dict() for seed in (3, 3, 4))
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_unknown_names_and_arguments_are_refused_with_a_sentence():
    with pytest.raises(ValueError, match="no network 'resnet'.*fashion_cnn"):
        build("resnet")
    with pytest.raises(ValueError, match="cannot be built"):
        build("pattern_conv", depth=3)


def test_parameters_by_hand():
    # stem 9*2 + 4; stage 2->3: 9*2*3 + 2 * 9*3*3 + 3 * 6; and so on; head 5*10 + 10
    stem = 9 * 2 + 2 * 2
    stages = sum(9 * a * b + 2 * 9 * b * b + 3 * 2 * b for a, b in ((2, 3), (3, 4), (4, 5)))
    assert parameters(FashionCNN(widths=(2, 3, 4, 5))) == stem + stages + 5 * 10 + 10


def test_the_network_for_garments_stays_under_a_million_parameters():
    assert parameters(build("fashion_cnn", classes=11)) <= 1_000_000


def test_strangeness_is_the_softmax_share_of_the_eleventh_logit():
    logits = torch.zeros(2, 11)
    logits[1, 10] = torch.log(torch.tensor(30.0))
    assert torch.allclose(strangeness(logits), torch.tensor([1 / 11, 30 / 40]))
