"""“What can this model recognise?”: all classes of a model, with search."""

from __future__ import annotations

from PySide6.QtCore import QSortFilterProxyModel, QStringListModel, Qt, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QListView,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.zoo import ModelSpec
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.plain_text import ElidedLabel, PlainLabel, one_line, window_title
from resnet_gui.ui.widgets.screen_room import fit_to_screen


class ClassesDialog(QDialog):
    """A searchable list of labels; not modal."""

    def __init__(self, spec: ModelSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(window_title(f"What {one_line(spec.title, 60)} can recognise"))
        fit_to_screen(self, 420, 560)
        self._total = len(spec.classes)
        self._labels = QSortFilterProxyModel(self)
        self._labels.setSourceModel(
            QStringListModel(
                [class_words(label) for label in sorted(spec.classes, key=str.casefold)],
                self._labels,
            )
        )
        self._labels.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        explanation = PlainLabel(
            f"{one_line(spec.title)} chooses among these {self._total:,} classes and no others. "
            "For a photo of anything else it names the class that looks most alike."
        )
        explanation.setWordWrap(True)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search classes")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._on_search_changed)
        self.view = QListView()
        self.view.setModel(self._labels)
        self.view.setUniformItemSizes(True)
        self.view.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.count = ElidedLabel()
        self.count.setProperty("kind", "muted")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 12)
        column.setSpacing(10)
        for widget in (explanation, self.search, self.view, self.count, buttons):
            column.addWidget(widget)
        self._on_search_changed("")
        self.search.setFocus()

    @Slot(str)
    def _on_search_changed(self, text: str) -> None:
        self._labels.setFilterFixedString(text.strip())
        found = self._labels.rowCount()
        if not text.strip():
            self.count.setText(f"{self._total:,} classes")
        elif found:
            self.count.setText(f"{found:,} of {self._total:,} classes")
        else:
            self.count.setText(f"“{text.strip()}” is not among its classes.")
