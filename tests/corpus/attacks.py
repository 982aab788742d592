"""What a person could do with each kind of file: `one` file after the other, then all `together`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.history_sources import read_histories, run_history
from resnet_gui.core.imaging import preview, upright_size
from resnet_gui.core.runs import RUN_FILE, find_run, interrupted_runs, list_runs, rename_run
from resnet_gui.core.training.events import BatchDone, RunFailed
from resnet_gui.core.types import ImageFailed, ImageSource, Prediction
from tests.corpus.child import command, expect, lines_of, said

MODEL = "resnet20-cifar10"  # bundled; 32 pixels: the photos cost the time, not the network
Together = tuple[str, Callable[[], None]]


class Attack(Protocol):
    """The files of one kind."""

    def one(self, path: Path) -> str | None:
        """Use one file; returns a named error in words, or nothing. Raises what the program does."""
        ...

    def together(self) -> Iterator[Together]:
        """What is done with all files at once: its name, and the work."""
        ...


class Images:
    """Photos: looked at, answered one by one, then all of them by the commands."""

    def __init__(self, folder: Path) -> None:
        from resnet_gui.core.classifier import Classifier
        from resnet_gui.core.zoo import Zoo

        self._folder = folder
        self._classifier = Classifier(Zoo.standard())

    def one(self, path: Path) -> str | None:
        source = ImageSource.file(path)
        messages = []
        for look in (upright_size, lambda photo: preview(photo, 200)):
            try:
                look(source)
            except ResNetGuiError as error:
                messages.append(said(error))
        *_, answer = self._classifier.classify([source], MODEL, "cpu")
        if isinstance(answer, ImageFailed):
            return f"{answer.error_type}: {answer.message}"
        expect(isinstance(answer, Prediction), f"no answer but {answer!r}")
        # What is answered can be looked at.
        return f"{messages[0]} (though it was answered)" if messages else None

    def together(self) -> Iterator[Together]:
        files = sorted(path for place in self._folder.iterdir() for path in place.iterdir())
        plain = [str(path) for path in files if not _is_dir(path)]
        arguments = ("classify", "--model", MODEL, "--device", "cpu")

        def as_json() -> None:
            _, out, _ = command(*arguments, "--json", *plain)
            lines = lines_of(out)
            expect([line["path"] for line in lines] == plain, "not one line a file, in order")
            expect(all(line["predictions"] or line["error"] for line in lines), "no answer")

        def as_csv() -> None:
            some = plain[::8]
            _, out, _ = command(*arguments, "--csv", *some)
            rows = list(csv.reader(io.StringIO(out)))
            expect(len(rows) == 1 + len(some), f"{len(rows)} rows of {len(some)} files")
            expect({len(row) for row in rows} == {len(rows[0])}, "rows of different lengths")

        yield "classify --json", as_json
        yield "classify --csv", as_csv
        yield "classify", lambda: _done(command(*arguments, *plain[::8]))
        yield "classify FOLDER", lambda: _done(command(*arguments, "--json", str(self._folder)))


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _done(_result: object) -> None:
    """`command` has checked it."""


class Models:
    """Model files: imported, and put into the folder of the user's models; those that the program
    takes must answer."""

    def __init__(self, folder: Path) -> None:
        from resnet_gui.core.classifier import Classifier
        from resnet_gui.core.paths import sample_photos, user_models_dir
        from resnet_gui.core.zoo import Zoo
        from resnet_gui.core.zoo.import_weights import Imported, import_weights

        self._folder = folder
        self._models = user_models_dir()
        self._models.mkdir(parents=True, exist_ok=True)
        self._photo = ImageSource.file(sample_photos()[0])
        self._classifier, self._zoo = Classifier(Zoo.standard()), Zoo.standard()
        self._import = import_weights
        self._imported = Imported

    def one(self, path: Path) -> str | None:
        messages = [self._dropped(path)]
        if path.suffix.lower() == ".safetensors":
            messages.append(self._found(path))
        return next((message for message in messages if message), None)

    def _dropped(self, path: Path) -> str | None:
        try:
            events = list(self._import(path))
        except ResNetGuiError as error:
            return said(error)
        taken = [event for event in events if isinstance(event, self._imported)]
        expect(bool(taken), "no error, and no model")
        try:
            for event in taken:
                # Who says that a model was taken in has tried it.
                self._answers(event.spec.id)
        finally:
            for event in taken:
                if event.path.parent == self._models:
                    event.path.unlink()
                self._classifier.forget(event.spec.id)
        return None

    def _found(self, path: Path) -> str | None:
        """The file as a person put it into the folder by hand."""
        place = self._models / "found.safetensors"
        place.symlink_to(path.absolute())
        try:
            entries = [entry for entry in self._zoo.entries() if entry.weights_path == place]
            if not entries:
                expect(not path.is_file(), "it is not listed")
                return None
            json.dumps(entries[0].to_json(), allow_nan=False)
            if entries[0].problem:
                return f"problem: {entries[0].problem}"
            try:
                self._answers(entries[0].spec.id)
            except ResNetGuiError as error:
                return said(error)
            return None
        finally:
            place.unlink()
            self._classifier.forget("found")

    def _answers(self, model_id: str) -> None:
        *_, answer = self._classifier.classify([self._photo], model_id, "cpu")
        expect(isinstance(answer, Prediction), f"no answer but {answer!r}")
        json.dumps(answer.to_json(), allow_nan=False)

    def together(self) -> Iterator[Together]:
        files = sorted(path for place in self._folder.iterdir() for path in place.iterdir())
        for number, path in enumerate(files):
            if path.suffix == ".safetensors":
                (self._models / f"m{number}.safetensors").symlink_to(path.absolute())

        def as_json() -> None:
            code, out, _ = command("models", "--json")
            expect(code == 0, f"exit code {code}")
            known = {line["id"] for line in lines_of(out)}
            lost = [path.stem for path in self._models.iterdir() if path.is_file()]
            lost = [name for name in lost if name not in known]
            expect(not lost, f"not listed: {lost[:5]}")

        yield "models --json", as_json
        yield "models", lambda: _done(command("models"))
        yield "info", lambda: _done(command("info", "--json"))
        yield "classify with the default", lambda: _done(command("classify", self._photo.name))
        some = [str(path) for path in files[::40]]
        yield "import --json", lambda: _done(lines_of(command("import", "--json", *some)[1]))
        yield "import", lambda: _done(command("import", *some))


class Runs:
    """Runs: listed, read, renamed and gone on with."""

    def __init__(self, folder: Path) -> None:
        from resnet_gui.core.runs import runs_dir
        from resnet_gui.core.training.api import resume

        self._folder, self._runs, self._resume = folder, runs_dir(), resume
        self._empty = folder.parent / "nothing"
        self._models = folder.parent / "models"
        for made in (self._runs, self._empty, self._models):
            made.mkdir(parents=True, exist_ok=True)

    def one(self, path: Path) -> str | None:
        """Listing must go well whatever the run is; then each step in which the program reads it."""
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
        run_history(path)
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
        yield "runs", lambda: _done(command("runs"))
        for path in sorted(self._runs.iterdir())[::40]:
            # Up to the first batch is tried above; here only what stops before.
            yield f"resume {path.name}", lambda path=path: self._said_no(path)

    def _said_no(self, path: Path) -> None:
        """`resume` of the command line with a device that is not here: all checks, no training."""
        command("resume", str(path), "--device", "cuda:77", "--json")


ATTACKS: dict[str, Callable[[Path], Any]] = {"images": Images, "models": Models, "runs": Runs}
