"""What this computer's spreadsheets expect of a table."""

from __future__ import annotations

from PySide6.QtCore import QLocale


def decimal_comma() -> bool:
    """Whether this computer writes numbers with a comma, as its spreadsheets then do: they expect
    semicolons between the cells of a CSV file."""
    return QLocale.system().decimalPoint() == ","
