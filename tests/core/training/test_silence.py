"""Training asks nobody anything: no connection, no name looked up. A process of its own listens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from resnet_gui.core.system import paths
from resnet_gui.core.zoo import Preprocessing
from tests.conftest import REPOSITORY
from tests.helpers.models import small_model
from tests.helpers.training import make_photos

_LISTENING = """
import sys
heard = []
def listen(event, arguments):
    looked_up = event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
    # A local socket is named by a path and reaches nobody.
    connected = event in ("socket.connect", "socket.sendto", "socket.sendmsg") and not isinstance(
        arguments[-1], (str, bytes)
    )
    if looked_up or connected:
        heard.append((event, str(arguments[1:])))
sys.addaudithook(listen)
import socket
socket.gethostbyname("localhost")
assert heard.pop()[0] == "socket.gethostbyname"  # it does listen
import time
from resnet_gui.__main__ import main
for method in ("head", "full"):
    sys.argv = ["resnet-gui", "train", sys.argv[-1]]
    sys.argv[2:2] = ["--model", "insects", "--method", method, "--epochs", "1", "--device", "cpu"]
    try:
        main()
    except SystemExit as end:
        assert not end.code, end.code
time.sleep(0.2)  # what goes on in threads
assert heard == [], heard
"""


def test_training_of_a_head_and_of_all_layers_reaches_nobody(
    tmp_path: Path, own_home: Path
) -> None:
    small_model(
        paths.user_models_dir() / "insects.safetensors",
        architecture="cifar_resnet",
        architecture_options={"depth": 8},
        preprocessing=Preprocessing(32, 32, (0.5, 0.4, 0.3), (0.2, 0.2, 0.25), "bicubic"),
    )
    make_photos(tmp_path / "photos", count=6)
    done = subprocess.run(
        [sys.executable, "-c", _LISTENING, tmp_path / "photos"],
        capture_output=True,
        text=True,
        timeout=110,
        cwd=REPOSITORY,
    )
    assert done.returncode == 0, done.stderr
    assert len(list((paths.data_dir() / "runs").iterdir())) == 2
