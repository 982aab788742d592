"""A folder of photos as a dataset: scan it, check it, split it, read it. No torch here."""

from resnet_gui.core.dataset.scan import scan_dataset
from resnet_gui.core.dataset.summary import (
    ClassSummary,
    DatasetScanned,
    DatasetSummary,
    LabelledPhoto,
    Part,
    Problem,
    ProblemKind,
    ScanProgress,
)

__all__ = [
    "ClassSummary",
    "DatasetScanned",
    "DatasetSummary",
    "LabelledPhoto",
    "Part",
    "Problem",
    "ProblemKind",
    "ScanProgress",
    "scan_dataset",
]
