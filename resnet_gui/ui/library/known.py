"""What is known of the photos of the list, and how many there are of each label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from resnet_gui.ui.library.arrangement import Steps, parts
from resnet_gui.ui.library.facts import Facts, facts_of
from resnet_gui.ui.widgets.photo_list import Photo


class Known:
    """Attributes:
    facts: of photos that were looked at, perhaps of before: see `Facts.holds`.
    kinds: see `facts_of`.
    compared: so many photos of the list were shown to another model before.
    """

    def __init__(self) -> None:
        self.facts: dict[Photo, Facts] = {}
        self.kinds: dict[str, str] = {}
        self.compared = 0
        self._labels: Counter[str] = Counter()

    def forget(self) -> None:
        self.facts.clear()
        self._labels.clear()
        self.compared = 0

    def of(self, photo: Photo) -> Facts:
        """As they are now."""
        found = self.facts.get(photo)
        return found if found is not None and found.holds(photo) else facts_of(photo, self.kinds)

    def holds(self, photo: Photo) -> bool:
        """Whether they are known."""
        found = self.facts.get(photo)
        return found is not None and found.holds(photo)

    def learn(self, photo: Photo) -> None:
        """Compute a photo's facts anew, and count it if it is in the list."""
        before = self.facts.get(photo)
        now = self.facts[photo] = facts_of(photo, self.kinds)
        if photo.row < 0:
            return
        if before is not None:
            self._labels[before.label] -= 1
            self.compared -= bool(before.other)
        self._labels[now.label] += 1
        self.compared += bool(now.other)

    def labels(self) -> Counter[str]:
        """How many photos of the list have each label; those without one are left out."""
        found = +self._labels
        found.pop("", None)
        return found

    def count(self, photos: Sequence[Photo]) -> Steps[list[Photo]]:
        """The list is another: count it anew.

        Returns:
            the photos of which it is not known what holds now.
        """
        labels, compared, unknown = Counter[str](), 0, list[Photo]()
        for part in parts(photos):
            found = [(photo, self.facts.get(photo)) for photo in part]
            known = [facts for _, facts in found if facts is not None]
            labels.update([facts.label for facts in known])
            compared += sum(facts.other != "" for facts in known)
            unknown += [p for p, facts in found if facts is None or not facts.holds(p)]
            yield
        self._labels, self.compared = labels, compared
        return unknown

    def keep_only(self, photos: Sequence[Photo]) -> None:
        """Forget the others, once they are many."""
        if len(self.facts) > 2 * len(photos) + 1000:
            there = set(photos)
            self.facts = {p: facts for p, facts in self.facts.items() if p in there}
