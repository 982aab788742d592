"""Many photos: the first answers, a second look at the same ones, what keeping costs, memory.

    python -m benchmarks library [--photos 20000] [--model efficientnet-lite0] [--home FOLDER]

Each look is a process of its own. What keeping answers costs is measured side by side: the same
process asks the classifier alone and through the library, block by block in turns, about photos
that it has not seen.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from benchmarks.common import make_album

_DISTINCT = 100
_BLOCK = 100  # photos in a turn
_TURNS = 12
_MB = 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks library")
    parser.add_argument("--photos", type=int, default=20_000)
    parser.add_argument("--model", default="efficientnet-lite0")
    parser.add_argument("--home", type=Path, help="where a model's conversion is kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photos = Path(folder, "photos")
        make_photos(photos, given.photos)
        home = str((given.home or Path(folder, "home")).absolute())
        shutil.rmtree(Path(home, "cache", "resnet-gui", "answers"), ignore_errors=True)

        def look(kind: str, where: Path = photos) -> dict[str, Any]:
            return child(kind, given.model, where, home)

        look("convert")
        print(f"{given.photos:,} JPEGs of 320 x 240 pixels, {given.model}")
        tell("what keeping costs", look("turns"))
        tell("first look", look("look"))
        tell("second look", look("look"))
        tell("looking up alone", look("lookup"))
        moved = photos.rename(photos.with_name("moved"))
        tell("a look after moving the folder", look("look", moved))
        shutil.rmtree(Path(home, "cache", "resnet-gui", "answers"))
        tell("stopped at half of a first look", look("stop", moved))
        tell("gone on", look("look", moved))


def make_photos(folder: Path, count: int) -> None:
    """Different files of _DISTINCT pictures: what stands behind a JPEG's end is not looked at."""
    pictures = [path.read_bytes() for path in make_album(folder, _DISTINCT, 320, 240)]
    for path in folder.iterdir():
        path.unlink()
    for number in range(count):
        part = folder / f"{number // 1000:03}"
        part.mkdir(exist_ok=True)
        data = pictures[number % _DISTINCT] + number.to_bytes(4, "big")
        (part / f"img_{number:06}.jpg").write_bytes(data)


def child(kind: str, model: str, folder: Path, home: str) -> dict[str, Any]:
    environment = {**os.environ, "RESNET_GUI_HOME": home}
    environment.pop("RESNET_GUI_EXACT", None)
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.library", kind, model, str(folder)],
        env=environment, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**told, "process s": time.perf_counter() - started}


def tell(title: str, figures: dict[str, Any]) -> None:
    shown = (f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in figures.items())
    print(f"{title}: {', '.join(shown)}", flush=True)


# --- in the child ---------------------------------------------------------------------------------


class _Look:
    def __init__(self, model: str, folder: Path) -> None:
        from resnet_gui.core.inference.classifier import Classifier
        from resnet_gui.core.library.answering import Library
        from resnet_gui.core.photos.collect import collect_photos
        from resnet_gui.core.zoo import Zoo

        self.model = model
        started = time.perf_counter()
        self.sources = [s for found in collect_photos([folder]) for s in found.sources]
        self.collect_s = time.perf_counter() - started
        self.classifier = Classifier(Zoo.standard())
        self.library = Library(self.classifier)

    def convert(self) -> dict[str, Any]:
        from resnet_gui.core.inference.convert import convert
        from resnet_gui.core.zoo import Zoo

        return {"steps": len(list(convert(Zoo.standard().ready(self.model))))}

    def look(self) -> dict[str, Any]:
        """All photos; the model is brought into memory before, as a window that is open has it."""
        loading = time.perf_counter()
        list(self.classifier.load(self.model, "cpu"))
        load_s = time.perf_counter() - loading
        before = _rss()
        told = self._answers(len(self.sources))
        return {"collect s": self.collect_s, "load s": load_s, **told, "MB": _rss() - before}

    def stop(self) -> dict[str, Any]:
        list(self.classifier.load(self.model, "cpu"))
        return self._answers(len(self.sources) // 2)

    def _answers(self, until: int) -> dict[str, Any]:
        from resnet_gui.core.library.answered import AnsweredPhoto

        found: list[AnsweredPhoto] = []
        started = last = time.perf_counter()
        first_s = longest_s = 0.0
        events = self.library.answer(self.sources, self.model, "cpu")
        for event in events:
            now = time.perf_counter()
            longest_s, last = max(longest_s, now - last), now
            if isinstance(event, AnsweredPhoto):
                found.append(event)
                first_s = first_s or now - started
                if len(found) >= until:
                    break
        closing = time.perf_counter()
        events.close()
        ended = time.perf_counter()
        return {
            "photos": len(found),
            "kept": sum(photo.kept for photo in found),
            "failed": sum(photo.failed for photo in found),
            "first answer s": first_s,
            "all s": ended - started,
            "photos/s": len(found) / (ended - started),
            "longest step s": longest_s,
            "closing s": ended - closing,
        }

    def lookup(self) -> dict[str, Any]:
        from resnet_gui.core.inference.converted import weights_hash
        from resnet_gui.core.library.identity import place_of, stamp_of
        from resnet_gui.core.library.way import way_of

        entry, form = self.classifier.expected(self.model, "cpu")
        assert entry.weights_path is not None
        sha256 = weights_hash(entry.weights_path)
        way = way_of(entry.spec, sha256, form.name, form.precision, form.device)
        started = time.perf_counter()
        files = []
        for source in self.sources:
            place, stamp = place_of(source.name), stamp_of(source.name)
            assert place is not None
            assert stamp is not None
            files.append((place, stamp))
        stamped = time.perf_counter()
        found = self.library.store.known(way, files, 5)
        ended = time.perf_counter()
        size = self.library.store.path.stat().st_size
        return {
            "found": sum(known is not None and known.kept is not None for known in found),
            "stat s": stamped - started,
            "look up s": ended - stamped,
            "bytes a photo": size / max(1, len(found)),
        }

    def turns(self) -> dict[str, Any]:
        """The classifier alone and through the library, in turns; the first turn warms up."""
        seconds: dict[str, list[float]] = {"alone": [], "kept": []}
        ways: dict[str, Callable[[list[Any]], Any]] = {
            "alone": lambda some: list(self.classifier.classify(some, self.model, "cpu")),
            "kept": lambda some: list(self.library.answer(some, self.model, "cpu")),
        }
        blocks = iter(range(0, len(self.sources), _BLOCK))
        for turn in range(_TURNS):
            for name in sorted(ways, reverse=bool(turn % 2)):
                start = next(blocks, None)
                if start is None:
                    break
                began = time.perf_counter()
                ways[name](self.sources[start : start + _BLOCK])
                seconds[name].append(time.perf_counter() - began)
        ratios = [b / a for a, b in zip(seconds["alone"], seconds["kept"], strict=False)][1:]
        shutil.rmtree(self.library.store.path.parent)
        return {
            "alone photos/s": _BLOCK / statistics.median(seconds["alone"][1:]),
            "kept photos/s": _BLOCK / statistics.median(seconds["kept"][1:]),
            "median ratio of seconds": statistics.median(ratios),
            "from": min(ratios),
            "to": max(ratios),
        }


def _rss() -> float:
    return float(psutil.Process().memory_info().rss) / _MB


if __name__ == "__main__":
    kind, name, where = sys.argv[1:]
    print(json.dumps(getattr(_Look(name, Path(where)), kind)()))
