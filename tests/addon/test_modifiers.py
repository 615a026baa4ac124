"""Heads as artists have them: modifiers, existing shape keys, scale and rotation that were never applied."""

from __future__ import annotations

import bmesh
import bpy
import numpy as np
import pytest

from mmtalker_addon.bridge import landmarks
from mmtalker_addon.bridge.character import read_character
from mmtalker_addon.ops import runs
from tests.addon.scenes import generate


def sent(head) -> np.ndarray:
    """(N, 3) what would be sent of the head."""
    return read_character(bpy.context, head, {}).request.vertices


def own(head) -> np.ndarray:
    return np.array([vertex.co for vertex in head.data.vertices])


def shape(head, name) -> np.ndarray:
    """(V, 3) displacement by a key."""
    blocks = head.data.shape_keys.key_blocks
    return np.array([point.co for point in blocks[name].points]) - np.array(
        [point.co for point in blocks["Basis"].points]
    )


def halve(head, merge=True):
    """Leave the half at x > 0 with a Mirror modifier; returns the whole head's vertices."""
    whole = own(head)
    mesh = bmesh.new()
    mesh.from_mesh(head.data)
    geometry = mesh.verts[:] + mesh.edges[:] + mesh.faces[:]
    bmesh.ops.bisect_plane(
        mesh, geom=geometry, plane_co=(0, 0, 0), plane_no=(1, 0, 0), dist=1e-4, clear_inner=True
    )
    mesh.to_mesh(head.data)
    mesh.free()
    modifier = head.modifiers.new("Mirror", "MIRROR")
    modifier.use_mirror_merge = merge
    modifier.use_clip = True
    return whole


def shown(head) -> np.ndarray:
    """(N, 3) the vertices that Blender shows."""
    bpy.context.view_layer.update()
    mesh = head.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    return np.array([vertex.co for vertex in mesh.vertices])


def same_points(one, other) -> bool:
    """Whether two sets of points are the same, whatever their order."""
    apart = np.linalg.norm(one[:, None] - other[None], axis=2)
    return len(one) == len(other) and apart.min(axis=1).max() < 1e-5 and apart.min(axis=0).max() < 1e-5


@pytest.mark.parametrize("merge", [True, False])
def test_half_with_a_mirror_is_sent_as_the_whole_that_it_shows(speaking, merge):
    halve(speaking, merge)
    whole = sent(speaking)
    assert same_points(whole, shown(speaking))
    np.testing.assert_allclose(whole[: len(speaking.data.vertices)], own(speaking), atol=1e-7)


def test_mirror_about_another_object(speaking):
    halve(speaking)
    centre = bpy.data.objects.new("Centre", None)
    bpy.context.collection.objects.link(centre)
    centre.location, centre.rotation_euler = (-0.5, 0.3, 0.0), (0.0, 0.0, 0.4)
    speaking.location, speaking.scale = (1.0, 2.0, 3.0), (2.0, 2.0, 2.0)
    centre.parent = speaking
    speaking.modifiers[0].mirror_object = centre
    assert same_points(sent(speaking), shown(speaking))


def test_half_gets_keys_that_keep_its_plane(speaking):
    halve(speaking)
    count = len(speaking.data.vertices)
    generate()
    assert len(speaking.data.vertices) == count
    np.testing.assert_allclose(shape(speaking, "jawOpen"), np.tile([0, 0, -0.1], (count, 1)), atol=1e-6)
    assert [modifier.type for modifier in speaking.modifiers] == ["MIRROR"]
    assert any("both of its sides move alike" in text for text in runs.last().warnings)
    assert bpy.ops.mmtalker.check_head() == {"FINISHED"}
    assert landmarks.places(speaking)["chin"][0] == pytest.approx(0.0, abs=1e-6)


def test_mirror_on_a_whole_head_is_told_and_read_without(speaking):
    speaking.modifiers.new("Mirror", "MIRROR")
    np.testing.assert_array_equal(sent(speaking), own(speaking).astype(np.float32))
    generate()
    assert any("is whole without its Mirror modifier" in text for text in runs.last().warnings)


def test_half_whose_mirror_is_off_is_a_half(speaking):
    halve(speaking)
    speaking.modifiers[0].show_viewport = False
    assert len(sent(speaking)) == len(speaking.data.vertices)


def test_subdivision_leaves_the_keys_to_the_base(speaking):
    speaking.modifiers.new("Smooth", "SUBSURF").levels = 2
    np.testing.assert_array_equal(sent(speaking), own(speaking).astype(np.float32))
    generate()
    assert shape(speaking, "jawOpen").shape == (42, 3)
    assert len(shown(speaking)) > 42


def test_multires_leaves_the_keys_to_the_base(speaking):
    speaking.modifiers.new("Detail", "MULTIRES")
    bpy.ops.object.multires_subdivide(modifier="Detail")
    np.testing.assert_array_equal(sent(speaking), own(speaking).astype(np.float32))
    generate()
    np.testing.assert_allclose(shape(speaking, "jawOpen"), np.tile([0, 0, -0.1], (42, 1)), atol=1e-6)
    assert speaking.modifiers["Detail"].total_levels == 1


@pytest.fixture
def posed(speaking):
    """The head on a bone that is turned and moved."""
    bpy.ops.object.armature_add()
    rig = bpy.context.object
    speaking.parent = rig
    speaking.vertex_groups.new(name="Bone").add(range(42), 1.0, "REPLACE")
    speaking.modifiers.new("Armature", "ARMATURE").object = rig
    bone = rig.pose.bones["Bone"]
    bone.rotation_mode = "XYZ"
    bone.rotation_euler, bone.location = (0.9, 0.4, 0.2), (0.0, 2.0, 1.0)
    bpy.context.view_layer.objects.active = speaking
    return speaking


