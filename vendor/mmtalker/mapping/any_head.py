"""Mapping a head of unknown topology: read it, find its face, fit the canonical skin, read places off."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mapping.detection import detect_face
from mmtalker.mapping.fit import FittedSkin, fit_skin
from mmtalker.mapping.landmarks import read_landmarks
from mmtalker.mapping.locate import Correspondences, Located, Networks
from mmtalker.mapping.places import ChartPlaces, find_places
from mmtalker.mapping.reading import HeadReading
from mmtalker.mapping.regions import canonical_regions
from mmtalker.mapping.roles import assign_roles
from mmtalker.mapping.types import REGIONS, HeadMapping, Hints, Mouth
from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.mesh.mesh import Float64, Mesh
from mmtalker.mesh.rigid import robust_similarity
from mmtalker.mesh.roles import Role

Int64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

SKIN_SHARE = 0.06
"""Share of the face's pixels that a component shows, from which it is skin."""

LEAST_WORTH = 170.0
"""Of what was found, below which it is no face: bumpy balls have up to 130, a mask 220, people 360 to 570."""

FULL_WORTH = 500.0
"""From which on nothing but the regions' own doubts lowers the confidence."""

NEAR = 0.0015
WIDE = 0.006
"""Metres from skin to fitted skin: up to the first it is right, from the second it is wrong."""

UNSURE = 0.002
"""Metres of error that the network expects in the middle of a region, at which it is half sure of it."""

SURE_SHARE = 1.18
"""What is counted as fully sure: nobody is surer than 1 / ``SURE_SHARE`` of skin without features."""


def map_any_head(
    mesh: Mesh,
    networks: Networks,
    corrections: Mapping[str, Float64],
    hints: Hints | None,
    least_score: float = LEAST_WORTH,
) -> HeadMapping:
    """Map a head by looking at it.

    Args:
        mesh: one that :func:`mmtalker.mesh.check.check_mesh` accepts.
        networks: what looks.
        corrections: landmarks that the animator moved, (3,) in head space.
        hints: names of the mesh's parts.
        least_score: of a face. Networks that learned less than the shipped ones are less sure of everything.

    Raises:
        MMTalkerError: UNSUPPORTED_HEAD when no face is found.
    """
    reading, located = detect_face(mesh, networks)
    if located is None or located.score < least_score:
        raise MMTalkerError(
            ErrorCode.UNSUPPORTED_HEAD,
            "No face was found on this mesh. Choose a mesh that has a head with a face whose eyes, nose and "
            "mouth are modelled and not only painted; hide or remove what covers it.",
        )
    vertices = located.fit.apply(reading.vertices)
    skin = _skin(reading, vertices, located.seen)
    own = reading.triangles[skin[reading.triangles].all(axis=1)]
    moved = {name: located.fit.apply(np.asarray(place)[None])[0] for name, place in corrections.items()}
    fitted = fit_skin(vertices, own, located, moved)
    places = find_places(own, fitted)
    return _assemble(mesh, reading, located, skin, own, fitted, places, hints)


def _skin(reading: HeadReading, vertices: Float64, seen: Correspondences) -> Bools:
    """(W,) components that the face is on."""
    used = np.unique(reading.triangles)
    _, nearest = cKDTree(vertices[used]).query(seen.points)
    component = reading.component[used[nearest]]
    share = np.bincount(component, minlength=int(reading.component.max()) + 1) / len(component)
    chosen = share >= SKIN_SHARE
    chosen[int(np.argmax(share))] = True
    mask: Bools = chosen[reading.component] & (reading.component >= 0)
    return mask


def _assemble(
    mesh: Mesh,
    reading: HeadReading,
    located: Located,
    skin: Bools,
    own: Int64,
    fitted: FittedSkin,
    places: ChartPlaces,
    hints: Hints | None,
) -> HeadMapping:
    canonical = load_canonical()
    uv, on_chart = places.uv, places.on_chart
    rest = canonical.vertices[: canonical.chart_count].astype(np.float64)
    here = np.flatnonzero(on_chart)
    triangle, weights = canonical_surface().locate(uv[here])
    target = canonical_surface().blend(rest, triangle, weights)
    nearest = canonical_surface().triangles[triangle, np.argmax(weights, axis=1)]
    fit, _ = robust_similarity(reading.vertices[here], target)
    parts = assign_roles(reading, fit.apply(reading.vertices), skin, hints)
    role, jaw_weight, leader = parts.role.copy(), parts.jaw_weight, parts.leader
    role[skin] = Role.OTHER
    role[here] = canonical.role[nearest]
    regions = _regions(here, nearest, fitted, places)
    landmarks = read_landmarks(reading.vertices, own, fitted)
    owner, first = reading.owner, reading.first
    confidence = float(np.mean([regions[name] for name in REGIONS]) * min(1.0, located.score / FULL_WORTH))
    mouth = Mouth.FUSED if fitted.fused else Mouth.PARTED
    return HeadMapping(
        topology="any",
        uv=uv[owner].astype(np.float32),
        role=role[owner],
        jaw_weight=jaw_weight[owner],
        leader=np.where(leader[owner] >= 0, first[leader[owner]], -1).astype(np.int32),
        confidence=confidence,
        to_canonical=fit,
        landmarks={name: int(first[vertex]) for name, vertex in landmarks.vertices.items()},
        warnings=tuple(reading.warnings) + _confidence_warnings(confidence, regions, mouth, located, places),
        points=landmarks.points,
        regions=regions,
        mouth=mouth,
        owner=first[owner].astype(np.int32),
        triangles=first[reading.triangles].astype(np.int32),
    )


def _regions(
    here: Int64,
    nearest: Int64,
    fitted: FittedSkin,
    places: ChartPlaces,
) -> dict[str, float]:
    """Confidence by region: what the network was sure of, and how near the fitted skin came."""
    region = canonical_regions()[nearest]
    doubt = fitted.guided[nearest]
    close = 1.0 - np.clip((places.distance[here] - NEAR) / (WIDE - NEAR), 0.0, 1.0)
    outside = fitted.template.outside[nearest]
    found = {}
    for number, name in enumerate(REGIONS):
        rows = (region == number) & outside
        if not rows.any():
            found[name] = 0.0
            continue
        sure = 1.0 / (1.0 + (float(np.median(doubt[rows])) / UNSURE) ** 2)
        found[name] = min(1.0, SURE_SHARE * sure) * float(close[rows].mean())
    return found


def _confidence_warnings(
    confidence: float, regions: Mapping[str, float], mouth: Mouth, located: Located, places: ChartPlaces
) -> tuple[str, ...]:
    said = []
    if located.others:
        said.append(
            "There is more than one face on this mesh; the clearest one is animated. Separate the heads into "
            "objects of their own to animate the others."
        )
    if mouth is Mouth.FUSED:
        said.append(
            "The lips are one surface, so the mouth cannot open. Press Cut Mouth, or model an opening; "
            "everything else moves meanwhile."
        )
    weak = [name.replace("_", " ") for name in REGIONS if regions[name] < 0.5]
    if weak and confidence < 0.8:
        said.append(
            f"The mapping is unsure at: {', '.join(weak)}. Press Check Head and drag the points that are off."
        )
    if places.flipped:
        said.append(f"{places.flipped} faces of the head are folded in the mapping; they may pinch.")
    return tuple(said)
