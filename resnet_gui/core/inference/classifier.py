"""Photos in, predictions out: the one engine behind the window and the command line.

A job is a plain generator. It reads photos one after the other (the next ones are decoded in a
second thread while the network runs), so memory stays flat however many there are.
"""

from __future__ import annotations

import functools
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import numpy as np

from resnet_gui.core.errors import DeviceError, ModelFileError, OutOfMemoryError
from resnet_gui.core.events import (
    ClassifyEvent,
    DeviceInfo,
    ImageFailed,
    ImageSource,
    ModelLoading,
    ModelReady,
    Notice,
)
from resnet_gui.core.inference.answers import (
    Answer,
    LoadedModel,
    Run,
    as_exact,
    asking_for_many,
    checked,
    prediction,
)
from resnet_gui.core.inference.backend import EXACT, BackendForm, Crops, Rows
from resnet_gui.core.inference.devices_in_use import DevicesInUse
from resnet_gui.core.inference.faster_forms import FasterForms
from resnet_gui.core.inference.looking import look_wanted, looking
from resnet_gui.core.inference.model_key import Wanted, model_key, model_stamp
from resnet_gui.core.inference.open_backend import expected_backend, open_backend, open_exact
from resnet_gui.core.inference.photo_inputs import (
    Gate,
    PhotoInput,
    PhotoStream,
    batch_size_for,
    readers_for,
)
from resnet_gui.core.looks import ONCE
from resnet_gui.core.system.find_device import find_device
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.system.settings import eight_bits_wanted, exact_wanted
from resnet_gui.core.zoo.catalogue import Zoo
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec

_MODELS_IN_MEMORY = 2
_MANY = 16  # photos for which it pays to prepare a backend for many (0.1 s from the disk)


