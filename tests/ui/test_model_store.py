"""The window's one owner of the zoo."""

from __future__ import annotations

from resnet_gui.core.zoo import ModelState
from tests.helpers.fake_engine import Rig, heard, model

A, B = model("a"), model("b")


def test_before_and_after_the_first_look(rig: Rig) -> None:
    store, changed = rig.store, heard(rig.store.changed)
    assert store.inventory is None
    assert store.entries == ()
    assert store.entry("a") is None
    assert store.default() is None
    rig.engine.models = [A, B, model("c", ModelState.DOWNLOADABLE)]
    store.refresh()
    rig.settle()
    assert len(changed) == 1
    assert [entry.spec.id for entry in store.entries] == ["a", "b", "c"]
    assert store.entry("b") is B
    assert store.entry("c") is not None
    assert store.default("b") is B
    assert store.default("c") is A


def test_asking_often_costs_one_look_more(rig: Rig) -> None:
    hold, changed = rig.engine.hold(), heard(rig.store.changed)
    rig.engine.script("entries", hold)
    rig.store.refresh()
    rig.until(hold.reached.is_set)
    assert rig.store.settled
    rig.engine.models = [A]
    for _ in range(5):
        rig.store.refresh()
    assert not rig.store.settled
    hold.over.set()
    rig.until(lambda: rig.store.settled and len(changed) == 2)
    rig.settle()
    assert len(rig.engine.asked("entries")) == 2
    assert rig.store.entries == (A,)


def test_a_look_that_fails_keeps_what_was_known(rig: Rig) -> None:
    rig.look(A)
    failed, changed = heard(rig.store.failed), heard(rig.store.changed)
    rig.engine.models = [B]
    rig.engine.script("entries", OSError("The drive is gone."))
    rig.store.refresh()
    rig.settle()
    assert failed == ["The drive is gone."]
    assert not changed
    assert rig.store.entries == (A,)
    rig.store.refresh()
    rig.settle()
    assert rig.store.entries == (B,)


def test_looking_for_changes_is_heard_of_only_where_there_are_some(rig: Rig) -> None:
    store, engine = rig.store, rig.engine
    store.look_for_changes()
    rig.settle()
    assert not engine.asked("entries")  # the first look is somebody else's
    rig.look(A)
    changed, failed, before = heard(store.changed), heard(store.failed), store.inventory
    store.look_for_changes()
    rig.settle()
    assert len(engine.asked("entries")) == 2
    assert not changed
    assert store.inventory is before
    engine.models = [A, B]
    store.look_for_changes()
    rig.settle()
    assert len(changed) == 1
    assert store.entries == (A, B)
    engine.script("entries", OSError("The drive is gone."))
    store.look_for_changes()
    rig.settle()
    assert not failed  # nobody asked
    assert store.entries == (A, B)


def test_who_asks_during_a_look_for_changes_gets_a_look_of_their_own(rig: Rig) -> None:
    rig.look(A)
    hold, changed = rig.engine.hold(), heard(rig.store.changed)
    rig.engine.script("entries", hold)
    rig.store.look_for_changes()
    rig.until(hold.reached.is_set)
    rig.store.look_for_changes()
    rig.store.refresh()
    assert not rig.store.settled
    hold.over.set()
    rig.until(lambda: rig.store.settled and len(changed) == 1)
    rig.settle()
    assert len(rig.engine.asked("entries")) == 3
