"""Inside Blender with a window: clicks through MMTalker's panel and writes down what it saw (see run.py)."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import bpy
from mathutils import Vector

OUT = Path(os.environ["MMTALKER_WINDOW_OUT"])
MIDDLE = 130
"""Pixels from the sidebar's left edge to the middle of its buttons."""
ROWS = {"Add Demo Head": 87, "Generate": 205, "Cancel": 236, "Check Head": 274}
"""Pixels from the sidebar's upper edge down to a button, at interface scale 1."""
ADDON = "bl_ext.user_default.mmtalker"
CHECKS: dict[str, Any] = {}
SECONDS: dict[str, float] = {}


def check(name: str, passed: Any, seen: Any = "") -> None:
    CHECKS[name] = True if passed else f"not so {seen}".strip()


def view() -> tuple[Any, Any]:
    """The 3D viewport and its sidebar."""
    area = next(area for area in bpy.context.window.screen.areas if area.type == "VIEW_3D")
    return area, next(region for region in area.regions if region.type == "UI")


def runs() -> Any:
    return sys.modules[f"{ADDON}.ops.runs"]


def screenshot(name: str) -> Iterator[float]:
    """Let run.py take a picture of the screen."""
    yield 0.5
    wanted = OUT / f"{name}.wanted"
    wanted.touch()
    while wanted.exists():
        yield 0.1


def click(x: float, y: float) -> Iterator[float]:
    """Move the mouse there, wait until Blender has noticed, press and release."""
    window = bpy.context.window
    at = {"x": int(x), "y": int(y)}
    window.event_simulate("MOUSEMOVE", "NOTHING", **at)
    yield 0.2
    window.event_simulate("MOUSEMOVE", "NOTHING", x=at["x"] + 1, y=at["y"])
    yield 0.2
    window.event_simulate("LEFTMOUSE", "PRESS", **at)
    yield 0.1
    window.event_simulate("LEFTMOUSE", "RELEASE", **at)
    yield 0.4


def press(button: str, lower: int = 0) -> Iterator[float]:
    """Click on a button of the panel, so many pixels lower than it usually is."""
    _, sidebar = view()
    yield from click(sidebar.x + MIDDLE, sidebar.y + sidebar.height - ROWS[button] - lower)


def key(kind: str) -> Iterator[float]:
    bpy.context.window.event_simulate(kind, "PRESS", x=600, y=300)
    yield 0.1
    bpy.context.window.event_simulate(kind, "RELEASE", x=600, y=300)
    yield 0.3


def until(condition: Callable[[], bool], seconds: float = 240.0, interval: float = 0.1) -> Iterator[float]:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s: {runs().current()} {runs().last()}")
        yield interval


def idle() -> bool:
    return runs().current() is None


def shape_keys() -> list[str]:
    keys = bpy.context.scene.mmtalker.head.data.shape_keys
    return [block.name for block in keys.key_blocks] if keys else []


def open_panel() -> Iterator[float]:
    area, sidebar = view()
    area.spaces.active.show_region_ui = True
    for _ in range(100):
        yield 0.1
        try:
            sidebar.active_panel_category = "MMTalker"
            return
        except TypeError:  # the sidebar has not been drawn yet
            continue
    raise TimeoutError("the sidebar has no tab MMTalker")


def look_at_head() -> None:
    """Turn the viewport to the head, a little from its left, as a portrait is taken."""
    area, _ = view()
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(area=area, region=region):
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()
        bpy.ops.view3d.view_orbit(angle=0.3, type="ORBITLEFT")
    space = area.spaces.active
    space.overlay.show_overlays = False
    space.shading.color_type = "MATERIAL"
    space.region_3d.view_perspective = "PERSP"
    space.region_3d.view_distance *= 1.2
    # The sidebar covers the right: the head goes to the middle of what is left.
    space.region_3d.view_location += space.region_3d.view_rotation @ Vector((0.06, 0.0, 0.0))


def loudest_frame(head: Any) -> int:
    """The frame at which the jaw is widest open."""
    data = head.data.shape_keys.animation_data
    bags = [data.action.layers[0].strips[0].channelbag(data.action_slot)]
    curve = next(c for bag in bags for c in bag.fcurves if c.data_path == 'key_blocks["jawOpen"].value')
    return int(max(curve.keyframe_points, key=lambda point: point.co.y).co.x)


