"""The card of one model: what it is, how it stands, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.dataset.summary import name_list
from resnet_gui.core.zoo import ModelEntry, ModelState
from resnet_gui.core.zoo.ensembles import ensembles_with
from resnet_gui.core.zoo.storage.class_names import can_be_named, is_numbered
from resnet_gui.ui.models.controller import ModelsController
from resnet_gui.ui.models.list_model import details
from resnet_gui.ui.models.standing import Situation, Standing
from resnet_gui.ui.models.view import speed_text
from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.kind import set_kind
from resnet_gui.ui.widgets.plain_text import (
    ElidedLabel,
    PlainLabel,
    RichLabel,
    ask_for_name,
    one_line,
    rich_facts,
)
from resnet_gui.ui.widgets.progress_bar import ProgressBar
from resnet_gui.ui.widgets.theme import theme_colours
from resnet_gui.ui.widgets.words import size_text

_STATES = {
    ModelState.YOURS: "Your own model, on this computer.",
    ModelState.BUNDLED: "Came with the program.",
    ModelState.INSTALLED: "Came with the program.",
    ModelState.CACHED: "Downloaded.",
    ModelState.DOWNLOADABLE: "Not on this computer yet.",
}
_LOADING = (Situation.DOWNLOADING, Situation.STOPPING, Situation.WAITING)


class ModelCard(QFrame):
    """Shows the controller's chosen model.

    Signals:
        reveal_requested(), settings_requested(), names_requested(), train_requested(str id),
            test_requested(str id), class_requested(str id): the page does these.
    """

    reveal_requested = Signal()
    settings_requested = Signal()
    names_requested = Signal()
    train_requested = Signal(str)
    test_requested = Signal(str)
    class_requested = Signal(str)

    def __init__(self, controller: ModelsController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._shown: tuple[object, ...] = ()
        self.setProperty("kind", "card")
        self.setMinimumWidth(250)
        self.title, self.state = PlainLabel(break_at=18), PlainLabel()
        embolden(self.title, 1.35)
        self.message = PlainLabel(break_at=30)  # the card is narrow
        for label in (self.title, self.state, self.message):
            label.setWordWrap(True)
        self.state.setProperty("kind", "muted")
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message_box = QFrame()
        box = QVBoxLayout(self.message_box)
        box.setContentsMargins(12, 8, 10, 8)
        box.addWidget(self.message)
        self.bar = ProgressBar("Download")
        self.facts = RichLabel()
        self.facts.setWordWrap(True)
        self.facts.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        scrolled = QWidget()
        inner = QVBoxLayout(scrolled)
        inner.setContentsMargins(0, 0, 8, 0)
        inner.setSpacing(10)
        inner.addWidget(self.message_box)
        inner.addWidget(self.facts)
        self.path = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self.path.setProperty("kind", "muted")
        inner.addWidget(self.path)
        inner.addStretch()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setProperty("kind", "bare")
        scroll.setWidget(scrolled)
        scroll.setAccessibleName("About this model")
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 12, 14)
        column.setSpacing(6)
        column.addWidget(self.title)
        column.addWidget(self.state)
        column.addWidget(self.bar)
        column.addSpacing(4)
        column.addWidget(scroll, 1)
        column.addWidget(self._buttons())
        column.addWidget(self._question())
        controller.current_changed.connect(self.show_current)
        controller.store.changed.connect(self.show_current)
        self.hide()  # until `show_current`: shown before it has a parent it would be a window

    # --- building ---------------------------------------------------------------------------

    def _buttons(self) -> QWidget:
        self.primary = QPushButton()
        self.primary.setProperty("kind", "primary")
        self.primary.clicked.connect(self._on_primary_clicked)
        self.again = QPushButton("Download again")
        self.again.setProperty("kind", "primary")
        self.again.clicked.connect(self._controller.download)
        self.settings = QPushButton("Settings…")
        self.settings.clicked.connect(self.settings_requested)
        self.names = QPushButton("Name the classes…")
        self.names.clicked.connect(self.names_requested)
        self.reveal = QPushButton("Show in folder")
        self.reveal.setProperty("kind", "plain")
        self.reveal.clicked.connect(self.reveal_requested)
        self.rename = QPushButton("Rename…")
        self.rename.setProperty("kind", "plain")
        self.rename.clicked.connect(self._on_rename_clicked)
        self.remove = QPushButton("Remove…")
        self.remove.setProperty("kind", "plain")
        self.remove.clicked.connect(self._controller.ask_to_remove)
        self.button_area = QWidget()
        column = QVBoxLayout(self.button_area)
        column.setContentsMargins(0, 4, 6, 0)
        column.setSpacing(6)
        for button in (self.primary, self.again, self.settings, self.names):
            column.addWidget(button)
        row = QHBoxLayout()
        row.addWidget(self.reveal)
        row.addWidget(self.rename)
        row.addStretch()
        row.addWidget(self.remove)
        column.addLayout(row)
        return self.button_area

    def _question(self) -> QWidget:
        self.question = QFrame()
        self.question.setProperty("kind", "warning")
        self.question_text = PlainLabel()
        self.question_text.setWordWrap(True)
        self.yes = QPushButton("Remove")
        self.yes.clicked.connect(self._controller.remove)
        self.no = QPushButton("Keep")
        self.no.clicked.connect(self._controller.keep)
        column = QVBoxLayout(self.question)
        column.setContentsMargins(12, 10, 12, 10)
        column.addWidget(self.question_text)
        row = QHBoxLayout()
        row.addWidget(self.yes)
        row.addWidget(self.no)
        row.addStretch()
        column.addLayout(row)
        return self.question

    def menu(self) -> QMenu:
        """What can be done with the model, as a menu that goes when it is closed."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        entry = self._controller.current
        trains = entry is not None and entry.state.ready and not entry.problem
        for button in (self.primary, self.again):
            if not button.isHidden():
                action = menu.addAction(button.text(), button.click)
                action.setEnabled(button.isEnabled())
        if trains:
            menu.addAction("Start a training from it", self._on_train_chosen)
            menu.addAction("Test it on a folder…", self._on_test_chosen)
        if trains and entry is not None and entry.spec.run_id:
            menu.addAction("Add a class…", self._on_class_chosen)
        if entry is not None and can_be_named(entry):
            menu.addAction(self.names.text(), self.names.click)
        menu.addSeparator()
        for button in (self.reveal, self.rename, self.remove):
            if not button.isHidden():
                menu.addAction(button.text(), button.click)
        return menu

    # --- showing ----------------------------------------------------------------------------

    @Slot()
    def show_current(self) -> None:
        """Show the chosen model as it stands now."""
        entry = self._controller.current
        self.setVisible(entry is not None and self._controller.models.rowCount() > 0)
        if entry is None:
            return
        standing = self._controller.standing(entry)
        self.title.setText(entry.spec.title)
        self._show_standing(entry, standing)
        self._show_buttons(entry, standing)
        self._show_facts(entry)

    def refresh_theme(self) -> None:
        """Take the theme's new colours for what is drawn once."""
        self._shown = ()
        self.show_current()

    def _show_standing(self, entry: ModelEntry, standing: Standing) -> None:
        situation = standing.situation
        text = _STATES[entry.state]
        if situation in (*_LOADING, Situation.PART):
            text = standing.text
        elif situation is Situation.IN_USE:
            text = f"{text} In use on the Classify page."
        elif situation is Situation.DAMAGED:
            text = "This file cannot be used."
            if entry.lacks_member:
                text = "It cannot answer without one of its models."
        elif situation is Situation.FAILED:
            text = "The download did not work."
        self.state.setText(text)
        wrong = situation in (Situation.DAMAGED, Situation.FAILED)
        offline = self._controller.offline and not entry.state.ready and not wrong
        hint = "Offline mode is on, so nothing is downloaded. Weights can be imported from a file."
        set_kind(self.message_box, "warning" if wrong else "notice")
        self.message.setText(standing.text if wrong else hint)
        self.message_box.setVisible(wrong or offline)
        loading = situation in (Situation.DOWNLOADING, Situation.STOPPING)
        self.bar.setVisible(loading or situation is Situation.PART)
        if standing.fraction is None:
            self.bar.show_progress(0, 0)
        else:
            self.bar.show_progress(int(standing.fraction * 1000), 1000)

    def _show_buttons(self, entry: ModelEntry, standing: Standing) -> None:
        situation, controller = standing.situation, self._controller
        confirming = controller.confirming
        asked = self.question.isHidden() and confirming
        answered = not confirming and self.window().focusWidget() in (self.yes, self.no)
        self.question.setVisible(confirming)
        if asked:
            self.no.setFocus()  # the button that asked goes; Return must not remove
        self.button_area.setVisible(not confirming)
        if confirming:
            question = _question_for(entry, controller.part_bytes(entry.spec.id))
            needed = _needed_for(ensembles_with(entry.spec.id, controller.store.entries))
            self.question_text.setText(f"{question} {needed}".strip())
        size = size_text(entry.spec.bytes)
        rest = size_text(max(0, entry.spec.bytes - controller.part_bytes(entry.spec.id)))
        text, enabled = "Use this model", not entry.problem
        if situation in _LOADING:
            text, enabled = "Cancel download", situation is not Situation.STOPPING
        elif not entry.state.ready:
            text = f"Download {size}"
            if controller.part_bytes(entry.spec.id):
                text = f"Go on: {rest} to download"
            if situation is Situation.FAILED:
                text = "Try again"
            enabled = controller.can_download(entry)
        elif situation is Situation.IN_USE:
            text = "Show the Classify page"
        set_kind(self.primary, "" if situation in _LOADING else "primary")
        self.primary.setText(text)
        self.primary.setEnabled(enabled)
        broken = situation in (Situation.DAMAGED, Situation.FAILED) and entry.state.ready
        fetches = not entry.state.ready and situation not in _LOADING
        self.primary.setVisible(not broken and not (fetches and controller.offline))
        self.again.setVisible(broken and controller.can_download(entry) and not controller.offline)
        self.settings.setVisible(
            situation is Situation.FAILED or (controller.offline and not entry.state.ready)
        )
        self.reveal.setVisible(entry.weights_path is not None)
        self.rename.setVisible(controller.can_rename(entry))
        self.names.setVisible(can_be_named(entry) and is_numbered(entry.spec))
        part = not entry.state.ready
        self.remove.setText("Remove what has arrived…" if part else "Remove…")
        self.remove.setVisible(controller.can_remove(entry) and situation not in _LOADING)
        if answered:  # else it goes to whatever comes next in the window
            (self.primary if self.remove.isHidden() else self.remove).setFocus()

    def _show_facts(self, entry: ModelEntry) -> None:
        speeds = self._controller.speeds(entry.spec.id)
        colour = theme_colours().muted
        way = self._controller.store.ways.get(entry.spec.id, "")
        key = (entry, speeds, way, colour)
        if key == self._shown:
            return  # progress comes 30 times a second; laying out this text is not for free
        self._shown = key
        rows = [row for row in details(entry) if row[0] != "Problem"]
        here = [f"{speed_text((speed,))} per photo on {speed.device}" for speed in speeds]
        if entry.spec.classes:
            measured = "\n".join(here) or "Measured when it is first used on some photos."
            more = [("Speed on this computer", measured)]
            if way:
                more.append(("Way of answering", way))
            place = len(rows) - 1 if entry.spec.notes else len(rows)
            rows[place:place] = more
        self.path.setText(str(entry.weights_path or ""))
        self.path.setVisible(entry.weights_path is not None)
        self.facts.setText(rich_facts(rows, colour))

    @Slot()
    def _on_train_chosen(self) -> None:
        self.train_requested.emit(self._controller.current_id)

    @Slot()
    def _on_test_chosen(self) -> None:
        self.test_requested.emit(self._controller.current_id)

    @Slot()
    def _on_class_chosen(self) -> None:
        self.class_requested.emit(self._controller.current_id)

    @Slot()
    def _on_rename_clicked(self) -> None:
        entry = self._controller.current
        if entry is None:
            return
        title = ask_for_name(self.window(), "Rename model", "Name of the model:", entry.spec.title)
        if title is not None:
            self._controller.rename(title, entry.spec.id)

    @Slot()
    def _on_primary_clicked(self) -> None:
        entry = self._controller.current
        if entry is None:
            return
        if self._controller.standing(entry).situation in _LOADING:
            self._controller.cancel_download()
        elif entry.state.ready:
            self._controller.use()
        else:
            self._controller.download()


def _needed_for(ensembles: Sequence[ModelEntry]) -> str:
    """What a model's going takes out of use, as a sentence; "": nothing."""
    if not ensembles:
        return ""
    names = name_list([one_line(entry.spec.title, 60) for entry in ensembles])
    if len(ensembles) == 1:
        return f"The ensemble {names} answers together with it, and cannot answer without it."
    return f"The ensembles {names} answer together with it, and cannot answer without it."


def _question_for(entry: ModelEntry, part_bytes: int) -> str:
    title = one_line(entry.spec.title)
    if entry.state is ModelState.YOURS:
        return f"Move “{title}” to this computer’s trash? From there it can be brought back."
    if entry.state.ready:
        return (
            f"Remove the weights of {title} ({size_text(entry.spec.bytes)})? They can be "
            "downloaded again."
        )
    return (
        f"Remove the {size_text(part_bytes)} of {title} that have arrived? A later download "
        "begins from the start."
    )
