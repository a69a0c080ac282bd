"""What is known of a model: its figures, report.json, card and pictures. Touch a part with what it tells."""

from .measure import measure
from .files import write

__all__ = ["measure", "write"]
