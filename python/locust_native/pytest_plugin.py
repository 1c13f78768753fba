"""What pytest sees of us: the fixture `mock_saleor`, and the core in tests that import Locust."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .mock_saleor import MockSaleor

# pytest puts a finder of its own before all others and answers for `locust`, which has a plug-in: ours would never be
# asked. Nothing to do where no start-up file ran.
if hook := sys.modules.get("_locust_native_startup"):
    hook.register()


@pytest.fixture
def mock_saleor() -> Iterator[MockSaleor]:
    """A mock Saleor storefront on a free port, closed after the test."""
    from .mock_saleor import MockSaleor

    with MockSaleor() as shop:
        yield shop
