"""The summary of a batch: one page."""

import base64
import html
from pathlib import Path
from typing import Any

import cv2

from cyclorama.core.display import code8_from_linear
from cyclorama.core.errors import CycloramaError
from cyclorama.media import Notes, open_clip
from cyclorama.report import small


def batch_page(facts: dict[str, Any]) -> str:
    """``facts``: of a ``BatchReport``."""
    rows = "".join(_row(shot) for shot in facts["shots"])
    return _PAGE.format(done=facts["done"], failed=facts["failed"], rows=rows)


def _row(shot: dict[str, Any]) -> str:
    facts = shot["facts"]
    seconds = sum((facts.get("seconds") or {}).values())
    read = [shot["sentence"]] if shot["code"] else [*facts.get("warnings", ()), *facts.get("assumed", ())]
    words = "".join(f"<li>{html.escape(text)}</li>" for text in read)
    figures = "" if shot["code"] else f"{facts.get('frames')} frames, {seconds:.1f} s"
    name, state = html.escape(shot["name"]), html.escape(shot["state"])
    picture = "" if shot["code"] else _middle(Path(shot["output"]))
    return f'<tr class="{state.split()[0]}"><td>{picture}<td><b>{name}</b><br>{state}<br>{figures}<td><ul>{words}</ul>'


def _middle(output: Path) -> str:
    """Its middle frame, small; nothing where the output was taken away meanwhile."""
    try:
        with open_clip(output, notes=Notes()) as clip:
            picture = small(code8_from_linear(clip.frame(clip.num_frames // 2)))
    except CycloramaError:
        return ""
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return f'<img src="data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}" alt="">'


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>batch</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;background:#1b1b1d;color:#ddd;max-width:1400px;margin:2em auto}}
h1{{font-weight:500}}td{{padding:.5em 1.5em .5em 0;vertical-align:top}}tr.failed b{{color:#e74c3c}}</style>
<h1>{done} shots done, {failed} failed</h1><table>{rows}</table></html>
"""
