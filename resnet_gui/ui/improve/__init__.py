"""Improve: which photos are in the wrong class, which to label next, and training on the result."""
