"""Bytes to nouns and back: the only place that knows codecs, containers, colour encodings and files.

Reading
    ``open_clip(path, notes=..., rate=None)``      a video or a folder of pictures as a ``core.clip.Clip``
    ``read_picture(path, notes=...)``              one picture, scene-linear
    ``read_depth(path)``                           one depth picture, as data
    ``open_matte(path, notes=...)``                alpha frame by frame
    ``open_surface(path, notes=..., depth=...)``   a pass of normals or depth frame by frame, as data
    ``read_environment(path, notes)``              a panorama of light
Writing
    ``check_output_free(output, overwrite=..., inputs=..., num_frames=...)``   before any work
    ``open_writer(output, folder, spec, notes=..., sound=..., settings=...)``  then ``write``, ``close``, ``publish``
    ``open_foreground_writer(output, folder, spec, notes=..., sound=..., settings=...)``   a keyed actor, with alpha
    ``open_layers_writer(output, folder, spec, notes=..., sound=...)``   a finished shot in its parts
    ``open_matte_writer(pattern, folder, spec)``   16-bit grey PNG
    ``publish(temporary, final, overwrite)``       any other file that must appear whole
    ``verify_video(path, spec)``
Besides
    ``Notes``: what was assumed; ``prefetch(items, depth)``: work ahead in a thread.
"""

from cyclorama.media.depth import read_depth
from cyclorama.media.environment import read_environment
from cyclorama.media.foreground import ForegroundFormat, ForegroundSettings, open_foreground_writer
from cyclorama.media.formats import KEYED_CODECS, codec_of
from cyclorama.media.layer_scripts import script_paths
from cyclorama.media.layers import Together, layered_writer, open_layers_writer
from cyclorama.media.matte import MatteClip, open_matte
from cyclorama.media.notes import Note, Notes
from cyclorama.media.open import ClipReader, open_clip
from cyclorama.media.output import OutputSpec, check_output_free, check_space, is_sequence, publish, sequence_paths
from cyclorama.media.pictures import is_picture, read_picture
from cyclorama.media.prefetch import prefetch
from cyclorama.media.sequence import is_pattern
from cyclorama.media.sound import Sound
from cyclorama.media.surface import SurfaceClip, open_surface
from cyclorama.media.video_writer import verify_video
from cyclorama.media.writers import ClipWriter, EncodeSettings, open_matte_writer, open_writer

__all__ = [
    "KEYED_CODECS",
    "ClipReader",
    "ClipWriter",
    "EncodeSettings",
    "ForegroundFormat",
    "ForegroundSettings",
    "MatteClip",
    "Note",
    "Notes",
    "OutputSpec",
    "Sound",
    "SurfaceClip",
    "Together",
    "check_output_free",
    "check_space",
    "codec_of",
    "is_pattern",
    "is_picture",
    "is_sequence",
    "layered_writer",
    "open_clip",
    "open_foreground_writer",
    "open_layers_writer",
    "open_matte",
    "open_matte_writer",
    "open_surface",
    "open_writer",
    "prefetch",
    "publish",
    "read_depth",
    "read_environment",
    "read_picture",
    "script_paths",
    "sequence_paths",
    "verify_video",
]
