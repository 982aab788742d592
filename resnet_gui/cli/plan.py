"""What the options of `train` say, as the settings of a run."""

from __future__ import annotations

from typing import Any

from resnet_gui.cli.help import PlainCommand
from resnet_gui.cli.output import WrongUseError
from resnet_gui.core.nets.registry import scratch_model
from resnet_gui.core.runs.config import SETTINGS, Method, RunConfig
from resnet_gui.core.training.presets import config_for
from resnet_gui.core.zoo import ModelState, Zoo

_OWN_OPTIONS = ("data", "model", "preset", "method")


class TrainCommand(PlainCommand):
    """A command whose help ends with all that `--set` takes."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        rows = []
        for name, item in SETTINGS.items():
            if name not in _OWN_OPTIONS:
                parts = (item.label and f"{item.label}.", item.tip, f"({item.kind.wanted()})")
                rows.append((name, " ".join(filter(None, parts))))
        with formatter.section("Settings, as --set key=value; a preset chooses what is not set"):
            formatter.write_dl(rows)


def settings_of(pairs: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise WrongUseError(f"“--set {pair}” is not key=value.")
        key = key.strip().replace("-", "_")
        if key in _OWN_OPTIONS:
            raise WrongUseError(f"“{key}” has an option of its own.")
        found[key] = value.strip()
    return found


def _default_model() -> str:
    entry = Zoo.standard().default()
    if entry is None:
        raise WrongUseError(
            "There is no model on this computer. “resnet-gui models” lists what there is."
        )
    return entry.spec.id


class RunPlan:
    """What the command line says about a run, as far as it can be known before the scan."""

    def __init__(
        self,
        model: str | None,
        preset: str | None,
        method: str | None,
        device_kind: str,
        texts: dict[str, str],
    ) -> None:
        """Raises UnknownModelError, DepthError."""
        self._chosen = model is not None
        self._model = _default_model() if model is None else model
        state = Zoo.standard().architecture(self._model).state
        self._untrained = state is ModelState.UNTRAINED
        if self._untrained and method is None and preset is None:
            method = Method.SCRATCH.value
        self._preset, self._method = preset, method
        self._device_kind, self._texts = device_kind, texts

    def config(self, data: str, photos: int, typical_side: int) -> RunConfig:
        """The settings of the run.

        Raises:
            RunConfigError, WrongUseError: they cannot be.
        """
        config = self._config(self._model, data, photos)
        if config.method is Method.SCRATCH and not self._chosen:
            model = scratch_model(self._model, typical_side)
            return self._config(model, data, photos)
        if config.method is not Method.SCRATCH and self._untrained:
            raise WrongUseError(
                f"“{self._model}” is an architecture without weights: the method "
                f"“{config.method}” has nothing to start from. Leave out --method and --preset to "
                "train it from random weights, or choose a model."
            )
        return config

    def _config(self, model: str, data: str, photos: int) -> RunConfig:
        try:
            return config_for(
                self._preset,
                data=data,
                model=model,
                photos=photos,
                device_kind=self._device_kind,
                method=self._method,
                **self._texts,
            )
        except ValueError as error:
            raise WrongUseError(f"There is no method “{self._method}”.") from error
