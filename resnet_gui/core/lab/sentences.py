"""What several histories say side by side, in words that are computed from their numbers. No torch
here.

Accuracies are fractions of 1 of the images; the papers draw the error, which is the rest.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from resnet_gui.core.lab.histories import HistoryFound
from resnet_gui.core.lab.names import dataset_names, is_untrained, trained_alike
from resnet_gui.core.nets.registration import Kind
from resnet_gui.core.nets.registry import depth_of, kind_of
from resnet_gui.core.runs.events import EpochDone, LayerStatistics
from resnet_gui.core.runs.history import TrainingHistory, loss_chose

_SAME_POINTS = 0.0015  # differences below 0.15 % of the images are called hardly any
_MOST_SINGLES = 3  # runs that are told one by one
_MOST_BESIDE = 1  # of them, where there is a story of depth and shortcuts to tell
_APART = 5  # times; gradients that differ so much more than others are worth a verdict

Names = Mapping[str, str]  # of `display_names`


def percent(fraction: float) -> str:
    return f"{fraction:.1%}"


def best_epoch(history: TrainingHistory) -> EpochDone | None:
    """The epoch whose weights the model has, as its training chose it; without a choice the last.
    None: there is no epoch."""
    marked = [epoch for epoch in history.epochs if epoch.best]
    return next(reversed(marked or history.epochs), None)


# --- curves -----------------------------------------------------------------------------------


def curves_sentence(items: Sequence[HistoryFound], names: Names) -> str:
    """What to see in the accuracy curves, from their numbers. "" without any."""
    items = [item for item in items if item.history.epochs]
    story, told = _story(items, names)
    left = [item for item in items if item not in told and (item.own or not story)]
    singles = _singles_text(left, names, _MOST_BESIDE if story else _MOST_SINGLES)
    return " ".join(text for text in (story, singles) if text)


def called(item: HistoryFound, names: Names) -> str:
    """Its name inside a sentence: what a person wrote stands in quotes."""
    return f"“{names[item.key]}”" if item.own else names[item.key]


def different_data_warning(items: Sequence[HistoryFound]) -> str:
    """What to mind where networks that learned different photos are in one chart; "" if all
    learned the same ones."""
    names = dataset_names(items)
    found = list(dict.fromkeys(names[item.data] for item in items if item.data))
    if len(found) < 2:
        return ""
    few = ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
    return (
        f"Different photos in one chart ({few}). How hard the photos are decides an accuracy as "
        "much as the network does: compare only what learned the same ones."
    )


_Pair = tuple[HistoryFound, HistoryFound]  # the shallower and the deeper


def _story(items: Sequence[HistoryFound], names: Names) -> tuple[str, Sequence[HistoryFound]]:
    """What depth and shortcuts do among networks that were trained alike, and which they are."""
    plain = _pair(items, (Kind.PLAIN,))
    residual = _pair(items, (Kind.RESIDUAL, Kind.PREACTIVATION), plain)
    if plain and residual and not trained_alike(*plain, *residual):
        residual = None
    if plain and residual:
        text = f"{_depth_text(plain, names)} {_contrast(plain, residual, names)}"
        return text, (*plain, *residual)
    pair = plain or residual
    if pair:
        return _depth_text(pair, names), pair
    return _twins_text(items)


def _pair(
    items: Sequence[HistoryFound], kinds: tuple[Kind, ...], beside: _Pair | None = None
) -> _Pair | None:
    """Of the first kind that has them: the shallowest and the deepest network, trained alike; if
    there are such, trained like those `beside`."""
    found = []
    for kind in kinds:
        ordered = sorted(
            (item for item in items if _kind(item) is kind and _depth(item)), key=_depth
        )
        found += [
            (shallow, deep)
            for deep in reversed(ordered)
            for shallow in ordered
            if _depth(shallow) < _depth(deep) and trained_alike(shallow, deep)
        ]
    fitting = [pair for pair in found if beside is None or trained_alike(*beside, *pair)]
    return next(iter(fitting or found), None)


def _kind(item: HistoryFound) -> Kind:
    return kind_of(item.history.architecture, item.history.options)


def _depth(item: HistoryFound) -> int:
    return depth_of(item.history.architecture, item.history.options)


def _common(pair: Sequence[HistoryFound]) -> tuple[list[float], str]:
    """Training accuracies after the last epoch that all of them have, and words for when."""
    last = min(item.history.epochs[-1].epoch for item in pair)
    found = []
    for item in pair:
        at = max((e for e in item.history.epochs if e.epoch <= last), key=lambda e: e.epoch)
        found.append(at.train_accuracy)
    over = all(item.planned <= item.history.epochs[-1].epoch for item in pair)
    ended = over and len({item.history.epochs[-1].epoch for item in pair}) == 1
    return found, f"After the last epoch ({last})" if ended else f"After {_epochs(last)}"


def _epochs(count: int) -> str:
    return f"{count} epoch" if count == 1 else f"{count} epochs"


def _verdict(pair: _Pair) -> int:
    """1: the deeper network's training accuracy is higher, -1: lower, 0: hardly different."""
    (shallow, deep), _ = _common(pair)
    return 0 if abs(deep - shallow) < _SAME_POINTS else (1 if deep > shallow else -1)


