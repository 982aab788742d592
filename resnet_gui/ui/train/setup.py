"""What was found in the folder, and what Start will do with it."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.runs.events import Estimated
from resnet_gui.core.runs.listing import RunInfo
from resnet_gui.core.training.presets import PRESETS, automatic_preset
from resnet_gui.core.zoo import ModelState
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.models.selector import ModelButton, ModelPopup
from resnet_gui.ui.train.advanced_form import AdvancedForm
from resnet_gui.ui.train.controller import TrainController, TrainState
from resnet_gui.ui.train.folder_card import FolderCard
from resnet_gui.ui.train.look_line import LookLine
from resnet_gui.ui.train.start_model import StartModel
from resnet_gui.ui.widgets.icons import put_icon
from resnet_gui.ui.widgets.plain_text import PlainLabel, action_text, one_line, set_tooltip

_FOLDED, _UNFOLDED = 350, 410  # pixels of the settings' width, less in a narrow window
_GAP = 12  # pixels between the cards


class TrainSetup(QWidget):
    """The folder on the left, the settings on the right.

    Attributes:
        folder: what was found in it.

    Signals:
        folder_requested(), classes_requested(), improve_requested(), preview_requested().
        noticed(object text, str kind).
    """

    noticed = Signal(object, str)
    folder_requested = Signal()
    classes_requested = Signal()
    improve_requested = Signal()
    preview_requested = Signal()

    def __init__(
        self, controller: TrainController, io: JobLane, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(_GAP)
        self._row.addWidget(self._folder_card(io), 3)

    def add_settings(self) -> Iterator[None]:
        """The other half, in steps for which who makes this takes a turn each."""
        controller = self._controller
        self._row.addWidget(self._settings_card(), 2)
        yield
        self._settings_column.addLayout(self._start_part())
        yield
        controller.dataset_changed.connect(self.show_dataset)
        controller.config_changed.connect(self._on_config_changed)
        controller.estimated.connect(self._on_estimated)
        controller.not_estimated.connect(self._on_not_estimated)
        controller.state_changed.connect(self._on_state_changed)

    # --- building ---------------------------------------------------------------------------

    def _folder_card(self, io: JobLane) -> FolderCard:
        self.folder = card = FolderCard(io)
        head = card.head
        head.change.clicked.connect(self.folder_requested)
        for button in (head.make, card.sort):
            button.clicked.connect(self.classes_requested)
        head.improve.clicked.connect(self.improve_requested)
        head.close_button.clicked.connect(self._controller.close_folder)
        return card

    def _settings_card(self) -> QFrame:
        card = QFrame()
        card.setProperty("kind", "card")
        self._settings = card
        self._settings_column = column = QVBoxLayout(card)
        column.setContentsMargins(16, 14, 6, 14)
        column.setSpacing(8)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setProperty("kind", "bare")
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it has it
        self._choices = self._choices_part()
        scroll.setWidget(self._choices)
        column.addWidget(scroll, 1)
        return card

    def _choices_part(self) -> QWidget:
        """What scrolls where the window is low."""
        choices = QWidget()
        column = QVBoxLayout(choices)
        column.setContentsMargins(0, 0, 10, 0)
        column.setSpacing(8)
        self.start_title = PlainLabel("Start from")
        column.addWidget(self.start_title)
        self.model_button = ModelButton()
        set_tooltip(self.model_button, "Choose the model whose knowledge is the start")
        self.model_button.clicked.connect(self._on_model_clicked)
        self.popup = ModelPopup(self, chooses_only=True)
        self.popup.chosen.connect(self._on_model_chosen)
        column.addWidget(self.model_button)
        self.start_reason = PlainLabel()
        self.start_reason.setProperty("kind", "muted")
        self.start_reason.setWordWrap(True)
        column.addWidget(self.start_reason)
        self.start_other = QPushButton()
        self.start_other.setProperty("kind", "plain")
        self.start_other.clicked.connect(self._on_start_other_clicked)
        column.addWidget(self.start_other, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addSpacing(4)
        column.addWidget(PlainLabel("How thorough"))
        presets = QHBoxLayout()
        presets.setSpacing(4)
        self.preset_buttons: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        for number, preset in enumerate(item for item in PRESETS.values() if item.label):
            button = QPushButton(preset.label)
            button.setCheckable(True)
            set_tooltip(button, preset.tip)
            button.setProperty("kind", "segment")
            self._group.addButton(button, number)
            self.preset_buttons[preset.name] = button
            # By the length of its word: the chosen one is bold, and the longest was cut off.
            presets.addWidget(button, len(preset.label) + 2)
        self._group.idClicked.connect(self._on_preset_clicked)
        column.addLayout(presets)
        self.preset_text = PlainLabel()
        self.preset_text.setProperty("kind", "muted")
        self.preset_text.setWordWrap(True)
        column.addWidget(self.preset_text)
        self.fold = QPushButton("Advanced")
        self.fold.setCheckable(True)
        self.fold.setProperty("kind", "plain")
        put_icon(self.fold, "down", side=14)
        self.fold.toggled.connect(self._on_fold_toggled)
        column.addWidget(self.fold, alignment=Qt.AlignmentFlag.AlignLeft)
        self._form: AdvancedForm | None = None
        self._form_place = QVBoxLayout()
        column.addLayout(self._form_place)
        column.addStretch()
        return choices

    @property
    def form(self) -> AdvancedForm:
        """All settings; built when they are first unfolded."""
        if self._form is None:
            self._form = form = AdvancedForm()
            form.option_changed.connect(self._controller.set_option)
            form.reset_requested.connect(self._controller.reset_options)
            form.preview_requested.connect(self.preview_requested)
            form.hide()
            self._form_place.addWidget(form)
            if self._controller.config is not None:
                form.show_config(self._controller.config)
        return self._form

    def _start_part(self) -> QVBoxLayout:
        """Name, warnings and the button: always in sight."""
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 10, 0)
        column.setSpacing(8)
        column.addWidget(PlainLabel("Name of the run and its model"))
        self.name = QLineEdit()
        self.name.setMaxLength(200)
        self.name.setAccessibleName("Name of the run and its model")
        self.name.editingFinished.connect(self._on_name_edited)
        column.addWidget(self.name)
        self.repeat_box = QFrame()
        self.repeat_box.setProperty("kind", "notice")
        box = QVBoxLayout(self.repeat_box)
        box.setContentsMargins(12, 8, 10, 8)
        box.setSpacing(4)
        self.repeat = PlainLabel()
        self.repeat.setWordWrap(True)
        self.repeat_results = QPushButton("Show its results")
        self.repeat_results.clicked.connect(self._on_repeat_results_clicked)
        box.addWidget(self.repeat)
        box.addWidget(self.repeat_results, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.repeat_box)
        self.error = PlainLabel()
        self.error.setProperty("kind", "danger")
        self.error.setWordWrap(True)
        column.addWidget(self.error)
        self.estimate = PlainLabel()
        self.estimate.setProperty("kind", "muted")
        self.estimate.setWordWrap(True)
        column.addWidget(self.estimate)
        self.look = LookLine(self._controller)
        column.addWidget(self.look)
        self.start = QPushButton("Start training")
        self.start.setProperty("kind", "primary")
        self.start.setMinimumHeight(38)
        self.start.clicked.connect(self._controller.start)
        column.addWidget(self.start)
        return column

    def refresh_theme(self) -> None:
        self.folder.refresh_theme()

    # --- its width --------------------------------------------------------------------------

    def minimumSizeHint(self) -> QSize:
        """As narrow as it can get, whatever it is now."""
        return QSize(self._least_width(narrow=True), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._row.count() > 1:  # the settings come in a turn of their own
            self._share_width()

    def _share_width(self) -> None:
        least = self._settings_width(narrow=True)
        more = self.width() - self.minimumSizeHint().width()
        self.folder.head.set_narrow(self.width() < self._least_width(narrow=False))
        self._settings.setMinimumWidth(
            min(least + max(more, 0), self._settings_width(narrow=False))
        )
        self.updateGeometry()  # folding changes what is least

    def _least_width(self, *, narrow: bool) -> int:
        folder = self.folder.least_width(narrow=narrow) + _sides(self.folder)
        return folder + _GAP + self._settings_width(narrow=narrow)

    def _settings_width(self, *, narrow: bool) -> int:
        if not narrow:
            return _UNFOLDED if self.fold.isChecked() else _FOLDED
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        return self._choices.minimumSizeHint().width() + bar + _sides(self._settings)

    # --- what the controller says -----------------------------------------------------------

    @Slot()
    def show_dataset(self) -> None:
        """Show the folder that the controller has."""
        if (summary := self._controller.summary) is None:
            return
        self.folder.show_summary(summary)
        self.name.setEnabled(bool(summary.classes))
        (self.folder.sort if self.folder.head.loose else self.start).setFocus()
        self._share_width()

    @Slot()
    def _on_config_changed(self) -> None:
        controller = self._controller
        start = controller.start_model
        self.start_title.setText("Shape of the network" if start.scratch else "Start from")
        self.model_button.show_entry(start.entry(), random=start.scratch)
        self._show_start(start)
        self._show_repeat(controller.repeated)
        summary, config = controller.summary, controller.config
        if summary is not None:
            settings = controller.settings
            preset = settings.preset or automatic_preset(
                len(summary.photos), controller.settings.device_kind
            )
            self.preset_buttons[preset].setChecked(True)
            automatic = " Chosen for this folder." if settings.preset is None else ""
            changed = " Changed by hand." if settings.overrides else ""
            self.preset_text.setText(PRESETS[preset].tip + automatic + changed)
        self.error.setText(controller.config_error)
        self.error.setVisible(bool(controller.config_error))
        self.start.setEnabled(config is not None)
        if summary is not None and not summary.classes:
            self.name.clear()
        if config is not None:
            if self._form is not None:
                self._form.show_config(config)
            if not self.name.hasFocus() or not self.name.isModified():
                self.name.setText(config.title)
                set_tooltip(self.name, config.title)

    def _show_start(self, start: StartModel) -> None:
        self.start_reason.setText(start.reason)
        self.start_reason.setVisible(bool(start.reason))
        other = start.other
        self.start_other.setVisible(other is not None)
        if other is not None:
            again = "" if other.state is ModelState.YOURS else "again "
            title = action_text(one_line(other.spec.title, 40))
            self.start_other.setText(f"Start {again}from {title}")

    def _show_repeat(self, run: RunInfo | None) -> None:
        self.repeat_box.setVisible(run is not None)
        if run is not None:
            best = run.best_val_accuracy
            result = f" ({best:.1%})" if best is not None else ""
            self.repeat.setText(
                f"“{one_line(run.title, 60)}” had the same photos, settings and start{result}: "
                "this run would repeat it exactly. Another preset, model or seed (Advanced) would "
                "not."
            )

    @Slot(object)
    def _on_estimated(self, estimate: Estimated | None) -> None:
        if estimate is not None:
            self.estimate.setText(estimate.text)
        elif self._controller.config is not None:
            self.estimate.setText("Measuring how long it will take…")
        else:
            self.estimate.clear()

    @Slot(object)
    def _on_not_estimated(self, why: str) -> None:
        self.estimate.setText(why)

    @Slot()
    def _on_state_changed(self) -> None:
        looks = self._controller.state is TrainState.LOOKING
        self.estimate.setHidden(looks)
        self._choices.setDisabled(looks)  # what is trained is what was chosen at the click
        self.name.setReadOnly(looks)

    # --- what the person does ---------------------------------------------------------------

    @Slot()
    def _on_model_clicked(self) -> None:
        self.popup.open_below(
            self.model_button, self._controller.start_model.entries(), self._controller.model_id
        )

    @Slot(str)
    def _on_model_chosen(self, model_id: str) -> None:
        """A model without weights here can only be the shape for training from scratch."""
        self._controller.set_model(model_id)
        start = self._controller.start_model
        entry = start.entry()
        if entry is not None and not entry.state.ready and not start.scratch:
            self.noticed.emit(
                f"The weights of {one_line(entry.spec.title)} are not on this computer: "
                "download them on the Models page, or choose “From scratch”, which needs none.",
                "warning",
            )

    @Slot()
    def _on_start_other_clicked(self) -> None:
        other = self._controller.start_model.other
        if other is not None:
            self._controller.set_model(other.spec.id)

    @Slot()
    def _on_name_edited(self) -> None:
        if self.name.isModified():
            self.name.setModified(False)
            self._controller.set_title(self.name.text())

    @Slot()
    def _on_repeat_results_clicked(self) -> None:
        run = self._controller.repeated
        if run is not None:
            self._controller.open_results(run)

    @Slot(int)
    def _on_preset_clicked(self, number: int) -> None:
        self._controller.set_preset(list(self.preset_buttons)[number])

    @Slot(bool)
    def _on_fold_toggled(self, on: bool) -> None:
        self.form.setVisible(on)
        self._share_width()


def _sides(card: QFrame) -> int:
    """What a card's border and margins take of its width, in pixels."""
    layout = card.layout()
    assert layout is not None
    both = (card.contentsMargins(), layout.contentsMargins())
    return sum(margins.left() + margins.right() for margins in both)
