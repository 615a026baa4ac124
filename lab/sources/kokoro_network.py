"""Kokoro's network made ready: durations among its outputs, convolutions on the processor's quick path.

The published network has eight-bit weights, and onnxruntime multiplies them slowly where both sides are
unsigned. The same whole numbers come out of a product with signed weights over copied rows (im2col), in
two thirds of the time for the network as a whole.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

DURATIONS = "/encoder/Clip_output_0"
"""The tensor inside the network that counts the frames of each letter."""

_TO_SIGNED = 128
_TIME_LAST = [0, 2, 1]


def prepare(network: bytes) -> bytes:
    """Return the network with :data:`DURATIONS` as its second output and quick convolutions.

    Raises:
        ImportError: without the package onnx.
    """
    onnx: Any = importlib.import_module("onnx")
    model = onnx.load_model_from_string(network)
    graph = model.graph
    graph.output.append(onnx.ValueInfoProto(name=DURATIONS))
    weights = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[Any] = []
    for node in graph.node:
        quick = _as_product(node, weights, onnx) if node.op_type == "ConvInteger" else None
        if quick is None:
            nodes.append(node)
        else:
            nodes += quick[0]
            graph.initializer.extend(quick[1])
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    prepared: bytes = model.SerializeToString()
    return prepared


def _as_product(node: Any, weights: dict[str, Any], onnx: Any) -> tuple[list[Any], list[Any]] | None:
    """Write a convolution over time as one product of matrices; None where it is of another kind.

    Returns:
        the nodes that take its place, and the constants that they read.
    """
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    settings = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    kernel = numpy_helper.to_array(weights[node.input[1]])
    if kernel.ndim != 3 or settings.get("group", 1) != 1 or list(settings.get("strides", [1])) != [1]:
        return None
    sound, sound_zero = node.input[0], node.input[2]
    zero = int(numpy_helper.to_array(weights[node.input[3]]).reshape(()))
    before, after = settings.get("pads", [0, 0])
    step = settings.get("dilations", [1])[0]
    channels_out, channels_in, taps = kernel.shape
    reach = (taps - 1) * step
    constants: list[Any] = []

    def own(name: str) -> str:
        return f"{node.name}/{name}"

    def constant(name: str, value: NDArray[Any]) -> str:
        constants.append(numpy_helper.from_array(value, own(name)))
        return own(name)

    signed = (kernel.astype(np.int16) - _TO_SIGNED).astype(np.int8)
    rows = constant("rows", signed.transpose(2, 1, 0).reshape(taps * channels_in, channels_out))
    rows_zero = constant("rows_zero", np.array(zero - _TO_SIGNED, dtype=np.int8))
    edges = constant("edges", np.array([0, before, 0, 0, after, 0]))
    axis = constant("axis", np.array([1]))
    made = [
        helper.make_node("Transpose", [sound], [own("turned")], perm=_TIME_LAST),
        helper.make_node("Pad", [own("turned"), edges, sound_zero], [own("padded")]),
        helper.make_node("Shape", [own("padded")], [own("length")], start=1, end=2),
    ]
    for tap in range(taps):
        first = constant(f"first{tap}", np.array([tap * step]))
        missing = constant(f"missing{tap}", np.array([tap * step - reach]))
        made += [
            helper.make_node("Add", [own("length"), missing], [own(f"end{tap}")]),
            helper.make_node("Slice", [own("padded"), first, own(f"end{tap}"), axis], [own(f"tap{tap}")]),
        ]
    made += [
        helper.make_node("Concat", [own(f"tap{tap}") for tap in range(taps)], [own("columns")], axis=2),
        helper.make_node("MatMulInteger", [own("columns"), rows, sound_zero, rows_zero], [own("product")]),
        helper.make_node("Transpose", [own("product")], [node.output[0]], perm=_TIME_LAST),
    ]
    return made, constants
