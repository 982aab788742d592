"""The Improve page's state machine alone: a folder, suspects, decisions, Apply, the queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from resnet_gui.core.errors import DatasetError
from resnet_gui.core.events import Notice
from resnet_gui.core.filing.batch import How, Plan
from resnet_gui.core.improve.events import NotRead, Suspect, SuspectsFound
from resnet_gui.core.improve.values import What
from resnet_gui.ui.correcting.corrector import Corrector
from resnet_gui.ui.correcting.judged import Judged
from resnet_gui.ui.filing.filer import Filer
from resnet_gui.ui.improve.controller import ImproveController, ImproveState, Task, Which
from tests.helpers.fake_engine import Rig, heard
from tests.helpers.filing import tree
from tests.ui.improve.conftest import found, to_label, working


def open_folder(rig: Rig, controller: ImproveController, folder: Path) -> None:
    controller.set_folder(folder)
    assert controller.state is ImproveState.LOOKING
    rig.until(lambda: controller.state is ImproveState.EMPTY)
    assert controller.root == str(folder)


def look(rig: Rig, controller: ImproveController, folder: Path, wrong: int = 2) -> None:
    open_folder(rig, controller, folder)
    rig.engine.script("suspects", *working(), found(folder, wrong))
    controller.find_suspects()
    rig.until(lambda: controller.state is ImproveState.SHOWN)


def paths(controller: ImproveController) -> list[str]:
    return [f"{Path(p.path).parent.name}/{Path(p.path).name}" for p in controller.photos]


def test_a_folder_is_looked_through_and_its_suspects_shown(
    rig: Rig, controller: ImproveController, folder: Path
) -> None:
    assert not controller.startable
    told = heard(controller.progressed)
    look(rig, controller, folder)
    assert controller.summary is not None
    assert controller.classes == ["ants", "bees"]
    assert paths(controller) == ["bees/0.jpg", "bees/1.jpg"]
    assert controller.photos[0] == Judged(str(folder / "bees/0.jpg"), "bees", "ants", 0.97)
    assert controller.photos[0].words == "is in “bees”, looks like “ants” (97.0%)"
    assert told[-1] == ("Learning from the photos that are labelled", 1, 5)
    [(summary, model_id, decisions, device)] = rig.engine.asked("suspects")
    assert (summary.root, model_id, device) == (str(folder), "a", "auto")
    assert decisions.decisions == ()
    controller.show_which(Which.ALL)
    assert len(controller.photos) == 6
    controller.show_which(Which.DECIDED)
    assert not controller.photos


def test_without_a_wrong_one_all_are_shown(
    rig: Rig, controller: ImproveController, folder: Path
) -> None:
    look(rig, controller, folder, wrong=0)
    assert controller.which is Which.ALL
    assert len(controller.photos) == 6


def test_decisions_outlive_the_program(
    rig: Rig, controller: ImproveController, folder: Path
) -> None:
    look(rig, controller, folder)
    corrector, root = controller.corrector, controller.root
    first, second = controller.photos
    corrector.move(root, [first], "ants")
    corrector.set_aside(root, [second])
    corrector.accept(root, [Judged(str(folder / "ants/3.jpg"), "ants")])
    assert corrector.badge(root, first.path) == "→ ants"
    assert corrector.badge(root, second.path) == "set aside"
    counts = corrector.counts(root)
    assert (counts.moves, counts.aside, counts.labelled, counts.fine) == (1, 1, 0, 1)
    rig.settle()
    later = Corrector(rig.io, Filer(rig.io, rig.parent), rig.parent)
    opened = heard(later.opened)
    later.open(root)
    rig.until(lambda: opened == [root])
    assert later.counts(root) == counts
    assert [photo.path for photo in later.decided(root)] == [
        first.path, second.path, str(folder / "ants/3.jpg"),
    ]  # fmt: skip
    assert later.badge(root, str(folder / "ants/3.jpg")) == "✓ fine"


def test_undo_and_redo_without_limit(rig: Rig, controller: ImproveController, folder: Path) -> None:
    look(rig, controller, folder)
    corrector, root = controller.corrector, controller.root
    photo = controller.photos[0]
    for number in range(300):
        corrector.move(root, [photo], f"class {number}")
    assert corrector.badge(root, photo.path) == "→ class 299"
    assert corrector.classes(root) == ["ants", "bees", "class 299"]
    for _ in range(300):
        assert corrector.undo_text(root)
        corrector.undo(root)
    assert not corrector.undo_text(root)
    assert corrector.badge(root, photo.path) == ""
    for _ in range(300):
        corrector.redo(root)
    assert corrector.badge(root, photo.path) == "→ class 299"
    corrector.forget(root, [photo])
    assert corrector.badge(root, photo.path) == ""
    rig.settle()


def test_apply_moves_files_and_undo_brings_each_byte_back(
    rig: Rig, controller: ImproveController, folder: Path
) -> None:
    before = tree(folder.parent)
    look(rig, controller, folder)
    corrector, root = controller.corrector, controller.root
    filer = corrector.filer
    first, second = controller.photos
    corrector.move(root, [first], "wasps")
    corrector.set_aside(root, [second])
    planned = heard(corrector.planned)
    corrector.plan(root, How.COPY)
    rig.until(lambda: planned)
    plan = planned[0][1]
    assert isinstance(plan, Plan)
    assert {(Path(p.source).name, Path(p.target).parent.name) for p in plan.pieces} >= {
        ("0.jpg", "wasps")
    }
    filer.start(plan)
    rig.until(lambda: not corrector.counts(root).pending)
    rig.settle()
    assert (folder / "wasps" / "0.jpg").read_bytes() == before["insects/bees/0.jpg"].content  # type: ignore[union-attr]
    assert not (folder / "bees" / "1.jpg").exists()
    now = corrector.now(root, first)
    assert (now.path, now.label) == (str(folder / "wasps/0.jpg"), "wasps")
    assert corrector.badge(root, first.path) == "✓ in wasps"
    assert corrector.badge(root, second.path) == "✓ set aside"
    assert controller.classes == ["ants", "bees", "wasps"]
    assert filer.undoable is not None
    filer.undo(filer.undoable)
    rig.until(lambda: corrector.counts(root).pending == 2)
    rig.settle()
    assert tree(folder.parent) == before
    assert corrector.badge(root, first.path) == "→ wasps"
    assert corrector.now(root, first) == first


def test_stop_and_failure_lead_back(rig: Rig, controller: ImproveController, folder: Path) -> None:
    open_folder(rig, controller, folder)
    hold = rig.engine.hold()
    rig.engine.script("suspects", *working(), hold, *working(), found(folder))
    controller.find_suspects()
    rig.until(hold.reached.is_set)
    assert controller.busy
    controller.stop()
    assert controller.state is ImproveState.STOPPING
    hold.over.set()
    rig.until(lambda: controller.state is ImproveState.EMPTY)
    noticed = heard(controller.noticed)
    rig.engine.script(
        "suspects", Notice("A word."), DatasetError(folder, "Too few photos.", "Add.")
    )
    controller.find_suspects()
    rig.until(lambda: len(noticed) == 2 and not controller.busy)
    assert noticed == [("A word.", "notice"), ("Too few photos. Add.", "warning")]
    unread = tuple(NotRead(f"/{n}.jpg", f"{n} cannot be read.") for n in range(5))
    result = found(folder)
    rig.engine.script(
        "suspects", SuspectsFound(result.root, "a", result.suspects, 12, 2, failed=unread)
    )
    controller.find_suspects()
    rig.until(lambda: controller.state is ImproveState.SHOWN)
    assert [text for text, _ in noticed[2:]] == [
        "0 cannot be read.", "1 cannot be read.", "2 cannot be read.",
        "2 more photos could not be read.",
    ]  # fmt: skip


def test_what_is_no_folder_of_classes_is_named(
    rig: Rig, controller: ImproveController, tmp_path: Path
) -> None:
    noticed = heard(controller.noticed)
    controller.set_folder(tmp_path / "nowhere")
    rig.until(lambda: controller.state is ImproveState.EMPTY)
    assert noticed
    assert "nowhere" in noticed[0][0]
    assert controller.folder is None
    assert not controller.startable


def test_the_queue_learns_from_what_was_decided(
    rig: Rig, controller: ImproveController, folder: Path, loose: Path
) -> None:
    open_folder(rig, controller, folder)
    rig.engine.script("least_sure", *working(), to_label(folder, loose))
    controller.label_more([loose])
    rig.until(lambda: controller.state is ImproveState.SHOWN)
    assert controller.task is Task.QUEUE
    assert [(photo.label, photo.guess) for photo in controller.photos[:2]] == [
        ("", "bees"), ("", "ants"),
    ]  # fmt: skip
    corrector, root = controller.corrector, controller.root
    corrector.move_each(root, [(photo, photo.guess) for photo in controller.photos[:3]])
    corrector.undo(root)  # into two classes, but one step
    assert not corrector.counts(root).pending
    corrector.redo(root)
    corrector.set_aside(root, [controller.photos[3]])
    counts = corrector.counts(root)
    assert (counts.moves, counts.labelled, counts.pending) == (3, 3, 3)
    rig.engine.script("least_sure", to_label(folder, loose, 1))
    controller.next_round()
    rig.until(lambda: controller.state is ImproveState.SHOWN)
    assert len(controller.photos) == 1
    _, pool, _, decisions, _ = rig.engine.asked("least_sure")[-1]
    assert pool == (loose,)
    assert [decision.what for decision in decisions.decisions] == [What.LABEL] * 3 + [What.ASIDE]
    rig.settle()


def test_a_look_at_another_folder_lets_the_first_go(
    rig: Rig, controller: ImproveController, folder: Path, loose: Path
) -> None:
    hold = rig.occupy(rig.io)
    controller.set_folder(loose)
    controller.set_folder(folder)
    hold.over.set()
    rig.until(lambda: controller.state is ImproveState.EMPTY)
    rig.settle()
    assert controller.root == str(folder)


def test_choosing_a_model_meanwhile_does_not_end_the_look_at_a_folder(
    rig: Rig, controller: ImproveController, folder: Path
) -> None:
    """The page used to stay dead: the look's end was not waited for any more."""
    hold = rig.occupy(rig.io)
    controller.set_folder(folder)
    controller.close()
    assert controller.state is ImproveState.LOOKING
    hold.over.set()
    rig.until(lambda: controller.startable)
    assert (controller.state, controller.root) == (ImproveState.EMPTY, str(folder))


