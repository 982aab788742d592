"""All settings of a run, folded away: one row per field of RunConfig, in plain words."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.runs.config import (
    ENDING_LOW,
    Augmentation,
    Decayed,
    HeadKind,
    Method,
    Optimizer,
    Precision,
    RunConfig,
    Schedule,
    Switch,
)
from resnet_gui.ui.widgets.combo_box import ComboBox
from resnet_gui.ui.widgets.plain_text import PlainLabel, set_tooltip


@dataclass(frozen=True, slots=True)
class Field:
    """One row: the setting, its words, and its choices (value -> words) if it has some."""

    name: str
    label: str
    tip: str
    choices: dict[StrEnum, str] | None = None
    methods: tuple[Method, ...] = tuple(Method)


_DEEP = (Method.PROGRESSIVE, Method.LAST, Method.FULL, Method.SCRATCH)
FIELDS = (
    Field(
        "method",
        "What is trained",
        "The head alone takes seconds; the more layers, the longer.",
        {
            Method.HEAD: "The head only (backbone frozen)",
            Method.PROGRESSIVE: "Head first, then everything",
            Method.LAST: "Head and last stages",
            Method.FULL: "Everything",
            Method.SCRATCH: "Everything, from random weights",
        },
    ),
    Field("epochs", "Epochs", "How often every training photo is seen."),
    Field(
        "head_epochs",
        "Epochs of the head alone",
        "How many of them come before the rest is trained too.",
        methods=(Method.PROGRESSIVE,),
    ),
    Field(
        "fast_head",
        "Head as in “Fast”",
        "These epochs have the rate, schedule, batch size and optimizer of the preset Fast; what "
        "is set here is for the rest.",
        methods=(Method.PROGRESSIVE,),
    ),
    Field(
        "last_stages",
        "Last stages",
        "How many stages before the head.",
        methods=(Method.LAST,),
    ),
    Field("batch_size", "Batch size", "Photos per step."),
    Field("lr", "Learning rate", "Peak rate of the head."),
    Field(
        "backbone_lr_factor",
        "Backbone's rate, times",
        "The backbone learns this much slower.",
        methods=(Method.PROGRESSIVE, Method.LAST, Method.FULL),
    ),
    Field(
        "optimizer",
        "Optimizer",
        "",
        {
            Optimizer.SGD: "SGD with momentum",
            Optimizer.ADAM: "Adam",
            Optimizer.ADAMW: "AdamW",
        },
    ),
    Field("nesterov", "Nesterov momentum", "Momentum that looks a step ahead (optimizer: SGD)."),
    Field(
        "schedule",
        "Schedule",
        "How the learning rate moves.",
        {
            Schedule.ONE_CYCLE: "One cycle",
            Schedule.COSINE: "Cosine with warm-up",
            Schedule.LINEAR: "Linear with warm-up",
            Schedule.STEP: "Steps at milestones",
            Schedule.PLATEAU: "Lower on a plateau",
            Schedule.STEP_PLATEAU: "Steps, and lower on a plateau",
            Schedule.CONSTANT: "Constant",
        },
    ),
    Field("warmup_epochs", "Warm-up", "Epochs in which the rate rises (cosine, linear)."),
    Field("milestones", "Milestones", "Epochs at which the rate drops (schedule: steps)."),
    Field(
        "augmentation",
        "Augmentation",
        "Photos are varied anew at every epoch, so that the network does not learn them by heart.",
        {
            Augmentation.NONE: "None",
            Augmentation.LIGHT: "Light: flip, shift",
            Augmentation.STANDARD: "Standard: crop, flip, colour",
            Augmentation.STRONG: "Strong: TrivialAugment, erasing",
        },
    ),
    Field("shift_pixels", "Shift by up to", "Pixels, of the light level; 0: a tenth of the side."),
    Field("shift_reflect", "Mirror at the edges", "What a shift brings in; off: the mean colour."),
    Field(
        "alternate_flip",
        "Flip in every other epoch",
        "Every photo is seen from both sides in two epochs; off: at random.",
    ),
    Field("cutout", "Cut out a square of", "Pixels a side, at a random place; 0: none."),
    Field(
        "head",
        "Head",
        "",
        {HeadKind.LINEAR: "Linear", HeadKind.MLP: "MLP: Dense, ReLU, dropout, Dense"},
    ),
    Field("head_width", "Width of the MLP head", "Units of its hidden layer."),
    Field("dropout", "Dropout", "0 to 0.99, before the last layer."),
    Field("weight_decay", "Weight decay", "Keeps weights small."),
    Field(
        "decayed",
        "Weight decay of",
        "Shrinking norms and biases, too, costs accuracy; the CIFAR paper does it.",
        {
            Decayed.WEIGHTS: "Weights, not norms and biases",
            Decayed.CONVOLUTIONS: "Convolutions only",
            Decayed.ALL: "Everything",
        },
    ),
    Field("label_smoothing", "Label smoothing", "0 to 0.9."),
    Field(
        "ema_decay",
        "Average of the weights",
        "A running average of the weights is judged and saved: its decay per step, such as 0.999; "
        "0: the last weights.",
        methods=_DEEP,
    ),
    Field(
        "early_stopping",
        "Stop early after",
        "Epochs without a better one; 0: never. Not under schedules that end low (one cycle, "
        "cosine, linear): their end is their best part.",
    ),
    Field("val_fraction", "Share for validation", "Where the folder has no val folder."),
    Field("image_size", "Image size", "Side of the network's input in pixels; 0: the model's."),
    Field("seed", "Seed", "Same seed, same split and curve."),
    Field("cache_features", "Keep features (head only)", "Computed once instead of every epoch."),
    Field(
        "freeze_batchnorm",
        "Freeze BatchNorm statistics",
        "",
        {Switch.AUTO: "Automatic", Switch.ON: "Yes", Switch.OFF: "No"},
        methods=_DEEP,
    ),
    Field(
        "precision",
        "Precision",
        "",
        {
            Precision.AUTO: "Automatic",
            Precision.FP32: "fp32",
            Precision.BF16: "bf16",
            Precision.FP16: "fp16 (CUDA)",
        },
        methods=_DEEP,
    ),
)


_SWITCHES = frozenset(f.name for f in dataclasses.fields(RunConfig) if f.type == "bool")


class AdvancedForm(QWidget):
    """Shows a config; tells what the person changes.

    Signals:
        option_changed(str, object): name and value (text where it was typed).
        reset_requested(), preview_requested().
    """

    option_changed = Signal(str, object)
    reset_requested = Signal()
    preview_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = QFormLayout()
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self._form.setHorizontalSpacing(14)
        self._form.setVerticalSpacing(6)
        self.editors: dict[str, QWidget] = {}
        for item in FIELDS:
            self._form.addRow(PlainLabel(item.label), self._editor(item))
        self.preview = QPushButton("Show what the network will see…")
        self.preview.clicked.connect(self.preview_requested)
        self.reset = QPushButton("Back to the preset's settings")
        self.reset.setProperty("kind", "plain")
        self.reset.clicked.connect(self.reset_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 8, 4)
        column.addLayout(self._form)
        column.addWidget(self.preview)
        column.addWidget(self.reset)

    def show_config(self, config: RunConfig) -> None:
        """Show all values; rows that do nothing for the method are hidden."""
        for item in FIELDS:
            editor, value = self.editors[item.name], getattr(config, item.name)
            editor.blockSignals(True)
            if isinstance(editor, ComboBox):
                editor.setCurrentIndex(editor.findData(value.value))
            elif isinstance(editor, QCheckBox):
                editor.setChecked(bool(value))
            elif isinstance(editor, QLineEdit) and not editor.hasFocus():
                editor.setText(_text(value))
            editor.blockSignals(False)
            self._form.setRowVisible(editor, _shown(item, config))

    def _editor(self, item: Field) -> QWidget:
        editor: QWidget
        if item.choices is not None:
            editor = ComboBox()
            editor.setSizeAdjustPolicy(
                ComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            editor.setMinimumContentsLength(7)
            for value, words in item.choices.items():
                editor.add_choice(words, value.value)
            editor.activated.connect(self._on_chosen)
        elif item.name in _SWITCHES:
            editor = QCheckBox()
            editor.toggled.connect(self._on_toggled)
        else:
            editor = QLineEdit()
            editor.setMinimumWidth(60)
            editor.editingFinished.connect(self._on_typed)
        editor.setObjectName(item.name)
        set_tooltip(editor, item.tip)
        editor.setAccessibleName(item.label)
        editor.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the wheel must scroll, not change
        self.editors[item.name] = editor
        return editor

    @Slot(int)
    def _on_chosen(self, row: int) -> None:
        editor = self.sender()
        if isinstance(editor, ComboBox):
            self.option_changed.emit(editor.objectName(), editor.itemData(row))

    @Slot(bool)
    def _on_toggled(self, on: bool) -> None:
        editor = self.sender()
        if isinstance(editor, QCheckBox):
            self.option_changed.emit(editor.objectName(), on)

    @Slot()
    def _on_typed(self) -> None:
        editor = self.sender()
        if isinstance(editor, QLineEdit) and editor.isModified():
            editor.setModified(False)
            self.option_changed.emit(editor.objectName(), editor.text().strip())


def _shown(item: Field, config: RunConfig) -> bool:
    if config.method not in item.methods:
        return False
    if item.name == "milestones":
        return config.schedule in (Schedule.STEP, Schedule.STEP_PLATEAU)
    if item.name == "early_stopping":
        return config.schedule not in ENDING_LOW
    if item.name == "nesterov":
        return config.optimizer is Optimizer.SGD
    if item.name == "warmup_epochs":
        return config.schedule in (Schedule.COSINE, Schedule.LINEAR)
    if item.name in ("shift_pixels", "shift_reflect"):
        return config.augmentation is Augmentation.LIGHT
    if item.name in ("alternate_flip", "cutout"):
        return config.augmentation is not Augmentation.NONE
    if item.name == "head_width":
        return config.head is HeadKind.MLP
    if item.name == "cache_features":
        return config.method in (Method.HEAD, Method.PROGRESSIVE)
    return True


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
