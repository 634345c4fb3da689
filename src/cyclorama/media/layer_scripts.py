"""A Nuke script and a Blender script, beside a shot's layered EXRs, that put the picture together from them again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from cyclorama.media.output import OutputSpec, sequence_paths

TIMES_PLACE = ("shadow",)
"""Layers that the place is multiplied by, in this order."""
ADDED_TO_PLACE = ("reflection",)
"""Layers that are then added to the place, in this order."""
ADDED = ("wrap", "grain")
"""Layers that are added to the picture after the actors were laid over the place, in this order."""
_NUMBER = re.compile(r"[._-]?%\d*d")

_BLENDER = '''\
"""The composite of a Cyclorama shot, for Blender 4: Scripting, Open, Run."""

import os

import bpy

FILE = {file!r}  # the first frame, beside this script
FIRST_FRAME, NUM_FRAMES = {first}, {num_frames}
WIDTH, HEIGHT = {width}, {height}
RATE = {rate}  # frames a second: numerator, denominator
ACTORS = {actors}  # added to one another, then laid over the place
TIMES_PLACE = {times}  # what the place is multiplied by
ADDED_TO_PLACE = {place_added}  # what is then added to it
ADDED = {added}  # what is added at the end


def folder():
    text = getattr(bpy.context.space_data, "text", None)
    return os.path.dirname(os.path.abspath(bpy.path.abspath(text.filepath) if text else __file__))


def set_up(scene):
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = WIDTH, HEIGHT, 100
    scene.render.fps = max(1, round(RATE[0] / RATE[1]))
    scene.render.fps_base = scene.render.fps * RATE[1] / RATE[0]
    scene.frame_start, scene.frame_end = FIRST_FRAME, FIRST_FRAME + NUM_FRAMES - 1
    scene.view_settings.view_transform = "Standard"
    scene.use_nodes = True


def mixed(tree, kind, first, second):
    node = tree.nodes.new("CompositorNodeMixRGB")
    node.blend_type, node.inputs[0].default_value = kind, 1.0
    tree.links.new(first, node.inputs[1])
    tree.links.new(second, node.inputs[2])
    return node.outputs[0]


def alpha_of(tree, image):
    node = tree.nodes.new("CompositorNodeSeparateColor")
    tree.links.new(image, node.inputs[0])
    return node.outputs[3]


def together(tree, first, second):
    """Two actors as one: colours and alphas add."""
    total = tree.nodes.new("CompositorNodeMath")
    total.operation = "ADD"
    tree.links.new(alpha_of(tree, first), total.inputs[0])
    tree.links.new(alpha_of(tree, second), total.inputs[1])
    both = tree.nodes.new("CompositorNodeSetAlpha")
    both.mode = "REPLACE_ALPHA"
    tree.links.new(mixed(tree, "ADD", first, second), both.inputs[0])
    tree.links.new(total.outputs[0], both.inputs[1])
    return both.outputs[0]


def make_composite():
    scene = bpy.context.scene
    set_up(scene)
    tree = scene.node_tree
    tree.nodes.clear()
    read = tree.nodes.new("CompositorNodeImage")
    read.image = bpy.data.images.load(os.path.join(folder(), FILE))
    read.image.source = "SEQUENCE"
    read.frame_duration, read.frame_start, read.frame_offset = NUM_FRAMES, FIRST_FRAME, FIRST_FRAME - 1
    layer = {{socket.name: socket for socket in read.outputs}}
    picture = layer["place"]
    for name in TIMES_PLACE:
        picture = mixed(tree, "MULTIPLY", picture, layer[name])
    for name in ADDED_TO_PLACE:
        picture = mixed(tree, "ADD", picture, layer[name])
    if ACTORS:
        actor = layer[ACTORS[0]]
        for name in ACTORS[1:]:
            actor = together(tree, actor, layer[name])
        over = tree.nodes.new("CompositorNodeAlphaOver")
        tree.links.new(picture, over.inputs[1])
        tree.links.new(actor, over.inputs[2])
        picture = over.outputs[0]
    for name in ADDED:
        picture = mixed(tree, "ADD", picture, layer[name])
    tree.links.new(picture, tree.nodes.new("CompositorNodeComposite").inputs[0])


make_composite()
'''


@dataclass(frozen=True)
class LayerNames:
    """The layers that a shot's EXRs hold: ``actors`` (``actor``, or ``actor1`` and so on) and all others, ``place``
    among them."""

    actors: tuple[str, ...]
    others: tuple[str, ...]

    @classmethod
    def of_channels(cls, channels: Sequence[str]) -> "LayerNames":
        layers = dict.fromkeys(name.rpartition(".")[0] for name in channels if "." in name)
        actors = tuple(name for name in layers if re.fullmatch(r"actor\d*", name))
        return cls(actors, tuple(name for name in layers if name not in actors))

    def among(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name in self.others)


def script_paths(pattern: Path) -> tuple[Path, Path]:
    """Where the scripts lie of layers that are written as ``NAME%04d.exr``: ``NAME.nk`` and ``NAME.py``; of
    ``%04d.exr`` ``layers.nk`` and ``layers.py``."""
    name = _NUMBER.sub("", pattern.stem).strip("._-") or "layers"
    return pattern.with_name(f"{name}.nk"), pattern.with_name(f"{name}.py")


def nuke_script(pattern: Path, spec: OutputSpec, names: LayerNames) -> str:
    """Nuke's own stack of nodes: ``inputs 2`` takes B from its top and A from below it. Source: Foundry, the reference
    of Read, Shuffle and Merge."""
    (h, w), last = spec.hw, spec.first_frame + spec.num_frames - 1
    size = f'"{w} {h} 0 0 {w} {h} 1 plate"'
    nodes = [
        f"Root {{\n inputs 0\n first_frame {spec.first_frame}\n last_frame {last}\n fps {float(spec.rate)!r}\n"
        f" format {size}\n}}",
        "Read {\n inputs 0\n file_type exr\n"
        f' file "\\[file dirname \\[value root.name]]/{pattern.name}"\n format {size}\n'
        f" first {spec.first_frame}\n last {last}\n origfirst {spec.first_frame}\n origlast {last}\n"
        " origset true\n raw true\n name Layers\n}",
        "set Layers [stack 0]",
    ]
    for number, name in enumerate(names.actors):
        nodes += [*_shuffled(name, again=number > 0), *([_merged("plus", f"plus_{name}")] if number else [])]
    nodes += _shuffled("place", again=bool(names.actors))
    for name in names.among(TIMES_PLACE):
        nodes += [*_shuffled(name), _merged("multiply", f"times_{name}")]
    for name in names.among(ADDED_TO_PLACE):
        nodes += [*_shuffled(name), _merged("plus", f"plus_{name}")]
    if names.actors:
        nodes.append(_merged("over", "actors_over_place"))
    for name in names.among(ADDED):
        nodes += [*_shuffled(name), _merged("plus", f"plus_{name}")]
    nodes.append("Dot {\n name Composite\n}")
    return "# Cyclorama: the composite of the layers beside this script\n" + "\n".join(nodes) + "\n"


def _shuffled(name: str, *, again: bool = True) -> list[str]:
    """A layer as the picture; ``again``: the node before is not the Read."""
    return [*(["push $Layers"] if again else []), f"Shuffle {{\n in {name}\n name {name}_layer\n}}"]


def _merged(operation: str, name: str) -> str:
    return f"Merge2 {{\n inputs 2\n operation {operation}\n name {name}\n}}"


def blender_script(pattern: Path, spec: OutputSpec, names: LayerNames) -> str:
    """Nodes of the compositor. Source: Blender's API, ``bpy.types.CompositorNode``."""
    h, w = spec.hw
    rate = Fraction(spec.rate)
    return _BLENDER.format(
        file=sequence_paths(pattern, 1, spec.first_frame)[0].name,
        first=spec.first_frame,
        num_frames=spec.num_frames,
        width=w,
        height=h,
        rate=(rate.numerator, rate.denominator),
        actors=names.actors,
        times=names.among(TIMES_PLACE),
        place_added=names.among(ADDED_TO_PLACE),
        added=names.among(ADDED),
    )
