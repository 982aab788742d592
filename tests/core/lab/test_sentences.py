"""The Lab's names and sentences: made from the numbers, and never against them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_gui.core.lab.histories import HistoryFound, up_to
from resnet_gui.core.lab.names import (
    dataset_names,
    display_names,
    first_shown,
    short_name,
    start_key,
    trained_alike,
)
from resnet_gui.core.lab.sentences import (
    best_epoch,
    curves_sentence,
    depth_in_plain_words,
    different_data_warning,
    gradients_sentence,
    main_gradients,
    percent,
    residual_ratios,
    residuals_sentence,
    start_sentence,
)
from resnet_gui.core.nets.registration import Kind
from resnet_gui.core.nets.registry import depth_of, kind_of
from resnet_gui.core.runs.events import LayerStatistics
from tests.helpers.histories import epoch, found, history, layers

_PERCENT = re.compile(r"(\d+\.\d)%")


def said(*items: HistoryFound) -> str:
    return curves_sentence(items, display_names(items))


# --- names ------------------------------------------------------------------------------------


def test_names_and_kinds() -> None:
    assert kind_of("cifar_resnet", {"kind": "highway"}) is Kind.HIGHWAY
    assert kind_of("cifar_resnet", {"kind": "from the future"}) is Kind.OTHER
    assert kind_of("plain_resnet", {"depth": 18}) is Kind.PLAIN
    assert kind_of("resnet50", {}) is Kind.RESIDUAL
    assert kind_of("efficientnet-lite0", {}) is Kind.OTHER
    assert [depth_of(name, {}) for name in ("resnet50", "resnext101_32x8d", "vgg")] == [50, 101, 0]
    assert depth_of("wide_resnet50_2", {}) == 50
    assert depth_of("cifar_resnet", {"depth": "deep"}) == 0
    assert short_name(history("residual", 56, 0.1)) == "ResNet-56"
    assert short_name(history("plain", 20, 0.1)) == "Plain-20"


def run(title: str, key: str, *, created: str = "", data: str = "/photos/a") -> HistoryFound:
    made = dataclasses.replace(history("residual", 20, 0.1), title=title, id=key)
    return HistoryFound(f"run:{key}", made, True, data, created)


def test_no_two_networks_are_called_the_same() -> None:
    """A run of the user's was called like the network that it trains, as were all of its kind."""
    bundled = found(history("residual", 20, 0.1))
    longer = found(dataclasses.replace(history("residual", 20, 0.1, epochs=9), id="longer"))
    fresh = HistoryFound(start_key("x"), history("residual", 20, 0.1), False, "")
    mine = run("My cats", "a"), run("Dogs", "b", created="2026-02-03T12:00:00+00:00")
    again = run("Dogs", "c", created="2026-02-04T12:00:00+00:00")
    undated = run("Dogs", "d")
    names = display_names([bundled, longer, fresh, *mine, again, undated])
    assert len(set(names.values())) == 7
    assert names[bundled.key] == "ResNet-20"
    assert names[longer.key] == "ResNet-20, 9 epochs"
    assert names[fresh.key] == "ResNet-20, untrained"
    assert names["run:a"] == "My cats"
    assert re.fullmatch(r"Dogs, 3 Feb \d\d:00", names["run:b"])
    assert re.fullmatch(r"Dogs, 4 Feb \d\d:00", names["run:c"])
    assert names["run:d"] == "Dogs, d"
    hostile = display_names([run("\u202e" + "x" * 9000, "h"), run("x" * 9000, "i" * 9000)])
    assert all(len(name) <= 110 and "\u202e" not in name for name in hostile.values())
    both = display_names([run("Same", "e"), run("Same, e", "f"), run("Same", "g")])
    assert len(set(both.values())) == 3


def test_photos_are_called_like_their_folder() -> None:
    items = [
        found(history("plain", 20, 0.1), data="cifar10"),
        run("a", "a", data="/data/datasets/cifar10"),
        run("b", "b", data="C:\\pictures\\Ten things\\"),
        run("c", "c", data="/one/photos"),
        run("d", "d", data="/two/photos"),
        run("e", "e", data=""),
    ]
    assert list(dataset_names(items).values()) == [
        "CIFAR-10",
        "CIFAR-10",
        "Ten things",
        "one/photos",
        "two/photos",
    ]
    assert different_data_warning(items[:2]) == ""
    assert different_data_warning([items[5]]) == ""
    warning = different_data_warning(items)
    assert "(CIFAR-10, Ten things, one/photos and 1 more)" in warning


