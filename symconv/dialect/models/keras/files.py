"""Keras models in files: their JSON alone, or in a ``.keras`` archive, whose weights stay there."""

from __future__ import annotations

from pathlib import Path

from symconv.dialect.models.keras.read import MODELS, read_keras
from symconv.dialect.models.opening import ZIP, Opening, archive, json_member, opening_of
from symconv.machine.files import read_json, read_text
from symconv.network.model import Model

CONFIG = "config.json"


class KerasFiles:
    """JSON of ``model.to_json()``, and what ``model.save("x.keras")`` writes."""

    noun = "a Keras model"

    def is_mine(self, opening: Opening) -> bool:
        """Whether it is an archive with a configuration, or JSON that names a model's class."""
        if opening.head.startswith(ZIP):
            return CONFIG in opening.members and "metadata.json" in opening.members
        text = opening.head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
        named = any(f'"class_name": "{name}"' in text.replace('":"', '": "') for name in MODELS)
        return text.startswith("{") and named

    def read(self, path: Path) -> Model:
        """Read a model's form; its weights are free.

        Raises:
            InputError: the file is malformed.
            Unsupported: a layer has an option that is not read.
        """
        if opening_of(path).head.startswith(ZIP):
            with archive(path) as found:
                document = json_member(found, CONFIG)
        else:
            document = read_json(read_text(str(path)), str(path))
        return read_keras(document, path.name.partition(".")[0])


FORMAT = KerasFiles()
