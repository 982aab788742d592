"""Numbers and errors as people read them."""

from __future__ import annotations

from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.events import DownloadProgress
from resnet_gui.core.words import duration as duration
from resnet_gui.core.words import pace as pace


def size_text(size_bytes: int) -> str:
    """A file size as people read it: "98 MB" (10**6 bytes, as file managers count)."""
    if size_bytes >= 1_000_000_000:
        return f"{size_bytes / 1e9:.1f} GB"
    if size_bytes >= 10_000_000:
        return f"{size_bytes / 1e6:.0f} MB"
    if size_bytes >= 1_000_000:
        return f"{size_bytes / 1e6:.1f} MB"
    return f"{max(1, round(size_bytes / 1e3))} kB"


def progress_line(progress: DownloadProgress) -> str:
    """How far it is, in words: "34 MB of 103 MB, 2.1 MB/s, about 33 s left"."""
    if progress.note:
        return progress.note
    text = size_text(progress.done) if progress.done else "0 MB"
    if progress.total:
        text += f" of {size_text(progress.total)}"
    if progress.bytes_per_second > 0:
        text += f", {size_text(int(progress.bytes_per_second))}/s"
        if progress.seconds_left is not None:
            text += f", about {duration(progress.seconds_left)} left"
    return text


def kind_of(error: Exception, otherwise: str = "warning") -> str:
    """The kind of notice that says it: one with a way to the settings, where they mend it."""
    mended = isinstance(error, ResNetGuiError) and error.in_settings
    return "settings" if mended else otherwise


def sentence(error: Exception) -> str:
    """What a person reads of an error; one that nobody foresaw says so."""
    if isinstance(error, ResNetGuiError | OSError):
        return str(error)
    return f"Something unexpected went wrong ({type(error).__name__}: {error}). The log has more."
