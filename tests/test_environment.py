"""What torch's threads are told before torch is imported."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import ctypes, sys
from resnet_gui.__main__ import prepare_environment
prepare_environment()
ctypes.CDLL(sys.argv[1])
"""


def _openmp() -> Path:
    """GNU's OpenMP as torch brings it along."""
    spec = importlib.util.find_spec("torch")
    assert spec is not None
    assert spec.origin is not None
    found = sorted(Path(spec.origin).parent.glob("lib/libgomp*"))
    if not found:
        pytest.skip("this torch has another OpenMP")
    return found[0]


@pytest.mark.parametrize(("wanted", "spins"), [({}, "20000"), ({"GOMP_SPINCOUNT": "7"}, "7")])
def test_openmp_waits_a_moment_for_more_work_unless_told_otherwise(
    wanted: dict[str, str], spins: str
) -> None:
    own = {key: value for key, value in os.environ.items() if not key.startswith(("OMP", "GOMP"))}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(_openmp())],
        env={**own, **wanted, "OMP_DISPLAY_ENV": "VERBOSE"},
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    )
    assert f"GOMP_SPINCOUNT = '{spins}'" in done.stderr
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in done.stderr
