"""What a person could do with what lies in the program's own folders, and with odd names."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.events import ImageSource, Prediction
from resnet_gui.core.http.settings import (
    HttpSettings,
    http_settings_path,
    load_http_settings,
    save_http_settings,
)
from resnet_gui.core.lab.histories import read_histories, read_run
from resnet_gui.core.runs.events import BatchDone, RunFailed
from resnet_gui.core.runs.listing import RUN_FILE, find_run, interrupted_runs, list_runs, rename_run
from resnet_gui.core.system import settings as stored
from resnet_gui.core.zoo.storage.store import load_speeds, record_speed, speeds_path
from tests.corpus.attack import MODEL, Together, done
from tests.corpus.child import command, expect, lines_of, said
from tests.corpus.windows import Windows


class Runs:
    """Runs: listed, read, renamed and gone on with."""

    def __init__(self, folder: Path) -> None:
        from resnet_gui.core.runs.listing import runs_dir
        from resnet_gui.core.training.api import resume

        self._folder, self._runs, self._resume = folder, runs_dir(), resume
        self._empty = folder.parent / "nothing"
        self._models = folder.parent / "models"
        for made in (self._runs, self._empty, self._models):
            made.mkdir(parents=True, exist_ok=True)

    def one(self, path: Path) -> str | None:
        """Listing must go well whatever the run is; then each step in which it is read."""
        found = list_runs(path.parent)
        there = (path / RUN_FILE).is_file()
        expect(len(found) == there or not there, f"{len(found)} runs are listed")
        for info in found:
            json.dumps(info.to_json(), allow_nan=False)
        interrupted_runs(path.parent)
        list(read_histories(self._empty, path.parent))
        messages = []
        for step in (self._read, lambda p: rename_run(p, "Another title"), self._go_on):
            try:
                step(path)
            except ResNetGuiError as error:
                messages.append(said(error))
        return messages[0] if messages else None

    def _read(self, path: Path) -> None:
        run = find_run(str(path))
        list(read_run(path))
        run.metrics()
        run.layers()
        _ = run.config
        run.split()

    def _go_on(self, path: Path) -> None:
        """Resume, up to the first batch that is trained."""
        steps = 0

        def stop() -> bool:
            return steps > 2

        for event in self._resume(path, models=self._models, stop=stop):
            json.dumps(event.to_json(), allow_nan=False)
            steps += isinstance(event, BatchDone)
            if isinstance(event, RunFailed):
                expect("internal" not in event.message.lower(), event.message)

    def together(self) -> Iterator[Together]:
        for place in sorted(self._folder.iterdir()):
            for path in place.iterdir():
                path.rename(self._runs / f"{place.name}-{path.name}")

        def as_json() -> None:
            code, out, _ = command("runs", "--json")
            expect(code == 0, f"exit code {code}")
            known = {line["name"] for line in lines_of(out)}
            lost = [path.name for path in self._runs.iterdir() if (path / RUN_FILE).is_file()]
            lost = [name for name in lost if name not in known]
            expect(not lost, f"not listed: {lost[:5]}")

        yield "runs --json", as_json
        yield "runs", lambda: done(command("runs"))
        yield "the window", lambda: Windows().open_one(work=True)
        for path in sorted(self._runs.iterdir())[::40]:
            # Up to the first batch is tried above; here only what stops before.
            yield f"resume {path.name}", lambda path=path: self._said_no(path)

    def _said_no(self, path: Path) -> None:
        """`resume` of the command line with a device that is not here: all checks, no training."""
        command("resume", str(path), "--device", "cuda:77", "--json")


class Settings:
    """Settings, network settings and speeds: read, written again, and the window opened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._windows = Windows()
        self._places = {
            "settings.json": stored.settings_path(),
            "network.json": http_settings_path(),
            "speeds.json": speeds_path(),
        }

    def one(self, path: Path) -> str | None:
        place = self._places[path.name]
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
        try:
            self._read()
            if place.name == "settings.json":
                self._windows.open_one()
            return self._written(place.name)
        finally:
            for left in place.parent.glob(f"{place.name}*"):
                if left.is_dir() and not left.is_symlink():
                    shutil.rmtree(left)
                else:
                    left.unlink()

    def _read(self) -> None:
        settings, network = stored.load_settings(), load_http_settings()
        standard = stored.Settings()
        for field in fields(stored.Settings):
            value, usual = getattr(settings, field.name), getattr(standard, field.name)
            expect(type(value) is type(usual), f"{field.name} is {value!r}")
        expect(isinstance(network.offline, bool), f"offline is {network.offline!r}")
        with contextlib.suppress(ResNetGuiError):
            network.effective_mirror()
        network.weights_dir()
        for speed in load_speeds().values():
            json.dumps(speed.ms_per_photo, allow_nan=False)

    def _written(self, name: str) -> str | None:
        """What was read can be stored, and is what is read next."""
        try:
            if name == "settings.json":
                settings = stored.load_settings()
                stored.save_settings(settings)
                expect(stored.load_settings() == settings, "stored otherwise than it was")
            elif name == "network.json":
                save_http_settings(HttpSettings(offline=True))
                expect(load_http_settings().offline, "the network settings are not kept")
            else:
                record_speed(MODEL, "cpu", [1.0, 2.0])
        except ResNetGuiError as error:
            return said(error)
        except OSError as error:  # of the speeds, as it promises
            if name != "speeds.json":
                raise
            return f"OSError: {error.strerror}"
        return None

    def together(self) -> Iterator[Together]:
        yield "info", lambda: done(command("info", "--json"))
        yield "models", lambda: done(lines_of(command("models", "--json")[1]))