def test_what_was_trained_alike_is_shown_first() -> None:
    def trained(name: str, kind: str, epochs: int, **recipe: object) -> HistoryFound:
        made = dataclasses.replace(history(kind, 20, 0.1), recipe={"epochs": epochs, **recipe})
        return HistoryFound(name, made, False, "cifar10")

    plain = trained("p", "plain", 20, model="cifar-plain20", device="cpu")
    like_it = trained("q", "residual", 20, model="cifar-resnet20", device="cuda:0")
    longer = trained("r", "residual", 60)
    assert trained_alike(plain, like_it)
    assert not trained_alike(plain, longer)
    items = [longer, plain, like_it]
    assert first_shown(items) == {"p", "q"}
    assert display_names(items)["q"] == "ResNet-20"
    assert first_shown([run("a", "a")]) == set()


# --- curves -----------------------------------------------------------------------------------


def four(plain: tuple[float, float], residual: tuple[float, float]) -> str:
    return said(
        found(history("plain", 20, plain[0])),
        found(history("plain", 56, plain[1])),
        found(history("residual", 20, residual[0])),
        found(history("residual", 56, residual[1])),
    )


def test_the_sentence_says_what_the_paper_found() -> None:
    assert four((0.089, 0.121), (0.080, 0.041)) == (
        "After the last epoch (6), Plain-56 has 87.9% training accuracy, Plain-20 91.1%: deeper is "
        "worse, already on the training images, so it is not overfitting. With shortcuts it is the "
        "other way round: ResNet-56 95.9% against ResNet-20 92.0%."
    )


def test_the_sentence_follows_the_data_the_other_way() -> None:
    assert four((0.121, 0.089), (0.041, 0.080)) == (
        "After the last epoch (6), Plain-56 has 91.1% training accuracy, Plain-20 87.9%: deeper is "
        "better. With shortcuts it is the other way round: ResNet-56 92.0% against ResNet-20 95.9%."
    )
    assert four((0.12, 0.09), (0.08, 0.04)).endswith(
        "With shortcuts, too, deeper is better: ResNet-56 96.0% against ResNet-20 92.0%."
    )
    assert "depth makes hardly a difference" in four((0.12, 0.1201), (0.08, 0.04))


def test_only_what_was_trained_alike_is_compared() -> None:
    plain = found(history("plain", 20, 0.1)), found(history("plain", 56, 0.2), own=True)
    assert said(*plain) == (
        "Plain-20: 88.0% validation accuracy in the last epoch (6), which is the best (training "
        "90.0%). “Plain-56 on pictures” on d: 78.0% validation accuracy in the last epoch (6), "
        "which is the best (training 80.0%)."
    )
    short = found(history("plain", 56, 0.2, epochs=4))
    assert said(plain[0], short).startswith("After 4 epochs, Plain-56 has 80.0%")
    twins = [plain[0], found(history("residual", 20, 0.04))]
    assert said(*twins) == (
        "After the last epoch (6), shortcuts raise the training accuracy at 20 layers: 96.0% with "
        "them, 90.0% without."
    )
    assert said() == ""


def test_a_run_of_the_user_is_told_beside_the_story() -> None:
    mine = run("My cats", "a", data="/pictures/cats")
    marked = [
        dataclasses.replace(done, best=done.epoch == 3, val_accuracy=0.9 - done.epoch / 100)
        for done in mine.history.epochs
    ]
    best_third = dataclasses.replace(mine.history, epochs=tuple(marked))
    items = [
        found(history("plain", 20, 0.1)),
        found(history("plain", 56, 0.2)),
        dataclasses.replace(mine, history=best_third, planned=9),
        run("Dogs", "b"),
    ]
    assert said(*items).endswith(
        "so it is not overfitting. “My cats” on cats: 87.0% validation accuracy in the best epoch "
        "(3), 84.0% in the last (6 of 9; training 90.0%). The figures of 1 more stand in the list."
    )
    low = [dataclasses.replace(done, val_loss=1.0 + (done.epoch != 3)) for done in marked]
    by_loss = dataclasses.replace(mine.history, epochs=tuple(low))
    assert "in the best epoch (3, for its lowest validation loss), 84.0%" in said(
        dataclasses.replace(mine, history=by_loss)
    ), "88.0% of the second epoch is in the chart, too"
    blind = dataclasses.replace(history("residual", 8, 0.5), epochs=(epoch(1, 1, 0.5, None),))
    assert said(found(blind)) == (
        "ResNet-8: 50.0% training accuracy in the last epoch (1), without validation."
    )