def push_undo(message: str) -> None:
    """What a script changes is no undo step by itself."""
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        bpy.ops.ed.undo_push(message=message)


def ctrl_z() -> Iterator[float]:
    bpy.context.window.event_simulate("Z", "PRESS", x=600, y=300, ctrl=True)
    yield 0.1
    bpy.context.window.event_simulate("Z", "RELEASE", x=600, y=300, ctrl=True)
    yield 0.5


def start_slow_run() -> Iterator[float]:
    """Press Generate and wait until a worker that takes a minute is at it."""
    yield from press("Generate")
    yield from until(lambda: not idle() and runs().current().status.fraction > 0.66, 30.0)


def preferences() -> Iterator[float]:
    """Draw the add-on's preferences in place of the viewport; an error in them lands in Blender's log."""
    area, _ = view()
    area.ui_type = "PREFERENCES"
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "MMTalker"
    bpy.ops.preferences.addon_expand(module=ADDON)
    yield from screenshot("preferences")
    area.ui_type = "VIEW_3D"
    yield 0.5


def check_head() -> Iterator[float]:
    """Press Check Head, drag a landmark by G, update, and take all of it off again."""
    area, _ = view()
    space = area.spaces.active
    space.overlay.show_overlays = True
    colours = space.shading.color_type
    yield from press("Check Head")
    yield from until(idle)
    outcome = runs().last()
    check("a click on Check Head looks at the head", outcome.state == "done", outcome)
    landmarks = sys.modules[f"{ADDON}.bridge.landmarks"]
    head = bpy.context.scene.mmtalker.head
    check("landmarks are on the head", "nose_tip" in landmarks.find(head), list(landmarks.find(head)))
    check("the viewport shows its colours", space.shading.color_type == "VERTEX", space.shading.color_type)
    yield from screenshot("check_head")

    chin = landmarks.find(head)["chin"]
    for obj in bpy.context.selected_objects:
        obj.select_set(False)
    chin.select_set(True)
    bpy.context.view_layer.objects.active = chin
    push_undo("Select")
    before = chin.location.copy()
    yield from drag()
    check("G drags a landmark", landmarks.moved(head).keys() == {"chin"}, chin.location - before)
    yield from screenshot("landmark_moved")
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        bpy.ops.mmtalker.refit_head("INVOKE_DEFAULT")  # its place depends on what was found
    yield from until(idle)
    check("Update uses it", "chin" in corrections(), runs().last())
    yield from ctrl_z()
    head = bpy.context.scene.mmtalker.head
    check("one Ctrl-Z takes the update back", not corrections() and len(landmarks.moved(head)) == 1)
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        bpy.ops.mmtalker.done_check("EXEC_DEFAULT", True)
    check("Done takes the landmarks off", not landmarks.find(bpy.context.scene.mmtalker.head))
    check("and the viewport is as before", view()[0].spaces.active.shading.color_type == colours)
    view()[0].spaces.active.overlay.show_overlays = False
    yield 0.5


def corrections() -> dict[str, Any]:
    return sys.modules[f"{ADDON}.bridge.head_store"].corrections(bpy.context.scene.mmtalker.head)


def drag() -> Iterator[float]:
    """Move what is selected by G and a click, in the middle of the viewport."""
    window, x, y = bpy.context.window, 450, 400
    window.event_simulate("MOUSEMOVE", "NOTHING", x=x, y=y)
    yield 0.2
    window.event_simulate("G", "PRESS", x=x, y=y)
    yield 0.1
    window.event_simulate("G", "RELEASE", x=x, y=y)
    yield 0.2
    for step in range(1, 5):
        window.event_simulate("MOUSEMOVE", "NOTHING", x=x, y=y - 10 * step)
        yield 0.1
    window.event_simulate("LEFTMOUSE", "PRESS", x=x, y=y - 40)
    yield 0.1
    window.event_simulate("LEFTMOUSE", "RELEASE", x=x, y=y - 40)
    yield 0.4


