"""Many photos: threads that read and ask keep order, memory, failures and ends as with one."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
import pytest

from resnet_gui.core.events import (
    ClassifyEvent,
    DeviceInfo,
    ImageFailed,
    ImageSource,
    Notice,
    Prediction,
)
from resnet_gui.core.inference import photo_inputs
from resnet_gui.core.inference.answers import LoadedModel
from resnet_gui.core.inference.backend import Backend, Crops, Pooling, Rows
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.features import FeaturesDone, extract_features
from resnet_gui.core.inference.photo_inputs import Gate, PhotoInput, PhotoStream, readers_for
from resnet_gui.core.zoo import Zoo
from tests.helpers.models import small_spec
from tests.helpers.pictures import encoded, gradient

SPEC = small_spec()


@dataclass
class Colours(Backend):
    """Answers with a photo's mean colours. What a folder gets answers in two threads at once.

    Attributes:
        asked: in which threads, one entry a photo.
        calls: how many photos each call took.
        takes_s: for each photo.
        many_fails: what its form for many raises.
    """

    name: str = "openvino"
    threads: int = 1
    many_threads: int = 2
    many_fails: Exception | None = None
    prepare_fails: Exception | None = None
    nan: bool = False
    asked: list[str] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    takes_s: float = 0.0
    precision: str = "fp32"
    device: DeviceInfo = DeviceInfo("cpu", "Colours")  # noqa: RUF009 - frozen

    def infer(self, crops: Crops) -> Rows:
        self.asked += [threading.current_thread().name] * len(crops)
        self.calls.append(len(crops))
        time.sleep(self.takes_s * len(crops))
        if self.threads > 1 and self.many_fails is not None:
            raise self.many_fails
        rows: Rows = crops.mean(axis=(1, 2), dtype=np.float32) / 32
        return rows * np.float32("nan") if self.nan and self.threads > 1 else rows

    def features(self, crops: Crops, pooling: Pooling = Pooling.AVG) -> Rows:
        return self.infer(crops)

    def for_many(self) -> Colours:
        if self.prepare_fails is not None:
            raise self.prepare_fails
        return Colours(
            self.name, self.many_threads, self.many_threads, self.many_fails, None, self.nan,
            self.asked, self.calls, self.takes_s,
        )  # fmt: skip


class Given(Classifier):
    """A classifier whose model is given."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(Zoo.standard())
        self.backend = backend

    def load(
        self, model_id: str, device: str = "auto", *, exact: bool = False, once: bool = False
    ) -> Generator[ClassifyEvent, None, LoadedModel]:
        yield Notice("loaded")
        return LoadedModel(SPEC, self.backend)


def photos(count: int) -> list[ImageSource]:
    data = [encoded(gradient(90, 70, seed=n), "JPEG") for n in range(7)]
    return [
        ImageSource(f"{n}", data[n % 7][:40] if n % 10 == 3 else data[n % 7]) for n in range(count)
    ]


