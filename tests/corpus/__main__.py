"""Run a corpus by hand, or one case of it: see the package's description."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.corpus.runner import KINDS, run_corpus


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--only", type=int, nargs="*", default=[], metavar="NUMBER")
    parser.add_argument("--costly", action="store_true", help="with the decompression bombs")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the files here")
    parser.add_argument("--list", action="store_true", help="say what came of every case")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary, "corpus")
        outcome = run_corpus(
            chosen.kind, chosen.seed, chosen.count, folder,
            costly=chosen.costly or bool(chosen.only), only=chosen.only,
            together=not chosen.only,
        )  # fmt: skip
        for result in outcome.results if chosen.list else ():
            sys.stdout.write(f"{result.number} {result.what}: {result.outcome} {result.detail}\n")
        sys.stdout.write(outcome.complaint() + "\n" + outcome.figures() + "\n")
        return 1 if outcome.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
