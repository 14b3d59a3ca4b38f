"""What the tests of the tabs share."""

import pytest

from data import sources
from ui.kit.own_data import OwnData


@pytest.fixture(scope="module")
def few_garments(tmp_path_factory):
    """A few dozen drawn garments are enough here, and no other pictures are on disk."""
    empty = tmp_path_factory.mktemp("empty")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "GARMENTS", {"train": 43, "test": 20})
        patch.setattr(sources, "data_folder", lambda: empty)
        sources._source.cache_clear()
        yield
    sources._source.cache_clear()


@pytest.fixture
def own() -> OwnData:
    return OwnData()
