from __future__ import annotations

import numpy as np

from mmtalker.mesh.rings import aperture, boundary_loops, grow, rim


def funnel(radii: list[float], sides: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Rings of the given radii about the z axis, quads between them; ring 0 first."""
    angle = np.linspace(0.0, 2.0 * np.pi, sides, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle), 0.0 * angle], axis=1)
    rings = [radius * circle + [0.0, 0.0, i] for i, radius in enumerate(radii)]
    quads = [
        [i * sides + s, (i + 1) * sides + s, (i + 1) * sides + (s + 1) % sides, i * sides + (s + 1) % sides]
        for i in range(len(radii) - 1)
        for s in range(sides)
    ]
    return np.concatenate(rings), np.array(quads)


def test_both_ends_of_a_tube_are_its_loops():
    _, faces = funnel([1.0, 1.0, 1.0])
    loops = boundary_loops(faces)
    assert sorted(sorted(loop.tolist()) for loop in loops) == [list(range(8)), list(range(16, 24))]


def test_padding_of_triangles_is_no_vertex():
    assert sorted(boundary_loops(np.array([[0, 1, 2, -1]]))[0].tolist()) == [0, 1, 2]


def test_growing_goes_one_ring_at_a_time():
    _, faces = funnel([1.0, 1.0, 1.0, 1.0])
    inside = np.zeros(32, dtype=bool)
    inside[:8] = True
    assert np.flatnonzero(grow(faces, inside)).tolist() == list(range(16))


def test_the_aperture_is_where_the_opening_is_narrowest():
    vertices, faces = funnel([3.0, 2.0, 0.5, 1.0, 4.0])
    vertices = np.concatenate([vertices, [[0.0, 0.0, -1.0]]])
    cap = np.array([[40, s, (s + 1) % 8, -1] for s in range(8)])
    socket = np.zeros(41, dtype=bool)
    socket[40] = True
    ring, within = aperture(np.concatenate([cap, faces]), vertices, socket, rounds=4)
    assert sorted(ring.tolist()) == list(range(16, 24))
    assert sorted(np.flatnonzero(within).tolist()) == [*range(16), 40]
    assert sorted(rim(faces, within | np.isin(np.arange(41), ring)).tolist()) in (
        list(range(8)),
        list(range(16, 24)),
    )
