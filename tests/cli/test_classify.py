"""The command line's contracts: what stands on stdout, what on stderr, and the exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_gui import __main__
from resnet_gui.core.system import paths
from resnet_gui.core.zoo import Zoo
from resnet_gui.core.zoo.providers.lite0 import lite0_weights_path
from tests.helpers.commands import Main, invoke, lines
from tests.helpers.models import cache_weights, small_model
from tests.helpers.pictures import encoded, gradient

LITE0 = "efficientnet-lite0"
PROGRAM = [sys.executable, "-m", "resnet_gui"]


@pytest.fixture
def insects(own_home: Path) -> str:
    small_model(paths.user_models_dir() / "insects.safetensors")
    return "insects"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two good photos with names that mean something to shells, rich and CSV, and a bad one."""
    folder = tmp_path / "[red]photos, 2024["
    folder.mkdir()
    # With the folder's name this makes “[/bold]”, a closing tag of nothing.
    (folder / "bold] größe 🐱 [dim].jpg").write_bytes(encoded(gradient(64, 48), "JPEG"))
    (folder / 'b "quoted", :smile:.png').write_bytes(encoded(gradient(48, 64), "PNG"))
    (folder / "c broken.jpg").write_bytes(b"no photo")
    return folder


# --- classify ---------------------------------------------------------------------------------


def test_json_is_the_contract(photos: Path, insects: str) -> None:
    result = invoke("classify", photos, "--model", insects, "--device", "cpu", "--json")
    assert result.exit_code == 1
    found = lines(result.stdout)
    assert [Path(line["path"]).name for line in found] == sorted(p.name for p in photos.iterdir())
    for line in found:
        assert set(line) == {"path", "model", "predictions", "incomplete", "error"}
        assert line["incomplete"] is False
        assert line["model"] == insects
        if "broken" in line["path"]:
            assert line["predictions"] == []
            assert set(line["error"]) == {"type", "message"}
            assert line["error"]["type"] == "UnsupportedImageError"
            assert "c broken.jpg is not a photo" in line["error"]["message"]
        else:
            assert line["error"] is None
            assert len(line["predictions"]) == 3
            assert all(
                set(score) == {"label", "index", "probability"} for score in line["predictions"]
            )
            assert sum(s["probability"] for s in line["predictions"]) == pytest.approx(1, abs=1e-5)
            assert {s["label"] for s in line["predictions"]} == {"ant", "bee", "cat [tabby]"}
    assert "größe 🐱 [dim].jpg" in result.stdout  # readable, not escaped


