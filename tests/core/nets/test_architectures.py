"""Architectures to train from random weights: what is listed, and what happens to other names."""

from __future__ import annotations

import functools

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from resnet_gui.core.errors import DepthError, ModelError, UnknownModelError
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.nets.families.cifar import DEEPEST, DEPTHS, check_depth
from resnet_gui.core.nets.families.keras import SHAPES
from resnet_gui.core.nets.registry import offered_ids
from resnet_gui.core.zoo import ModelState, Zoo
from resnet_gui.core.zoo.providers.torchvision import TorchvisionProvider
from resnet_gui.core.zoo.spec import ModelSpec
from resnet_gui.core.zoo.untrained import untrained_spec
from tests.helpers.models import counts

FAMILIES = {
    "resnet": "cifar_resnet",
    "plain": "cifar_resnet",
    "highway": "cifar_resnet",
    "preresnet": "cifar_preresnet",
}


def spec_of(model_id: str) -> ModelSpec:
    spec = untrained_spec(model_id)
    assert spec is not None
    return spec


def test_what_lists_offer() -> None:
    ids = offered_ids()
    assert len(set(ids)) == len(ids) == 4 * 6 + 5 + 2 + 6
    assert {"cifar-resnet56", "cifar-plain56", "cifar-resnet110-b", "cifar-preresnet1001"} <= {*ids}
    assert {"cifar-highway20", "plain18", "plain34", "resnet50v2", "keras_resnet152"} <= {*ids}
    specs = [spec_of(model_id) for model_id in ids]
    assert [spec.id for spec in specs] == ids
    assert len({spec.title for spec in specs}) == len(ids)
    for spec in specs:
        assert spec.classes == ()
        assert spec.top1 is None
        assert spec.bytes == 0


@pytest.mark.parametrize("model_id", offered_ids())
def test_the_size_of_a_listed_one_is_that_of_the_network(model_id: str) -> None:
    assert spec_of(model_id).parameters == counts(model_id).parameters


@settings(max_examples=15, deadline=None)
@given(family=st.sampled_from(sorted(FAMILIES)), blocks=st.integers(1, 20), option_b=st.booleans())
def test_the_size_of_any_other_is_that_of_the_network(
    family: str, blocks: int, option_b: bool
) -> None:
    step, rest, _, _ = DEPTHS[FAMILIES[family]]
    depth = step * blocks + rest
    suffix = "-b" if option_b and family == "resnet" else ""
    model_id = f"cifar-{family}{depth}{suffix}"
    spec = spec_of(model_id)
    assert spec.id == model_id
    assert spec.architecture == FAMILIES[family]
    assert spec.architecture_options["depth"] == depth
    assert spec.parameters == counts(model_id).parameters
    assert counts(model_id).layers == depth


