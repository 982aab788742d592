"""Copies, moves and links of many files as one batch: planned, journalled, undone. No torch."""
