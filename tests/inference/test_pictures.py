"""Pictures that are kept: decoded and prepared once, within bounds, and never the only copy."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

import language
from data.drawn import garments
from data.own.picture import PictureError, read_picture
from inference import pictures
from inference.pictures import MissingPictureError, Pictures, VisitorPicture
from inference.preprocess import naive, prepare


def png(rgb: np.ndarray) -> bytes:
    return cv2.imencode(".png", rgb[..., ::-1])[1].tobytes()


@pytest.fixture(scope="module")
def bag() -> bytes:
    return png(garments.picture(8, np.random.default_rng(1), 320))


@pytest.fixture
def counts(monkeypatch) -> dict[str, int]:
    """How often a picture was decoded and prepared."""
    calls = {"read_picture": 0, "prepare": 0}

    def counting(name, function):
        def call(*arguments):
            calls[name] += 1
            return function(*arguments)

        return call

    monkeypatch.setattr(pictures, "read_picture", counting("read_picture", read_picture))
    monkeypatch.setattr(pictures, "prepare", counting("prepare", prepare))
    return calls


def test_a_picture_is_decoded_once_and_prepared_once_a_kind(bag, counts):
    store = Pictures()
    first = store.read(bag)
    assert first.digest == hashlib.sha256(bag).hexdigest()
    assert store.find(first.digest) is store.read(bag) is first
    whole = read_picture(bag)
    for kind in ("photo", "drawing", "photo"):
        prepared, expected = first.prepare(kind), prepare(whole.rgb, kind)
        assert prepared.kind == kind and np.array_equal(prepared.pixels, expected.pixels)
        assert first.notes(prepared) == " ".join(filter(None, (whole.note, expected.note)))
    assert np.array_equal(first.rgb, whole.rgb) and np.array_equal(first.naive, naive(whole.rgb))
    assert counts == {"read_picture": 1, "prepare": 2}


def test_a_picture_that_cannot_be_prepared_says_so_each_time(counts):
    even = Pictures().read(png(np.full((30, 30, 3), 99, np.uint8)))
    for _ in range(2):
        with pytest.raises(PictureError, match="one even colour"):
            even.prepare("auto")
    assert counts["prepare"] == 1
    with pytest.raises(ValueError, match="one of auto, photo, drawing"):
        even.prepare("painting")


def test_what_cannot_be_decoded_is_not_kept():
    store = Pictures()
    for _ in range(2):
        with pytest.raises(PictureError):
            store.read(b"no picture")
    with pytest.raises(MissingPictureError):
        store.find(hashlib.sha256(b"no picture").hexdigest())


def test_a_draft_is_answered_and_not_kept(bag):
    store = Pictures()
    draft = store.read(bag, keep=False)
    with pytest.raises(MissingPictureError, match="send it again"):
        store.find(draft.digest)


def squares(count: int) -> list[bytes]:
    """Pictures of 100 x 100 pixels, 30,000 bytes each once they are decoded."""
    return [png(np.full((100, 100, 3), shade, np.uint8)) for shade in range(count)]


@pytest.mark.parametrize("bounds", [{"most": 3}, {"most_bytes": 99_999}])
def test_the_picture_used_least_recently_goes_first(bounds):
    store = Pictures(**bounds)
    files = squares(4)
    digests = [store.read(data).digest for data in files[:3]]
    store.find(digests[0])
    store.read(files[3])
    for digest in (digests[0], digests[2]):
        store.find(digest)
    with pytest.raises(MissingPictureError):
        store.find(digests[1])
    assert store.read(files[1]).digest == digests[1], "it is sent again"


def test_prepared_pictures_count_as_memory(bag):
    picture = VisitorPicture(bag)
    decoded = picture.nbytes
    assert decoded == picture.rgb.nbytes
    stages = picture.prepare("photo").stages
    assert picture.nbytes == decoded + sum(stage.image.nbytes for stage in stages) > decoded


def test_many_threads_get_the_same_picture(bag, counts):
    store = Pictures()
    picture = store.read(bag)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: store.find(picture.digest).prepare("auto"), range(32)))
    assert all(result is results[0] for result in results) and counts == {"read_picture": 1, "prepare": 1}


def test_texts_that_are_kept_wait_for_their_reader(monkeypatch, bag):
    """A visitor of another language must not read the texts of the first."""
    monkeypatch.setattr(pictures, "prepare", lambda rgb, kind, opaque: _refuse())

    def _refuse():
        raise PictureError(language._("Too dark."))

    picture = VisitorPicture(bag)
    german = language.Translations("de", {"Too dark.": "Zu dunkel."}, {}, int)
    for translations, sentence in ((language.ENGLISH, "Too dark."), (german, "Zu dunkel.")):
        token = language._current.set(translations)
        try:
            with pytest.raises(PictureError) as error:
                picture.prepare("auto")
            assert str(error.value) == sentence
        finally:
            language._current.reset(token)
