"""Whatever a file holds or is called: an answer, or an error that names it and says what to do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.corpus.runner import KINDS, MEMORY_MB, run_corpus

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="pipes, links and most of the names cannot be made on Windows"
)
SEED = int(os.environ.get("RESNET_GUI_CORPUS_SEED", "1"))
# Files: 550 in the everyday suite, 4,300 and some bombs in the slow one.
EVERYDAY = {"images": 230, "models": 140, "names": 50, "runs": 60, "settings": 70}
SLOW = {"images": 2000, "models": 1000, "names": 500, "runs": 400, "settings": 400}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_answers_and_named_errors_comes_of_hostile_files(
    tmp_path: Path, kind: str
) -> None:
    check(kind, EVERYDAY[kind], tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_answers_and_named_errors_comes_of_many_hostile_files(
    tmp_path: Path, kind: str
) -> None:
    check(kind, SLOW[kind], tmp_path, costly=True)


def check(kind: str, count: int, folder: Path, *, costly: bool = False) -> None:
    outcome = run_corpus(kind, SEED, count, folder / "corpus", costly=costly)
    figures = outcome.figures()
    sys.stdout.write(f"{figures}\n")  # pytest -rP shows it
    assert not outcome.failures, f"{figures}\n{outcome.complaint()}"
    assert not outcome.stderr.strip(), f"{figures}\n{outcome.complaint()}"
    assert outcome.files >= count, figures
    assert max(result.peak_mb for result in outcome.results) <= MEMORY_MB, figures


def test_the_everyday_corpus_is_as_large_as_promised() -> None:
    assert sum(EVERYDAY.values()) >= 500
    assert sum(SLOW.values()) >= 2000