@pytest.mark.parametrize("gone", [False, True])
def test_training_again_takes_the_model_and_the_folder(
    rig: Rig, controller: ImproveController, folder: Path, gone: bool
) -> None:
    open_folder(rig, controller, folder)
    asked = heard(controller.training_requested)
    if gone:
        rig.look()
        controller.train_again()
        rig.settle()
        assert not asked
        return
    controller.train_again()
    rig.until(lambda: asked)
    assert (asked[0].data, asked[0].model) == (str(folder), "a")


def test_a_photo_that_fits_its_class_is_not_said_to_look_like_another(
    rig: Rig, controller: ImproveController, folder: Path
) -> None:
    """Among all photos, the least fitting first, most fit: the second class is none to move to."""
    open_folder(rig, controller, folder)
    suspects = (
        Suspect(str(folder / "bees/0.jpg"), "bees", "ants", 0.02, 0.97, 4.0, True),
        Suspect(str(folder / "bees/1.jpg"), "bees", "ants", 0.53, 0.47, 0.6, False),
        Suspect(str(folder / "bees/2.jpg"), "bees", "ants", 0.55, 0.42, 0.6, True),
    )
    rig.engine.script("suspects", SuspectsFound(str(folder), "a", suspects, 12, 2))
    controller.find_suspects()
    rig.until(lambda: controller.state is ImproveState.SHOWN)
    controller.show_which(Which.ALL)
    first, second, third = controller.photos
    assert first.guess == third.guess == "ants", "what is probably wrong has another class"
    assert (second.guess, second.words) == ("", "is in “bees”, fits it (53.0%)")