def test_a_photo_that_ends_early_is_answered_and_marked(tmp_path: Path, insects: str) -> None:
    path = tmp_path / "cut.jpg"
    data = encoded(gradient(200, 150), "JPEG")
    path.write_bytes(data[: len(data) * 2 // 3])
    result = invoke("classify", path, "--model", insects, "--json")
    assert result.exit_code == 0
    (line,) = lines(result.stdout)
    assert line["incomplete"] is True
    assert line["error"] is None
    assert len(line["predictions"]) == 3
    plain = invoke("classify", path, "--model", insects)
    assert "incomplete: the file ends early" in plain.stdout
    table = invoke("classify", path, "--model", insects, "--csv")
    assert "incomplete" not in table.stdout
    assert "cut.jpg: incomplete: the file ends early" in table.stderr


def test_csv_is_the_contract(photos: Path, insects: str) -> None:
    result = invoke("classify", photos, "--model", insects, "--csv", "--top", "2")
    assert result.exit_code == 1
    assert "\r" not in result.stdout
    header, *rows = list(csv.reader(io.StringIO(result.stdout)))
    assert header == [
        "path", "model", "label", "probability", "label_2", "probability_2", "error",
    ]  # fmt: skip
    assert len(rows) == 3
    by_name = {Path(row[0]).name: dict(zip(header, row, strict=True)) for row in rows}
    good = by_name['b "quoted", :smile:.png']
    assert good["model"] == insects
    assert float(good["probability"]) >= float(good["probability_2"])
    assert good["error"] == ""
    bad = by_name["c broken.jpg"]
    assert (bad["label"], bad["probability"], bad["label_2"]) == ("", "", "")
    assert "is not a photo" in bad["error"]


@pytest.mark.skipif(lite0_weights_path() is None, reason="extra “offline” is not installed")
def test_text_says_what_unsure_classes_are_kinds_of() -> None:
    cat = next(path for path in paths.sample_photos() if path.stem == "cat")
    result = invoke("classify", cat, "--model", LITE0)
    assert re.search(r"^ +9\d\.\d%  █+ +any kind of cat$", result.stdout, re.MULTILINE)
    assert "kind" not in invoke("classify", cat, "--model", LITE0, "--json").stdout


def test_text_shows_names_as_they_are(photos: Path, insects: str) -> None:
    result = invoke("classify", photos, "--model", insects)
    assert result.exit_code == 1
    for path in photos.iterdir():
        assert f"{path}\n" in result.stdout
    assert re.search(r"^ +\d+\.\d%  █+ +cat \[tabby\]$", result.stdout, re.MULTILINE)
    assert "  c broken.jpg is not a photo" in result.stdout
    assert "Insects [garden]" in result.stderr  # which model answers, where no program reads
    assert "Insects" not in result.stdout


def test_good_photos_give_exit_code_0(photos: Path, insects: str) -> None:
    good = next(photos.glob("bold*"))
    result = invoke("classify", good, good, "--model", insects, "--json")
    assert result.exit_code == 0
    assert len(lines(result.stdout)) == 2
    assert result.stderr == ""


def test_control_characters_do_not_steer_the_terminal(tmp_path: Path, insects: str) -> None:
    if os.name != "posix":
        pytest.skip("no such names here")
    evil = tmp_path / "a\x1b[2J\nb.jpg"
    evil.write_bytes(encoded(gradient(9, 9), "JPEG"))
    result = invoke("classify", evil, "--model", insects)
    assert "\x1b" not in result.stdout
    assert "a\\x1b[2J\\nb.jpg" in result.stdout
    (line,) = lines(invoke("classify", evil, "--model", insects, "--json").stdout)
    assert line["path"] == str(evil)


def test_missing_photos_and_empty_folders_are_said_and_exit_1(tmp_path: Path, insects: str) -> None:
    result = invoke("classify", tmp_path / "gone.jpg", "--json", "--model", insects)
    assert result.exit_code == 1
    assert lines(result.stdout)[0]["error"]["type"] == "ImageReadError"
    (tmp_path / "empty").mkdir()
    result = invoke("classify", tmp_path / "empty", "--json", "--model", insects)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "empty: no photos in this folder." in result.stderr


def test_the_default_model_is_the_best_one_here(photos: Path) -> None:
    result = invoke("classify", next(photos.glob("bold*")), "--json")
    assert lines(result.stdout)[0]["model"] == LITE0


@pytest.mark.parametrize("device", ["CUDA:63", "openvino:npu.63"])
def test_a_missing_device_is_a_notice_and_the_cpu_answers(
    device: str, photos: Path, insects: str
) -> None:
    result = invoke(
        "classify", next(photos.glob("bold*")), "--model", insects, "--device", device, "--json"
    )
    assert result.exit_code == 0
    assert len(lines(result.stdout)) == 1
    assert f"There is no device “{device}”" in result.stderr
    assert "The CPU is used instead." in result.stderr


# --- wrong use --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["classify"], "Missing argument"),
        (["classify", "x.jpg", "--model", "resnet51"], "Did you mean .*resnet50"),
        (["classify", "x.jpg", "--model", ""], "There is no model “”"),
        (["classify", "x.jpg", "--device", "banana"], "no kind of device “banana”.*auto, cpu"),
        (["classify", "x.jpg", "--device", "cuda:"], "no kind of device"),
        (["classify", "x.jpg", "--json", "--csv"], "--json or --csv, not both"),
        (["classify", "x.jpg", "--top", "0"], "--top.*greater than or equal to 1"),
        (["classify", "x.jpg", "--top", "many"], "--top.*valid integer"),
        (["classify", "x.jpg", "--tpo", "3"], "No such option.*--top"),
        (["models", "--csv"], "No such option"),
        (["info", "more"], "unexpected extra argument"),
        (["--versoin"], "unknown option --versoin"),
        (["clasify", "x.jpg"], "no command and no file “clasify”.*resnet-gui classify"),
        (["Models"], "Did you mean “resnet-gui models”"),
    ],
)
def test_wrong_use_is_exit_code_2_and_a_sentence(
    arguments: list[str], words: str, resnet_gui: Main
) -> None:
    code, out, err = resnet_gui(*arguments)
    assert code == 2
    assert out == ""
    assert re.search(words, " ".join(err.split())), err
    assert "Traceback" not in err


