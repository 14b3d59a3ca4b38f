"""The address that limits are counted for."""

from types import SimpleNamespace

import pytest

from ui.kit.clients import address_of, client_address


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("no:address", "no:address"),
        ("", ""),
    ],
)
def test_one_household_has_one_address(host, address):
    assert address_of(SimpleNamespace(client=SimpleNamespace(host=host))) == address


def test_without_a_client_it_is_empty():
    assert address_of(SimpleNamespace(client=None)) == address_of(None) == client_address() == ""