def told(event: ClassifyEvent) -> tuple[object, ...]:
    if isinstance(event, Prediction):
        return event.position, event.path, event.scores, event.width, event.height
    assert isinstance(event, ImageFailed)
    return event.position, event.path, event.error_type, event.message


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are here."""
    monkeypatch.setattr(photo_inputs, "cores", lambda: 4)


def test_answers_and_their_order_are_those_of_one_thread() -> None:
    sources = photos(90)
    one, several = Colours(many_threads=1), Colours()
    alone = list(Given(one).classify(sources, "x"))[1:]
    together = list(Given(several).classify(sources, "x"))[1:]
    assert [event.position for event in together] == list(range(90))  # type: ignore[union-attr]
    assert list(map(told, together)) == list(map(told, alone))
    main = threading.current_thread().name
    assert set(one.asked) == {main}
    assert several.asked[0] == main  # the first answer waits for nothing
    assert len(set(several.asked)) >= 3
    assert len(several.asked) == len(one.asked) == 81
    assert several.asked.count(main) < 20


def test_features_go_the_same_way() -> None:
    backend = Colours()
    done = [
        event
        for event in extract_features(Given(backend), photos(60), "x")
        if isinstance(event, FeaturesDone)
    ]
    assert [event.position for event in done] == [n for n in range(60) if n % 10 != 3]
    assert all(event.features.shape == (3,) for event in done)
    assert len(set(backend.asked)) >= 3


@pytest.mark.parametrize("count", [1, 2, 12])
def test_for_a_few_photos_nothing_is_prepared(count: int) -> None:
    backend = Colours(prepare_fails=AssertionError("not for so few"))
    assert len(list(Given(backend).classify(photos(count), "x"))) == count + 1
    assert set(backend.asked) == {threading.current_thread().name}


@pytest.mark.parametrize(
    "backend",
    [
        Colours(many_fails=RuntimeError("no more requests")),
        Colours(prepare_fails=RuntimeError("cannot be compiled")),
        Colours(nan=True),
    ],
    ids=["asking", "preparing", "no numbers"],
)
def test_where_threads_cannot_ask_who_consumes_does(backend: Colours) -> None:
    sources = photos(60)
    expected = list(map(told, list(Given(Colours(many_threads=1)).classify(sources, "x"))[1:]))
    assert list(map(told, list(Given(backend).classify(sources, "x"))[1:])) == expected


def test_a_backend_that_fails_everywhere_ends_the_job() -> None:
    class Broken(Colours):
        def infer(self, crops: Crops) -> Rows:
            raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        list(Given(Broken(name="exact")).classify(photos(30), "x"))


def test_reading_is_exact_for_exact_and_fast_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    ways: list[bool] = []
    real = photo_inputs.read_crop

    def read_crop(*arguments: object, exact: bool) -> object:
        ways.append(exact)
        return real(*arguments, exact=exact)  # type: ignore[arg-type]

    monkeypatch.setattr(photo_inputs, "read_crop", read_crop)
    list(Given(Colours(name="exact", many_threads=1)).classify(photos(30), "x"))
    assert ways == [True] * 30
    ways.clear()
    list(Given(Colours()).classify(photos(30), "x"))
    assert ways == [False] * 30


def test_where_exact_takes_over_photos_are_read_anew() -> None:
    """A device fails in mid-folder: what was read ahead for it is not what exact must see."""

    class Failing(Colours):
        device = DeviceInfo("npu", "A chip")

        def infer(self, crops: Crops) -> Rows:
            if len(self.asked) > 5:
                raise RuntimeError("gone")
            return super().infer(crops)

    class Fallback(Given):
        exact = Colours(name="exact", many_threads=1)
        crops: list[Crops] = []  # noqa: RUF012

        def compute(self, model, crops, run):  # type: ignore[no-untyped-def]
            try:
                return model, run(model, crops)
            except RuntimeError:
                yield Notice("The CPU is used instead.")
                exact = LoadedModel(SPEC, self.exact)
                return exact, run(exact, crops)

    failing = Failing(many_threads=1)
    large = encoded(gradient(1100, 1030), "JPEG")
    sources = [ImageSource(f"{n}", large) for n in range(9)]
    got = list(Fallback(failing).classify(sources, "x"))[1:]
    answers = [event for event in got if isinstance(event, Prediction)]
    assert [event.position for event in answers] == list(range(9))
    exact = [
        event
        for event in Given(Colours(name="exact")).classify(sources, "x")
        if isinstance(event, Prediction)
    ]
    assert [event.scores for event in answers[7:]] == [event.scores for event in exact[7:]]
    assert [event.scores for event in answers[:6]] != [event.scores for event in exact[:6]]


def test_where_a_fast_model_takes_over_threads_ask_it() -> None:
    """Its conversion is ready in mid-folder."""

    class Faster(Given):
        fast = Colours()

        def compute(self, model, crops, run):  # type: ignore[no-untyped-def]
            yield from ()
            if model.exact and len(self.backend.asked) == 20:  # type: ignore[attr-defined]
                model = LoadedModel(SPEC, self.fast)
            return model, run(model, crops)

    sources = photos(120)
    exact = Colours(name="exact", many_threads=1)
    faster = Faster(exact)
    got = list(faster.classify(sources, "x"))[1:]
    assert [event.position for event in got] == list(range(120))  # type: ignore[union-attr]
    failed = [event.position for event in got if isinstance(event, ImageFailed)]
    assert failed == list(range(3, 120, 10))
    assert len(exact.asked) == 20
    assert len(faster.fast.asked) == 108 - 20
    assert len(set(faster.fast.asked)) >= 3


def test_only_a_few_photos_are_ahead() -> None:
    backend = Colours()
    events = Given(backend).classify(photos(500), "x")
    for event in events:
        if isinstance(event, Prediction) and event.position == 40:
            break
    deadline = threading.Event()
    deadline.wait(0.2)  # what can run ahead has
    threads = readers_for(backend.device, exact=False, many=True)
    assert len(backend.asked) < 40 + 4 * (threads + 2)
    events.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name.startswith("decode")]


def test_a_quick_network_is_asked_about_several_photos_at_once_a_slow_one_about_each() -> None:
    quick = Colours()
    list(Given(quick).classify(photos(100), "x"))
    assert max(quick.calls) == 4
    assert sum(quick.calls) == 90  # ten photos are damaged
    slow = Colours(takes_s=0.08)
    list(Given(slow).classify(photos(60), "x"))
    assert max(slow.calls) == 2, "one of four would take too long"
    slowest = Colours(takes_s=0.12)
    list(Given(slowest).classify(photos(30), "x"))
    assert set(slowest.calls) == {1}


def test_what_is_bad_among_several_leaves_the_others_their_places() -> None:
    sources = [photo for n, photo in enumerate(photos(67)) if n % 10 != 3]
    for place in (21, 22, 40, 59):
        sources[place] = ImageSource("bad.jpg", b"none")
    quick = Colours()
    events = list(Given(quick).classify(sources, "x"))[1:]
    assert [event.position for event in events] == list(range(60))  # type: ignore[union-attr]
    bad = [event.position for event in events if isinstance(event, ImageFailed)]
    assert bad == [21, 22, 40, 59]
    assert max(quick.calls) > 1
    assert sum(quick.calls) == 56


def test_threads_begin_nothing_while_somebody_waits_for_one_photo() -> None:
    asked: list[int] = []

    def ask(photos: Sequence[PhotoInput]) -> list[int]:
        time.sleep(0.002)
        asked.extend(photo.position for photo in photos)
        return [photo.position for photo in photos]

    gate = Gate()
    sources = [ImageSource(f"{n}", encoded(gradient(40, 40), "JPEG")) for n in range(200)]
    with ExitStack() as stack:
        stream: PhotoStream[int] = PhotoStream(
            sources, SPEC, stack, gate, exact=False, threads=2, ahead=150
        )
        stream.go_on(exact=False, threads=2, prepare=lambda: ask)
        items = iter(stream)
        while not asked:
            next(items)
        with gate.closed():
            time.sleep(0.1)  # what was begun ends
            before = len(asked)
            time.sleep(0.1)
            assert len(asked) == before < 100
        assert len(list(items)) > 100


def test_a_photo_dropped_meanwhile_does_not_wait_for_the_folder() -> None:
    """As in a lane: the folder's job takes no step while the other one does."""
    classifier = Given(Colours())
    folder = classifier.classify(photos(400), "x")
    for event in folder:
        if isinstance(event, Prediction) and event.position == 50:
            break
    (_, dropped) = classifier.classify(photos(1), "x")
    assert isinstance(dropped, Prediction)
    rest = list(folder)
    assert len(rest) == 349
