"""A file's format is known by its content, whatever its name."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from symconv.dialect.models.registry import format_of, read_model_file
from symconv.errors import InputError
from tests.helpers.requirements import require
from tests.helpers.shared_data import shared_data

REAL = {
    "dialects/keras_mobilenetv2_035_96.json": "a Keras model",
    "dialects/alexa.tflite": "a TFLite model",
    "models/swift_f0.onnx": None,
}


@pytest.mark.parametrize(("name", "noun"), REAL.items())
def test_the_content_tells(name: str, noun: str | None, tmp_path: Path) -> None:
    copy = tmp_path / "model.bin"
    copy.write_bytes(shared_data(name).read_bytes())
    found = format_of(copy)
    assert (found.noun if found else None) == noun
    assert read_model_file(copy).nodes


def test_checkpoints_are_refused(tmp_path: Path) -> None:
    torch: Any = require("torch")
    torch.save({"w": torch.zeros(3)}, tmp_path / "m.pth")
    with pytest.raises(InputError, match="checkpoints and TorchScript are pickled"):
        read_model_file(tmp_path / "m.pth")


def test_damaged_archives_and_missing_files(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("m/archive_format", "pt2")
        file.writestr("m/models/model.json", "{")
    (tmp_path / "m.pt2").write_bytes(buffer.getvalue())
    with pytest.raises(InputError, match="is not JSON"):
        read_model_file(tmp_path / "m.pt2")
    (tmp_path / "m.pt2").write_bytes(buffer.getvalue()[:-30])
    with pytest.raises(InputError, match="not a whole zip archive"):
        read_model_file(tmp_path / "m.pt2")
    with pytest.raises(InputError, match="cannot be read"):
        read_model_file(tmp_path / "nothing")
    with pytest.raises(InputError, match="cannot be read"):
        read_model_file(tmp_path)


def test_a_weight_that_unpacks_to_too_much_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.keras", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("metadata.json", "{}")
        file.writestr("config.json", b" " * (80 << 20))
    with pytest.raises(InputError, match="unpacks to more than 64 MB"):
        read_model_file(tmp_path / "m.keras")
