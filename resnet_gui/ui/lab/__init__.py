"""The Residual Lab."""
