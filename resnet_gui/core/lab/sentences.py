"""What a history is called and what several of them say side by side, in words that are computed
from their numbers. No torch here."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence

from resnet_gui.core.lab.histories import HistoryFound
from resnet_gui.core.nets.registration import Kind
from resnet_gui.core.nets.registry import depth_of, find_architecture, kind_of
from resnet_gui.core.runs.events import LayerStatistics
from resnet_gui.core.runs.history import TrainingHistory

_SAME_POINTS = 0.0015  # differences below 0.15 % of the images are called "the same"


def short_name(history: TrainingHistory) -> str:
    """ "ResNet-56", "Plain-20": short enough for a chart."""
    shape = find_architecture(history.architecture)
    if shape is None or shape.short_name is None or not depth_of(shape.name, history.options):
        return history.title
    return shape.short_name(history.options)


def percent(fraction: float) -> str:
    return f"{fraction * 100:.1f} %"


def final_errors(history: TrainingHistory) -> tuple[float | None, float | None]:
    """Training and validation error after the last epoch, as fractions of 1."""
    if not history.epochs:
        return None, None
    last = history.epochs[-1]
    return 1 - last.train_accuracy, None if last.val_accuracy is None else 1 - last.val_accuracy


# --- curves -----------------------------------------------------------------------------------


def curves_sentence(items: Sequence[HistoryFound]) -> str:
    """What to see in the error curves, from their numbers. "" without any."""
    items = [item for item in items if item.history.epochs]
    if not items:
        return ""
    plain = _pair(items, (Kind.PLAIN,))
    residual = _pair(items, (Kind.RESIDUAL, Kind.PREACTIVATION))
    if plain and residual and not _comparable(*plain, *residual):
        residual = None
    if plain and residual:
        return f"{_depth_text(plain)} {_contrast(plain, residual)}"
    if plain or residual:
        pair = plain or residual
        assert pair is not None
        return _depth_text(pair)
    return _twins_text(items) or _single_text(items)


_Pair = tuple[HistoryFound, HistoryFound]  # the shallower and the deeper


def _comparable(*items: HistoryFound) -> bool:
    return len({(item.own, item.data) for item in items}) == 1


def _pair(items: Sequence[HistoryFound], kinds: tuple[Kind, ...]) -> _Pair | None:
    """Of the first kind that has them: the shallowest and the deepest network, trained alike."""
    for kind in kinds:
        sorted_items = sorted(
            (item for item in items if _kind(item) is kind and _depth(item)), key=_depth
        )
        for deep in reversed(sorted_items):
            for shallow in sorted_items:
                if _depth(shallow) < _depth(deep) and _comparable(shallow, deep):
                    return shallow, deep
    return None


def _kind(item: HistoryFound) -> Kind:
    return kind_of(item.history.architecture, item.history.options)


def _depth(item: HistoryFound) -> int:
    return depth_of(item.history.architecture, item.history.options)


def _common(pair: Sequence[HistoryFound]) -> tuple[list[float], str]:
    """Training errors at the last epoch that all of them have, and words for when that is."""
    last = min(item.history.epochs[-1].epoch for item in pair)
    errors = []
    for item in pair:
        at = max((e for e in item.history.epochs if e.epoch <= last), key=lambda e: e.epoch)
        errors.append(1 - at.train_accuracy)
    done = len({item.history.epochs[-1].epoch for item in pair}) == 1
    return errors, "" if done else f"After {last} epochs, "


def _verdict(pair: _Pair) -> int:
    """1: the deeper network's training error is higher, -1: lower, 0: the same."""
    (shallow, deep), _ = _common(pair)
    return 0 if abs(deep - shallow) < _SAME_POINTS else (1 if deep > shallow else -1)


def _depth_text(pair: _Pair) -> str:
    (low, high), when = _common(pair)
    shallow, deep = (short_name(item.history) for item in pair)
    ending = {
        1: "deeper is worse, already on the training images, so it is not overfitting.",
        -1: "deeper is better.",
        0: "depth makes no difference.",
    }[_verdict(pair)]
    text = f"{deep} {{}} {percent(high)} training error, {shallow} {{}} {percent(low)}: {ending}"
    return when + (text.format("has", "has") if when else text.format("ends with", "with"))


def _contrast(plain: _Pair, residual: _Pair) -> str:
    before, after = _verdict(plain), _verdict(residual)
    (low, high), when = _common(residual)
    shallow, deep = (short_name(item.history) for item in residual)
    figures = f"{deep} {percent(high)} against {shallow} {percent(low)}"
    if before and after == -before:
        return f"With shortcuts it is the other way round: {when.lower()}{figures}."
    ending = {1: "deeper is worse", -1: "deeper is better", 0: "depth makes no difference"}[after]
    too = " too," if before == after else ""
    return f"With shortcuts,{too} {ending}: {when.lower()}{figures}."


