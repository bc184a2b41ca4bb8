"""The technicians' colours are told apart by everybody, and what is written on them can be read."""

import math
import re
from itertools import combinations

import pytest

from tests.pages.test_scripts import WEB

STYLES = (WEB / "styles" / "board.css").read_text(encoding="utf-8")
ROUTES = re.findall(r"--route-\d+: light-dark\((#\w{6}), (#\w{6})\);", STYLES)
INKS = re.findall(r"--route-ink: light-dark\((#\w{6}), (#\w{6})\);", STYLES)
LEAST_DIFFERENCE = 10
"""Of CIEDE2000: less is not told apart where colours are not side by side."""
LEAST_CONTRAST = 4.5
"""WCAG 1.4.3."""

Three = tuple[float, float, float]
SIGHTS: dict[str, tuple[Three, Three, Three]] = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    # Machado, Oliveira, Fernandes 2009, of full severity.
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
}
TO_XYZ: tuple[Three, Three, Three] = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
WHITE: Three = (0.95047, 1.0, 1.08883)


def light_of(colour: str) -> Three:
    """Of red, green and blue, as light adds up."""

    def light(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (light(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return red, green, blue


def times(matrix: tuple[Three, Three, Three], light: Three) -> Three:
    first, second, third = (
        sum(one * other for one, other in zip(row, light, strict=True)) for row in matrix
    )
    return first, second, third


def lab(colour: str, sight: str) -> Three:
    seen = times(SIGHTS[sight], light_of(colour))
    red, green, blue = (min(1.0, max(0.0, one)) for one in seen)
    x, y, z = (
        math.cbrt(share) if share > 216 / 24389 else (24389 / 27 * share + 16) / 116
        for share in (
            one / white for one, white in zip(times(TO_XYZ, (red, green, blue)), WHITE, strict=True)
        )
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one: Three, other: Three) -> float:
    """CIEDE2000, after Sharma, Wu, Dalal 2005."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    grey = 1.5 - 0.5 * math.sqrt(mean**7 / (mean**7 + 25**7))
    c1, c2 = math.hypot(a1 * grey, b1), math.hypot(a2 * grey, b2)
    h1, h2 = (math.degrees(math.atan2(b, a * grey)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    hue = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    h = (h1 + turn / 2) % 360 if c1 * c2 else h1 + h2
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    t = 1.0
    for weight, factor, shift in ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.2, 4, -63)):
        t += weight * math.cos(math.radians(factor * h + shift))
    far = (light - 50) ** 2
    sl = 1 + 0.015 * far / math.sqrt(20 + far)
    sc, sh = 1 + 0.045 * chroma, 1 + 0.015 * chroma * t
    blue = math.sin(math.radians(60 * math.exp(-(((h - 275) / 25) ** 2))))
    rt = -2 * math.sqrt(chroma**7 / (chroma**7 + 25**7)) * blue
    dl, dc, dh = (l2 - l1) / sl, (c2 - c1) / sc, hue / sh
    return math.sqrt(dl**2 + dc**2 + dh**2 + rt * dc * dh)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, -1.0, 2.0), (50.0, 0.0, 0.0), 2.3669),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_differences_are_those_of_the_published_pairs(
    one: Three, other: Three, expected: float
) -> None:
    assert difference(one, other) == pytest.approx(expected, abs=0.0001)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_no_two_technicians_colours_look_alike(theme: int, sight: str) -> None:
    colours = [pair[theme] for pair in ROUTES]
    assert len(colours) == 12
    seen = {colour: lab(colour, sight) for colour in colours}
    nearest = min(difference(seen[a], seen[b]) for a, b in combinations(colours, 2))
    assert nearest >= LEAST_DIFFERENCE


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_what_is_written_on_them_can_be_read(theme: int) -> None:
    [inks] = INKS

    def brightness(colour: str) -> float:
        return times(TO_XYZ, light_of(colour))[1]

    for colour in (pair[theme] for pair in ROUTES):
        dark, bright = sorted((brightness(colour), brightness(inks[theme])))
        assert (bright + 0.05) / (dark + 0.05) >= LEAST_CONTRAST, colour
