"""The user's own models: rename. No torch here."""

from __future__ import annotations

from pathlib import Path

from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.system.atomic import replacing
from resnet_gui.core.zoo.ensembles import SUFFIX, rename_ensemble
from resnet_gui.core.zoo.weights.model_file import copy_model, model_id


def rename_model(path: Path, title: str) -> None:
    """Give a model of the user's another title. Its id stays, and so does the file's name: a run
    that starts from it and the run that made it find it as before.

    Raises:
        ModelFileError: the title is empty, or the file is damaged or cannot be written.
    """
    title = title.strip()
    if not title:
        raise ModelFileError(path, "A model needs a name.")
    if path.name.endswith(SUFFIX):
        rename_ensemble(path, title)
        return
    own_id = model_id(path)
    try:
        with replacing(path) as temporary:
            copy_model(path, temporary, title=title, id=own_id)
    except OSError as error:
        raise ModelFileError(
            path, f"{path.name} could not be renamed ({error.strerror})."
        ) from error
