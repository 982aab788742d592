"""`python -m benchmarks [NAME …]`: run the benchmarks and print their figures with conditions."""

from __future__ import annotations

import importlib
import platform
import sys

from benchmarks.common import machine

NAMES = ("window", "training_window", "lab_window")


def main() -> None:
    names = sys.argv[1:] or NAMES
    print(f"# {machine()}, Python {platform.python_version()}")
    for name in names:
        print(f"\n## {name}")
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
