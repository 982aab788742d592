"""The web pages' templates: every text in them is escaped, and what cannot be seen made visible."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from resnet_gui.core.system.visible_text import visible


@functools.cache
def template(name: str) -> Any:
    """A jinja2 template of this folder."""
    import jinja2  # 40 ms that nobody else waits for

    environment = jinja2.Environment(
        autoescape=True, finalize=_finalized, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def _finalized(value: object) -> object:
    return visible(value) if type(value) is str else value
