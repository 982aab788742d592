"""Tests of resnet_gui.ui.widgets."""
