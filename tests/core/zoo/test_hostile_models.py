"""Model and weights files that lie: named errors, little memory, and no list that breaks."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from resnet_gui.core.errors import ModelError, ModelFileError, ResNetGuiError
from resnet_gui.core.http.settings import HttpSettings
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.zoo import ModelEntry, ModelState, Zoo
from resnet_gui.core.zoo.apply_settings import FieldProblem, apply_network_settings
from resnet_gui.core.zoo.providers.files import FileProvider
from resnet_gui.core.zoo.storage.imports import import_weights
from resnet_gui.core.zoo.storage.inventory import take_inventory
from resnet_gui.core.zoo.weights.foreign import read_foreign
from resnet_gui.core.zoo.weights.load import load_network, read_state_dict, save_model
from resnet_gui.core.zoo.weights.model_file import read_header, spec_from_header
from tests.helpers import hostile_models
from tests.helpers.hostile_models import (
    BOMBS,
    HEADERS,
    LARGE_BOMBS,
    damaged_files,
    legacy_by_hand,
    zip_by_hand,
)
from tests.helpers.models import description, file_by_hand, random_state, small_model, small_spec

MAX_BYTES = 1_500_000_000


# --- bombs ------------------------------------------------------------------------------------

# Reads each file as `import` does, in one process: the largest memory of all counts. What asks for
# far more fails at once, instead of taking the computer's. (`ru_maxrss` would count the memory of
# the process that started this one.)
_READ_ALL = """
import json, resource, sys, time
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (16_000_000_000,) * 2)
from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.zoo.storage.imports import import_weights
for name in sys.stdin.read().splitlines():
    started = time.monotonic()
    try:
        list(import_weights(Path(name)))
        found = "taken in"
    except ResNetGuiError as error:
        found = f"{type(error).__name__}: {error}"
    except BaseException as error:
        found = f"TRACEBACK {type(error).__name__}: {error}"[:300]
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024
    print(json.dumps([Path(name).name, found, time.monotonic() - started, peak]), flush=True)
"""


def read_all(paths: list[Path]) -> list[tuple[str, str, float, int]]:
    """What importing each says, its seconds, and the peak of memory until then."""
    done = subprocess.run(
        [sys.executable, "-c", _READ_ALL], input="\n".join(map(str, paths)), text=True,
        capture_output=True, timeout=100, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux tells it")
@pytest.mark.parametrize(
    "bombs", [BOMBS, pytest.param(LARGE_BOMBS, marks=pytest.mark.slow)], ids=["small", "large"]
)
def test_bombs_are_refused_in_little_memory(
    bombs: dict[str, tuple[str, Callable[[Path], object]]], tmp_path: Path
) -> None:
    paths = []
    for number, (suffix, make) in enumerate(bombs.values()):
        path = tmp_path / f"{number}{suffix}"
        make(path)
        paths.append(path)
    results = read_all(paths)
    assert len(results) == len(paths)
    for name, (file, found, seconds, peak) in zip(bombs, results, strict=True):
        assert found.partition(":")[0] in ("ModelFileError", "CheckpointMismatchError"), (
            name,
            found,
        )
        assert file in found, name
        assert peak < MAX_BYTES, (name, peak)
        assert seconds < 60, (name, seconds)  # minutes, where what a header says is built
    assert not list(user_models_dir().glob("*"))


def test_a_header_is_refused_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resnet_gui.core.nets import build as builder

    def build(*_: object) -> torch.nn.Module:
        raise AssertionError("built")

    monkeypatch.setattr(builder, "_build", build)
    for name, make in HEADERS.items():
        path = tmp_path / "m.safetensors"
        make(path)
        with pytest.raises(ModelFileError, match=r"m\.safetensors") as caught:
            list(import_weights(path))
        assert len(str(caught.value)) < 600, name


@pytest.mark.parametrize(
    ("architecture", "options"),
    [
        ("resnet18", {"depth": 3}), ("efficientnet-lite0", {"depth_coefficient": 1e5}),
        ("efficientnet-lite0", {"colour": 1}), ("cifar_resnet", {"depth": 100_000}),
        ("cifar_resnet", {"depth": 20, "kind": "ring"}), ("cifar_resnet", {}),
        ("cifar_preresnet", {"depth": 29, "shortcut": "B"}), ("plain_resnet", {"depth": 50}),
        ("resnet50v2", {"depth": 50}), ("resnet50", {"head": {"width": 10**9}}),
        ("", {}), ("vit_giant", {}),
    ],
)  # fmt: skip
def test_options_that_an_architecture_does_not_take(
    architecture: str, options: dict[str, Any]
) -> None:
    """Whoever asks: a run's settings do not come from a checked header."""
    with pytest.raises(ModelError), torch.device("meta"):
        build_network(architecture, 3, options)