def interruptions() -> Iterator[float]:
    """What may happen while a run goes on; none of it may leave anything behind."""
    os.environ["MMTALKER_BACKEND_PYTHON"] = os.environ["MMTALKER_WINDOW_SLOW"]

    yield from start_slow_run()
    gaps, last = [], time.monotonic()
    for _ in range(60):
        yield 0.02
        gaps.append(time.monotonic() - last)
        last = time.monotonic()
    SECONDS["longest wait for the window while a job runs"] = round(max(gaps), 3)
    yield from screenshot("panel_running")
    yield from press("Cancel")
    yield from until(idle, 20.0)
    check("a click on Cancel ends the run", runs().last().state == "cancelled", runs().last())
    check("a cancelled run leaves nothing", shape_keys() == [] and not bpy.data.actions)

    yield from start_slow_run()
    yield from key("ESC")
    yield from until(idle, 20.0)
    check("Esc ends the run", runs().last().state == "cancelled", runs().last())

    bpy.ops.mesh.primitive_cube_add()
    push_undo("Cube")
    yield from start_slow_run()
    yield from ctrl_z()
    check("Ctrl-Z works while a run goes on", len(bpy.data.objects) == 1, list(bpy.data.objects))
    check("and the run goes on", not idle(), runs().last())
    bpy.data.objects.remove(bpy.context.scene.mmtalker.head)
    yield from until(idle, 20.0)
    check("a deleted head ends the run", "was deleted meanwhile" in runs().last().message, runs().last())

    yield from press("Add Demo Head")
    yield from start_slow_run()
    bpy.ops.wm.open_mainfile(filepath=str(OUT / "before.blend"))
    yield 1.0
    check("opening a file ends the run", idle() and "Another file" in runs().last().message, runs().last())


def large_heads() -> Iterator[float]:
    """How long the window waits while large heads are read and written, and how long it draws them."""
    os.environ["MMTALKER_BACKEND_PYTHON"] = os.environ["MMTALKER_WINDOW_MANY"]
    for rings in (182, 365):
        bpy.ops.wm.open_mainfile(filepath=str(OUT / "before.blend"))
        yield 1.0
        bpy.ops.mesh.primitive_uv_sphere_add(segments=rings, ring_count=rings)
        head = bpy.context.object
        scene = bpy.context.scene
        scene.mmtalker.head, scene.mmtalker.source = head, "FILE"
        scene.mmtalker.sound_file = bpy.path.relpath(os.environ["MMTALKER_WINDOW_VOICE"])
        push_undo("Head")
        yield from open_panel()
        yield 1.0
        count = len(head.data.vertices)
        drawing = timed(lambda: bpy.ops.wm.redraw_timer(type="DRAW_WIN", iterations=1))
        waits, taken = watch_steps()
        with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
            bpy.ops.mmtalker.generate("INVOKE_DEFAULT")  # a click may come while the mesh is still drawn
        yield from until(lambda waits=waits: waits.append(time.monotonic()) or idle(), 60.0, 0.005)
        restore_steps()
        outcome = runs().last()
        check(f"a head of {count} vertices speaks", outcome is not None and outcome.state == "done", outcome)
        gaps = [later - earlier for earlier, later in pairwise(waits)]
        SECONDS[f"{count} vertices: longest wait for the window"] = round(max(gaps), 3)
        SECONDS[f"{count} vertices: longest step"] = round(max(taken), 3)
        SECONDS[f"{count} vertices: last step, with the undo step"] = round(taken[-1], 3)
        SECONDS[f"{count} vertices: all steps"] = round(sum(taken), 3)
        SECONDS[f"{count} vertices: drawing the window"] = round(drawing, 3)
        yield from screenshot(f"large_{count}")


