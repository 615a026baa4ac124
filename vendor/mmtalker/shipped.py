"""Where the files lie that come with the code: manifest and weights."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """Return the path of a file or folder that comes with the code.

    It lies inside the package where pip has installed it. In a checkout, and in an installed extension,
    weights lie beside the package and the manifest one folder higher.
    """
    places = (PACKAGE / name, PACKAGE.parent / name, PACKAGE.parents[1] / name)
    return next((place for place in places if place.exists()), places[1])