@st.composite
def curves(draw: Callable[..., object]) -> list[HistoryFound]:
    """Networks with any accuracies, lengths, owners, photos and recipes."""
    items = []
    shapes = [("plain", 20), ("plain", 56), ("residual", 20), ("residual", 56)]
    alike = bool(draw(st.booleans()))  # as the four that ship with the program
    if not alike:
        kinds, depths = st.sampled_from(["plain", "residual", "highway"]), st.sampled_from([20, 56])
        shapes = draw(st.lists(st.tuples(kinds, depths), min_size=1, max_size=6))  # type: ignore[assignment]
    for number, (kind, depth) in enumerate(shapes):
        base = history(kind, depth, 0.5, epochs=1)
        length = int(str(draw(st.integers(1, 3))))
        share = st.floats(0, 1)
        done = [
            dataclasses.replace(
                epoch(n, length, 1 - float(str(draw(share))), None),
                val_accuracy=draw(st.none() | share),
                best=draw(st.booleans()),
            )
            for n in range(1, length + 1)
        ]
        made = dataclasses.replace(
            base,
            id=f"n{number}",
            title=f"Run {'abcdef'[number]}",
            epochs=tuple(done),
            recipe={"lr": 0.1 if alike else draw(st.sampled_from([0.1, 0.2]))},
        )
        own = not alike and bool(draw(st.booleans()))
        data = "cifar10" if alike else str(draw(st.sampled_from(["cifar10", "/photos/dogs"])))
        items.append(HistoryFound(f"k{number}", made, own, data))
    return items


@settings(max_examples=80, deadline=None)
@given(curves())
def test_no_sentence_about_curves_contradicts_the_numbers(items: list[HistoryFound]) -> None:
    names = display_names(items)
    text = curves_sentence(items, names)
    figures = {
        percent(value)
        for item in items
        for done in item.history.epochs
        for value in (done.train_accuracy, done.val_accuracy)
        if value is not None
    }
    assert {f"{figure}%" for figure in _PERCENT.findall(text)} <= figures
    by_called = {f"“{name}”" if i.own else name: i for i in items for name in [names[i.key]]}

    def depth(name: str) -> int:
        item = by_called[re.sub(r" \(\d+ layers\)$", "", name)]
        return depth_of(item.history.architecture, item.history.options)

    verdicts = {"worse": -1, "better": 1, "hardly a difference": 0}
    first = re.search(
        r"(?:\)|epochs?), (.+?) has ([\d.]+)% training accuracy, (.+?) ([\d.]+)%: "
        r"(?:deeper is|depth makes) (worse|better|hardly a difference)",
        text,
    )
    signs = []
    if first:
        deep, high, shallow, low, verdict = first.groups()
        assert depth(deep) > depth(shallow)
        signs.append(verdicts[verdict])
        _agree(float(high), float(low), signs[0])
    second = re.search(
        r"With shortcuts(.*?): (?:after [^,]+, )?(?:.+?) ([\d.]+)% against (?:.+?) ([\d.]+)%", text
    )
    if second:
        how, high, low = second.groups()
        if "other way round" in how:
            sign = -signs[0]
            assert sign
        else:
            sign = next(value for word, value in verdicts.items() if word in how)
            assert (", too," in how) == (sign == signs[0])
        _agree(float(high), float(low), sign)
    twins = re.search(r"shortcuts (\w+) .*?: ([\d.]+)% with them, ([\d.]+)% without", text)
    if twins:
        verb, having, without = twins.groups()
        _agree(float(having), float(without), {"raise": 1, "lower": -1, "hardly": 0}[verb])
    for name, item in by_called.items():
        best, last = best_epoch(item.history), item.history.epochs[-1]
        assert best is not None
        told = re.search(
            rf"{re.escape(name)}(?: on [\w-]+)?: ([\d.]+)% validation accuracy in the best epoch "
            r"\((\d+)(?:, for its lowest validation loss)?\), ([\d.]+)% in the last "
            r"\((\d+); training ([\d.]+)%\)",
            text,
        )
        if told:
            assert best.val_accuracy is not None
            assert last.val_accuracy is not None
            assert told.groups() == (
                percent(best.val_accuracy)[:-1],
                str(best.epoch),
                percent(last.val_accuracy)[:-1],
                str(last.epoch),
                percent(last.train_accuracy)[:-1],
            )
        only = re.search(
            rf"{re.escape(name)}(?: on [\w-]+)?: ([\d.]+)% validation accuracy in the last epoch "
            r"\((\d+)\), which is the best",
            text,
        )
        if only:
            assert best is last
            assert only[2] == str(last.epoch)
    assert bool(different_data_warning(items)) == (len({item.data for item in items}) > 1)


