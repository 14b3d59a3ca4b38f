"""What the tests of networks share."""

import pytest
import torch


@pytest.fixture
def one_thread():
    """Thousands of tiny layers: a second thread only waits for the first."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
