"""Measures models while they are used: nobody has to start a benchmark. Without torch."""

from __future__ import annotations

import logging

from resnet_gui.core.events import Prediction

_log = logging.getLogger(__name__)
_ENOUGH = 3  # photos; the first pays for warming up and is left out


class SpeedLog:
    """Collects what predictions say about the network's time and stores it when it is enough:
    of many photos at once, or of some that were dropped one by one."""

    def __init__(self) -> None:
        self._pending: dict[tuple[str, str], list[float]] = {}

    def note(self, event: object) -> None:
        """Take in one event of a classification."""
        if isinstance(event, Prediction):
            key = event.model, event.device
            self._pending.setdefault(key, []).append(event.inference_ms)

    def store(self) -> None:
        """At a job's end. A disk that refuses costs only the measurement."""
        from resnet_gui.core.zoo.storage.store import record_speed  # not at the window's start

        for key in [key for key, times in self._pending.items() if len(times) >= _ENOUGH]:
            times = self._pending.pop(key)
            try:
                record_speed(*key, times)
            except OSError as error:
                _log.warning("speed of %s not stored: %s", key[0], error)
