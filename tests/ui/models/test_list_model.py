"""What the list of models says of each, and in which order."""

from __future__ import annotations

from resnet_gui.core.zoo import ModelState
from resnet_gui.ui.models.list_model import ModelList, accuracy_line, accuracy_texts, details
from tests.helpers.fake_engine import model

THOUSAND = tuple(f"class {n}" for n in range(1000))


def test_an_accuracy_says_of_what() -> None:
    published = model("resnet", ModelState.CACHED, top1=0.751, dataset="ImageNet", classes=THOUSAND)
    assert accuracy_texts(published.spec) == ("75.1%", "as published")
    assert accuracy_line(published.spec) == "75.1% · ImageNet, 1,000 classes"
    metrics = {"accuracy": 0.967, "photos": 153, "accuracy_part": "validation"}
    own = model("own", metrics=metrics)
    assert accuracy_texts(own.spec) == ("96.7%", "on 153 photos")
    assert accuracy_line(own.spec) == "garden, 2 classes · 96.7% on 153 photos"
    assert ("Accuracy", "96.7% on 153 photos (validation)") in details(own)
    unknown = model("unknown", dataset="")
    assert accuracy_texts(unknown.spec) == ("", "")
    assert accuracy_line(unknown.spec) == "own photos, 2 classes"
    for wrong in ({"accuracy": "high"}, {"accuracy": 7.0}, {"accuracy": True}):
        assert model("wrong", metrics=wrong).spec.accuracy is None
    odd = model("odd", metrics={"accuracy": 0.5, "photos": "many", "accuracy_part": 3}).spec
    assert odd.accuracy is not None
    assert odd.accuracy.photos == 0


def test_models_of_one_dataset_stand_together_the_best_of_the_own_first() -> None:
    def own(name: str, dataset: str, accuracy: float) -> object:
        metrics = {"accuracy": accuracy, "photos": 10, "accuracy_part": "test"}
        return model(name, dataset=dataset, metrics=metrics)

    models = ModelList()
    models.set_entries(
        [
            own("a", "pets", 0.5), own("b", "garden", 0.9), own("c", "pets", 0.8),
            model("e", ModelState.BUNDLED, dataset="ImageNet", top1=0.7),
            model("f", ModelState.BUNDLED, dataset="CIFAR-10", top1=0.6),
            model("g", ModelState.BUNDLED, dataset="ImageNet", top1=0.8),
        ]
    )  # fmt: skip
    rows = [models.entry(row) for row in range(models.rowCount())]
    assert [entry.spec.id for entry in rows if entry] == ["c", "a", "b", "e", "g", "f"]


def test_an_accuracy_on_photos_it_learned_from_says_so() -> None:
    metrics = {"accuracy": 1.0, "photos": 2, "accuracy_part": "training"}
    assert accuracy_texts(model("own", metrics=metrics).spec) == (
        "100.0%",
        "on the 2 photos it learned from",
    )
