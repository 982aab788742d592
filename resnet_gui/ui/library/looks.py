"""The ways in which photos are looked at. No widgets: a page knows these before it needs any."""

from __future__ import annotations

from types import MappingProxyType

MANY = 12  # photos from which on a grid and a table are of use
PHOTO, GRID, TABLE = "photo", "grid", "table"
# What stands on the button, its tip, and the keys.
LOOKS = MappingProxyType(
    {
        PHOTO: ("Photo", "One photo with its answer", "Ctrl+Alt+1"),
        GRID: ("Grid", "All photos as a grid", "Ctrl+Alt+2"),
        TABLE: ("Table", "All photos as a table, to sort and filter", "Ctrl+Alt+3"),
    }
)
