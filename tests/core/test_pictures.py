"""Pictures are known by their content, and are sent small and bare."""

import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from core.pictures import LONGEST, MOST_PIXELS, PictureUnreadable, kind_of, prepared
from tests.pictures import opened, picture

KINDS = ["PNG", "JPEG", "GIF", "WEBP"]


def photograph() -> bytes:
    """A picture as a phone makes it: held sideways, with the place in it. Its upper half is red."""
    made, exif = BytesIO(), Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # to be turned to the right
    exif[ExifTags.Base.Model] = "Phone of Ada"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    image = Image.new("RGB", (3000, 2000), "blue")
    image.paste("red", (0, 0, 1500, 2000))
    image.save(made, "JPEG", exif=exif, comment=b"a secret")
    return made.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_known_by_its_content_and_arrives_as_it_looks(kind: str) -> None:
    data = picture(kind)
    assert kind_of(data) == kind
    shown = opened(prepared("x.txt", data).uri)
    assert shown.size == (40, 30)
    red, green, blue = shown.convert("RGB").getpixel((20, 15))  # type: ignore[misc]  # Pillow types a pixel for all modes at once
    assert red > 240
    assert max(green, blue) < 15


def test_a_large_picture_is_made_small_and_keeps_its_form() -> None:
    shown = opened(prepared("large.png", picture(size=(4000, 1000))).uri)
    assert shown.size == (LONGEST, LONGEST // 4)


def test_a_small_picture_is_not_made_large() -> None:
    assert opened(prepared("dot.png", picture(size=(1, 1))).uri).size == (1, 1)


def test_what_a_camera_wrote_into_it_is_gone_and_it_stands_upright() -> None:
    data = photograph()
    assert b"Phone of Ada" in data
    shown = opened(prepared("me.jpg", data).uri)
    assert not shown.getexif()
    assert set(shown.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert shown.size == (1045, LONGEST)
    assert shown.getpixel((500, 100))[0] > 200, "what was left is on top"  # type: ignore[index]  # see above
    assert shown.getpixel((500, 1500))[2] > 200  # type: ignore[index]  # see above


def test_of_a_moving_picture_the_first_frame_is_shown() -> None:
    made = BytesIO()
    frames = [Image.new("P", (8, 8), number) for number in (0, 1)]
    for frame in frames:
        frame.putpalette([255, 0, 0, 0, 0, 255])
    frames[0].save(made, "GIF", save_all=True, append_images=frames[1:])
    assert opened(prepared("x.gif", made.getvalue()).uri).convert("RGB").getpixel((4, 4)) == (255, 0, 0)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_becomes_white(mode: str) -> None:
    made = BytesIO()
    Image.new(mode, (8, 8)).save(made, "PNG")
    shown = opened(prepared("x.png", made.getvalue()).uri)
    assert shown.mode == "RGB"
    assert shown.getpixel((4, 4)) == (255, 255, 255)


def test_a_deep_grey_stays_grey() -> None:
    made = BytesIO()
    Image.new("I;16", (8, 8), 0x8080).save(made, "PNG")
    assert opened(prepared("x.png", made.getvalue()).uri).getpixel((4, 4)) == 0x80


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_pictures_for_print_and_grey_ones_are_read(mode: str) -> None:
    made = BytesIO()
    Image.new(mode, (8, 8)).save(made, "JPEG")
    assert opened(prepared("x.jpg", made.getvalue()).uri).size == (8, 8)


def test_a_bomb_is_refused_before_it_is_opened() -> None:
    """A PNG of a few bytes that says it is huge, and one that is huge: both by their header alone."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    for side in (7_100, 12_000, 100_000):
        assert side * side > MOST_PIXELS
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        body = chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
        with pytest.raises(PictureUnreadable, match="pixels"):
            prepared("bomb.png", b"\x89PNG\r\n\x1a\n" + header + body)


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_picture_is_refused(kind: str) -> None:
    data = picture(kind, size=(400, 300))
    with pytest.raises(PictureUnreadable):
        prepared("half", data[: len(data) // 2])


@given(st.sampled_from(KINDS), st.integers(min_value=8, max_value=120), st.binary(min_size=1, max_size=16))
def test_a_broken_picture_never_raises_anything_else(kind: str, at: int, noise: bytes) -> None:
    data = picture(kind)
    broken = data[:at] + noise + data[at + len(noise) :]
    try:
        assert prepared("x", broken).uri.startswith("data:image/")
    except PictureUnreadable as error:
        assert str(error)  # noqa: PT017 - either is right, and nothing else


def test_noise_that_a_png_would_keep_whole_becomes_a_jpeg() -> None:
    made = BytesIO()
    Image.effect_noise((1500, 1500), 200).save(made, "PNG")
    uri = prepared("noise.png", made.getvalue()).uri
    assert uri.startswith("data:image/jpeg")
    assert len(uri) < 3_000_000