def test_tied_and_sliced_weights_are_still_weights(tmp_path: Path) -> None:
    """What is refused are claims beyond the file, not tensors that share their numbers."""
    one = torch.arange(12.0).reshape(3, 4)
    state = {"a": one, "b": one, "c": one.t(), "d": one[:, 1], "e": torch.ones(1).expand(5)}
    for zipped in (True, False):
        path = tmp_path / f"{zipped}.pth"
        torch.save(state, path, _use_new_zipfile_serialization=zipped)
        loaded = read_state_dict(path)
        assert all(torch.equal(loaded[name], state[name]) for name in state)
        assert all(tensor.is_contiguous() for tensor in loaded.values())
        assert len({tensor.data_ptr() for tensor in loaded.values()}) == len(state)


def test_a_checkpoint_of_a_whole_training_is_read(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = build_network("resnet18", 3)
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.zeros(2, 3, 32, 32)).sum().backward()
    optimizer.step()
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [1, 2])
    checkpoint = {
        "epoch": 3, "state_dict": network.state_dict(), "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(), "shape": torch.Size([3]), "dtype": torch.float16,
        "device": torch.device("cpu"), "flag": True, "nothing": None, "rates": (0.1, 0.2),
    }  # fmt: skip
    for zipped in (True, False):
        path = tmp_path / f"{zipped}.pth"
        torch.save(checkpoint, path, _use_new_zipfile_serialization=zipped)
        foreign = read_foreign(path)
        assert (foreign.architecture, foreign.classes) == ("resnet18", 3)
        for name, tensor in network.state_dict().items():
            assert torch.equal(foreign.state[name], tensor)
    parameters = dict(network.named_parameters()) | dict(network.named_buffers())
    torch.save(parameters, tmp_path / "parameters.pth")
    assert read_foreign(tmp_path / "parameters.pth").architecture == "resnet18"


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.uint8, torch.bool,
              torch.float8_e4m3fn, torch.uint16]
)  # fmt: skip
def test_every_type_of_numbers(dtype: torch.dtype, tmp_path: Path) -> None:
    state = {"x": torch.ones(3, 2).to(dtype)}
    torch.save(state, tmp_path / "x.pth")
    assert torch.equal(read_state_dict(tmp_path / "x.pth")["x"], state["x"])


def test_a_pickle_by_hand_is_read_where_it_is_right(tmp_path: Path) -> None:
    """Else the hostile ones could be refused for how they are made."""
    zipped = zip_by_hand(tmp_path / "z.pth", hostile_models.tensor_pickle())
    legacy = legacy_by_hand(tmp_path / "l.pth", hostile_models.tensor_pickle(legacy=True))
    for path in (zipped, legacy):
        assert torch.equal(read_state_dict(path)["x"], torch.zeros(4))


# --- seeded damage ----------------------------------------------------------------------------


def _fuzz(folder: Path, count: int, seed: int) -> int:
    refused = 0
    for path in damaged_files(folder, count, seed):
        try:
            if path.suffix == ".safetensors":
                spec_from_header(path, read_header(path), "yours")
            read_foreign(path)
        except ResNetGuiError as error:
            refused += 1
            assert path.name in str(error)  # noqa: PT017 - the file may have stayed whole
    return refused


def test_damage_is_named(tmp_path: Path) -> None:
    assert _fuzz(tmp_path, 250, seed=1) == 250  # whole ones are refused too: of no architecture


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_more_damage_is_named(tmp_path: Path) -> None:
    assert _fuzz(tmp_path, 2500, seed=2) == 2500


# --- what is no file --------------------------------------------------------------------------


