"""What a person could do with photos and models: one after the other, then all together."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.events import ImageFailed, ImageSource, Prediction
from resnet_gui.core.photos.decode import preview, upright_size
from tests.corpus.attack import MODEL, Attack, Together, all_files, done
from tests.corpus.attacks_home import Names, Runs, Settings
from tests.corpus.child import command, expect, lines_of, said
from tests.corpus.windows import Windows


class Images:
    """Photos: looked at, answered one by one, then all of them by the commands."""

    def __init__(self, folder: Path) -> None:
        from resnet_gui.core.inference.classifier import Classifier
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
        files = all_files(self._folder)
        plain = [str(path) for path in files if not _is_dir(path)]
        arguments = ("classify", "--model", MODEL, "--device", "cpu")

        def as_json() -> None:
            _, out, _ = command(*arguments, "--json", *plain)
            lines = lines_of(out)
            expect([line["path"] for line in lines] == plain, "not one line a file, in order")
            expect(all(line["predictions"] or line["error"] for line in lines), "no answer")

        def as_csv() -> None:
            few = plain[::8]
            _, out, _ = command(*arguments, "--csv", *few)
            rows = list(csv.reader(io.StringIO(out)))
            expect(len(rows) == 1 + len(few), f"{len(rows)} rows of {len(few)} files")
            expect({len(row) for row in rows} == {len(rows[0])}, "rows of different lengths")

        yield "classify --json", as_json
        yield "classify --csv", as_csv
        yield "classify", lambda: done(command(*arguments, *plain[::8]))
        some = [str(folder) for folder in sorted(self._folder.iterdir())[4::8]]
        yield "classify FOLDER", lambda: done(command(*arguments, "--json", *some))


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


class Models:
    """Model files: imported, and put into the folder of the user's models; those that the program
    takes must answer."""

    def __init__(self, folder: Path) -> None:
        from resnet_gui.core.inference.classifier import Classifier
        from resnet_gui.core.system.paths import sample_photos, user_models_dir
        from resnet_gui.core.zoo import Zoo
        from resnet_gui.core.zoo.storage.imports import Imported, import_weights

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
        files = all_files(self._folder)
        for number, path in enumerate(files):
            if path.suffix == ".safetensors":
                (self._models / f"m{number}.safetensors").symlink_to(path.absolute())

        def as_json() -> None:
            code, out, _ = command("models", "--json")
            expect(code == 0, f"exit code {code}")
            known = {Path(line["path"]).name for line in lines_of(out) if line["path"]}
            lost = [path.name for path in self._models.iterdir() if path.is_file()]
            lost = [name for name in lost if name not in known]
            expect(not lost, f"not listed: {lost[:5]}")

        yield "models --json", as_json
        yield "models", lambda: done(command("models"))
        yield "info", lambda: done(command("info", "--json"))
        yield "the window", lambda: Windows().open_one(work=True)
        yield "classify with the default", lambda: done(command("classify", self._photo.name))
        some = [str(path) for path in files[::40]]
        yield "import --json", lambda: done(lines_of(command("import", "--json", *some)[1]))
        yield "import", lambda: done(command("import", *some))


ATTACKS: dict[str, Callable[[Path], Attack]] = {
    "images": Images,
    "models": Models,
    "names": Names,
    "runs": Runs,
    "settings": Settings,
}