def test_a_model_that_was_not_downloaded_says_how_to_get_it(resnet_gui: Main) -> None:
    code, out, err = resnet_gui("classify", "x.jpg", "--model", "resnet50")
    assert (code, out) == (1, "")
    assert "resnet-gui download resnet50" in err


def test_a_damaged_model_is_exit_code_1_and_its_reason(resnet_gui: Main, photos: Path) -> None:
    cache_weights("resnet18", {}).write_bytes(b"cut off")
    code, out, err = resnet_gui("classify", next(photos.glob("bold*")), "--model", "resnet18")
    assert (code, out) == (1, "")
    assert "damaged" in err
    assert str(paths.torch_hub_checkpoints_dir()) in err


def test_wrong_use_is_answered_before_torch_is_imported() -> None:
    done = subprocess.run(
        [
            sys.executable, "-X", "importtime", "-m", "resnet_gui",
            "classify", "x.jpg", "--model", "nope",
        ],
        capture_output=True, text=True, encoding="utf-8", timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "There is no model “nope”" in done.stderr
    assert not re.search(r"\| +torch$", done.stderr, re.MULTILINE)


def test_without_any_model_it_says_how_to_get_one(
    resnet_gui: Main, monkeypatch: pytest.MonkeyPatch, photos: Path
) -> None:
    monkeypatch.setattr(Zoo, "standard", classmethod(lambda cls: cls(())))
    code, out, err = resnet_gui("classify", photos)
    assert (code, out) == (1, "")
    assert "No model is on this computer yet." in err
    assert "pip install efficientnet-lite-pytorch" in err
    assert "resnet-gui download resnet50" in err
    code, out, err = resnet_gui("models")
    assert (code, out) == (0, "")
    assert "No model" in err


# --- real processes ---------------------------------------------------------------------------


def test_names_that_are_no_text_and_a_terminal_that_knows_only_ascii(
    tmp_path: Path, insects: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform != "linux":
        pytest.skip("file names are text here")
    folder = os.fsencode(tmp_path) + b"/photos"
    os.mkdir(folder)  # noqa: PTH102 - pathlib takes no bytes
    name = folder + b"/caf\xe9 \xf0\x9f\x90\xb1.jpg"
    with open(name, "wb") as file:  # noqa: PTH123
        file.write(encoded(gradient(32, 32), "JPEG"))
    for option in ("--json", "--csv", ""):
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii"))
        words = ["classify", os.fsdecode(folder), "--model", insects, *([option] if option else [])]
        monkeypatch.setattr(sys, "argv", ["resnet-gui", *words])
        with pytest.raises(SystemExit) as end:
            __main__.main()
        assert end.value.code == 0
        if option == "--json":
            (line,) = lines(raw.getvalue().decode())
            assert os.fsencode(line["path"]) == name
        elif option == "--csv":
            assert "caf\\udce9 🐱.jpg" in raw.getvalue().decode("utf-8")
        else:
            assert b"caf\\udce9 ?.jpg" in raw.getvalue()


def test_a_reader_that_hangs_up_is_no_error(photos: Path, insects: str) -> None:
    good = str(next(photos.glob("bold*")))
    process = subprocess.Popen(
        [*PROGRAM, "classify", *[good] * 500, "--model", insects, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    first = process.stdout.readline()
    assert json.loads(first)["error"] is None
    process.stdout.close()
    with process.stderr:
        err = process.stderr.read().decode()
    assert process.wait(60) == 0
    assert err == ""


@pytest.mark.skipif(os.name != "posix", reason="no such signal")
def test_interrupted_is_exit_code_130(photos: Path, insects: str) -> None:
    good = str(next(photos.glob("bold*")))
    process = subprocess.Popen(
        [*PROGRAM, "classify", *[good] * 3000, "--model", insects, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    for line in out.splitlines():
        json.loads(line)  # each line that was begun is whole
