"""The zoo as a Qt list model: groups by state, each with its models; searchable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from resnet_gui.core.words import count_noun
from resnet_gui.core.zoo import ModelEntry, ModelSpec, ModelState
from resnet_gui.ui.widgets.plain_text import one_line
from resnet_gui.ui.widgets.words import size_text

GROUP_TITLES = {
    ModelState.YOURS: "Your models",
    ModelState.BUNDLED: "Bundled",
    ModelState.INSTALLED: "Installed",
    ModelState.CACHED: "Downloaded",
    ModelState.DOWNLOADABLE: "To download",
    ModelState.UNTRAINED: "To train from random weights",
}
_Index = QModelIndex | QPersistentModelIndex


class ModelList(QAbstractListModel):
    """Rows are group titles (str) and models (ModelEntry). A title cannot be selected."""

    EntryRole = int(Qt.ItemDataRole.UserRole) + 1

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: Sequence[ModelEntry] = ()
        self._search = ""
        self._rows: list[str | ModelEntry] = []

    def set_entries(self, entries: Sequence[ModelEntry]) -> None:
        self._entries = entries
        self._arrange()

    def search(self, text: str) -> None:
        """Show only models in whose words every word of `text` occurs."""
        self._search = text
        self._arrange()

    def entry(self, row: int) -> ModelEntry | None:
        value = self._rows[row] if 0 <= row < len(self._rows) else None
        return value if isinstance(value, ModelEntry) else None

    def row_of(self, model_id: str) -> int:
        for row, value in enumerate(self._rows):
            if isinstance(value, ModelEntry) and value.spec.id == model_id:
                return row
        return -1

    def first_entry_row(self) -> int:
        return next((r for r, value in enumerate(self._rows) if isinstance(value, ModelEntry)), -1)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if self.entry(index.row()) is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if not index.isValid():
            return None
        value = self._rows[index.row()]
        if role == self.EntryRole:
            return value
        if role == Qt.ItemDataRole.DisplayRole:
            return value if isinstance(value, str) else one_line(value.spec.title)
        if role == Qt.ItemDataRole.AccessibleTextRole and isinstance(value, ModelEntry):
            return one_line(f"{value.spec.title}, {facts(value)}")
        return None

    def touch(self, model_id: str) -> None:
        """Something about a model that is not in its entry changed: paint it again."""
        row = self.row_of(model_id)
        if row >= 0:
            self.dataChanged.emit(self.index(row), self.index(row))

    def touch_all(self) -> None:
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def _arrange(self) -> None:
        words = self._search.casefold().split()
        self.beginResetModel()
        self._rows = []
        for state, title in GROUP_TITLES.items():
            group = [e for e in self._entries if e.state is state and e.has_words(words)]
            if group:
                self._rows += [title, *_by_dataset(group)]
        self.endResetModel()


def _by_dataset(group: Sequence[ModelEntry]) -> list[ModelEntry]:
    """What learned the same stands together, as only that can be compared. Of the user's own the
    best comes first; the others keep their makers' order."""
    order = {name: n for n, name in enumerate(dict.fromkeys(e.spec.dataset for e in group))}

    def key(entry: ModelEntry) -> tuple[int, float]:
        accuracy = entry.spec.accuracy if entry.state is ModelState.YOURS else None
        return order[entry.spec.dataset], -accuracy.value if accuracy is not None else 0.0

    return sorted(group, key=key)


def accuracy_texts(spec: ModelSpec) -> tuple[str, str]:
    """How often the first answer is right, and on what: ("75.1%", "of 1,000 classes"), of the
    user's own ("96.7%", "on 153 photos"); empty where nobody knows."""
    accuracy = spec.accuracy
    if accuracy is None:
        return "", ""
    on = "as published"
    if accuracy.part:
        on = f"on {count_noun(accuracy.photos, 'photo')}"
        if accuracy.part == "training":
            on = f"on the {count_noun(accuracy.photos, 'photo')} it learned from"
    return f"{accuracy.value:.1%}", on


def accuracy_line(spec: ModelSpec) -> str:
    """The same with the dataset: "75.1% · ImageNet, 1,000 classes"."""
    value, on = accuracy_texts(spec)
    classes = count_noun(len(spec.classes), "class", "classes")
    parts = (spec.dataset or "own photos", classes)
    measured = f" · {value} {on}" if spec.accuracy is not None and spec.accuracy.part else ""
    if measured or not value:
        return f"{', '.join(parts)}{measured}"
    return f"{value} · {', '.join(parts)}"


def facts(entry: ModelEntry) -> str:
    """The line below a model's title."""
    if entry.problem:
        return "cannot be used"
    spec = entry.spec
    if entry.state is ModelState.UNTRAINED:
        return f"random weights · {parameters_text(spec.parameters)} parameters"
    return f"{accuracy_line(spec)} · {size_text(spec.bytes)}"


def parameters_text(count: int) -> str:
    """ "270,000", "25.6 million": two or three digits that count."""
    return f"{count / 1e6:.1f} million" if count >= 1_000_000 else f"{round(count, -4):,}"


def details(entry: ModelEntry) -> list[tuple[str, str]]:
    """The rows of a model's card: name and value."""
    spec = entry.spec
    if entry.problem:
        return [("Problem", entry.problem)]
    prep = spec.preprocessing
    trained = f"{spec.dataset or 'not stated'}, {count_noun(len(spec.classes), 'class', 'classes')}"
    rows = [
        ("Family", spec.family),
        ("Trained on", "nothing yet" if entry.state is ModelState.UNTRAINED else trained),
        ("Input", f"shorter side to {prep.resize}, centre {prep.crop} × {prep.crop} pixels"),
        ("Parameters", parameters_text(spec.parameters)),
    ]
    if spec.gflops is not None:
        rows.append(("Work per photo", f"{spec.gflops:.2g} GFLOPs (multiply-adds)"))
    accuracy = spec.accuracy
    if accuracy is not None and accuracy.part:
        value, on = accuracy_texts(spec)
        rows.append(("Accuracy", f"{value} {on} ({accuracy.part})"))
    elif spec.top1 is not None:
        five = f", top-5 {spec.top5:.1%}" if spec.top5 is not None else ""
        rows.append(("Published accuracy", f"top-1 {spec.top1:.1%}{five}"))
    if spec.calibration.photos:
        on = count_noun(spec.calibration.photos, "photo")
        rows.append(("Probabilities", f"adjusted so that they hold, on {on} it did not learn from"))
    if spec.calibration.unsure is not None:
        rows.append(("“Not sure”", f"below {spec.calibration.unsure:.0%}"))
    if spec.weights:
        rows.append(("Weights", f"{spec.weights}, {size_text(spec.bytes)}"))
    if spec.licence:
        rows.append(("Licence", spec.licence))
    if spec.notes:
        rows.append(("Notes", spec.notes))
    return rows
