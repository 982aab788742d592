"""Weights in files: ours, foreign ones, Keras's, and networks made from them."""