@pytest.fixture
def special(tmp_path: Path) -> Iterator[dict[str, Path]]:
    """Paths that no weights can be under, with the endings of weights."""
    folder = tmp_path / "special"
    folder.mkdir()
    names = ("pipe.pth", "pipe.safetensors", "pipe.h5")
    for name in names:
        os.mkfifo(folder / name)
    (folder / "zero.pth").symlink_to("/dev/zero")
    (folder / "zero.safetensors").symlink_to("/dev/zero")
    (folder / "folder.pth").mkdir()
    (folder / "circle.safetensors").symlink_to(folder / "circle.safetensors")
    with (folder / "endless.pth").open("wb") as file:
        file.truncate(2**43)
    with socket.socket(socket.AF_UNIX) as server:
        before = Path.cwd()
        os.chdir(folder)  # a socket's path may have 100 characters
        server.bind("socket.pth")
        os.chdir(before)
        yield {path.name: path for path in folder.iterdir()}


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes in folders there")
def test_pipes_devices_and_endless_files_are_refused(special: dict[str, Path]) -> None:
    words = {
        "pipe.pth": "pipe", "pipe.safetensors": "pipe", "pipe.h5": "pipe", "zero.pth": "device",
        "zero.safetensors": "device", "folder.pth": "folder", "circle.safetensors": "links",
        "endless.pth": "larger", "socket.pth": "socket",
    }  # fmt: skip
    assert set(words) == set(special)
    for name, path in special.items():
        with pytest.raises(ModelFileError, match=words[name]):
            list(import_weights(path))
        entry = ModelEntry(small_spec(), ModelState.YOURS, path)
        with pytest.raises(ModelFileError, match=words[name]):
            load_network(entry)
        if path.suffix == ".safetensors":
            with pytest.raises(ModelFileError, match=words[name]):
                read_header(path)
        if name != "folder.pth":
            with pytest.raises(ModelFileError):
                read_state_dict(path)
    with pytest.raises(ModelFileError, match="no file can have this name"):
        list(import_weights(Path("a\0b.pth")))
    with pytest.raises(ModelFileError, match="no file can have this name"):
        list(import_weights(Path("a\ud800b.pth")))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux only")
def test_files_of_the_kernel_are_refused() -> None:
    for name in ("/proc/kcore", "/proc/self/mem", "/proc/self/status", "/sys/kernel/notes"):
        if Path(name).exists():
            with pytest.raises(ModelFileError):
                list(import_weights(Path(name)))


def test_a_bundle_list_without_end(tmp_path: Path) -> None:
    for text in ("[" * 100_000, '{"format": 1e999}', '{"format": 1, "files": 3}', "\0" * 100):
        (tmp_path / "bundle.json").write_text(text)
        with pytest.raises(ModelFileError, match="list cannot be read"):
            list(import_weights(tmp_path))
    with (tmp_path / "bundle.json").open("wb") as file:
        file.truncate(2**36)
    with pytest.raises(ModelFileError, match="list cannot be read"):
        list(import_weights(tmp_path))
    item = {"id": "x", "file": "\ud800.pth", "bytes": 3, "sha256": "0" * 64}
    (tmp_path / "bundle.json").write_text(json.dumps({"format": 1, "files": [item]}))
    with pytest.raises(ModelFileError):
        list(import_weights(tmp_path))


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes in folders there")
def test_certificates_are_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pem")
    for place, words in ((tmp_path / "pipe.pem", "pipe"), (Path("/dev/zero"), "device")):
        draft = HttpSettings(ca_bundle=place)
        (problem,) = apply_network_settings(draft, move=False)
        assert isinstance(problem, FieldProblem)
        assert words in problem.message


def test_a_folder_with_a_models_name_is_not_counted(own_home: Path) -> None:
    """It may be a link to all of the disk."""
    folder = user_models_dir() / "folder.safetensors"
    folder.mkdir(parents=True)
    (folder / "large").write_bytes(bytes(1000))
    (inventory,) = take_inventory(Zoo.standard().entries)
    assert (inventory.use.own, "folder" in inventory.file_bytes) == (0, False)
    assert "it is a folder" in inventory.problems["folder"]


# --- lists ------------------------------------------------------------------------------------


def _fill(folder: Path) -> list[str]:
    """Every hostile header, and names that are no text; returns the names."""
    folder.mkdir(parents=True)
    for number, make in enumerate(HEADERS.values()):
        make(folder / f"bad{number:03}.safetensors")
    (folder / "folder.safetensors").mkdir()
    (folder / "gone.safetensors").symlink_to(folder / "nothing")
    if sys.platform != "win32":
        os.mkfifo(folder / "pipe.safetensors")
        (folder / "zero.safetensors").symlink_to("/dev/zero")
    if sys.platform == "linux":
        make_named = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.safetensors"))
        file_by_hand(make_named, description(title=None))
    return [path.name for path in folder.iterdir()]


TITLES = ["half \ud800", "\udfff\ud800", "café \udce9", "a\nb\x1b[31m", "‮cod.exe", "<b>x</b>"]


