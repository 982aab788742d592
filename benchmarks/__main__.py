"""`python -m benchmarks [NAME …] [OPTION …]`: run the benchmarks and print their figures with
conditions. Options are those of the benchmark that is named."""

from __future__ import annotations

import importlib
import platform
import sys

from benchmarks.common import machine

NAMES = ("window", "training_window", "lab_window")


def main() -> None:
    given = sys.argv[1:]
    count = next((n for n, item in enumerate(given) if item.startswith("-")), len(given))
    names, sys.argv[1:] = given[:count] or NAMES, given[count:]
    print(f"# {machine()}, Python {platform.python_version()}")
    for name in names:
        print(f"\n## {name}")
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