def _agree(high: float, low: float, sign: int) -> None:
    """Two figures, rounded to tenths, and which of them is said to be larger."""
    if sign:
        assert (high - low) * sign > 0.04
    else:
        assert abs(high - low) < 0.26


# --- layers -----------------------------------------------------------------------------------


def test_gradients_in_words() -> None:
    plain = ("Plain-56", Kind.PLAIN, layers(56, 0, 1000.0, 1.4))
    residual = ("ResNet-56", Kind.RESIDUAL, layers(56, 0, 3.0, 0.4))
    assert gradients_sentence([residual, plain]) == (
        "In Plain-56 the first layer's gradient is 1,000 times that of the last convolution, in "
        "ResNet-56 3 times. Without shortcuts gradients grow on their way back to the image; with "
        "them they stay closer to one size."
    )
    vanishing = ("Plain-56", Kind.PLAIN, layers(56, 0, 0.001, 1.4))
    assert gradients_sentence([residual, vanishing]) == (
        "In Plain-56 the first layer's gradient is 1/1,000 times that of the last convolution, in "
        "ResNet-56 3 times. Without shortcuts gradients shrink on their way back to the image; "
        "with them they stay closer to one size."
    )
    assert "one size" not in gradients_sentence(
        [("ResNet-56", Kind.RESIDUAL, layers(56, 0, 900.0, 1.0)), plain]
    )
    assert gradients_sentence([]) == ""


def test_what_gradients_do_before_training_is_told_where_it_is_recorded() -> None:
    plain = found(history("plain", 56, 0.2, spans=(2000.0, 30.0, 1.5)))
    residual = found(history("residual", 56, 0.1, spans=(8.0, 3.0, 1.2)))
    items = [plain, residual, run("Mine", "a")]
    text = start_sentence(items, display_names(items))
    assert text == (
        "Before training, the first layer's gradient in Plain-56 is 2,000 times that of the last "
        "convolution, in ResNet-56 8 times: without shortcuts, gradients explode at the start, in "
        "spite of batch normalisation. After training it is 1.5 times and 1.2 times."
    )
    # Its twin stands beside it, not what was trained otherwise, whatever that does.
    other = dataclasses.replace(
        history("residual", 110, 0.1, spans=(40.0, 3.0, 1.2)), recipe={"epochs": 9}
    )
    more = [found(other), *items]
    assert start_sentence(more, display_names(more)) == text
    alike = [plain, found(history("residual", 56, 0.1, spans=(900.0,)))]
    assert start_sentence(alike, display_names(alike)) == ""
    untrained = [dataclasses.replace(item, planned=9) for item in items]
    assert start_sentence(untrained, display_names(items)) == ""


def test_what_depth_does_is_told_in_plain_words() -> None:
    items = [
        found(history("plain", 20, 0.1)),
        found(history("plain", 56, 0.2)),
        found(history("residual", 20, 0.08)),
        found(history("residual", 56, 0.05)),
    ]
    text = (
        "Of the photos that they learn from, plain networks get 90.0% right with 20 layers, but "
        "only 80.0% with 56. Residual networks get 92.0% right with 20 layers, and 95.0% with 56."
    )
    assert depth_in_plain_words(items) == text
    mine = [found(history(kind, depth, 0.5), own=True) for kind in ("plain", "residual")
            for depth in (20, 110)]  # fmt: skip
    assert depth_in_plain_words([*mine, *items]) == text, "what everybody has comes first"
    assert "with 110" in depth_in_plain_words(mine)
    assert depth_in_plain_words(items[:3]) == ""
    going_on = [dataclasses.replace(item, planned=9) for item in items]
    assert depth_in_plain_words(going_on) == ""


