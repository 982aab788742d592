"""Architectures that torchvision does not have, in plain PyTorch, to be read beside the papers."""
