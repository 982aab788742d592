"""The providers of models: one line each, in falling precedence. Without torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from resnet_gui.core.system.paths import bundled_models_dir, user_models_dir
from resnet_gui.core.zoo.providers.ensembles import EnsembleProvider
from resnet_gui.core.zoo.providers.files import FileProvider
from resnet_gui.core.zoo.providers.keras import KerasProvider
from resnet_gui.core.zoo.providers.lite0 import OfflineProvider
from resnet_gui.core.zoo.providers.torchvision import TorchvisionProvider
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState


class Provider(Protocol):
    """A source of models. Both are cheap: they look at files, never into weights."""

    def entries(self) -> Iterable[ModelEntry]:
        """What there is, with where its weights are now."""

    def specs(self) -> tuple[ModelSpec, ...]:
        """What its maker publishes, whether or not the weights are here; files publish nothing."""


# By `ModelSpec.provider`. Made anew for each zoo: a provider may remember what it saw.
PROVIDERS: dict[str, Callable[[], Provider]] = {
    "bundled": lambda: FileProvider(bundled_models_dir(), ModelState.BUNDLED),
    "offline": OfflineProvider,
    "torchvision": TorchvisionProvider,
    "keras": KerasProvider,
    "yours": lambda: FileProvider(user_models_dir(), ModelState.YOURS),
    "ensembles": lambda: EnsembleProvider(user_models_dir()),
}


def known_specs() -> tuple[ModelSpec, ...]:
    """All that anybody publishes, in the zoo's order."""
    return tuple(spec for make in PROVIDERS.values() for spec in make().specs())


def published_specs() -> tuple[ModelSpec, ...]:
    """Every model with an address and a hash, in the zoo's order."""
    return tuple(spec for spec in known_specs() if spec.url)
