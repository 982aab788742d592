"""The root of the tree, and what belongs to no room."""

from __future__ import annotations


class ResNetGuiError(Exception):
    """Base of all errors that are shown to a person.

    Attributes:
        what: what happened, one sentence.
        advice: what to do next, one sentence; empty if there is nothing to do.
        foreseen: it says all by itself; the log needs no traceback.
        mistaken: what was asked for is wrong in itself, whatever is on this computer's disks. Else
            something is missing, cannot be read or written, or failed.
        in_settings: what the advice names is in the settings, so that a window offers the way.
    """

    foreseen = True
    mistaken = False
    in_settings = False

    def __init__(self, what: str, advice: str = "") -> None:
        self.what = what
        self.advice = advice
        super().__init__(f"{what} {advice}".strip())

    def add_advice(self, advice: str) -> None:
        """Say one thing more that can be done; for who knows what the person wanted."""
        self.advice = f"{self.advice} {advice}".strip()
        self.args = (f"{self.what} {self.advice}",)


class DeviceError(ResNetGuiError):
    """The chosen device is not there or failed."""


class SettingsError(ResNetGuiError):
    """The settings could not be read or written."""
