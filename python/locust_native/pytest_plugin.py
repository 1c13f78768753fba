"""The pytest fixture `mock_saleor`: a running mock shop, one for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from locust_native.saleor import MockSaleor


@pytest.fixture
def mock_saleor() -> Iterator[MockSaleor]:
    """A mock Saleor storefront on a free port, closed after the test."""
    from locust_native.saleor import MockSaleor

    with MockSaleor() as shop:
        yield shop
