"""Uses the add-on as a person would: a new scene, Add Demo Head, a sound strip, Generate; then saves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import addon_utils
import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

from demo.clip import Clip
from demo.portrait import FILL, KEY, RIM, Camera, Surface, encode

Float32 = NDArray[np.float32]

ADDON = "mmtalker_addon"
PICTURE = "demo_head_portrait"
UV_LAYER = "UVMap"


class DemoError(Exception):
    """Something went wrong that a person can do something about: says what, and what to do."""


@dataclass(frozen=True)
class Speech:
    """What the head does, read back from Blender's own data.

    Attributes:
        names: K shape keys.
        rest: (V, 3) metres, y up and z out of the face.
        shapes: (K, V, 3) displacements in the same axes.
        values: (T, K) value of every key at every frame of the scene.
        times: (T,) seconds of the sound at these frames.
        keyframes: number of keys in the Action.
    """

    names: tuple[str, ...]
    rest: Float32
    shapes: Float32
    values: Float32
    times: NDArray[np.float64]
    keyframes: int


def start(device: str) -> None:
    """Empty Blender and turn the add-on on, with its worker on ``device``."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if addon_utils.enable(ADDON, default_set=True) is None:
        raise DemoError(f"Blender could not enable {ADDON}: what it printed above says why.")
    bpy.context.preferences.addons[ADDON].preferences.device = device


def stop() -> None:
    """Turn the add-on off, which ends its worker."""
    addon_utils.disable(ADDON)


def build(clip: Clip, fps: float) -> Any:
    """Set the scene up for the clip and add the head; gives its object."""
    scene = bpy.context.scene
    rate = Fraction(fps).limit_denominator(1001)
    scene.render.fps = math.ceil(rate)
    scene.render.fps_base = float(math.ceil(rate) / rate)
    scene.frame_start = 1
    scene.frame_end = math.ceil(clip.seconds * fps)
    scene.sync_mode = "AUDIO_SYNC"
    _call(bpy.ops.mmtalker.add_demo_head)
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    strip = strips.new_sound(name=clip.path.stem, filepath=str(clip.path), channel=1, frame_start=1)
    strip.sound.pack()
    scene.mmtalker.source = "STRIP"
    scene.mmtalker.strip = strip.name
    return scene.mmtalker.head


def generate() -> None:
    """Press Generate and wait for its end."""
    _call(bpy.ops.mmtalker.generate)


def backend_facts() -> dict[str, Any]:
    """What the worker said of itself: versions and device."""
    from mmtalker_addon.bridge import backend
    from mmtalker_addon.engine.backend import Backend

    found = backend.find(bpy.context)
    greeting = backend.client(bpy.context, found).greeting if isinstance(found, Backend) else None
    return {k: v for k, v in (greeting or {}).items() if isinstance(v, str | int | float)}


def read_speech(head: Any, fps: float) -> Speech:
    """Read keys and their values out of Blender, frame by frame."""
    scene, keys = bpy.context.scene, head.data.shape_keys
    if keys is None or keys.animation_data is None or keys.animation_data.action is None:
        raise DemoError("Generate left no animated shape keys on the head: see the messages above.")
    blocks = [block for block in keys.key_blocks if block != keys.reference_key]
    rest = _points(keys.reference_key)
    shapes = np.stack([_points(block) for block in blocks]) - rest
    frames = range(scene.frame_start, scene.frame_end + 1)
    values = np.zeros((len(frames), len(blocks)), dtype=np.float32)
    for row, frame in enumerate(frames):
        scene.frame_set(frame)
        values[row] = [block.value for block in blocks]
    _check_evaluation(head, rest + np.tensordot(values[-1], shapes, 1))
    bag = keys.animation_data.action.layers[0].strips[0].channelbag(keys.animation_data.action_slot)
    return Speech(
        names=tuple(block.name for block in blocks),
        rest=_to_face_axes(rest),
        shapes=_to_face_axes(shapes),
        values=values,
        times=(np.arange(len(frames)) / fps),
        keyframes=sum(len(curve.keyframe_points) for curve in bag.fcurves),
    )


