"""Which form gave the answers is said in words that need no explanation."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from resnet_gui.core.evaluation.answered_by import answered_by, in_8_bits


@dataclass
class Form:
    backend: str
    precision: str


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (Form("exact", "fp32"), "Answered exactly (torch, full precision)."),
        (Form("exact", "bf16"), "Answered in half precision."),
        (Form("openvino", "bf16"), "Answered in half precision (OpenVINO)."),
        (Form("openvino", "int8"), "Answered in 8 bits (OpenVINO)."),
        (Form("openvino", "bf16, int8"), "Answered partly in 8 bits (OpenVINO)."),
        (Form("gpu", "fp16"), "Answered in half precision (GPU)."),
        (Form("", ""), ""),
    ],
)
def test_the_form_in_words(form: Form, words: str) -> None:
    assert answered_by(form) == words
    assert in_8_bits(form) is ("8 bits" in words)
