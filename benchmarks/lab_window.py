"""The Lab page in the real program: stalls while its views open, play, compute and draw.

`python -m benchmarks lab_window`. On an Xvfb screen, with the bundled histories.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time

from benchmarks.common import run_child, screen
from benchmarks.window_child import FIRST_PHASE, Stalls, run_until

STARTS = 3


def main() -> None:
    worst: dict[str, float] = {}
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory() as folder, screen() as display:
            figures = run_child("benchmarks.lab_window", display, folder)
        for name, stall_ms in figures.items():
            worst[name] = max(worst.get(name, 0.0), stall_ms)
    print(f"{STARTS} starts, the worst of them")
    for name, stall_ms in worst.items():
        print(f"{name + ', ms':<72} {stall_ms:8.1f}")


def child() -> None:
    """Prints one JSON object of milliseconds."""
    from resnet_gui.__main__ import import_window, prepare_environment

    prepare_environment()

    from resnet_gui.ui.lab.page import View

    app = import_window().open_window([])
    window = app.window
    window.resize(1400, 900)
    lab, controller = window.lab_page, window.lab_controller
    stalls = Stalls()

    def idle(ms: float = 300) -> None:
        until = time.monotonic() + ms / 1000
        run_until(lambda: time.monotonic() >= until)

    def show(view: View) -> None:
        lab.show_view(view)
        run_until(lambda: view in lab.views)
        idle()

    run_until(lambda: window.status_line.text.text() == "Ready.")
    idle()
    stalls.begin("opening the Lab")
    window.show_page("lab")
    lab.show_view(View.CURVES)
    run_until(lambda: View.CURVES in lab.views and controller.looked)
    idle()
    stalls.begin("switching networks on and off")
    for row in list(lab.networks.rows.values()):
        row.box.click()
        idle(60)
        row.box.click()
        idle(60)
    stalls.begin("first showing of Gradients")
    show(View.GRADIENTS)
    stalls.begin("playing all epochs")
    layers = lab.views[View.GRADIENTS]
    layers.epochs.play.click()  # type: ignore[union-attr]
    run_until(lambda: not layers.epochs.play.isChecked())  # type: ignore[union-attr]
    stalls.begin("computing an untrained Plain-56")
    controller.measure("cifar-plain56")
    run_until(lambda: not controller.measuring)
    idle()
    stalls.begin("first showing of Residuals")
    show(View.RESIDUALS)
    stalls.begin("first diagram")
    lab.show_view(View.DIAGRAM)
    run_until(lambda: View.DIAGRAM in lab.views and controller.diagram is not None)
    idle()
    stalls.begin("diagram of 1202 layers")
    controller.draw("cifar-resnet1202")
    run_until(lambda: controller.diagram is not None)
    idle()
    stalls.begin("first showing of Why it works")
    show(View.WHY)
    stalls.begin("projector on")
    lab.projector.click()
    idle(800)
    stalls.begin("end")
    figures = {
        f"{kind}: {name}": value
        for kind, values in (
            ("longest stall", stalls.longest_ms),
            ("most that the window computed", stalls.computed_ms),
        )
        for name, value in values.items()
        if name not in ("end", FIRST_PHASE)
    }
    window.close()
    run_until(lambda: app.clean)
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child()
    else:
        main()
