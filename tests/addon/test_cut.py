"""Cut Mouth on the demo head with its lips grown together: two lips, and nothing else changed."""

import bmesh
import bpy
import numpy as np
import pytest

from mmtalker_addon.bridge import head_store, keys
from mmtalker_addon.ops.cut import cut_disabled_reason
from tests.addon.fused_head import add_fused_head
from tests.addon.scenes import generate


@pytest.fixture
def fused(scene, worker):
    worker("fused")
    return add_fused_head()


@pytest.fixture
def ready(fused):
    bpy.ops.mmtalker.check_head()
    return fused


def press() -> None:
    assert bpy.ops.mmtalker.cut_mouth("EXEC_DEFAULT", True) == {"FINISHED"}


def counts(mesh) -> tuple[int, int, int]:
    return len(mesh.vertices), len(mesh.edges), len(mesh.polygons)


def openings(mesh) -> list[int]:
    """Lengths of the loops of edges with one face only, the neck and the eyes among them."""
    work = bmesh.new()
    work.from_mesh(mesh)
    free = {edge for edge in work.edges if edge.is_boundary}
    found = []
    while free:
        pending, size = [free.pop()], 0
        while pending:
            edge = pending.pop()
            size += 1
            for vertex in edge.verts:
                joined = free.intersection(vertex.link_edges)
                free -= joined
                pending.extend(joined)
        found.append(size)
    work.free()
    return sorted(found)


def test_the_lips_are_parted_and_no_face_is_lost(ready):
    vertices, edges, faces = counts(ready.data)
    before = openings(ready.data)
    places = np.array([v.co for v in ready.data.vertices])

    press()

    added = len(ready.data.vertices) - vertices
    assert added >= 8
    assert counts(ready.data) == (vertices + added, edges + added + 1, faces)
    mouth = 2 * (added + 1)  # both lips, and the two corners that they share
    assert openings(ready.data) == sorted([*before, mouth])
    after = np.array([v.co for v in ready.data.vertices])
    np.testing.assert_array_equal(after[:vertices], places)
    copies = after[vertices:]
    assert all((np.linalg.norm(places - copy, axis=1) == 0).any() for copy in copies)
    assert np.abs(copies[:, 0]).max() < 0.025 and np.ptp(copies[:, 2]) < 0.01  # between the corners
    assert ready.data.validate() is False


def test_everything_that_the_mesh_carries_survives(ready):
    mesh = ready.data
    group = ready.vertex_groups.new(name="Head")
    for vertex in mesh.vertices:
        group.add([vertex.index], vertex.co.x + 0.5, "REPLACE")
    layer = mesh.attributes.new("height", "FLOAT", "POINT")
    layer.data.foreach_set("value", np.array([v.co.z for v in mesh.vertices], np.float32))
    uv = np.empty(len(mesh.loops) * 2, np.float32)
    mesh.uv_layers[0].uv.foreach_get("vector", uv)
    materials = [polygon.material_index for polygon in mesh.polygons]

    press()

    mesh = ready.data
    for vertex in mesh.vertices:
        assert vertex.groups[0].weight == pytest.approx(vertex.co.x + 0.5, abs=1e-6)
    height = np.empty(len(mesh.vertices), np.float32)
    mesh.attributes["height"].data.foreach_get("value", height)
    np.testing.assert_array_equal(height, np.array([v.co.z for v in mesh.vertices], np.float32))
    after = np.empty(len(mesh.loops) * 2, np.float32)
    mesh.uv_layers[0].uv.foreach_get("vector", after)
    np.testing.assert_array_equal(after, uv)
    assert [polygon.material_index for polygon in mesh.polygons] == materials


