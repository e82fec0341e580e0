"""Colours for parameters: few ones safe for colour-blind eyes, many ones far apart."""

from __future__ import annotations

from math import cos, pi, sin

# Okabe and Ito 2008, "Color universal design": told apart under every common colour blindness.
_FEW = (
    "#e69f00",
    "#56b4e9",
    "#009e73",
    "#f0e442",
    "#0072b2",
    "#d55e00",
    "#cc79a7",
    "#9aa0a6",
)

_GOLDEN_ANGLE = pi * (3 - 5**0.5)
_LIGHTNESS = (0.80, 0.62, 0.90, 0.50)
_CHROMA = (0.12, 0.13, 0.08, 0.10)


def color_of(number: int, count: int) -> str:
    """The colour of parameter ``number`` of ``count``, as ``#rrggbb``.

    Up to eight are Okabe and Ito's.  More walk the hue circle by the golden angle through four
    lightnesses, so that neighbours differ in both; every cell carries its label as well.

    >>> color_of(0, 3), color_of(0, 49)
    ('#e69f00', '#fd9cba')
    """
    if count <= len(_FEW):
        return _FEW[number]
    level = number % len(_LIGHTNESS)
    return _oklch(_LIGHTNESS[level], _CHROMA[level], number * _GOLDEN_ANGLE)


def ink_on(color: str) -> str:
    """Black or white, whichever reads better on a colour (WCAG's relative luminance)."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return "#111111" if luminance > 0.18 else "#ffffff"


def _oklch(lightness: float, chroma: float, hue: float) -> str:
    """OKLCH to sRGB, clipped (Ottosson 2020, "A perceptual color space for image processing")."""
    a, b = chroma * cos(hue), chroma * sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return "#" + "".join(f"{_gamma(channel):02x}" for channel in (red, green, blue))


def _gamma(channel: float) -> int:
    c = min(max(channel, 0.0), 1.0)
    return round(255 * (12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055))