def _depth_text(pair: _Pair, names: Names) -> str:
    (shallow, deep), when = _common(pair)
    low, high = (_with_depth(item, names) for item in pair)
    ending = {
        -1: "deeper is worse, already on the training images, so it is not overfitting.",
        1: "deeper is better.",
        0: "depth makes hardly a difference.",
    }[_verdict(pair)]
    return (
        f"{when}, {high} has {percent(deep)} training accuracy, {low} {percent(shallow)}: {ending}"
    )


def _with_depth(item: HistoryFound, names: Names) -> str:
    """Its name; of a run whose name does not tell it, with its depth."""
    name, depth = called(item, names), _depth(item)
    return name if str(depth) in name else f"{name} ({depth} layers)"


def _contrast(plain: _Pair, residual: _Pair, names: Names) -> str:
    before, after = _verdict(plain), _verdict(residual)
    (shallow, deep), when = _common(residual)
    low, high = (_with_depth(item, names) for item in residual)
    figures = f"{high} {percent(deep)} against {low} {percent(shallow)}"
    if when != _common(plain)[1]:
        figures = f"{when[0].lower()}{when[1:]}, {figures}"
    if before and after == -before:
        return f"With shortcuts it is the other way round: {figures}."
    ending = {
        -1: "deeper is worse",
        1: "deeper is better",
        0: "depth makes hardly a difference",
    }[after]
    too = " too," if before == after else ""
    return f"With shortcuts,{too} {ending}: {figures}."


def _twins_text(items: Sequence[HistoryFound]) -> tuple[str, Sequence[HistoryFound]]:
    """A plain and a residual network of one depth."""
    for plain in items:
        for other in items:
            if (
                _kind(plain) is Kind.PLAIN
                and _kind(other) is Kind.RESIDUAL
                and _depth(other) == _depth(plain) > 0
                and trained_alike(plain, other)
            ):
                (without, having), when = _common((plain, other))
                verb = "raise" if having > without else "lower"
                if abs(without - having) < _SAME_POINTS:
                    verb = "hardly change"
                text = (
                    f"{when}, shortcuts {verb} the training accuracy at {_depth(plain)} layers: "
                    f"{percent(having)} with them, {percent(without)} without."
                )
                return text, (plain, other)
    return "", ()


def _singles_text(items: Sequence[HistoryFound], names: Names, most: int) -> str:
    data = dataset_names(items)
    texts = []
    for item in items[:most]:
        photos = f" on {data[item.data]}" if item.own and item.data else ""
        texts.append(f"{called(item, names)}{photos}: {_ending(item)}")
    more = len(items) - len(texts)
    if more:
        texts.append(f"The figures of {more} more stand in the list.")
    return " ".join(texts)


def _ending(item: HistoryFound) -> str:
    last, best = item.history.epochs[-1], best_epoch(item.history)
    assert best is not None
    so_far = f"{last.epoch} of {item.planned}" if item.planned > last.epoch else f"{last.epoch}"
    training = percent(last.train_accuracy)
    if last.val_accuracy is None or best.val_accuracy is None:
        return f"{training} training accuracy in the last epoch ({so_far}), without validation."
    final = percent(last.val_accuracy)
    if best is last:
        return (
            f"{final} validation accuracy in the last epoch ({so_far}), which is the best "
            f"(training {training})."
        )
    why = ", for its lowest validation loss" if loss_chose(item.history.epochs, best) else ""
    return (
        f"{percent(best.val_accuracy)} validation accuracy in the best epoch ({best.epoch}{why}), "
        f"{final} in the last ({so_far}; training {training})."
    )


def depth_in_plain_words(items: Sequence[HistoryFound]) -> str:
    """What depth does without and with shortcuts, for somebody who knows no word of the trade:
    from the trainings that ship with the program, else from all; "" unless there are a shallow
    and a deep network of both kinds, trained alike and to the end."""
    done = [item for item in items if item.history.epochs and not item.planned]
    bundled = [item for item in done if not item.own]
    return _plain_words(bundled) or _plain_words(done)


