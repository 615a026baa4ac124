"""Reads the exported files with other people's readers, to see that the speech really is in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

COMPONENTS = {5126: "<f4", 5125: "<u4", 5123: "<u2", 5121: "|u1", 5120: "|i1", 5122: "<i2"}
TYPES = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


@dataclass(frozen=True)
class Found:
    """What a reader found in a file.

    Attributes:
        reader: whose code read it.
        names: names of the morph targets.
        values: (T, K) weights at the frames asked for, in the order of ``names``.
        seconds: length of the animation.
    """

    reader: str
    names: tuple[str, ...]
    values: Float32
    seconds: float


def read_glb(path: Path, times: NDArray[np.floating]) -> Found:
    """Read a glb with pygltflib; ``times`` are the (T,) seconds to look at."""
    file = pygltflib.GLTF2().load_binary(str(path))
    mesh = next(mesh for mesh in file.meshes if mesh.primitives[0].targets)
    names = tuple(mesh.extras["targetNames"])
    animation = next(a for a in file.animations if any(c.target.path == "weights" for c in a.channels))
    channel = next(c for c in animation.channels if c.target.path == "weights")
    sampler = animation.samplers[channel.sampler]
    keys = _accessor(file, sampler.input)[:, 0]
    weights = _accessor(file, sampler.output).reshape(len(keys), len(names))
    values = np.stack([np.interp(times + keys[0], keys, column) for column in weights.T], axis=1)
    return Found("pygltflib", names, values.astype(np.float32), float(keys[-1] - keys[0]))


def _accessor(file: Any, index: int) -> NDArray[np.float64]:
    accessor = file.accessors[index]
    view = file.bufferViews[accessor.bufferView]
    kind, width = np.dtype(COMPONENTS[accessor.componentType]), TYPES[accessor.type]
    if view.byteStride not in (None, 0, kind.itemsize * width):
        raise ValueError(f"Accessor {index} is interleaved, which animation data never is.")
    start = (view.byteOffset or 0) + (accessor.byteOffset or 0)
    flat = np.frombuffer(file.binary_blob(), kind, accessor.count * width, start).astype(np.float64)
    if accessor.normalized:
        flat = np.maximum(flat / np.iinfo(kind).max, -1.0)
    return flat.reshape(-1, width)


def read_fbx(path: Path, times: NDArray[np.floating], fps: float) -> Found:
    """Read an fbx into an emptied Blender by its importer in C++, which shares no code with the exporter."""
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = round(fps)
    bpy.context.scene.render.fps_base = round(fps) / fps
    bpy.ops.wm.fbx_import(filepath=str(path))
    keys = next(o.data.shape_keys for o in bpy.data.objects if o.type == "MESH" and o.data.shape_keys)
    data = keys.animation_data
    bag = data.action.layers[0].strips[0].channelbag(data.action_slot)
    curves = {curve.data_path: curve for curve in bag.fcurves}
    first = min(curve.range()[0] for curve in curves.values())
    last = max(curve.range()[1] for curve in curves.values())
    names = tuple(block.name for block in keys.key_blocks if block != keys.reference_key)
    values = np.zeros((len(times), len(names)), dtype=np.float32)
    for column, name in enumerate(names):
        curve = curves.get(f'key_blocks["{name}"].value')
        if curve is not None:
            values[:, column] = [curve.evaluate(first + seconds * fps) for seconds in times]
    return Found("Blender's wm.fbx_import (ufbx)", names, values, float(last - first) / fps)


def faults(
    found: Found, names: Sequence[str], values: Float32, seconds: float, tolerance: float = 0.002
) -> list[str]:
    """Say how a file differs from what was written: (T, K) ``values`` of ``names`` over ``seconds``."""
    missing = [name for name in names if name not in found.names]
    if missing:
        return [f"{len(missing)} of {len(names)} shape keys are missing, {missing[0]} first"]
    said = []
    if abs(found.seconds - seconds) > 0.05:
        said.append(f"the animation lasts {found.seconds:.2f} s and not {seconds:.2f} s")
    columns = [found.names.index(name) for name in names]
    difference = np.abs(found.values[:, columns] - values).max(axis=0)
    worst = int(difference.argmax())
    if difference[worst] > tolerance:
        said.append(f"{names[worst]} is off by up to {difference[worst]:.3f}")
    return said