def test_shape_keys_survive_and_the_copies_have_them(ready):
    ready.shape_key_add(name="Basis")
    for name, factor in (("smile", 0.5), ("frown", -0.25)):
        block = ready.shape_key_add(name=name, from_mix=False)
        block.value = 0.3
        for vertex, point in zip(ready.data.vertices, block.points, strict=True):
            point.co = vertex.co * (1.0 + factor)
    ready.active_shape_key_index = 2
    before = keys_of(ready)

    press()

    after = keys_of(ready)
    assert list(after) == ["Basis", "smile", "frown"]
    vertices = len(before["Basis"])
    for name, factor in (("Basis", 0.0), ("smile", 0.5), ("frown", -0.25)):
        np.testing.assert_array_equal(after[name][:vertices], before[name])
        np.testing.assert_allclose(after[name], after["Basis"] * (1.0 + factor), atol=1e-6)
    assert ready.data.shape_keys.key_blocks["smile"].value == pytest.approx(0.3)
    assert ready.active_shape_key_index == 2
    co = np.array([v.co for v in ready.data.vertices], np.float32)
    np.testing.assert_array_equal(co, after["Basis"])


def keys_of(head) -> dict[str, np.ndarray]:
    return {
        block.name: np.array([p.co for p in block.points], np.float32)
        for block in head.data.shape_keys.key_blocks
    }


def test_keys_of_an_earlier_generate_are_still_ours_to_renew(ready, scene, voice):
    scene.mmtalker.source, scene.mmtalker.sound_file = "FILE", str(voice)
    generate()
    ready.data.shape_keys.key_blocks["mouthClose"].points[5].co.x += 1.0  # the artist's now
    press()
    assert keys.our_keys(ready) == ("jawOpen",)
    generate()
    assert any("kept your shape: mouthClose." in text for text in last_warnings())


def last_warnings():
    from mmtalker_addon.ops import runs

    return runs.last().warnings


def test_one_undo_takes_the_cut_back(ready):
    bpy.ops.ed.undo_push(message="Before")
    before = counts(ready.data)
    press()
    assert counts(ready.data) != before
    if bpy.ops.ed.undo() != {"FINISHED"}:
        pytest.skip("this Blender has no undo in background")
    head = bpy.data.objects["Demo Head"]
    assert counts(head.data) == before
    assert head_store.read(head).check.mouth == "fused"


def test_cut_survives_saving_and_duplicating(ready, tmp_path):
    press()
    cut = counts(ready.data)
    bpy.ops.object.select_all(action="DESELECT")
    ready.select_set(True)
    bpy.context.view_layer.objects.active = ready
    bpy.ops.object.duplicate()
    assert counts(bpy.context.object.data) == cut
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "cut.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "cut.blend"))
    head = bpy.data.objects["Demo Head"]
    assert counts(head.data) == cut
    record = head_store.read(head)
    assert record.check.mouth == "parted"
    assert not head_store.has_changed(head, record, at_once=True)


def test_a_mesh_that_two_objects_share_is_cut_for_both(ready):
    twin = bpy.data.objects.new("Twin", ready.data)
    bpy.context.collection.objects.link(twin)
    before = len(twin.data.vertices)
    press()
    assert len(twin.data.vertices) > before


def test_modifiers_stay(ready):
    for kind in ("MULTIRES", "SUBSURF", "MIRROR", "ARMATURE"):
        ready.modifiers.new(kind, kind)
    press()
    assert [modifier.type for modifier in ready.modifiers] == ["MULTIRES", "SUBSURF", "MIRROR", "ARMATURE"]


def test_grey_button_says_why(fused, worker):
    assert cut_disabled_reason(bpy.context) == "Press Check Head first: it finds the lips."
    bpy.ops.mmtalker.check_head()
    assert cut_disabled_reason(bpy.context) == ""
    fused.data.vertices[0].co.x += 0.01
    fused.data.update()
    head_store.has_changed(fused, head_store.read(fused), at_once=True)
    assert "has changed since it was checked" in cut_disabled_reason(bpy.context)
    assert not bpy.ops.mmtalker.cut_mouth.poll()
    bpy.ops.mmtalker.check_head()
    press()
    assert cut_disabled_reason(bpy.context) == "The lips are two already: the mouth can open."
    assert not bpy.ops.mmtalker.cut_mouth.poll()


def test_a_line_that_no_edge_follows_is_told_and_nothing_changes(ready):
    from dataclasses import replace

    record = head_store.read(ready)
    point = record.check.lip_line[0]
    head_store.write(ready, replace(record, check=replace(record.check, lip_line=(point, point))))
    before = counts(ready.data)
    with pytest.raises(RuntimeError, match="no line along the lips"):
        bpy.ops.mmtalker.cut_mouth()
    assert counts(ready.data) == before