def _plain_words(items: Sequence[HistoryFound]) -> str:
    plain = _pair(items, (Kind.PLAIN,))
    residual = _pair(items, (Kind.RESIDUAL, Kind.PREACTIVATION), plain)
    if plain is None or residual is None or not trained_alike(*plain, *residual):
        return ""
    told = []
    for pair in (plain, residual):
        (shallow, deep), _ = _common(pair)
        but = "but only" if _verdict(pair) < 0 else "and"
        low, high = (_depth(item) for item in pair)
        told.append(
            f"get {percent(shallow)} right with {low} layers, {but} {percent(deep)} with {high}"
        )
    plainly, with_shortcuts = told
    return (
        f"Of the photos that they learn from, plain networks {plainly}. Residual networks "
        f"{with_shortcuts}."
    )


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


def layers_at(history: TrainingHistory, epoch: float) -> LayerStatistics | None:
    """The latest statistics up to this epoch; None: there are none yet."""
    found = [item for item in history.layers if item.epoch <= epoch]
    return found[-1] if found else None


Named = tuple[str, Kind, LayerStatistics]
_Span = tuple[str, Kind, float]  # first layer's gradient, as a multiple of the last convolution's


def _spans(items: Sequence[Named]) -> list[_Span]:
    spans = []
    for name, kind, layers in items:
        values = [value for _, value in main_gradients(layers)][:-1]  # without the head
        if len(values) > 1 and values[-1] > 0 and values[0] > 0:
            span = values[0] / values[-1]
            if 0 < span < math.inf and 1 / span < math.inf:
                spans.append((name, kind, span))
    return sorted(spans, key=_size, reverse=True)


def _size(span: _Span) -> float:
    return max(span[2], 1 / span[2])


def _apart(spans: Sequence[_Span]) -> _Span | None:
    """The plain network whose gradients differ far more than those of all with shortcuts."""
    plain = [span for span in spans if span[1] is Kind.PLAIN]
    others = [_size(span) for span in spans if span[1] in (Kind.RESIDUAL, Kind.PREACTIVATION)]
    if plain and others and _size(plain[0]) > _APART * max(others):
        return plain[0]
    return None


def gradients_sentence(items: Sequence[Named]) -> str:
    """How the gradient of the first layer compares with the last convolution's."""
    spans = _spans(items)
    if not spans:
        return ""
    text = (
        f"In {spans[0][0]} the first layer's gradient is {_times(spans[0][2])} that of the last "
        "convolution"
    )
    text += "".join(f", in {name} {_times(span)}" for name, _, span in spans[1:4])
    apart = _apart(spans)
    if apart is None:
        return f"{text}."
    how = "grow" if apart[2] > 1 else "shrink"
    return (
        f"{text}. Without shortcuts gradients {how} on their way back to the image; with them they "
        "stay closer to one size."
    )


def start_sentence(items: Sequence[HistoryFound], names: Names) -> str:
    """What plain networks' gradients do before any training, and after it, from the trainings that
    ship with the program, else from all; "" without a plain and a residual network that differ."""
    trained = [i for i in items if i.history.layers and not i.planned and not is_untrained(i)]
    bundled = [item for item in trained if not item.own]
    return _start_text(bundled, names) or _start_text(trained, names)


def _start_text(trained: Sequence[HistoryFound], names: Names) -> str:
    first = _spans(_at(trained, names, 0))
    plain = _apart(first)
    if plain is None:
        return ""
    by_name = {called(item, names): item for item in trained}
    others = [span for span in first if span[1] in (Kind.RESIDUAL, Kind.PREACTIVATION)]
    alike = [span for span in others if trained_alike(by_name[plain[0]], by_name[span[0]])]
    other = (alike or others)[0]  # its twin, where it was trained
    how = "explode" if plain[2] > 1 else "vanish"
    text = (
        f"Before training, the first layer's gradient in {plain[0]} is {_times(plain[2])} that of "
        f"the last convolution, in {other[0]} {_times(other[2])}: without shortcuts, gradients "
        f"{how} at the start, in spite of batch normalisation."
    )
    last = {name: span for name, _, span in _spans(_at(trained, names, math.inf))}
    ended = [last.get(name) for name, _, _ in (plain, other)]
    if None in ended or all(item.history.layers[-1].epoch == 0 for item in trained):
        return text
    after = [_times(span) for span in ended if span is not None]
    return f"{text} After training it is {after[0]} and {after[1]}."


def _at(items: Sequence[HistoryFound], names: Names, epoch: float) -> list[Named]:
    found = [(item, layers_at(item.history, epoch)) for item in items]
    return [(called(i, names), _kind(i), layers) for i, layers in found if layers is not None]


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


def _times(ratio: float) -> str:
    if ratio < 0.1:
        return f"1/{float(f'{1 / ratio:.2g}'):,.0f} times"
    return f"{float(f'{ratio:.2g}'):,.0f} times" if ratio >= 9.95 else f"{ratio:.2g} times"
