"""Pictures for tests, made where they are needed."""

import base64
from io import BytesIO

from PIL import Image


def picture(
    kind: str = "PNG", size: tuple[int, int] = (40, 30), colour: str = "red", mode: str = "RGB"
) -> bytes:
    """A picture of one colour."""
    made = BytesIO()
    Image.new(mode, size, colour).save(made, kind)
    return made.getvalue()


def opened(uri: str) -> Image.Image:
    """The picture in a data URI."""
    head, _, data = uri.partition(";base64,")
    assert head in {"data:image/png", "data:image/jpeg"}, head
    return Image.open(BytesIO(base64.b64decode(data, validate=True)))
