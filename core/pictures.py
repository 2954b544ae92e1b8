"""Pictures as models are sent them: known by their content, small, and without what a camera wrote into them."""

import base64
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

LONGEST = 1568
"""Pixels of the longer side. More of them models scale down themselves, or pay for without seeing more."""
MOST_PIXELS = 50_000_000
"""Of a picture that is opened: 200 MB while it is scaled. A phone's have 12 to 50 million; a bomb has more."""
_PNG_MOST = 1_000_000
"""Bytes of a PNG that is sent as one: screens and drawings. A photograph is far smaller as a JPEG."""
_QUALITY = 88
_DEEP = {"I;16", "I;16L", "I;16B", "I;16N", "I", "F"}
"""Modes with more than eight bits to a pixel's grey; converting them cuts off what is above 255."""

_SIGNATURES = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF87a": "GIF", b"GIF89a": "GIF"}


class PictureUnreadable(Exception):
    """Broken, or larger than ``MOST_PIXELS``."""


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    uri: str
    """A data URI."""


def kind_of(data: bytes) -> str | None:
    """Which of the four kinds of pictures ``data`` begins like; None: of no kind that models are shown."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((kind for signature, kind in _SIGNATURES.items() if data.startswith(signature)), None)


def prepared(name: str, data: bytes) -> Picture:
    """The picture in ``data`` (of several frames the first), ready to be sent. Blocks for up to a second.

    Raises PictureUnreadable.
    """
    kind = kind_of(data)
    if kind is None:
        raise PictureUnreadable("it begins like no picture")
    try:
        with Image.open(BytesIO(data), formats=[kind]) as opened:
            # Only the header has been read until here: what follows takes memory for every pixel.
            width, height = opened.size
            if width * height > MOST_PIXELS:
                raise PictureUnreadable(f"{width} by {height} pixels")  # noqa: TRY301 - the reason is in what was opened
            return Picture(name, _encoded(_small(opened), drawn=kind in {"PNG", "GIF"}))
    except PictureUnreadable:
        raise
    except (
        Exception
    ) as error:  # Pillow's parsers raise whatever a broken file makes of them: struct.error, KeyError
        raise PictureUnreadable(f"{type(error).__name__}: {error}") from error


def _small(opened: Image.Image) -> Image.Image:
    """Upright, on white where it is transparent, in colours or in grey, and no larger than ``LONGEST``."""
    # JPEG: decodes at an eighth of its size, say, where that is enough. For the other kinds it does nothing.
    opened.draft("RGB", (LONGEST, LONGEST))
    image: Image.Image = opened
    if opened.mode in _DEEP:
        image = opened.convert("F").point(lambda value: value * (1 / 257) + 0).convert("L")
    elif opened.has_transparency_data:
        with_alpha = opened.convert("RGBA")
        image = Image.new("RGB", opened.size, "white")
        image.paste(with_alpha, mask=with_alpha.getchannel("A"))
    elif opened.mode not in {"L", "RGB"}:
        image = opened.convert("RGB")
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    # The camera's note of how it was held is still that of the file, whatever was made of the pixels.
    image.getexif().update(opened.getexif())
    return ImageOps.exif_transpose(image)


def _encoded(image: Image.Image, *, drawn: bool) -> str:
    # A new picture of the same pixels: what else the file held (place, camera, profiles) stays behind.
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    if drawn:
        png = BytesIO()
        bare.save(png, "PNG")
        if png.tell() <= _PNG_MOST:
            return _uri("image/png", png.getvalue())
    jpeg = BytesIO()
    bare.save(jpeg, "JPEG", quality=_QUALITY)
    return _uri("image/jpeg", jpeg.getvalue())


def _uri(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
