"""The page Models, and choosing a model."""
