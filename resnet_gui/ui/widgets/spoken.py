"""What a screen reader says by itself: what appears without anybody having moved to it."""

from __future__ import annotations

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget

from resnet_gui.ui.widgets.plain_text import one_line

_LONGEST = 400


def announce(widget: QWidget, text: str, *, urgent: bool = False) -> None:
    """Let a screen reader say a sentence, if one runs and the widget is seen.

    Args:
        urgent: at once, instead of when it has said what it is saying.
    """
    if not text or not QAccessible.isActive() or not widget.isVisible():
        return
    event = QAccessibleAnnouncementEvent(widget, one_line(" ".join(text.split()), _LONGEST))
    politeness = QAccessible.AnnouncementPoliteness
    event.setPoliteness(politeness.Assertive if urgent else politeness.Polite)
    QAccessible.updateAccessibility(event)
