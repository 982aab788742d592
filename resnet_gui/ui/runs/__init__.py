"""The Runs page: every training, its curves, and two models on the same photos."""
