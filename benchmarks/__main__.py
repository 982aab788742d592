"""`python -m benchmarks [NAME …]`: run the benchmarks and print their figures with conditions.
`python -m benchmarks NAME --help`: the options of one of them, where it has any."""

from __future__ import annotations

import importlib
import platform
import sys

from benchmarks.common import machine

NAMES = (
    "window",
    "training_window",
    "lab_window",
    "library_window",
    "evaluate_window",
    "crowded_window",
    "idle",
    "folder",
    "photo",
    "library",
)  # of a computer without a GPU


def main() -> None:
    words = sys.argv[1:]
    first_option = next((n for n, word in enumerate(words) if word.startswith("-")), len(words))
    names, options = words[:first_option], words[first_option:]
    if options and len(names) != 1:
        raise SystemExit("Options go with one benchmark's name: python -m benchmarks NAME --option")
    print(f"# {machine()}, Python {platform.python_version()}")
    for name in names or NAMES:
        print(f"\n## {name}", flush=True)
        sys.argv = [name, *options]
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
