"""Decisions about photos in the wrong class, shared by every page that shows labelled photos."""
