"""What the person chose for the next run, and the settings that come of it."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from resnet_gui.core.dataset.summary import DatasetSummary
from resnet_gui.core.errors import RunConfigError
from resnet_gui.core.runs.config import SETTINGS, Method, RunConfig
from resnet_gui.core.runs.titles import default_title
from resnet_gui.core.training.presets import PRESETS, config_for
from resnet_gui.ui.model_store import ModelStore
from resnet_gui.ui.train.start_model import StartModel

# What of a run's settings is no choice of how it learns.
_OTHERWISE = ("data", "model", "title", "preset", "method")


class RunSettings:
    """A preset, what was changed by hand, and a model to start from.

    Attributes:
        start_model: what a run starts from.
        preset: its name; None: by the folder's size. overrides: settings changed by hand.
        title: what the person calls the run; "": its default.
        device_kind: what training will run on ("cpu", "cuda:0", "mps").
    """

    def __init__(self, store: ModelStore) -> None:
        self.start_model = StartModel(store)
        self.preset: str | None = None
        self.overrides: dict[str, Any] = {}
        self.title = ""
        self.device_kind = "cpu"

    def clear(self) -> None:
        """Another folder: everything but the start model is chosen anew."""
        self.preset, self.overrides, self.title = None, {}, ""

    def config(self, summary: DatasetSummary, taken: Container[str]) -> RunConfig:
        """The settings for a folder.

        Args:
            taken: names that a run has already, so that the default is another one.

        Raises:
            RunConfigError: the folder cannot be trained on, or a setting is out of range.
        """
        if not summary.trainable:
            blocking = [problem.message for problem in summary.problems if problem.blocking]
            raise RunConfigError("data", blocking[0])

        def make(model_id: str) -> RunConfig:
            return self._made(summary, model_id, self.preset, self.overrides)

        config = self.start_model.configure(make, summary.typical_side)
        return config.replace(title=self.title or self._default_title(summary, taken))

    def take(self, config: RunConfig, summary: DatasetSummary) -> None:
        """Choose what a run had, so that `config` makes its settings again; its name stays its
        own."""
        preset = config.preset if config.preset in PRESETS else None
        changed: dict[str, Any] = {}
        try:
            usual = self._made(summary, config.model, preset, {})
            if usual.method is not config.method:
                changed["method"] = config.method
                usual = self._made(summary, config.model, preset, changed)
            changed |= {
                name: getattr(config, name)
                for name in SETTINGS
                if name not in _OTHERWISE and getattr(config, name) != getattr(usual, name)
            }
        except RunConfigError:  # of a folder that has changed since: the preset as it is
            changed = {}
        self.preset, self.overrides, self.title = preset, changed, ""
        self.start_model.scratch = config.method is Method.SCRATCH
        self.start_model.choose(config.model)

    def _default_title(self, summary: DatasetSummary, taken: Container[str]) -> str:
        """See `default_title`."""
        entry = self.start_model.entry()
        if entry is not None and not self.start_model.scratch:  # of own models: what they are of
            entry = self.start_model.original_of(entry) or entry
        return default_title(summary.title, entry.spec.title if entry is not None else "", taken)

    def _made(
        self, summary: DatasetSummary, model_id: str, preset: str | None, overrides: dict[str, Any]
    ) -> RunConfig:
        options = dict(overrides)
        return config_for(
            preset,
            data=summary.root,
            model=model_id,
            photos=len(summary.photos),
            device_kind=self.device_kind,
            method=options.pop("method", None),
            **options,
        )
