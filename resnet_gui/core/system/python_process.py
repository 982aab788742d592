"""A process of our own that runs `main` of one of our modules. No torch."""

from __future__ import annotations

import subprocess
import sys

from resnet_gui.core.system import paths

# 0 on other systems than Windows: there a process makes itself nice.
_LOW_PRIORITY = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


def start_python(
    module: str,
    *,
    env: dict[str, str] | None = None,
    listen: bool = False,
    low_priority: bool = False,
) -> subprocess.Popen[bytes]:
    """Start it; `stdin` is a pipe.

    Args:
        module: its full name; it has a function `main`.
        env: of the process; as ours without.
        listen: whether `stdout` is a pipe, which somebody has to read; else it is nothing.
        low_priority: on Windows, where it cannot do that itself.

    Raises:
        OSError: the system starts no process.
    """
    # Behind what Python finds itself, and never the folder that one happens to be in (-P): it may
    # hold anything under the name of a library.
    code = f"import sys; sys.path.append({str(paths.PACKAGE_DIR.parent)!r}); import {module} as p"
    return subprocess.Popen(
        [sys.executable, "-P", "-c", f"{code}; p.main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if listen else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=env,
        start_new_session=True,  # Ctrl+C in the terminal is not for it
        creationflags=_NO_WINDOW | (_LOW_PRIORITY if low_priority else 0),
    )
