"""How good a model is: metrics and their intervals."""
