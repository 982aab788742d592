"""The Evaluate page: how good a model is on labelled photos, and which ones it gets wrong."""