def add_materials_and_lights(head: Any, surface: Surface, corner_places: Float32, camera: Camera) -> None:
    """Give the head its painted picture, and the scene lights, a camera and a backdrop as in the preview."""
    image = bpy.data.images.new(PICTURE, *surface.colours.shape[1::-1])
    pixels = np.ones((*surface.colours.shape[:2], 4), dtype=np.float32)
    pixels[..., :3] = encode(surface.colours[::-1])
    image.pixels.foreach_set(pixels.ravel())
    image.filepath_raw = f"//{PICTURE}.png"  # exporters name the picture by it
    image.pack()
    head.data.uv_layers[UV_LAYER].uv.foreach_set("vector", corner_places.ravel())
    for material in head.data.materials:
        tree = material.node_tree
        shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
        picture = tree.nodes.new("ShaderNodeTexImage")
        picture.image, picture.location = image, (-320, 300)
        tree.links.new(picture.outputs["Color"], shader.inputs["Base Color"])
    _add_camera(camera)
    target = Vector(_to_blender(camera.target))
    for name, (towards, colour), size, power in (
        ("Key", KEY, 0.5, 7.0),
        ("Fill", FILL, 0.9, 6.0),
        ("Rim", RIM, 0.5, 3.0),
    ):
        light = bpy.data.lights.new(name, "AREA")
        light.size, light.color = size, colour / colour.max()
        light.energy = power * float(colour.max())
        lamp = bpy.data.objects.new(name, light)
        lamp.location = target + Vector(_to_blender(towards)).normalized() * 0.9
        lamp.rotation_euler = (target - lamp.location).to_track_quat("-Z", "Y").to_euler()
        bpy.context.scene.collection.objects.link(lamp)
    world = bpy.data.worlds.new("Studio")
    bpy.context.scene.world = world
    world.use_nodes = True
    background = next(node for node in world.node_tree.nodes if node.type == "BACKGROUND")
    background.inputs["Color"].default_value = (0.10, 0.11, 0.13, 1.0)


def save_blend(path: Path) -> None:
    """Save the scene at its first frame, looked at through the camera."""
    bpy.context.scene.frame_set(bpy.context.scene.frame_start)
    for screen in bpy.data.screens:
        for space in (area.spaces.active for area in screen.areas if area.type == "VIEW_3D"):
            space.shading.type = "MATERIAL"
            if space.region_3d is not None:
                space.region_3d.view_perspective = "CAMERA"
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True, check_existing=False)


def export_fbx(head: Any, path: Path) -> None:
    """Write the head and its speech with the exporter's own settings, every key kept, picture inside."""
    _select_only(head)
    bpy.ops.export_scene.fbx(
        filepath=str(path),
        use_selection=True,
        bake_anim_simplify_factor=0.0,
        path_mode="COPY",
        embed_textures=True,
    )


def export_glb(head: Any, path: Path) -> None:
    """Write the head and its speech as one binary glTF file."""
    _select_only(head)
    render = bpy.context.scene.render
    base = render.fps_base
    # The exporter of 4.5 to 5.2 multiplies by this where it should divide: 29.97 would come out as 30.03.
    render.fps_base = 1.0 / base
    try:
        bpy.ops.export_scene.gltf(
            filepath=str(path),
            export_format="GLB",
            use_selection=True,
            export_image_format="JPEG",
            export_morph_normal=False,
        )
    finally:
        render.fps_base = base


def _call(operator: Any) -> None:
    """Run an operator; its own sentence becomes the error."""
    try:
        ended = operator()
    except RuntimeError as error:
        raise DemoError(str(error).strip().removeprefix("Error: ")) from error
    if "FINISHED" not in ended:
        raise DemoError(f"{operator.idname_py()} was cancelled: see the messages above.")


def _select_only(head: Any) -> None:
    for other in bpy.context.view_layer.objects:
        other.select_set(other == head)
    bpy.context.view_layer.objects.active = head


def _add_camera(camera: Camera) -> None:
    data = bpy.data.cameras.new("Portrait")
    data.sensor_width = 36.0
    data.lens = data.sensor_width * camera.distance / camera.field
    data.clip_start = 0.01
    seen = bpy.data.objects.new("Portrait", data)
    out = camera.rotation()[2]
    seen.location = Vector(_to_blender(np.asarray(camera.target) + out * camera.distance))
    seen.rotation_euler = (-Vector(_to_blender(out))).to_track_quat("-Z", "Y").to_euler()
    scene = bpy.context.scene
    scene.collection.objects.link(seen)
    scene.camera = seen
    scene.render.resolution_x = scene.render.resolution_y = 720


def _points(block: Any) -> Float32:
    flat = np.empty(len(block.points) * 3, dtype=np.float32)
    block.points.foreach_get("co", flat)
    return flat.reshape(-1, 3)


def _check_evaluation(head: Any, expected: Float32) -> None:
    """Blender's own evaluation of the current frame has to be what the keys add up to."""
    evaluated = head.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    flat = np.empty(len(evaluated.vertices) * 3, dtype=np.float32)
    evaluated.vertices.foreach_get("co", flat)
    if not np.allclose(flat.reshape(-1, 3), expected, atol=1e-5):
        raise DemoError("Blender shows another face than the shape keys add up to: is a key muted or driven?")


def _to_face_axes(vectors: Float32) -> Float32:
    """Blender's z up and face along -y, to y up and z out of the face."""
    return np.stack([vectors[..., 0], vectors[..., 2], -vectors[..., 1]], axis=-1)


def _to_blender(vector: Any) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in vector)
    return x, -z, y
