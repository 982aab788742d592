"""Classes that are kinds of one thing: the committed table, sums, words."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_gui.core.zoo.kinds import (
    KINDS_FILE,
    PROBABLE,
    SURE,
    Kind,
    article,
    imagenet_kinds,
    kinds_of,
    likely_kind,
)
from resnet_gui.core.zoo.providers.torchvision import imagenet_classes
from tools.make_kinds import above, read_tree

LABELS = imagenet_classes()


def members(name: str) -> set[str]:
    (kind,) = (kind for kind in imagenet_kinds() if kind.name == name)
    return {LABELS[index] for index in kind.members}


def answer(**shares: float) -> list[float]:
    """Probabilities with these classes, what is left to 1 spread over the others."""
    named = {name.replace("_", " "): share for name, share in shares.items()}
    rest = (1 - sum(named.values())) / (len(LABELS) - len(named))
    return [named.get(label, rest) for label in LABELS]


def said(**shares: float) -> tuple[str, object] | None:
    kind = likely_kind(answer(**shares), imagenet_kinds())
    return (kind.name, pytest.approx(kind.probability, abs=0.05)) if kind is not None else None


@pytest.mark.parametrize(
    ("name", "some", "none"),
    [
        ("cat", "tabby, tiger cat, Persian cat, Siamese cat, Egyptian cat", "lion, lynx"),
        ("big cat", "lion, tiger, cheetah", "tabby"),
        ("dog", "beagle, Chihuahua, Mexican hairless, pug", "timber wolf, dingo, red fox"),
        ("terrier", "Airedale, Yorkshire terrier", "beagle"),
        ("wolf", "timber wolf, white wolf", "coyote"),
        ("bird", "cock, ostrich, albatross", "mantis"),
        ("snake", "sidewinder, green mamba", "common iguana"),
        ("spider", "tarantula, black widow", "spider web, spider monkey"),
        ("elephant", "tusker, Indian elephant", "grey whale"),
        ("truck", "tow truck, pickup", "minivan, tractor"),
        ("boat or ship", "canoe, submarine, schooner", "boathouse"),
        ("fungus", "mushroom, bolete", "broccoli"),
        ("sunglasses", "sunglass, sunglasses", "ski mask"),
        ("food", "banana, pizza, espresso", "menu, hay"),
        ("animal", "tench, tabby, isopod", "teddy"),
    ],
)
def test_what_is_a_kind_of_what(name: str, some: str, none: str) -> None:
    assert set(some.split(", ")) <= members(name)
    assert set(none.split(", ")) <= set(LABELS) - members(name)


def test_the_table_is_sound() -> None:
    kinds = imagenet_kinds()
    assert len({kind.name for kind in kinds}) == len(kinds) > 100
    assert all(len(kind.members) >= 2 for kind in kinds)
    assert {index for kind in kinds for index in kind.members} <= set(range(1000))
    assert [len(members(name)) for name in ("cat", "dog", "bird", "spider")] == [5, 118, 59, 6]
    notice = " ".join(json.loads(KINDS_FILE.read_text(encoding="utf-8"))["notice"])
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in notice
    assert "ALL copies of the software" in notice


def test_only_imagenets_classes_have_kinds() -> None:
    assert kinds_of(tuple(LABELS)) == imagenet_kinds()
    assert kinds_of(("tabby", "tiger cat")) == ()


def test_unsure_of_the_class_and_sure_of_the_kind() -> None:
    assert said(Egyptian_cat=0.3, tiger_cat=0.25, tabby=0.19) == ("cat", 0.74)
    # The narrowest that is sure; a broad one only where nothing narrower is even probable.
    assert said(beagle=0.45, basset=0.45) == ("hound", 0.9)
    assert said(beagle=0.4, basset=0.15, pug=0.4) == ("dog", 0.95)
    assert said(beagle=0.3, tabby=0.3, ostrich=0.3) == ("animal", 0.9)
    assert said(tench=0.3, banana=0.3, abacus=0.3) is None
    # The best class need not be one of them.
    assert said(tennis_ball=0.3, beagle=0.25, pug=0.25, basset=0.15) == ("dog", 0.65)


def test_a_probable_class_and_a_sure_kind() -> None:
    assert said(tabby=0.6, tiger_cat=0.3) == ("cat", 0.9)
    assert said(tabby=0.6, espresso=0.3) is None
    assert said(hyena=0.7, beagle=0.25) is None  # "an animal" would say nothing
    assert said(tabby=0.85, tiger_cat=0.14) is None  # sure enough
    assert likely_kind([0.4, 0.6], ()) is None
    assert likely_kind([0.4, 0.4, 0.2], [Kind("pair", False, frozenset((0, 1)))]) is not None


def said_by_adding(shares: list[float], kinds: tuple[Kind, ...]) -> str | None:
    """What `likely_kind` says, from each kind's sum on its own."""
    best = max(range(len(shares)), key=shares.__getitem__)
    sums = [(kind, sum(shares[index] for index in kind.members)) for kind in kinds]
    if shares[best] >= SURE:
        return None
    if shares[best] >= PROBABLE:
        least = max(SURE, shares[best] + 0.05)
        chosen = [(k, s) for k, s in sums if best in k.members and not k.broad and s >= least]
    else:
        chosen = []
        for broad, least in itertools.product((False, True), (SURE, PROBABLE)):
            chosen = chosen or [(k, s) for k, s in sums if k.broad is broad and s >= least]
    return min(chosen, key=lambda one: (len(one[0].members), -one[1]))[0].name if chosen else None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.5, 3), st.floats(0, 14))
def test_all_kinds_are_added_up_at_once_as_each_on_its_own(
    seed: int, spread: float, more: float
) -> None:
    numbers = np.random.default_rng(seed)
    logits = numbers.normal(0, spread, 1000)
    logits[list(numbers.choice(np.array(imagenet_kinds(), object)).members)] += more
    shares = (np.exp(logits) / np.exp(logits).sum()).astype(np.float32)
    kind = likely_kind(shares, imagenet_kinds())
    assert (kind and kind.name) == said_by_adding(shares.tolist(), imagenet_kinds())


@pytest.mark.parametrize(
    ("noun", "before"),
    [
        ("hyena", "a "),
        ("Egyptian cat", "an "),
        ("hourglass", "an "),
        ("unicycle", "a "),
        ("European fire salamander", "a "),
        ("umbrella", "an "),
        ("iPod", "an "),
        ("espresso", ""),
        ("espresso maker", "an "),
        ("binoculars", ""),
        ("furniture", ""),
        ("cat", "a "),
        ("automobile", "an "),
        ("rotten", ""),
    ],
)
def test_the_article(noun: str, before: str) -> None:
    assert article(noun) == before


def test_wordnets_file_is_read() -> None:
    text = (
        "  1 This software and database is being provided to you\n"
        "00000003 03 n 01 thing 0 000 | what there is\n"
        "00000002 05 n 02 animal 0 beast 0 002 @ 00000003 n 0000 + 00000009 v 0101 | alive | so\n"
        "00000001 05 n 0a a 0 b 0 c 0 d 0 e 0 f 0 g 0 h 0 i 0 j 0 001 @i 00000002 n 0000 | one\n"
    )
    tree = read_tree(text)
    assert tree["n00000001"] == ["n00000002"]
    assert above("n00000001", tree) == {"n00000001", "n00000002", "n00000003"}
