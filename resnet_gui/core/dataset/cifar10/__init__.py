"""CIFAR-10 as a folder like any other."""