@pytest.mark.parametrize(
    "model_id",
    [
        "cifar-resnet20",
        "cifar-resnet20-b",
        "cifar-plain14",
        "cifar-highway20",
        "cifar-preresnet29",
        "plain18",
        "plain34",
        *SHAPES,
    ],
)
def test_multiply_adds_are_those_of_a_forward_pass(model_id: str) -> None:
    spec = spec_of(model_id)
    done: list[int] = []

    def count(module: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(module, nn.Conv2d | nn.Linear)
        done.append(output.numel() * module.weight[0].numel())

    classes = 10 if spec.architecture.startswith("cifar") else 1000
    side = spec.preprocessing.crop
    with torch.device("meta"):
        network = build_network(spec.architecture, classes, spec.architecture_options)
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.register_forward_hook(count)
        network.eval()(torch.empty(1, 3, side, side))
    assert spec.gflops is not None
    assert round(spec.gflops * 1e9) == sum(done)


def test_published_multiply_adds() -> None:
    """Table 1 of the 2015 paper (ResNets there have option A, so as many as their plain twins)."""
    for model_id, published in (("plain18", 1.8), ("plain34", 3.6)):
        assert spec_of(model_id).gflops == pytest.approx(published, abs=0.05)


# --- depths -----------------------------------------------------------------------------------


@functools.cache
def valid_depths(architecture: str) -> tuple[int, ...]:
    """By another way than `check_depth`: those that the papers' rules list."""
    step = {"cifar_resnet": 6, "cifar_preresnet": 9}[architecture]
    return tuple(range(step + 2, DEEPEST + 1, step))


@settings(max_examples=300, deadline=None)
@given(architecture=st.sampled_from(sorted(DEPTHS)), depth=st.integers(-50, 3000))
@example("cifar_resnet", 2)
@example("cifar_resnet", 7)
@example("cifar_resnet", 2000)
@example("cifar_resnet", 2001)
@example("cifar_resnet", 2006)
@example("cifar_preresnet", 2)
@example("cifar_preresnet", 2009)
def test_a_wrong_depth_names_the_rule_and_the_nearest(architecture: str, depth: int) -> None:
    valid = valid_depths(architecture)
    step, rest, rule, _ = DEPTHS[architecture]
    if depth in valid:
        assert step * check_depth(architecture, depth) + rest == depth
        return
    with pytest.raises(DepthError) as caught:
        check_depth(architecture, depth)
    error = caught.value
    assert error.depth == depth
    assert error.rule.startswith(rule)
    assert str(depth) in str(error)
    assert rule in str(error)
    # The nearest below and the nearest above, or the two (one) at the end of the row.
    distances = sorted(abs(candidate - depth) for candidate in valid)
    assert set(error.nearest) <= set(valid)
    assert min(abs(candidate - depth) for candidate in error.nearest) == distances[0]
    if min(valid) < depth < max(valid):
        below, above = error.nearest
        assert below < depth < above
        assert above - below == step
    assert all(str(candidate) in str(error) for candidate in error.nearest)


def test_too_deep_is_not_told_a_rule_that_it_follows() -> None:
    with pytest.raises(DepthError) as caught:
        check_depth("cifar_resnet", 2006)
    assert "6n+2 up to 2000" in str(caught.value)
    assert "The nearest is 2000." in str(caught.value)


def test_nearest_depths_in_words() -> None:
    with pytest.raises(DepthError) as caught:
        untrained_spec("cifar-resnet34")
    assert caught.value.nearest == (32, 38)
    assert "depth 34: its depths are 6n+2" in str(caught.value)
    assert "The nearest are 32 and 38." in str(caught.value)


# --- names ------------------------------------------------------------------------------------


OTHER_NAMES = [
    "resnet50",
    "cifar-resnet",
    "cifar-resnet-20",
    "cifar-resnet20-c",
    "cifar-resnet20b",
    "cifar-plain20-b",
    "cifar-highway20-b",
    "cifar-preresnet29-b",
    "cifar-densenet20",
    "plain50",
    "plain",
    "xcifar-resnet20",
    "cifar-resnet２０",
]


@pytest.mark.parametrize(
    "name", ["", "cifar-resnet20 x", f"cifar-resnet{'2' * 5000}", *OTHER_NAMES]
)
def test_other_names_are_none(name: str) -> None:
    assert untrained_spec(name) is None


@settings(deadline=None)
@given(st.text(max_size=20) | st.from_regex(r"(cifar-)?(resnet|plain)-?[0-9]{0,12}(-b)?"))
def test_no_name_does_worse_than_an_error_of_ours(name: str) -> None:
    try:
        spec = untrained_spec(name)
    except DepthError:
        return
    assert spec is None or untrained_spec(spec.id) == spec


def test_case_spaces_and_zeros_do_not_matter() -> None:
    expected = spec_of("cifar-resnet20-b")
    for name in (" CIFAR-ResNet20-B ", "cifar-resnet020-b"):
        assert untrained_spec(name) == expected


def test_the_zoo_asks_its_models_for_other_names() -> None:
    zoo = Zoo((TorchvisionProvider(),))
    entry = zoo.architecture("cifar-plain56")
    assert entry.state is ModelState.UNTRAINED
    assert not entry.state.ready
    assert entry.weights_path is None
    assert entry.spec == untrained_spec("cifar-plain56")
    assert zoo.architecture("resnet18") == zoo.get("resnet18")
    with pytest.raises(DepthError):
        zoo.architecture("cifar-resnet21")
    with pytest.raises(UnknownModelError) as caught:
        zoo.architecture("resnet19")
    assert isinstance(caught.value, ModelError)
    assert "resnet18" in caught.value.similar
