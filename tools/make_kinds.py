"""Make `imagenet1k_kinds.json`: which of ImageNet's classes are kinds of one thing.

`python -m tools.make_kinds DATA.NOUN SYNSETS` writes it. DATA.NOUN is WordNet 3.0's file of nouns
(Debian's package wordnet-base has it as /usr/share/wordnet/data.noun), SYNSETS the 1,000 ids of
ImageNet's classes in the order of the networks' outputs, one a line (the package timm has it as
timm/data/_info/imagenet_synsets.txt).

WordNet says what is a kind of what; most of its words ("placental", "instrumentality") are none
that a person would use of a photo. So the words are chosen here, and where WordNet's tree differs
from how people speak (a coyote is a wolf, a minivan a truck), classes are left out or added.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnet_gui.core.system.atomic import dump_json, write_text
from resnet_gui.core.zoo.kinds import KINDS_FILE
from resnet_gui.core.zoo.providers.torchvision import imagenet_classes


@dataclass(frozen=True)
class Chosen:
    """One kind.

    Attributes:
        name: the word.
        synsets: ids; everything below them in WordNet's tree. "" where the classes are only named.
        plus, without: labels of classes.
        broad: so general that it is said only when nothing narrower can be.
    """

    name: str
    synsets: str = ""
    plus: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    broad: bool = False


CHOSEN = (
    Chosen("animal", "n00015388", broad=True),
    Chosen("bird", "n01503061"),
    Chosen("chicken", plus=("cock", "hen")),
    Chosen("songbird", "n01524359"),
    Chosen("finch", "n01529672"),
    Chosen("grouse", "n01795088"),
    Chosen("bird of prey", "n01604330"),
    Chosen("parrot", "n01816887"),
    Chosen("duck", "n01846331"),
    Chosen("wading bird", "n02000954"),
    Chosen("stork", "n02002075"),
    Chosen("heron", "n02008041"),
    Chosen("sandpiper", "n02026059"),
    Chosen("fish", "n02512053"),
    Chosen("shark", "n01482330"),
    Chosen("ray", "n01495701"),
    Chosen("reptile", "n01661091", broad=True),
    Chosen("turtle", "n01662784"),
    Chosen("sea turtle", "n01663401"),
    Chosen("lizard", "n01674464"),
    Chosen("crocodile or alligator", "n01696633"),
    Chosen("snake", "n01726692"),
    Chosen("viper", "n01752165"),
    Chosen("rattlesnake", "n01754876"),
    Chosen("frog or salamander", "n01627424"),
    Chosen("frog", "n01639765"),
    Chosen("salamander", "n01629276"),
    Chosen("newt", "n01630284"),
    Chosen("spider", "n01772222"),
    Chosen("insect", "n02159955"),
    Chosen("beetle", "n02164464"),
    Chosen("butterfly", "n02274259"),
    Chosen("dragonfly or damselfly", "n02268148"),
    Chosen("crustacean", "n01974773", broad=True),
    Chosen("crab", "n01976957"),
    Chosen("lobster", "n01982650"),
    Chosen("snail or slug", plus=("snail", "slug")),
    Chosen("marsupial", "n01874434"),
    Chosen("dog", "n02084071"),
    Chosen("terrier", "n02092468"),
    Chosen("bull terrier", "n02093056"),
    Chosen("hound", "n02087551"),
    Chosen("foxhound", "n02089555"),
    Chosen("greyhound", "n02090827"),
    Chosen("retriever", "n02099029"),
    Chosen("setter", "n02100399"),
    Chosen("spaniel", "n02101108", plus=("Blenheim spaniel", "papillon", "Japanese spaniel")),
    Chosen("springer spaniel", "n02101861"),
    Chosen("schnauzer", "n02096756"),
    Chosen("Belgian shepherd", "n02104882"),
    Chosen("pinscher", "n02106966"),
    Chosen("Swiss mountain dog", "n02107420"),
    Chosen("sled dog", "n02109811", plus=("Eskimo dog",)),
    Chosen("spitz", "n02111626"),
    Chosen("corgi", "n02112826"),
    Chosen("poodle", "n02113335"),
    Chosen("wild dog", "n02115335"),
    Chosen("wolf", "n02114100", without=("coyote",)),
    Chosen("fox", "n02118333"),
    Chosen("cat", "n02121808"),
    Chosen("big cat", "n02127808"),
    Chosen("bear", "n02131653"),
    Chosen("rodent", "n02329401"),
    Chosen("rabbit or hare", "n02323902"),
    Chosen("elephant", "n02503517", plus=("tusker",)),
    Chosen("whale", "n02062744"),
    Chosen("pig", "n02395003"),
    Chosen("sheep", plus=("ram", "bighorn")),
    Chosen("antelope", "n02419796"),
    Chosen("ape", "n02470325"),
    Chosen("monkey", "n02484322"),
    Chosen("lemur", "n02496913"),
    Chosen("panda", "n02507649"),
    Chosen("fungus", "n12992868", plus=("mushroom",)),
    Chosen(
        "vehicle",
        "n04524313 n02924116",
        without=("missile", "shopping cart", "wreck"),
        broad=True,
    ),
    Chosen("car", "n02958343", without=("ambulance",)),
    Chosen("truck", "n04490091", without=("minivan", "police van")),
    Chosen("van", "n04520170"),
    Chosen("bus", "n02924116"),
    Chosen("train", "n02959942", plus=("bullet train", "electric locomotive", "steam locomotive")),
    Chosen("locomotive", "n03684823"),
    Chosen("bicycle", "n02834778"),
    Chosen("cart", "n02970849"),
    Chosen("sled", "n04235291"),
    Chosen("boat or ship", "n04530566", without=("wreck",)),
    Chosen("boat", "n02858304"),
    Chosen("ship", "n04194289", without=("wreck", "submarine")),
    Chosen("sailing boat", "n04128837", plus=("yawl",)),
    Chosen("aircraft", "n02686568"),
    Chosen("musical instrument", "n03800933", broad=True),
    Chosen("guitar", "n03467517"),
    Chosen("piano", "n03928116"),
    Chosen("bowed instrument", "n02880546"),
    Chosen("wind instrument", "n04586932", without=("accordion", "organ")),
    Chosen("brass instrument", "n02891788"),
    Chosen("woodwind instrument", "n04598582"),
    Chosen(
        "clothing",
        "n03051540 n03380867 n04371563",
        without=("seat belt", "wig", "crash helmet", "football helmet", "knee pad"),
        broad=True,
    ),
    Chosen("hat", "n03497657"),
    Chosen("shoe", "n03380867"),
    Chosen("skirt", "n04230808"),
    Chosen("coat", "n03057021"),
    Chosen("tie", "n03815615"),
    Chosen("swimsuit", "n04371563", plus=("maillot",)),
    Chosen("helmet", "n03513137"),
    Chosen("sunglasses", plus=("sunglass", "sunglasses")),
    Chosen("mask", "n03725035", plus=("mask", "oxygen mask")),
    Chosen("furniture", "n03405725", broad=True),
    Chosen("chair", "n03001627"),
    Chosen("baby bed", "n02766320"),
    Chosen("table", "n04379243", plus=("dining table",)),
    Chosen("household appliance", "n03528263", broad=True),
    Chosen("oven", "n03862676", plus=("microwave", "stove"), without=("Dutch oven",)),
    Chosen("tool", "n04451818", broad=True),
    Chosen("knife", "n03623556"),
    Chosen("weapon", "n04565375", broad=True),
    Chosen("gun", "n03467984"),
    Chosen("rifle", plus=("assault rifle", "rifle")),
    Chosen("missile", plus=("missile", "projectile")),
    Chosen("bottle", "n02876657", without=("water jug", "whiskey jug")),
    Chosen("jug", "n03603722"),
    Chosen("drinking glass", "n03438257"),
    Chosen("bowl", "n02880940"),
    Chosen("basket", "n02801938"),
    Chosen("bag", "n02773037", without=("sleeping bag",)),
    Chosen("box", "n02883344", without=("safe", "mailbox")),
    Chosen("bathtub", plus=("bathtub", "tub")),
    Chosen("computer", "n03918480"),
    Chosen("laptop computer", plus=("laptop", "notebook")),
    Chosen("keyboard", "n03614007"),
    Chosen("screen", plus=("monitor", "screen", "television")),
    Chosen("telephone", "n04401088"),
    Chosen("camera", "n02942699"),
    Chosen("tape player", plus=("cassette player", "tape player")),
    Chosen("clock or watch", "n04437953", without=("parking meter", "hourglass", "sundial")),
    Chosen("clock", "n03046257"),
    Chosen("ball", "n02778669", without=("punching bag",)),
    Chosen("pen", "n03906997"),
    Chosen("lock", "n03682487"),
    Chosen("towel", "n04459362"),
    Chosen("curtain", "n03151077"),
    Chosen("fence", "n03327234", without=("stone wall",)),
    Chosen("bridge", "n02898711"),
    Chosen("building", "n02913152", without=("apiary", "home theater"), broad=True),
    Chosen("house of worship", "n03953416"),
    Chosen("shop", "n03748162"),
    Chosen("food", "n00021265 n07555863", without=("menu", "plate", "hay"), broad=True),
    Chosen("bread", "n07679356", without=("meat loaf",)),
    Chosen("sandwich", "n07695965"),
    Chosen("dessert", "n07609840"),
    Chosen("vegetable", "n07707451", without=("mashed potato", "mushroom")),
    Chosen("squash", "n07715561"),
    Chosen("fruit", "n07705931"),
    Chosen("corn", plus=("corn", "ear")),
    Chosen("drink", "n07881800"),
    Chosen("flower", "n11669921"),
    Chosen("mountain", "n09359803"),
    Chosen("shore", "n09433442", plus=("sandbar",)),
)

NOTICE = (
    "What is below what was taken from WordNet 3.0 and changed: words were chosen, classes left "
    "out and added.",
    "WordNet 3.0 Copyright 2006 by Princeton University. All rights reserved.",
    "This software and database is being provided to you, the LICENSEE, by Princeton University "
    "under the following license. By obtaining, using and/or copying this software and database, "
    "you agree that you have read, understood, and will comply with these terms and conditions.:",
    "Permission to use, copy, modify and distribute this software and database and its "
    "documentation for any purpose and without fee or royalty is hereby granted, provided that "
    "you agree to comply with the following copyright notice and statements, including the "
    "disclaimer, and that the same appear on ALL copies of the software, database and "
    "documentation, including modifications that you make for internal use or for distribution.",
    'THIS SOFTWARE AND DATABASE IS PROVIDED "AS IS" AND PRINCETON UNIVERSITY MAKES NO '
    "REPRESENTATIONS OR WARRANTIES, EXPRESS OR IMPLIED. BY WAY OF EXAMPLE, BUT NOT LIMITATION, "
    "PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS OR WARRANTIES OF MERCHANT- ABILITY OR FITNESS "
    "FOR ANY PARTICULAR PURPOSE OR THAT THE USE OF THE LICENSED SOFTWARE, DATABASE OR "
    "DOCUMENTATION WILL NOT INFRINGE ANY THIRD PARTY PATENTS, COPYRIGHTS, TRADEMARKS OR OTHER "
    "RIGHTS.",
    "The name of Princeton University or Princeton may not be used in advertising or publicity "
    "pertaining to distribution of the software and/or database. Title to copyright in this "
    "software, database and any associated documentation shall at all times remain with Princeton "
    "University and LICENSEE agrees to preserve same.",
)


def read_tree(text: str) -> dict[str, list[str]]:
    """What each noun is a kind or an instance of (WordNet's hypernym pointers), by synset id.

    Args:
        text: of a file data.noun, format of wndb(5WN).
    """
    tree = {}
    for line in text.splitlines():
        if not line or line.startswith(" "):  # the licence at the top
            continue
        fields = line.split(" | ", 1)[0].split()
        pointers = 4 + 2 * int(fields[3], 16)
        above = []
        for number in range(int(fields[pointers])):
            sign, offset, part, _ = fields[pointers + 1 + 4 * number : pointers + 5 + 4 * number]
            if sign in ("@", "@i") and part == "n":
                above.append(f"n{offset}")
        tree[f"n{fields[0]}"] = above
    return tree


def above(synset: str, tree: dict[str, list[str]]) -> set[str]:
    """A synset and all that it is a kind of."""
    found: set[str] = set()
    waiting = [synset]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += tree[one]
    return found


def make_kinds(tree: dict[str, list[str]], synsets: list[str]) -> Iterator[dict[str, Any]]:
    """One object per kind, members as indices of classes.

    Raises:
        ValueError: a label that no class has, or one that was there or away already.
    """
    labels = imagenet_classes()
    ways = [above(synset, tree) for synset in synsets]
    for chosen in CHOSEN:
        members = {n for n, way in enumerate(ways) if way.intersection(chosen.synsets.split())}
        for label in chosen.plus:
            if labels.index(label) in members:
                raise ValueError(f"{chosen.name}: {label} is there already")
            members.add(labels.index(label))
        for label in chosen.without:
            if labels.index(label) not in members:
                raise ValueError(f"{chosen.name}: {label} is not there")
            members.remove(labels.index(label))
        if len(members) < 2:
            raise ValueError(f"{chosen.name}: {len(members)} classes are no group")
        yield {"name": chosen.name, "broad": chosen.broad, "members": sorted(members)}


if __name__ == "__main__":
    nouns, ids = (Path(name).read_text(encoding="utf-8") for name in sys.argv[1:])
    rows = ",\n".join(dump_json(kind) for kind in make_kinds(read_tree(nouns), ids.split()))
    write_text(KINDS_FILE, f'{{"notice": {dump_json(NOTICE, 1)},\n"kinds": [\n{rows}\n]}}\n')
