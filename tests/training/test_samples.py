import gc
import weakref

import numpy as np
import pytest
import torch
from PIL import Image

from data import fashion, sources
from data.fashion_mnist import FashionMNIST
from data.own.archives import read_pictures
from data.own.custom import DataError, PictureDataset
from training.samples import load, own_samples, read_own, write_own


def pictures(count=20, classes=("dark", "light"), size=(40, 30)):
    """Class 0 is a white box on black, class 1 a black box on white."""
    images = []
    for i in range(count):
        ground = 255 * (i % 2)
        image = Image.new("RGB", size, (ground,) * 3)
        image.paste((255 - ground,) * 3, (10 + i % 5, 8, 25, 22))
        images.append(image)
    return PictureDataset(images, [i % 2 for i in range(count)], classes)


def test_own_pictures_become_grey_28x28_bright_on_black():
    samples = own_samples(pictures())
    assert samples.train[0].shape == (16, 1, 28, 28) and samples.train[0].dtype == torch.uint8
    assert samples.classes == ("dark", "light")
    for images in (samples.train[0], samples.validation[0]):
        # 40x30 leaves margins above and below; the ground is black everywhere, the box is white
        assert images[:, :, 0].max() == 0 and images[:, :, :, 0].max() == 0
        assert (images[:, 0, 14, 12] == 255).all()
    assert "10 of the 20 pictures have a light background" in samples.warnings[1]


def test_own_pictures_are_shrunk_once_and_dropped_with_their_data():
    original = pictures()
    samples = own_samples(original)
    assert own_samples(original) is samples and own_samples(pictures()) is not samples
    reference = weakref.ref(samples)
    del original, samples
    gc.collect()
    assert reference() is None


def test_a_picture_of_28x28_keeps_its_pixels():
    rng = np.random.default_rng(0)
    original = rng.integers(0, 256, (10, 28, 28), dtype=np.uint8)
    original[:, [0, -1]] = original[:, :, [0, -1]] = 0
    images = [Image.fromarray(np.repeat(picture[..., None], 3, 2)) for picture in original]
    samples = own_samples(PictureDataset(images, [0, 1] * 5, ("a", "b")))
    results = {
        picture.tobytes() for picture in torch.cat([samples.train[0], samples.validation[0]]).numpy()[:, 0]
    }
    assert results == {picture.tobytes() for picture in original}


def test_every_fifth_picture_of_each_class_is_held_out():
    labels = [0] * 25 + [1] * 10 + [2] * 2
    image = Image.new("RGB", (28, 28))
    samples = own_samples(PictureDataset([image] * 37, labels, ("a", "b", "c")))
    assert torch.bincount(samples.train[1]).tolist() == [20, 8, 1]
    assert torch.bincount(samples.validation[1]).tolist() == [5, 2, 1]
    assert samples.test is samples.validation
    # the first few of them are not of one class
    assert len(samples.train[1][:10].unique()) > 1


@pytest.mark.parametrize(
    ("count", "labels", "classes", "message"),
    [
        (9, [0, 1] * 4 + [0], ("a", "b"), "needs 10 pictures or more, and these are 9"),
        (10, [0] * 10, ("a",), "at least 2 classes"),
        (10, [0] * 10, ("a", "b"), "at least 2 classes"),
        (10, [0] * 9 + [1], ("a", "b"), 'class "b" has too few'),
    ],
)
def test_too_few_pictures_or_classes_get_a_sentence(count, labels, classes, message):
    with pytest.raises(DataError, match=message):
        own_samples(PictureDataset([Image.new("RGB", (9, 9))] * count, labels, classes))


def test_own_samples_survive_a_file(tmp_path):
    samples = own_samples(pictures())
    write_own(tmp_path / "own", samples)
    again = read_own(tmp_path / "own")
    for picture, other in zip((*samples.train, *samples.test), (*again.train, *again.test), strict=True):
        assert torch.equal(picture, other)
    assert (again.classes, again.warnings) == (samples.classes, samples.warnings)
    few = load("own", 7, tmp_path / "own")
    assert torch.equal(few.train[0], samples.train[0][:7])
    assert few.description == "7 pictures of the visitor's own"
    with pytest.raises(DataError, match="samples must be at most 16, not 17"):
        load("own", 17, tmp_path / "own")
    (tmp_path / "own").write_bytes(b"something else")
    with pytest.raises(DataError, match="upload them again"):
        load("own", 0, tmp_path / "own")
    with pytest.raises(DataError, match="no pictures of your own yet"):
        load("own")


def test_fashion_is_split_as_on_the_command_line(fashion_root, monkeypatch):
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(fashion_root))
    samples = load("fashion", 300)
    whole = FashionMNIST(fashion_root)
    train, test = fashion.split(whole.targets, 2000)
    assert torch.equal(samples.train[0][:, 0], whole.data[train[:300]])
    assert torch.equal(samples.validation[1], whole.targets[test])
    assert (
        len(samples.test[1]) == 10_000
        and samples.description == "Fashion-MNIST (300 of its training pictures)"
    )
    assert len(load("fashion").train[1]) == sources.learnable()["fashion"].pictures == 58_000


def test_missing_fashion_gets_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(tmp_path))
    with pytest.raises(DataError, match="Fashion-MNIST is not on this machine. .*--download") as refusal:
        load("fashion")
    assert str(tmp_path) not in str(refusal.value)  # visitors read it, too


def test_the_files_of_a_visitor_give_the_same_samples_each_time(tmp_path):
    files = []
    for i, image in enumerate(pictures().images):
        path = tmp_path / f"{i}.png"
        image.save(path)
        files.append((path.name, path.read_bytes()))
    files.append(("labels.csv", "\n".join(f"{i}.png,{'ab'[i % 2]}" for i in range(20)).encode()))
    first, again = (own_samples(read_pictures(files)[0]) for _ in range(2))
    assert torch.equal(first.train[0], again.train[0]) and first.classes == ("a", "b")