def test_one_bad_file_never_breaks_a_list(own_home: Path) -> None:
    folder = user_models_dir()
    bad = _fill(folder)
    small_model(folder / "good.safetensors")
    for number, title in enumerate(TITLES):
        values = description(title=title, notes=title, family=title, classes=[title, "b"])
        file_by_hand(folder / f"title{number}.safetensors", json.dumps(values))
    entries = {entry.spec.path: entry for entry in Zoo.standard().entries() if entry.spec.path}
    assert {path.name for path in entries if path and path.parent == folder} == {
        *bad, "good.safetensors", *(f"title{n}.safetensors" for n in range(len(TITLES))),
    }  # fmt: skip
    for path, entry in entries.items():
        assert path is not None
        named = path.name.startswith(("good", "title", "caf")) or path.parent != folder
        assert (entry.problem == "") == named, (path, entry.problem)
        if entry.problem:
            assert path.name in entry.problem
        for text in (entry.spec.title, entry.spec.family, entry.spec.notes):
            text.encode()  # what a window or a terminal can take
        json.dumps(entry.to_json(), allow_nan=False)
    (inventory,) = take_inventory(Zoo.standard().entries)
    assert len(inventory.problems) == len(bad) - (sys.platform == "linux")
    assert inventory.use.own > 0


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_the_command_lists_what_it_can(option: list[str], own_home: Path) -> None:
    folder = user_models_dir()
    bad = _fill(folder)
    small_model(folder / "good.safetensors")
    for number, title in enumerate(TITLES):
        file_by_hand(folder / f"title{number}.safetensors", json.dumps(description(title=title)))
    done = subprocess.run(
        [sys.executable, "-m", "resnet_gui", "models", *option],
        capture_output=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert b"Traceback" not in done.stderr
    out = done.stdout.decode("utf-8", "surrogateescape")
    assert "good" in out
    if option:
        lines = [json.loads(line) for line in out.splitlines()]
        found = {line["id"]: line for line in lines}
        assert found["bad000"]["problem"]
        assert sum(bool(line["problem"]) for line in lines) >= len(bad) - 1
    else:
        assert out.count("damaged") >= len(bad) - 1


# --- import says success only after the model has answered ------------------------------------


def _nan(state: dict[str, torch.Tensor]) -> None:
    state["fc.bias"][1] = torch.nan


def _endless(state: dict[str, torch.Tensor]) -> None:
    state["fc.weight"].fill_(torch.inf)


@pytest.mark.parametrize("damage", [_nan, _endless])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_model_that_cannot_answer_is_not_kept(
    damage: Callable[[dict[str, torch.Tensor]], None], suffix: str, tmp_path: Path
) -> None:
    state = random_state("resnet18", 3)
    damage(state)
    path = tmp_path / f"broken{suffix}"
    if suffix == ".pth":
        torch.save(state, path)
    else:
        save_model(path, small_spec(), state)
    with pytest.raises(ModelFileError, match=r"broken.*no number"):
        list(import_weights(path))
    assert not list(user_models_dir().glob("*"))


def test_a_picture_size_that_the_network_cannot_take(tmp_path: Path) -> None:
    with torch.device("meta"):
        shapes = build_network("resnet50v2", 3).state_dict()
    state = {name: torch.zeros(like.shape) for name, like in shapes.items()}
    from resnet_gui.core.zoo.spec import Preprocessing

    spec = small_spec(architecture="resnet50v2", preprocessing=Preprocessing(20, 16))
    save_model(tmp_path / "small.safetensors", spec, state)
    with pytest.raises(ModelFileError, match="cannot take pictures of 16 × 16"):
        list(import_weights(tmp_path / "small.safetensors"))
    assert not list(user_models_dir().glob("*"))


def test_whole_numbers_are_no_weights(tmp_path: Path) -> None:
    state = random_state("resnet18", 3)
    state["fc.weight"] = state["fc.weight"].to(torch.int8)
    torch.save(state, tmp_path / "whole.pth")
    with pytest.raises(ModelFileError, match=r"fractions in “fc\.weight”"):
        list(import_weights(tmp_path / "whole.pth"))
    assert not list(user_models_dir().glob("*"))


def test_the_provider_lists_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "gone.safetensors").symlink_to(tmp_path / "nothing")
    (entry,) = FileProvider(tmp_path, ModelState.YOURS).entries()
    assert "gone.safetensors" in entry.problem
