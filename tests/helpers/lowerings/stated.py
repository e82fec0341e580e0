"""The lowerings as they lie in the project's files, each with its stated verdict."""

from __future__ import annotations

import json

from tests.helpers.lowerings.families import FOLDER

FILES = {path: json.loads(path.read_text())["claims"] for path in sorted(FOLDER.glob("*.json"))}


CLAIMS = [text for texts in FILES.values() for text in texts]
