"""Drawn garments: seeded, independent of order, of every class, and shaped like Fashion-MNIST."""

import numpy as np
import pytest
import torch
from PIL import Image

from data.drawn import garments
from data.drawn.garments import CLASSES, Garments


def test_an_item_depends_on_seed_split_and_index_alone() -> None:
    first, again = Garments(30, seed=5), Garments(12, seed=5)
    for i in (11, 0, 7):  # out of order, and from a set of another length
        (a, label), (b, same) = first[i], again[i]
        assert label == same and np.array_equal(np.asarray(a), np.asarray(b))
    picture = np.asarray(first[3][0])
    assert not np.array_equal(picture, np.asarray(Garments(30, seed=6)[3][0]))
    assert not np.array_equal(picture, np.asarray(Garments(30, seed=5, split="test")[3][0]))


def test_items_equal_the_tensors_drawn_at_once() -> None:
    lazy, eager = Garments(20, seed=1), Garments(20, seed=1)
    assert eager.data.shape == (20, 28, 28) and eager.data.dtype == torch.uint8
    assert eager.targets.shape == (20,) and eager.targets.dtype == torch.int64
    for i in reversed(range(20)):
        picture, label = lazy[i]
        assert np.array_equal(np.asarray(picture), eager.data[i].numpy())
        assert label == eager.targets[i]
    assert np.array_equal(np.asarray(eager[4][0]), eager.data[4].numpy())


def test_splits_and_seeds_share_no_item() -> None:
    sets = [Garments(40, seed=s, split=split).data for s in (0, 1) for split in ("train", "test")]
    pictures = {picture.numpy().tobytes() for data in sets for picture in data}
    assert len(pictures) == 160


def test_every_ten_items_hold_every_class_in_a_new_order() -> None:
    targets = Garments(100).targets.reshape(10, 10)
    assert (targets.sort(1).values == torch.arange(10)).all()
    assert len({tuple(row.tolist()) for row in targets}) > 5


def test_pictures_look_like_fashion_mnist_from_the_outside() -> None:
    data = Garments(80, seed=2).data
    rows, columns = (data > 0).any(2).sum(1), (data > 0).any(1).sum(1)
    assert (torch.maximum(rows, columns) >= 27).all()  # the longest side fills the picture
    filled = (data > 0).float().mean((1, 2))
    assert filled.min() > 0.05 and filled.max() < 1
    assert (data == 0).float().mean() > 0.3  # the background is exactly 0
    assert (data.amax((1, 2)) > 30).all()


@pytest.mark.parametrize("label", range(10))
def test_every_class_can_be_drawn_at_any_size(label: int) -> None:
    for size in (64, 112, 300):
        page = garments.sketch(label, np.random.default_rng([label, size]), size)
        assert page.shape == (size, size) and page.dtype == np.uint8
        ink = (page < 128).mean()
        assert 0.005 < ink < 0.85
        assert np.median(np.concatenate([page[0], page[-1], page[:, 0], page[:, -1]])) == 255
    art = garments.picture(label, np.random.default_rng(label), 224)
    assert art.shape == (224, 224, 3) and art.dtype == np.uint8
    assert art[:8].min() > 180 and art[60:164, 60:164].std() > 8  # a light ground, and something on it


def test_drawings_follow_their_generator() -> None:
    for draw in (garments.sketch, garments.picture):
        a, b, c = (draw(8, np.random.default_rng(seed), 96) for seed in (3, 3, 4))
        assert np.array_equal(a, b) and not np.array_equal(a, c)


def test_most_outlines_are_closed_by_the_drawing_path() -> None:
    """A class whose drawings came back as bare lines would teach the network nothing."""
    for label in range(10):
        shares = []
        for i in range(9):
            page = garments.sketch(label, np.random.default_rng([label, i]), 112)
            drawing = garments.silhouette.from_drawing(page)
            shares.append(drawing.silhouette.sum() / drawing.ink.sum())
            assert drawing.placed.pixels.max() > 100
        assert np.median(shares) > 1.1, CLASSES[label]


@pytest.mark.parametrize("label", [-1, 10])
@pytest.mark.parametrize("draw", [garments.sketch, garments.picture])
def test_a_label_outside_the_classes_is_refused(draw, label: int) -> None:
    with pytest.raises(ValueError, match="0 to 9"):
        draw(label, np.random.default_rng(0), 64)


def test_other_things_are_drawn_too() -> None:
    first, again = garments.others(40, seed=3), garments.others(20, seed=3)
    assert first.shape == (40, 28, 28) and first.dtype == torch.uint8
    assert torch.equal(first[:20], again)
    assert len({picture.numpy().tobytes() for picture in first}) == 40
    page = garments.other(np.random.default_rng(0), 80)
    assert page.shape == (80, 80) and page.dtype == np.uint8 and (page < 128).any()


def test_transforms_see_the_picture_and_the_label() -> None:
    pictures: list[Image.Image] = []

    def remember(picture: Image.Image) -> torch.Tensor:
        pictures.append(picture)
        return torch.zeros(1)

    picture, label = Garments(4, transform=remember, target_transform=lambda t: t + 100)[2]
    assert torch.equal(picture, torch.zeros(1)) and label == Garments(4)[2][1] + 100
    assert pictures[0].mode == "L" and pictures[0].size == (28, 28)


def test_bounds_and_arguments_are_checked() -> None:
    data = Garments(3)
    assert len(data) == 3 and data.classes == CLASSES and data[-1][1] == data[2][1]
    for index in (3, -4):
        with pytest.raises(IndexError):
            data[index]
    with pytest.raises(ValueError, match="split"):
        Garments(3, split="validation")
    with pytest.raises(ValueError, match="count"):
        Garments(-1)
    assert Garments(0).data.shape == (0, 28, 28)