def test_armature_poses_the_head_and_its_keys_are_made_at_rest(posed):
    assert not np.allclose(shown(posed), own(posed), atol=0.1)
    np.testing.assert_array_equal(sent(posed), own(posed).astype(np.float32))
    generate()
    np.testing.assert_allclose(shape(posed, "jawOpen"), np.tile([0, 0, -0.1], (42, 1)), atol=1e-6)
    assert not np.allclose(shown(posed), own(posed), atol=0.1)  # the pose is back


def test_existing_keys_are_read_at_their_basis(speaking):
    speaking.shape_key_add(name="Basis")
    smile = speaking.shape_key_add(name="smile")
    smile.points.foreach_set("co", (own(speaking) * 3.0).astype(np.float32).ravel())
    smile.value = 1.0
    speaking.active_shape_key_index = 1
    np.testing.assert_array_equal(sent(speaking), own(speaking).astype(np.float32))
    speaking.show_only_shape_key = True
    np.testing.assert_array_equal(sent(speaking), own(speaking).astype(np.float32))


@pytest.fixture
def caged(speaking):
    """The head in a lattice that makes it half as wide and twice as high, with an older key."""
    speaking.shape_key_add(name="Basis")
    speaking.shape_key_add(name="smile").value = 1.0
    lattice = bpy.data.objects.new("Cage", bpy.data.lattices.new("Cage"))
    bpy.context.collection.objects.link(lattice)
    lattice.scale = (4.0, 4.0, 4.0)
    for axis in "uvw":
        setattr(lattice.data, f"interpolation_type_{axis}", "KEY_LINEAR")
    for point in lattice.data.points:
        point.co_deform = (point.co_deform.x * 0.5, point.co_deform.y, point.co_deform.z * 2.0)
    speaking.modifiers.new("Cage", "LATTICE").object = lattice
    return speaking


def test_what_deforms_the_head_is_seen_and_keys_go_below_it(caged):
    before = [(obj.name, obj.data and obj.data.name) for obj in bpy.data.objects]
    meshes = len(bpy.data.meshes)
    expected = own(caged) * [0.5, 1.0, 2.0]
    np.testing.assert_allclose(sent(caged), expected, atol=1e-4)
    assert [(obj.name, obj.data and obj.data.name) for obj in bpy.data.objects] == before
    assert len(bpy.data.meshes) == meshes and len(bpy.data.shape_keys) == 1

    generate()

    # Twice as high in the lattice: half the way does it.
    np.testing.assert_allclose(shape(caged, "jawOpen"), np.tile([0, 0, -0.05], (42, 1)), atol=1e-4)


def test_a_deformer_beside_a_mirror_and_a_subdivision(caged):
    caged.shape_key_clear()
    halve(caged)
    caged.modifiers.new("Smooth", "SUBSURF")
    whole = sent(caged)
    assert whole[:, 0].max() == pytest.approx(-whole[:, 0].min(), abs=1e-5)
    assert np.ptp(whole[:, 2]) == pytest.approx(4.0, abs=1e-3)


@pytest.mark.parametrize("scale", [(2.0, 0.5, 1.0), (-1.0, 1.0, 1.0)])
def test_uneven_scale_is_looked_at_as_it_is_shown(speaking, scale):
    speaking.scale, speaking.rotation_euler = scale, (0.3, 0.2, 0.1)
    speaking.location = (5.0, 5.0, 5.0)
    bpy.context.view_layer.update()
    linear = np.array(speaking.matrix_world.to_3x3())
    np.testing.assert_allclose(sent(speaking), own(speaking) @ linear.T, atol=1e-5)

    generate()

    moved = shape(speaking, "jawOpen") @ linear.T
    np.testing.assert_allclose(moved, np.tile([0, 0, -0.1], (42, 1)), atol=1e-6)


def test_landmarks_of_an_uneven_head_are_in_its_own_space(speaking):
    speaking.scale = (2.0, 0.5, 1.0)
    bpy.ops.mmtalker.check_head()
    nose = landmarks.places(speaking)["nose_tip"]
    assert nose == pytest.approx((0.0, own(speaking)[:, 1].min(), 0.0), abs=1e-5)
    place = (0.2, -0.4, 0.6)
    landmarks.find(speaking)["chin"].location = place
    bpy.ops.mmtalker.refit_head()
    assert landmarks.places(speaking)["chin"] == pytest.approx(place, abs=1e-6)
    assert landmarks.moved(speaking) == {}
    generate()
    told = next(text for text in runs.last().warnings if text.startswith("Moved: "))
    np.testing.assert_allclose(first_place(told), np.array(place) * speaking.scale, atol=1e-6)


def first_place(text: str) -> list[float]:
    """The first place in the fake worker's words."""
    return [float(number) for number in text.split("[")[2].split("]")[0].split(",")]


def test_another_axis_up(speaking):
    """Mesh data that lies on its back, and an object that sets it upright."""
    turned = own(speaking)[:, [0, 2, 1]] * [1.0, 1.0, -1.0]
    speaking.data.vertices.foreach_set("co", turned.astype(np.float32).ravel())
    speaking.rotation_euler = (np.pi / 2, 0.0, 0.0)
    np.testing.assert_array_equal(sent(speaking), turned.astype(np.float32))
    generate()
    np.testing.assert_allclose(shape(speaking, "jawOpen"), np.tile([0, 0, -0.1], (42, 1)), atol=1e-6)


def test_head_without_size_is_refused(speaking):
    speaking.scale = (0.0, 0.0, 0.0)
    with pytest.raises(RuntimeError, match="Anna has a scale of 0"):
        bpy.ops.mmtalker.generate()
