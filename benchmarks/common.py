"""What benchmarks share: the machine in words, a screen of their own, generated photos."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageEnhance, ImageFilter

from resnet_gui.core.system.paths import sample_photos


def machine() -> str:
    """Processor, cores and load: figures mean nothing without."""
    name = "unknown processor"
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f} before the run" if hasattr(os, "getloadavg") else ""
    return f"{name}, {cores} cores{load}"


@contextlib.contextmanager
def screen(size: str = "1600x1000x24") -> Iterator[str]:
    """DISPLAY of a fresh Xvfb."""
    if shutil.which("Xvfb") is None:
        raise SystemExit("This benchmark needs Xvfb (Debian's package xvfb).")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp"],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    try:
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)


def run_child(module: str, display: str, folder: str, *more: str) -> dict[str, float]:
    """`python -m MODULE child FOLDER …` on that display, with its settings in the folder; the JSON
    object that it prints last."""
    environment = {
        **os.environ,
        "DISPLAY": display,
        "QT_QPA_PLATFORM": "xcb",
        "RESNET_GUI_HOME": f"{folder}/home",
    }
    # The program has its compiled files after its first start.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-m", module, "child", folder, *more],
        env=environment,
        capture_output=True,
        text=True,
        timeout=1500,
    )
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def make_classes(folder: Path, count: int) -> None:
    """A dataset of two classes (crops of the cat, crops of the espresso), `count` photos in all."""
    for name, index in (("cat", 0), ("espresso", 1)):
        (folder / name).mkdir(parents=True)
        base = Image.open(sample_photos()[index]).convert("RGB").resize((800, 600))
        for number in range(count // 2):
            x, y = (number * 7) % 160, (number * 5) % 120
            part = base.crop((x, y, x + 640, y + 480))
            part.save(folder / name / f"{number:04d}.jpg", quality=85)


def make_hard_classes(folder: Path, count: int) -> None:
    """A dataset of three classes (cat, espresso, rocket), `count` photos in all, of which a model
    gets some wrong: small pieces of the sample photos, some blurred, dark or grey."""
    chance = random.Random(0)  # the same photos each time
    for path in sample_photos():
        (folder / path.stem).mkdir(parents=True)
        base = Image.open(path).convert("RGB")
        for number in range(count // 3):
            side = chance.randint(20, 60)
            x, y = (chance.randint(0, length - side) for length in base.size)
            part = base.crop((x, y, x + side, y + side)).resize((200, 200))
            part = part.filter(ImageFilter.GaussianBlur(chance.uniform(0, 9)))
            part = ImageEnhance.Color(part).enhance(chance.choice((0.0, 0.3, 1.0)))
            part = ImageEnhance.Brightness(part).enhance(chance.uniform(0.5, 1.3))
            part = part.rotate(chance.choice((0, 90, 180, 270)))
            part.save(folder / path.stem / f"{number:04d}.jpg", quality=85)


def make_album(folder: Path, count: int, width: int = 1600, height: int = 1200) -> list[Path]:
    """`count` different JPEGs of width x height pixels from the sample photos."""
    folder.mkdir(parents=True, exist_ok=True)
    bases = [
        Image.open(path).convert("RGB").resize((width + 64, height + 64))
        for path in sample_photos()
    ]
    made = []
    for number in range(count):
        shift = number % 64
        part = bases[number % len(bases)].crop((shift, shift, shift + width, shift + height))
        path = folder / f"img_{number:04d}.jpg"
        part.save(path, quality=85)
        made.append(path)
    return made
