"""Answers and features of a ready model."""