class Classifier:
    """Keeps the models used last and classifies photos with them.

    One thread at a time may use it (a lane does); its methods are generators, so that the
    thread can turn to something more urgent between two photos.

    Attributes:
        zoo: where models come from.

    Args of the constructor:
        models_in_memory: how many are kept; the one used longest ago goes first.
        find_device: from a setting ("auto", "cuda:1") to a device; DeviceError if it is not here.
        wants_exact: whether only the exact backend may answer; asked at each load.
        wants_eight_bits: whether a form of 8 bits may; asked at each load.
        look: in which of `core.looks.LOOKS` it looks at each photo; asked at each load.
    """

    def __init__(
        self,
        zoo: Zoo,
        models_in_memory: int = _MODELS_IN_MEMORY,
        find_device: Callable[[str], DeviceInfo] = find_device,
        wants_exact: Callable[[], bool] = exact_wanted,
        look: Callable[[], str] = look_wanted,
        wants_eight_bits: Callable[[], bool] = eight_bits_wanted,
    ) -> None:
        self.zoo = zoo
        self._capacity = max(1, models_in_memory)
        self._devices = DevicesInUse(find_device)
        self._wants_exact = wants_exact
        self._look = look
        self._wants_eight_bits = wants_eight_bits
        self._loaded: OrderedDict[tuple[Any, ...], LoadedModel] = OrderedDict()
        self._entries: dict[str, ModelEntry] = {}  # by the id that was asked for
        self._forms = FasterForms(self._loaded, self._entries)
        self._gate = Gate()

    def load(
        self, model_id: str, device: str = "auto", *, exact: bool = False, once: bool = False
    ) -> Generator[ClassifyEvent, None, LoadedModel]:
        """Bring a model into memory; returns (through the generator) the `LoadedModel`.

        A device that is missing or fails is replaced by the CPU, with a Notice.

        Args:
            exact: whether only the exact backend will do; else that is as the settings say.
            once: whether it looks at each photo once, whatever the settings say.

        Yields:
            ModelLoading, Notice, ModelReady. Nothing but ModelReady if it is there already.

        Raises:
            ModelError: unknown, not here, damaged.
        """
        return (yield from self._load(model_id, device, exact, once))

    def classify(
        self,
        sources: Sequence[ImageSource],
        model_id: str,
        device: str = "auto",
        top_k: int = 5,
    ) -> Iterator[ClassifyEvent]:
        """Classify photos in order.

        Yields:
            what `load` yields, then per source one Prediction or one ImageFailed.

        Raises:
            ModelError: the model cannot be used. A bad photo raises nothing.
        """
        with closing(self.ask(sources, model_id, device, LoadedModel.answers)) as events:
            for event in events:
                yield prediction(event, sources, top_k) if isinstance(event, Answer) else event

    def ask(
        self,
        sources: Sequence[ImageSource],
        model_id: str,
        device: str,
        run: Run,
        *,
        exact: bool = False,
        once: bool = False,
        whole: int = 0,
    ) -> Generator[ClassifyEvent | Answer, None, None]:
        """Ask a model about photos in order. Of many, reading and answering overlap: where the
        backend gains by it, several threads each read photos and have them answered.

        Args:
            run: what is asked; it may be called by several threads at once.
            exact, once: as in `load`.
            whole: how many photos a person waits for, if these are the first of them.

        Yields:
            what `load` yields, then per source one Answer or one ImageFailed.

        Raises:
            ModelError: the model cannot be used. A bad photo raises nothing.
        """
        model = yield from self.load(model_id, device, exact=exact, once=once)
        asking: LoadedModel | None = None
        guard = self._forms.guard(model, whole := max(whole, len(sources)))
        with ExitStack() as stack:
            stream: PhotoStream[Answer] = PhotoStream(
                sources,
                model.spec,
                stack,
                self._gate,
                exact=model.exact,
                threads=readers_for(model.device, exact=model.exact),
                ahead=batch_size_for(model.device) + 1,
            )
            waiting: list[PhotoInput | ImageFailed | Answer] = []
            size = 1  # the first photo goes alone, so that its answer does not wait for the others
            for number, item in enumerate(stream, 1):
                waiting.append(as_exact(item, sources, model))
                photos = sum(isinstance(item, PhotoInput) for item in waiting)
                # Bad photos wait in line too: answers come in the order of the sources.
                if photos not in (0, size) and number < len(sources):
                    continue
                model = asked = self._forms.newest(model)
                if model.backend.made not in ("", guard.made):  # it became ready meanwhile
                    guard = self._forms.guard(model, whole)
                    if not guard.done:  # photos that it compares are not answered elsewhere
                        stream.go_on(
                            exact=model.exact, threads=readers_for(model.device, exact=model.exact)
                        )
                if photos and not guard.done:
                    model, asked = self._forms.guarded(model, guard, waiting)
                yield from self._notices()
                answering = yield from self._answer(asked, waiting, run)
                model = model if answering is asked else answering
                waiting = []
                size = batch_size_for(model.device) if photos else size
                # The first answer, or another model goes on.
                if (photos or asking) and guard.done and asking is not model:
                    asking = model
                    self._forms.begin_eight_bits(model, sources)
                    many = len(sources) - number >= _MANY
                    stream.go_on(
                        exact=model.exact,
                        threads=readers_for(model.device, exact=model.exact, many=many),
                        prepare=functools.partial(asking_for_many, model, run) if many else None,
                    )

    def expected(
        self, model_id: str, device: str = "auto", *, exact: bool = False
    ) -> tuple[ModelEntry, BackendForm]:
        """Who would answer now, without bringing anything into memory.

        Raises:
            ModelError: as `load`.
        """
        entry = self._entry(model_id)
        wanted = self._wanted(self._devices.device(device)[0], exact)
        key = model_key(entry, wanted)
        if key in self._loaded:
            return entry, self._forms.faster(key, entry).form
        form = self._forms.unless_withdrawn(
            lambda in_8_bits: expected_backend(
                entry, wanted.device, exact=wanted.exact, eight_bits=in_8_bits
            ),
            wanted.eight_bits,
        )
        return entry, form

    def learn_from(
        self,
        sources: Sequence[ImageSource],
        model_id: str,
        device: str = "auto",
        *,
        exact: bool = False,
    ) -> Iterator[Notice]:
        """Have a form of 8 bits made from a job's photos, if one is wanted and not there. `ask`
        does that of what it is asked about; this is for those whose answers are kept.

        Yields:
            why there is none and will be none, once.

        Raises:
            ModelError: as `load`.
        """
        if self._wanted(self._devices.device(device)[0], exact).eight_bits:
            entry, form = self.expected(model_id, device, exact=exact)
            self._forms.begin_eight_bits_of(entry, form, sources)
            yield from self._notices()

    def weights_of(self, spec: ModelSpec) -> Path | None:
        """The file that a model in memory was read from; None: it has changed since, or the model
        has no file of its own or is not in memory."""
        entry = self._entries.get(spec.id)
        if entry is None or entry.members or entry.weights_path is None:
            return None
        with suppress(ModelFileError):
            stamp = model_stamp(entry)
            if any(m.spec is spec and key[:-1] == stamp for key, m in self._loaded.items()):
                return entry.weights_path
        return None

    def forget(self, model_id: str) -> None:
        """Drop a model from memory (its file was removed or replaced)."""
        for key, model in list(self._loaded.items()):
            if model_id in (model.spec.id, *model.spec.members):
                del self._loaded[key]

    def _entry(self, model_id: str, once: bool = False) -> ModelEntry:
        """The model's entry, as it looks at photos now. The zoo lists all its folders: it is asked
        once per load, not for each photo that is dropped.

        Raises:
            ModelError: unknown, not here, damaged.
        """
        known, look = self._entries.get(model_id), ONCE if once else self._look()
        if known is not None:
            known = looking(known, look)
            with suppress(ModelFileError):  # its file is gone: the zoo knows what that means
                stamp = model_stamp(known)
                if any(key[:-1] == stamp for key in self._loaded):
                    self._entries[model_id] = known
                    return known
        self._entries[model_id] = entry = looking(self.zoo.ready(model_id), look)
        return entry

    def _load(
        self, model_id: str, device: str, exact: bool = False, once: bool = False
    ) -> Generator[ClassifyEvent, None, LoadedModel]:
        entry = self._entry(model_id, once)
        info, missing = self._devices.device(device)
        if missing:
            yield Notice(missing)
        wanted = self._wanted(info, exact)
        key = model_key(entry, wanted)
        started = time.perf_counter()
        if key in self._loaded:
            self._loaded.move_to_end(key)
            self._forms.faster(key, entry)
        else:
            yield ModelLoading(entry.spec.id, entry.spec.title, first=not self._loaded)
            # Space first: two big models at a time are enough, also while a third one loads.
            while len(self._loaded) >= self._capacity:
                self._loaded.popitem(last=False)
            try:
                model = self._opened(entry, wanted)
            except RuntimeError as error:
                if info.kind == "cpu":
                    raise
                yield self._devices.failed(info, error)
                wanted = self._wanted(cpu(), exact)
                key = model_key(entry, wanted)
                model = self._opened(entry, wanted)
            self._loaded[key] = model
        yield from self._notices()
        model = self._loaded[key]
        seconds = time.perf_counter() - started
        info = model.device
        yield ModelReady(entry.spec.id, entry.spec.title, info.name, info.kind, seconds)
        return model

    def _opened(self, entry: ModelEntry, wanted: Wanted) -> LoadedModel:
        """Raises as `open_backend`."""
        backend = self._forms.unless_withdrawn(
            lambda in_8_bits: open_backend(
                entry, wanted.device, exact=wanted.exact, eight_bits=in_8_bits,
                notify=self._forms.said.append,
            ),
            wanted.eight_bits,
        )  # fmt: skip
        return LoadedModel(entry.spec, backend)

    def _answer(
        self,
        model: LoadedModel,
        waiting: Sequence[PhotoInput | ImageFailed | Answer],
        run: Run,
    ) -> Generator[ClassifyEvent | Answer, None, LoadedModel]:
        """Yields one Answer per photo and the failures between them, in order; returns the model
        to go on with."""
        batch = [item for item in waiting if isinstance(item, PhotoInput)]
        answers: Iterator[Answer] = iter(())
        if batch:
            started = time.perf_counter()
            crops = np.stack([photo.crop for photo in batch])
            model, rows = yield from self.compute(model, crops, run)
            each_ms = (time.perf_counter() - started) * 1000 / len(batch)
            answers = (Answer(model, p, row, each_ms) for p, row in zip(batch, rows, strict=True))
        for item in waiting:
            yield next(answers) if isinstance(item, PhotoInput) else item
        return model

    def compute(
        self, model: LoadedModel, crops: Crops, run: Run
    ) -> Generator[ClassifyEvent, None, tuple[LoadedModel, Rows]]:
        """Let a model answer to a batch; where its device fails, the CPU does, exactly.

        Yields:
            Notice and ModelReady, if something failed.

        Returns:
            the model to go on with, and what `run` gave.

        Raises:
            ModelError: the answers are no numbers on the CPU, too.
        """
        key, _ = self._forms.known(model)
        try:
            with self._gate.closed():
                rows = checked(model, run(model, crops))
        except (RuntimeError, NotImplementedError, DeviceError, OutOfMemoryError) as error:
            # NotImplementedError: operators that MPS lacks.
            if model.backend.name == EXACT and model.device.kind == "cpu":
                raise
            if key is not None:
                self._loaded.pop(key, None)
            loading = time.perf_counter()
            entry = looking(self.zoo.ready(model.spec.id), model.spec.views)
            on_cpu = LoadedModel(entry.spec, open_exact(entry, cpu()))
            seconds = time.perf_counter() - loading
            # Before the device is blamed: the model itself may be what is broken.
            rows = checked(on_cpu, run(on_cpu, crops))
            yield self._devices.failed(model.device, error)
            wanted = self._wanted(on_cpu.device, bool(key and key[-1].exact))
            self._loaded[model_key(entry, wanted)] = on_cpu
            device = on_cpu.device
            yield ModelReady(entry.spec.id, entry.spec.title, device.name, device.kind, seconds)
            return on_cpu, rows
        self._forms.begin(model)
        return model, rows

    def _wanted(self, device: DeviceInfo, exact: bool) -> Wanted:
        exact = exact or self._wants_exact()
        in_8_bits = not exact and device.kind == "cpu" and self._wants_eight_bits()
        return Wanted(device, exact, in_8_bits)

    def _notices(self) -> list[Notice]:
        said, self._forms.said[:] = list(map(Notice, self._forms.said)), []
        return said
