"""``AsyncSession``: the client in asyncio's event loops, and ``Statistics``: its counting."""

from .session import AsyncSession
from .statistics import Statistics

__all__ = ["AsyncSession", "Statistics"]