def test_a_history_up_to_an_epoch_is_one_that_goes_on() -> None:
    items = [found(history("plain", depth, 0.1, epochs=6)) for depth in (20, 56)]
    items = [up_to(item, 4) for item in items]
    assert [len(item.history.epochs) for item in items] == [4, 4]
    assert said(*items).startswith("After 4 epochs, Plain-56 has")
    assert up_to(items[0], 4) is items[0]
    single = up_to(found(history("residual", 20, 0.1), own=True), 3)
    assert "in the last epoch (3 of 6)" in said(single)


def test_residuals_in_words() -> None:
    small = ("ResNet-20", Kind.RESIDUAL, layers(20, 0, 1.0, 0.6))
    deep = ("ResNet-56", Kind.RESIDUAL, layers(56, 0, 1.0, 0.3))
    text = residuals_sentence([small, deep])
    assert "0.60 in ResNet-20, 0.30 in ResNet-56" in text
    assert text.endswith("the more blocks, the less each of them changes x.")
    other = ("ResNet-56", Kind.RESIDUAL, layers(56, 0, 1.0, 0.9))
    assert residuals_sentence([small, other]).endswith(
        "do not mean that each of them changes x less."
    )
    assert residuals_sentence([small]).endswith("0.60 in ResNet-20.")


_POWERS = st.floats(-5, 5).map(lambda power: 10.0**power)
_ODD = _POWERS | st.sampled_from([0.0, 1e300, float("nan")])
_NORMS = st.lists(_POWERS, min_size=3, max_size=5) | st.lists(_ODD, max_size=5)
_KINDS = st.sampled_from([Kind.PLAIN, Kind.RESIDUAL]) | st.sampled_from(list(Kind))


@st.composite
def statistics(draw: Callable[..., object]) -> list[tuple[str, Kind, LayerStatistics]]:
    found = []
    for number in range(int(str(draw(st.integers(0, 5))))):
        norms = dict(zip("abcdef", draw(_NORMS), strict=False))  # type: ignore[call-overload]
        ratios = dict(zip("abcdef", draw(_NORMS), strict=False))  # type: ignore[call-overload]
        kind = draw(_KINDS)
        found.append((f"N{number}", kind, LayerStatistics(0, norms, ratios)))
    return found  # type: ignore[return-value]


@settings(max_examples=80, deadline=None)
@given(statistics())
def test_no_sentence_about_layers_contradicts_the_numbers(
    items: list[tuple[str, Kind, LayerStatistics]],
) -> None:
    text = gradients_sentence(items)
    spans = {}
    for name, _, item in items:
        values = [value for _, value in main_gradients(item)][:-1]
        if len(values) > 1 and values[-1] > 0 and values[0] > 0:
            spans[name] = values[0] / values[-1]
    told = re.findall(
        r"[Ii]n (N\d)(?: the first layer's gradient is)? (1/)?([\d.,e+]+) times", text
    )
    sizes = []
    for name, over, number in told:
        value = float(number.replace(",", ""))
        value = 1 / value if over else value
        assert value == pytest.approx(spans[name], rel=0.06)
        sizes.append(max(spans[name], 1 / spans[name]))
    assert all(first >= second * 0.999 for first, second in pairwise(sizes))
    if "Without shortcuts" in text:
        kinds = {name: kind for name, kind, _ in items}
        plain = [spans[name] for name in spans if kinds[name] is Kind.PLAIN]
        worst = max(plain, key=lambda span: max(span, 1 / span))
        assert ("grow" in text) == (worst > 1)
        others = [spans[n] for n in spans if kinds[n] in (Kind.RESIDUAL, Kind.PREACTIVATION)]
        assert max(worst, 1 / worst) > max(max(span, 1 / span) for span in others)
    text = residuals_sentence(items)
    known = {name: sorted(v for _, v in residual_ratios(item)) for name, _, item in items}
    for number, name in re.findall(r"([\d.]+) in (N\d)", text):
        values = known[name]
        middle = (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
        assert float(number) == pytest.approx(middle, abs=0.006, rel=1e-9)
