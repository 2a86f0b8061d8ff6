"""Bands of distance in which people are counted together."""

from typing import Final

BAND_EDGES_KM: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Distances between which people are counted together; the last band is whoever lives beyond."""
BAND_KM: Final = (0.6, 1.5, 3.0, 6.0, 12.0, 24.0, 48.0)
"""A distance that stands for each band."""