class Names:
    """Photos, class folders, models and runs with odd names, alone and all in one folder."""

    def __init__(self, folder: Path) -> None:
        from resnet_gui.core.inference.classifier import Classifier
        from resnet_gui.core.runs.listing import runs_dir
        from resnet_gui.core.system.paths import user_models_dir
        from resnet_gui.core.zoo import Zoo

        self._folder, self._flat = folder, folder.parent / "flat"
        self._photos, self._data = self._flat / "photos", self._flat / "data"
        self._models, self._runs = user_models_dir(), runs_dir()
        for made in (self._photos, self._data, self._models, self._runs):
            made.mkdir(parents=True, exist_ok=True)
        self._classifier = Classifier(Zoo.standard())

    def one(self, path: Path) -> str | None:
        """Use it where it is, then put it among the others, for the end."""
        try:
            if path.is_file() and path.suffix == ".jpg":
                *_, answer = self._classifier.classify([ImageSource.file(path)], MODEL, "cpu")
                expect(isinstance(answer, Prediction), f"no answer but {answer!r}")
                place = self._photos
            elif path.is_file():
                self._imported(path)
                place = self._models
            elif (path / RUN_FILE).exists():
                found = list_runs(path.parent)  # hidden ones are what a killed process began
                expect(len(found) == (not path.name.startswith(".")), f"{found} is listed")
                json.dumps([info.to_json() for info in found])
                rename_run(path, path.name.strip() or "x")
                place = self._runs
            else:
                from resnet_gui.core.dataset import scan_dataset

                *_, scanned = scan_dataset(path.parent)
                json.dumps(scanned.to_json())
                place = self._data
        except ResNetGuiError as error:
            return said(error)
        if not os.path.lexists(place / path.name):
            path.rename(place / path.name)
        return None

    def _imported(self, path: Path) -> None:
        from resnet_gui.core.zoo.storage.imports import Imported, import_weights

        for event in import_weights(path):
            if isinstance(event, Imported):
                json.dumps(event.to_json())
                *_, answer = self._classifier.classify(
                    [ImageSource.file(sample())], event.spec.id, "cpu"
                )
                expect(isinstance(answer, Prediction), f"no answer but {answer!r}")
                event.path.unlink()
                self._classifier.forget(event.spec.id)

    def together(self) -> Iterator[Together]:
        photos = sorted(path.name for path in self._photos.iterdir())
        arguments = ("classify", "--model", MODEL, "--device", "cpu")

        def relative(*more: str) -> tuple[int, str, str]:
            """With names that begin with a dash or an equals sign, as in a shell's `*`."""
            with contextlib.chdir(self._photos):
                return command(*arguments, *more, "--", *photos)

        def as_json() -> None:
            code, out, _ = relative("--json")
            expect(code == 0, f"exit code {code}")
            found = [line["path"] for line in lines_of(out)]
            expect(found == photos, f"other names: {set(photos) ^ set(found)}")

        def as_csv() -> None:
            _, out, _ = relative("--csv")
            out.encode("utf-8")
            rows = list(csv.reader(io.StringIO(out, newline="")))
            expect(len(rows) == 1 + len(photos), f"{len(rows)} rows of {len(photos)} photos")
            bad = [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r")]
            expect(not bad, f"formulas: {bad[:5]}")

        yield "classify --json", as_json
        yield "classify --csv", as_csv
        yield "classify", lambda: done(relative())
        yield "classify FOLDER", lambda: done(command(*arguments, str(self._photos)))
        yield "models", lambda: done(command("models"))
        yield "models --json", lambda: done(lines_of(command("models", "--json")[1]))
        yield "runs", lambda: done(command("runs"))
        yield "runs --json", lambda: done(lines_of(command("runs", "--json")[1]))
        yield from self._trained()
        yield "the window", lambda: Windows().open_one(work=True)

    def _trained(self) -> Iterator[Together]:
        data, made = str(self._data), list[str]()

        def train() -> None:
            arguments = ("--model", MODEL, "--method", "head", "--epochs", "1", "--device", "cpu")
            code, out, err = command("train", data, *arguments, "--json")
            events = lines_of(out)
            expect(code == 0, f"exit code {code}: {err}")
            made.append(Path(events[-1]["model_path"]).stem)

        yield "train", train
        yield "evaluate", lambda: done(command("evaluate", made[0], data, "--part", "all"))
        yield "evaluate --json", lambda: done(lines_of(
            command("evaluate", made[0], data, "--part", "all", "--json")[1]))  # fmt: skip
        photo = str(sample())
        yield "odd labels", lambda: done(command("classify", "--model", made[0], photo))
        yield "odd labels --csv", lambda: done(
            command("classify", "--model", made[0], "--csv", photo)
        )  # fmt: skip


def sample() -> Path:
    """A photo that comes with the program."""
    from resnet_gui.core.system.paths import sample_photos

    return sample_photos()[0]