def timed(work: Callable[[], Any]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def watch_steps() -> tuple[list[float], list[float]]:
    """Lists for the times of looks at the run, and for the seconds that each of its steps takes."""
    taken: list[float] = []
    real = runs().step

    def step(*arguments: Any) -> Any:
        began = time.monotonic()
        try:
            return real(*arguments)
        finally:
            taken.append(time.monotonic() - began)

    runs().step, runs().real_step = step, real
    return [time.monotonic()], taken


def restore_steps() -> None:
    runs().step = runs().real_step


def default_scene() -> Iterator[float]:
    """The demo head beside the cube that every new file has."""
    yield from open_panel()
    yield from press("Add Demo Head", lower=20)  # a line names the cube, which is active
    yield 1.0
    area, _ = view()
    region = next(region for region in area.regions if region.type == "WINDOW")
    seen = [view_of(region, area.spaces.active.region_3d, point) for point in head_points()]
    inside = all(0 < x < region.width and 0 < y < region.height for x, y in seen)
    tall = max(y for _, y in seen) - min(y for _, y in seen)
    check("Add Demo Head shows the head", inside and tall > region.height / 4, (min(seen), max(seen)))
    yield from screenshot("demo_head_in_the_default_scene")


def head_points() -> list[Any]:
    """Some places of the head's skin, in the world."""
    head = bpy.context.scene.mmtalker.head
    return [head.matrix_world @ vertex.co for vertex in list(head.data.vertices)[::50]]


def view_of(region: Any, region_3d: Any, point: Any) -> tuple[float, float]:
    """Where a place in the world is on the screen, in pixels of the region."""
    seen = region_3d.perspective_matrix @ Vector((*point, 1.0))
    return (seen.x / seen.w + 1) / 2 * region.width, (seen.y / seen.w + 1) / 2 * region.height


def steps() -> Iterator[float]:
    yield 1.0
    yield from default_scene()
    for obj in list(bpy.data.objects):
        bpy.data.objects.remove(obj)
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "before.blend"))
    yield from open_panel()
    yield from screenshot("panel_empty")

    backend = os.environ.pop("MMTALKER_BACKEND_PYTHON")
    view()[0].tag_redraw()
    yield from screenshot("panel_not_set_up")
    check("without a backend Generate is grey", not bpy.ops.mmtalker.generate.poll())
    os.environ["MMTALKER_BACKEND_PYTHON"] = backend

    yield from press("Add Demo Head")
    yield 1.0  # the view glides to the head
    scene = bpy.context.scene
    head = scene.mmtalker.head
    check("a click on Add Demo Head adds it and picks it", head is not None, list(bpy.data.objects))
    look_at_head()
    scene.mmtalker.source = "FILE"
    scene.mmtalker.sound_file = bpy.path.relpath(os.environ["MMTALKER_WINDOW_VOICE"])
    push_undo("Voice")
    yield 0.5
    yield from screenshot("panel_ready")

    yield from check_head()
    pressed = time.monotonic()
    yield from press("Generate")
    check("a click on Generate starts a run and returns at once", not idle() or runs().last(), "nothing runs")
    yield from until(idle)
    SECONDS["generate"] = round(time.monotonic() - pressed, 1)
    outcome = runs().last()
    check("the run ends well", outcome.state == "done", outcome)
    made = shape_keys()
    heard = [strip.name for strip in scene.sequence_editor.strips] if scene.sequence_editor else []
    check("the sound file is in the sequencer", heard == [Path(scene.mmtalker.sound_file).name], heard)
    check("the head has jawOpen and mouthClose", {"Basis", "jawOpen", "mouthClose"} <= set(made), made)
    if outcome.state == "done":
        scene.frame_set(loudest_frame(scene.mmtalker.head))
        opened = scene.mmtalker.head.data.shape_keys.key_blocks["jawOpen"].value
        check("the jaw opens at the loudest frame", opened > 0.1, opened)
    yield 0.5
    yield from screenshot("panel")

    yield from ctrl_z()
    check("one Ctrl-Z takes all of it back", shape_keys() == [] and not bpy.data.actions, shape_keys())
    editor = bpy.context.scene.sequence_editor
    check("the strip as well", editor is None or len(editor.strips) == 0)
    check("the demo head is still there", bpy.context.scene.mmtalker.head is not None)
    yield from interruptions()
    yield from large_heads()
    yield from preferences()


def tick(generator: Iterator[float]) -> float | None:
    try:
        return next(generator)
    except StopIteration:
        pass
    except BaseException:
        CHECKS["the check itself ran to its end"] = traceback.format_exc()
    print("seconds", SECONDS)
    (OUT / "report.json").write_text(json.dumps(CHECKS, indent=1))
    bpy.ops.wm.quit_blender()
    return None


bpy.context.preferences.view.show_splash = False
bpy.ops.preferences.addon_enable(module=ADDON)
walk = steps()
bpy.app.timers.register(lambda: tick(walk), first_interval=1.0, persistent=True)
