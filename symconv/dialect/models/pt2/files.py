"""``.pt2`` files: zip archives of plain JSON and raw weights; nothing is unpickled."""

from __future__ import annotations

import zipfile
from pathlib import Path

from symconv.dialect.models.opening import Opening, archive, json_member
from symconv.dialect.models.pt2.read import read_program
from symconv.dialect.models.pt2.weights import read_weights
from symconv.errors import InputError, Unsupported
from symconv.network.model import Model

OLD = "serialized_exported_program.json"


class ExportedPrograms:
    """What ``torch.export.save`` writes."""

    noun = "an exported program of PyTorch (.pt2)"

    def is_mine(self, opening: Opening) -> bool:
        """Whether it is an archive of an exported program."""
        return opening.has("archive_format") or opening.has(OLD)

    def read(self, path: Path) -> Model:
        """Read a program and its weights.

        Raises:
            InputError: it is malformed.
            Unsupported: it is of an older form, whose weights are pickled.
        """
        with archive(path) as found:
            return read_archive(found, path.name.partition(".")[0])


def read_archive(found: zipfile.ZipFile, name: str) -> Model:
    """Read the one program of an archive."""
    members = found.namelist()
    if OLD in members:
        raise Unsupported(
            f"{found.filename} is of an older form, whose weights are pickled; load it in PyTorch "
            "and save it again"
        )
    programs = [m for m in members if "/models/" in f"/{m}" and m.endswith(".json")]
    if len(programs) != 1:
        raise InputError(f"{found.filename} must hold one program, found {programs}")
    top = programs[0][: programs[0].rindex("models/")]
    return read_program(json_member(found, programs[0]), read_weights(found, top), name)


FORMAT = ExportedPrograms()
