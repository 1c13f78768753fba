"""Two runs compared: what differs, and how sure that is."""

from .comparison import Comparison, compare

__all__ = ["Comparison", "compare"]
