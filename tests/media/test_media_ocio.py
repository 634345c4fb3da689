"""Colour spaces by OpenColorIO's names, beside our own formulas of the same cameras."""

import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from cyclorama.core.errors import InputError, MachineError
from cyclorama.media import Notes, open_clip
from cyclorama.media.curves import COLOURS
from cyclorama.media.ocio import ocio_colour
from cyclorama.media_settings import ColourWord

SAME = {
    "slog3": "S-Log3 S-Gamut3.Cine",
    "slog3-sgamut3": "slog3_sgamut3",
    "logc3": "ARRI LogC3 (EI800)",
    "logc4": "arri_logc4",
    "vlog": "V-Log V-Gamut",
    "log3g10": "Log3G10 REDWideGamutRGB",
    "acescg": "ACEScg",
    "linear": "lin_rec709",
    "srgb": "sRGB - Texture",
    "bt1886": "g24_rec709",
}


_CAT02 = 0.006
"""Of a matrix: ACES adapts Sony's and ARRI's white to its own by CAT02, and back by Bradford."""


def test_without_the_extra_it_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PyOpenColorIO", None)
    ocio_colour.cache_clear()
    with pytest.raises(MachineError, match=r"pip install 'cyclorama\[ocio\]'"):
        _ = ColourWord.parse("ocio:ACEScg").colour


@pytest.mark.parametrize("word", ["ocio:", "ocio: ", "ocio"])
def test_a_name_is_needed(word: str) -> None:
    with pytest.raises(InputError, match="ocio:NAME"):
        ColourWord.parse(word)


@pytest.fixture
def spaces() -> None:
    pytest.importorskip("PyOpenColorIO")
    ocio_colour.cache_clear()


@pytest.mark.parametrize("word", SAME)
@pytest.mark.usefixtures("spaces")
def test_it_is_the_makers_own_formula(word: str) -> None:
    ours, theirs = COLOURS[word], ColourWord.parse(f"ocio:{SAME[word]}").colour
    signal = np.linspace(0.02, 0.95, 400)
    np.testing.assert_allclose(theirs.linear(signal), ours.linear(signal), rtol=2e-3, atol=2e-4)
    light = ours.linear(signal)
    np.testing.assert_allclose(theirs.signal(light), signal, atol=4e-4)
    own = np.eye(3) if ours.to_rec709 is None else ours.to_rec709
    np.testing.assert_allclose(theirs.to_rec709, own, atol=_CAT02)
    assert theirs.in_codes == ours.in_codes


@pytest.mark.usefixtures("spaces")
def test_every_space_is_read_or_refused_in_words() -> None:
    """There and back through the curve; film scans and a display's HLG are no curve and primaries."""
    ocio = pytest.importorskip("PyOpenColorIO")
    config = ocio.Config.CreateFromFile("ocio://studio-config-latest")
    refused = []
    for name in config.getColorSpaceNames():
        if config.getColorSpace(name).isData():
            continue
        try:
            colour = ocio_colour(name)
        except InputError:
            refused.append(name)
            continue
        light = np.array([0.01, 0.18, 0.9])
        np.testing.assert_allclose(colour.linear(colour.signal(light)), light, rtol=5e-3)
    assert refused == ["Rec.2100-HLG - Display", "ADX10", "ADX16"]
    with pytest.raises(InputError, match="convert the plate"):
        ocio_colour("ADX10")


@pytest.mark.usefixtures("spaces")
def test_an_unknown_name_lists_near_ones() -> None:
    with pytest.raises(InputError, match=r"no colour space 'slog3'; near it are .*S-Log3 S-Gamut3\.Cine"):
        _ = ColourWord.parse("ocio:slog3").colour


@pytest.mark.usefixtures("spaces")
def test_a_plate_is_read_by_it(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "0.png"), np.random.default_rng(0).integers(0, 60000, (8, 8, 3)).astype(np.uint16))
    notes, read = Notes(), []
    for word in ("logc3", "ocio:logc3ei800_alexawide"):
        with open_clip(tmp_path, notes=notes, rate=Fraction(24), colour=ColourWord.parse(word).colour) as clip:
            read.append(clip.frame(0))
    np.testing.assert_allclose(read[1], read[0], atol=_CAT02 * 2 * read[0].max())
    assert any("OpenColorIO" in text for text in notes.texts("colour"))