def _twins_text(items: Sequence[HistoryFound]) -> str:
    """A plain and a residual network of one depth."""
    for plain in items:
        if _kind(plain) is not Kind.PLAIN:
            continue
        for other in items:
            if (
                _kind(other) is Kind.RESIDUAL
                and _depth(other) == _depth(plain)
                and _comparable(plain, other)
            ):
                (without, having), when = _common((plain, other))
                verb = "lower" if having < without else "raise"
                if abs(without - having) < _SAME_POINTS:
                    verb = "do not change"
                return (
                    f"{when or 'At the end '}the shortcuts {verb} the training error at "
                    f"{_depth(plain)} layers: {percent(having)} with them, {percent(without)} "
                    "without."
                )
    return ""


def _single_text(items: Sequence[HistoryFound]) -> str:
    parts = []
    for item in items[:3]:
        training, validation = final_errors(item.history)
        text = f"{short_name(item.history)} ends with {percent(training or 0)} training error"
        if validation is not None:
            text += f" and {percent(validation)} validation error"
        parts.append(text)
    return "; ".join(parts) + "."


# --- layers -----------------------------------------------------------------------------------


def main_gradients(item: LayerStatistics) -> list[tuple[str, float]]:
    """Gradient norms of the layers on the main path, in their order: what depth counts."""
    return [
        (name, value)
        for name, value in item.gradient_norm.items()
        if not _beside(name) and math.isfinite(value)
    ]


def residual_ratios(item: LayerStatistics) -> list[tuple[str, float]]:
    """The ratio of each block, in their order."""
    return [(name, v) for name, v in item.residual_ratio.items() if math.isfinite(v)]


def _beside(name: str) -> bool:
    parts = name.split(".")
    return any(part in ("shortcut", "downsample", "projection", "gate") for part in parts)


def layers_at(history: TrainingHistory, epoch: int) -> LayerStatistics | None:
    """The latest statistics up to this epoch; None: there are none yet."""
    found = [item for item in history.layers if item.epoch <= epoch]
    return found[-1] if found else None


Named = tuple[str, Kind, LayerStatistics]


def gradients_sentence(items: Sequence[Named]) -> str:
    """How the gradient of the first layer compares with the last convolution's."""
    spans = []
    for name, kind, layers in items:
        values = [value for _, value in main_gradients(layers)][:-1]  # without the head
        if len(values) > 1 and values[-1] > 0 and values[0] > 0:
            spans.append((name, kind, values[0] / values[-1]))
    return _two_sides(
        spans,
        lambda name, span: (
            f"In {name} the first layer's gradient is {_times(span)} that of the last convolution"
        ),
        lambda name, span: f"in {name} {_times(span)}",
        "Shortcuts keep the gradients of all layers of like size.",
    )


def residuals_sentence(items: Sequence[Named]) -> str:
    """How much a block changes its input, by depth."""
    medians = []
    for name, kind, layers in items:
        values = [value for _, value in residual_ratios(layers)]
        if values:
            medians.append((name, kind, len(values), statistics.median(values)))
    if not medians:
        return ""
    figures = ", ".join(f"{median:.2f} in {name}" for name, _, _, median in medians[:4])
    text = f"‖F(x)‖/‖x‖, median over the blocks: {figures}"
    several = sorted(
        (m for m in medians if m[1] in (Kind.RESIDUAL, Kind.PREACTIVATION)), key=lambda m: m[2]
    )
    if len(several) > 1 and several[0][2] < several[-1][2]:
        change = several[-1][3] / max(several[0][3], 1e-9)
        if change < 0.98:
            return f"{text}. With shortcuts, the more blocks, the less each of them changes x."
        if change > 1.02:
            return f"{text}. Here more blocks do not mean that each of them changes x less."
    return f"{text}."


def _two_sides(
    spans: list[tuple[str, Kind, float]],
    first: Callable[[str, float], str],
    rest: Callable[[str, float], str],
    verdict: str,
) -> str:
    if not spans:
        return ""

    def size(item: tuple[str, Kind, float]) -> float:
        return max(item[2], 1 / item[2])

    spans = sorted(spans, key=size, reverse=True)
    text = first(spans[0][0], spans[0][2])
    if len(spans) > 1:
        text += ", " + ", ".join(rest(name, span) for name, _, span in spans[1:4])
    plain = [size(item) for item in spans if item[1] is Kind.PLAIN]
    others = [size(item) for item in spans if item[1] in (Kind.RESIDUAL, Kind.PREACTIVATION)]
    if plain and others and max(plain) > 5 * max(others):
        return f"{text}. {verdict}"
    return f"{text}."


def _times(ratio: float) -> str:
    return f"{float(f'{ratio:.2g}'):,.0f} times" if ratio >= 9.95 else f"{ratio:.2g} times"
