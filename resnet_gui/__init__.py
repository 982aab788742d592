"""ResNet GUI: classify photos with residual networks, and fine-tune one on a local folder."""

__version__ = "0.1.0"
