"""Picture files: what Pillow reads, damage that Pillow does not see, and one form of message for whatever is wrong."""

import io
import struct
import subprocess
import sys
import zlib
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin, TiffImagePlugin

from course_utils.errors import CourseError
from course_utils.images import ids_size, image_size, read_ids, read_image, read_photo, read_segment_ids


def _ids(dtype, seed=0, size=(37, 53)):
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, size, dtype, endpoint=True)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (37, 53), (64, 128)], ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_id_is_read(dtype, shape, tmp_path):
    ids = _ids(dtype, size=shape)
    Image.fromarray(ids).save(tmp_path / "ids.png")
    read = read_ids(tmp_path / "ids.png", sixteen_bit=dtype == np.uint16)
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, ids)


def test_a_palette_holds_ids_not_colours(tmp_path):
    ids = _ids(np.uint8)
    image = Image.fromarray(ids, "P")
    image.putpalette(np.random.default_rng(1).integers(0, 256, 768).astype(np.uint8).tobytes())
    image.save(tmp_path / "ids.png")
    np.testing.assert_array_equal(read_ids(tmp_path / "ids.png"), ids)


def test_an_id_may_be_marked_transparent(tmp_path):
    ids = _ids(np.uint8)
    Image.fromarray(ids).save(tmp_path / "ids.png", transparency=int(ids[0, 0]))
    np.testing.assert_array_equal(read_ids(tmp_path / "ids.png"), ids)


def test_texts_and_colour_profiles_beside_the_ids_do_not_matter(tmp_path):
    ids, texts = _ids(np.uint8), PngImagePlugin.PngInfo()
    texts.add_text("Software", "anything")
    Image.fromarray(ids).save(tmp_path / "ids.png", pnginfo=texts, icc_profile=b"none", gamma=2.2)
    np.testing.assert_array_equal(read_ids(tmp_path / "ids.png"), ids)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_colours_are_refused(mode, tmp_path):
    Image.new(mode, (5, 4)).save(tmp_path / "colours.png")
    with pytest.raises(CourseError, match=rf"colours\.png: this is a colour picture \({mode}\).*; .*labelIds\.png"):
        read_ids(tmp_path / "colours.png")


def test_a_picture_of_two_values_is_no_map_of_ids(tmp_path):
    Image.fromarray(np.eye(3, dtype=bool)).save(tmp_path / "ids.png")
    with pytest.raises(CourseError, match=r"ids\.png: this picture \(1-bit grey\) does not hold ids"):
        read_ids(tmp_path / "ids.png")


def test_sixteen_bits_are_refused_unless_asked_for(tmp_path):
    Image.fromarray(_ids(np.uint16)).save(tmp_path / "wide.png")
    with pytest.raises(CourseError, match="has 16 or more bits per pixel"):
        read_ids(tmp_path / "wide.png")


@pytest.mark.parametrize("kind", ["grey", "wide", "palette", "panoptic"])
def test_no_changed_byte_of_the_ids_goes_unseen(kind, tmp_path):
    """Pillow reads some of these files, and other ids than were written."""
    ids, read_again = np.zeros((24, 40), np.uint8), read_ids
    ids[8:18, 15:33] = 7
    image = Image.fromarray(ids)
    if kind == "wide":
        image, read_again = Image.fromarray(ids.astype(np.uint16) * 1000), partial(read_ids, sixteen_bit=True)
    if kind == "palette":
        image = Image.fromarray(ids, "P")
        image.putpalette(bytes(range(48)))
    if kind == "panoptic":
        image, read_again = Image.merge("RGB", [image] * 3), read_segment_ids
    file = tmp_path / "ids.png"
    image.save(file)
    whole, right = file.read_bytes(), read_again(file)
    for place in range(8, len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        file.write_bytes(damaged)
        try:
            read = read_again(file)
        except CourseError as error:
            assert str(file) in str(error) and "\n" not in str(error)
        else:
            assert np.array_equal(read, right), f"byte {place} changed the ids unseen"


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_of(stream, bits=8, colour=0, interlace=0):
    """A PNG of 16 x 12 pixels with right checksums, whatever its stream holds."""
    header = struct.pack(">IIBBBBB", 16, 12, bits, colour, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", stream) + chunk(b"IEND", b"")


def test_colours_of_sixteen_bits_are_no_segment_ids(tmp_path):
    """Pillow would read half of each."""
    (tmp_path / "wide.png").write_bytes(png_of(zlib.compress(bytes((1 + 6 * 16) * 12)), bits=16, colour=2))
    with pytest.raises(CourseError, match=r"wide\.png: a panoptic PNG has 8-bit colours \(RGB\), this one 16-bit RGB;"):
        read_segment_ids(tmp_path / "wide.png")


READ = """
import gc
import sys
from course_utils.errors import CourseError
from course_utils.images import read_ids, read_photo


def read(path):
    try:
        (read_photo if path.endswith(".tif") else read_ids)(path, *[True] * path.endswith("wide.png"))
    except CourseError as error:
        return str(error)
    return f"{path}: read"


def references_to_none():
    gc.collect()  # else whatever is collected meanwhile takes its own references with it
    return sys.getrefcount(None)


for path in sys.argv[1:]:
    print(read(path))
    before = references_to_none()
    for _ in range(100):
        read(path)
    assert before - references_to_none() < 50, "references to None are lost: Python will stop"
"""


def test_nothing_stands_beside_the_line_about_a_damaged_file(tmp_path):
    """As somebody's script reads them, without pytest's handlers of what libraries have to say."""
    rows = bytes(17 * 12)
    stream = zlib.compress(rows)
    damage = {
        "short": png_of(zlib.compress(rows[:99])), "long": png_of(zlib.compress(2 * rows)),
        "more": png_of(stream + b"more"), "filter": png_of(zlib.compress(b"\x09" + rows[1:])),
        "sum": png_of(stream[:-1] + b"\x77"), "interlace": png_of(stream, interlace=7), "wide": png_of(stream, bits=16),
        "palette": png_of(stream[:-5], colour=3), "cut": png_of(stream)[:-24],
    }  # fmt: skip
    paths = [tmp_path / f"{name}.png" for name in damage]
    for path in paths:
        path.write_bytes(damage[path.stem])
    for compression in ("tiff_adobe_deflate", "tiff_lzw", "jpeg"):
        paths.append(tmp_path / f"{compression}.tif")
        Image.fromarray(_ids(np.uint8)).save(paths[-1], compression=compression)
        spoilt = bytearray(paths[-1].read_bytes())
        spoilt[200:220] = b"\xff" * 20
        paths[-1].write_bytes(spoilt)
    done = subprocess.run([sys.executable, "-c", READ, *paths], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [str(path) for path in paths]
    read = {path.stem for path, line in zip(paths, lines, strict=True) if line.endswith(".png: read")}
    assert read <= {"long", "more"}, "too much is no harm, anything else is"


def test_no_file_cut_off_within_its_ids_is_read(tmp_path):
    file = tmp_path / "ids.png"
    Image.fromarray(_ids(np.uint8)).save(file)
    whole = file.read_bytes()
    for length in range(len(whole) - 12):  # the last chunk is only a mark
        file.write_bytes(whole[:length])
        with pytest.raises(CourseError, match=r"ids\.png: .*; .*copy or download it again\.$"):
            read_ids(file)


def test_an_empty_file_is_no_png(tmp_path):
    (tmp_path / "ids.png").write_bytes(b"")
    with pytest.raises(CourseError, match="the file is empty"):
        read_ids(tmp_path / "ids.png")


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "BMP", "WebP", "TIFF", "EPS", "PDF"])
def test_ids_are_read_from_png_alone_whatever_the_file_is_called(kind, tmp_path):
    """A JPEG changes ids, a GIF renumbers them, and EPS is a program."""
    Image.fromarray(_ids(np.uint8)).save(tmp_path / "ids.png", kind)
    for read in (read_ids, ids_size, partial(read_ids, sixteen_bit=True), read_segment_ids):
        with pytest.raises(CourseError, match=rf"ids\.png: this is a {kind} file; ids are read from PNG alone"):
            read(tmp_path / "ids.png")


@pytest.mark.parametrize("kind", ["GIF", "EPS", "PDF", "PPM", "ICNS", "TGA"])
def test_photographs_come_in_few_formats(kind, tmp_path):
    Image.new("RGB", (16, 16)).save(tmp_path / "photo.jpg", kind)
    for read in (read_image, read_photo, image_size):
        with pytest.raises(CourseError, match=r"photo\.jpg: this is (a \w+ file; save it as PNG|not a picture)"):
            read(tmp_path / "photo.jpg")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "MPO"])
def test_the_formats_of_photographs(kind, tmp_path):
    Image.fromarray(GREY).convert("RGB").save(tmp_path / "photo", kind)
    assert read_image(tmp_path / "photo").shape == (*GREY.shape, 3)
    assert image_size(tmp_path / "photo") == GREY.shape


def header_of(size, kind="PNG"):
    """A small file whose header tells of a size."""
    if kind == "PNG":
        body = b"IHDR" + struct.pack(">IIBBBBB", *size[::-1], 8, 0, 0, 0, 0)
        ends = b"\0\0\0\0IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
        return b"\x89PNG\r\n\x1a\n" + b"\0\0\0\x0d" + body + struct.pack(">I", zlib.crc32(body)) + ends
    buffer = io.BytesIO()
    Image.new("L", (64, 64)).save(buffer, kind)
    data = bytearray(buffer.getvalue())
    if kind == "BMP":
        data[18:26] = struct.pack("<ii", *size[::-1])
    else:  # JPEG: after the mark of the frame its length and the bits per sample
        place = data.index(b"\xff\xc0") + 5
        data[place : place + 4] = struct.pack(">HH", *size)
    return bytes(data)


@pytest.mark.parametrize(("kind", "size"), [
    ("PNG", (13_000, 13_000)), ("PNG", (100_000, 100_000)), ("PNG", (2**31 - 1, 2**31 - 1)), ("PNG", (1, 2**31 - 1)),
    ("JPEG", (13_000, 13_000)), ("JPEG", (65_000, 65_000)), ("BMP", (13_000, 13_000)), ("PNG", (0, 7)),
])  # fmt: skip
def test_immense_and_empty_pictures_are_refused_by_their_headers(kind, size, tmp_path):
    file = tmp_path / "bomb.png"
    file.write_bytes(header_of(size, kind))
    readers = [read_image, read_photo, image_size] + [read_ids, ids_size, read_segment_ids] * (kind == "PNG")
    for read in readers:
        with pytest.raises(CourseError, match=r"bomb\.png: .*copy or download it again\.$") as error:
            read(file)
        assert 0 in size or "million" in str(error.value) or size[1] > 2**30


def test_bytes_after_the_end_of_a_png_do_not_matter(tmp_path):
    ids = _ids(np.uint8)
    Image.fromarray(ids).save(tmp_path / "ids.png")
    with open(tmp_path / "ids.png", "ab") as file:
        file.write(b"appended by a tool")
    np.testing.assert_array_equal(read_ids(tmp_path / "ids.png"), ids)
    assert ids_size(tmp_path / "ids.png") == image_size(tmp_path / "ids.png") == ids.shape


@pytest.mark.parametrize("value", [TiffImagePlugin.IFDRational(-1, 0), -5, -70_000, "text"], ids=str)
def test_a_damaged_tag_beside_the_orientation_does_not_matter(value, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(GREY).save(tmp_path / "photo.jpg", exif=_spoilt(exif, value), quality=100)
    np.testing.assert_allclose(read_photo(tmp_path / "photo.jpg")[..., 0].astype(int), np.rot90(GREY, -1), atol=4)


def _spoilt(exif, value):
    """The bytes of EXIF tags, with a shutter speed (0x9201) of a value that no camera means, of any type."""
    kind, data = {int: (9, 4), str: (2, 5)}.get(type(value), (10, 8))
    packed = b"text\0" if kind == 2 else struct.pack("<i", value) if kind == 9 else struct.pack("<ii", -1, 0)
    count = len(packed) if kind == 2 else 1
    main = struct.pack("<HHHII", 2, 0x0112, 3, 1, exif[0x0112]) + struct.pack("<HHII", 0x8769, 4, 1, 8 + 2 + 24 + 4)
    inner = struct.pack("<H", 1) + struct.pack("<HHI", 0x9201, kind, count)
    inner += packed.ljust(4, b"\0")[:4] if data <= 4 else struct.pack("<I", 38 + 2 + 12 + 4)
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + main + b"\0" * 4 + inner + b"\0" * 4 + packed


@given(st.data())
@settings(max_examples=150)
def test_damage_of_any_kind_is_one_line_that_names_the_file(tmp_path_factory, data):
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP", "TIFF", "BMP"]))
    buffer = io.BytesIO()
    Image.fromarray(GREY).convert(data.draw(st.sampled_from(["L", "RGB"]))).save(buffer, kind)
    spoilt = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 6))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.mktemp("damage") / "photo.png"
    file.write_bytes(spoilt[: data.draw(st.integers(0, len(spoilt)))])
    for read in (read_image, read_photo, image_size, read_ids, ids_size, read_segment_ids):
        try:
            read(file)
        except CourseError as error:
            assert str(error).startswith(f"{file}: ") and "\n" not in str(error)


def test_no_file(tmp_path):
    with pytest.raises(CourseError, match="there is no such file"):
        read_ids(tmp_path / "none.png")


GREY = np.arange(0, 240, 5, dtype=np.uint8).reshape(6, 8)
READERS = {"image": read_image, "photo": read_photo, "ids": read_ids, "image size": image_size, "ids size": ids_size}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "spoil", [lambda _: b"", lambda _: b"<html>" * 9, lambda data: data[:50], None], ids=["0", "page", "cut", "none"]
)
def test_every_reader_complains_in_the_same_form(reader, spoil, tmp_path):
    file = tmp_path / "grey.png"
    if spoil:
        Image.fromarray(GREY).save(file)
        file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(CourseError) as error:
        READERS[reader](file)
    path, _, rest = str(error.value).partition(": ")
    what, _, remedy = rest.partition("; ")
    assert path == str(file) and what and remedy.endswith("copy or download it again.") and "\n" not in rest


@pytest.mark.parametrize("reader", ["ids", "ids size"])
@pytest.mark.parametrize(
    "pixels", [GREY[..., None].repeat(3, -1), GREY.astype(np.uint16), GREY > 9], ids=["RGB", "16", "1"]
)
def test_what_holds_no_label_ids_is_refused_with_and_without_decoding(reader, pixels, tmp_path):
    Image.fromarray(pixels).save(tmp_path / "other.png")
    with pytest.raises(CourseError, match=r"other\.png: this .*; .*|other\.png: this .* save them as 8-bit grey"):
        READERS[reader](tmp_path / "other.png")


def test_grey_of_four_bits_is_refused_since_pillow_spreads_it(tmp_path):
    """Pillow makes 17 of every 1 there: other ids than the file holds."""
    rows = b"".join(b"\0" + bytes([0x12, 0x34]) for _ in range(2))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 4, 2, 4, 0, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    packed = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    ]
    (tmp_path / "four.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(packed))
    assert np.array(Image.open(tmp_path / "four.png"))[0].tolist() == [17, 34, 51, 68]
    with pytest.raises(CourseError, match="4-bit grey"):
        read_ids(tmp_path / "four.png")


def test_sizes_are_height_and_width(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "grey.png")
    assert image_size(tmp_path / "grey.png") == ids_size(tmp_path / "grey.png") == (6, 8)


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(GREY),
        Image.fromarray(GREY.astype(np.uint16) * 257),
        Image.fromarray(GREY).convert("RGB"),
        Image.fromarray(GREY).convert("RGBA"),
        Image.fromarray(GREY).convert("LA"),
        Image.fromarray(GREY).convert("P"),
    ],
    ids=lambda image: image.mode,
)
@pytest.mark.parametrize("read", [read_image, read_photo])
def test_every_kind_of_picture_becomes_three_bytes(read, image, tmp_path):
    image.save(tmp_path / "photo.png")
    photo = read(tmp_path / "photo.png")
    assert photo.dtype == np.uint8
    np.testing.assert_array_equal(photo, np.repeat(GREY[..., None], 3, -1))


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("held", range(1, 9))
def test_the_camera_s_orientation_is_honoured_in_photographs_alone(held, kind, tmp_path):
    """A data set's label map fits to the pixels as they are stored. Pillow turns a TIFF by itself, and nothing else."""
    # As the EXIF standard says where the first row and the first column of the stored picture are.
    upright = (GREY, GREY[:, ::-1], GREY[::-1, ::-1], GREY[::-1], GREY.T, np.rot90(GREY, -1), GREY[::-1, ::-1].T,
               np.rot90(GREY))[held - 1]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = held
    file = tmp_path / f"photo.{kind}"
    options = {"jpg": {"quality": 100}, "webp": {"lossless": True}}.get(kind, {})
    Image.fromarray(np.repeat(GREY[..., None], 3, -1)).save(file, exif=exif, **options)
    assert Image.open(file).getexif()[0x0112] == held
    photo, stored = read_photo(file), read_image(file)
    np.testing.assert_allclose(photo[..., 0].astype(int), upright, atol=4)
    np.testing.assert_allclose(stored[..., 0].astype(int), GREY, atol=4)
    assert image_size(file) == GREY.shape


@pytest.mark.parametrize("read", [read_image, read_photo])
def test_floating_point_pixels_are_refused(read, tmp_path):
    Image.fromarray(GREY.astype(np.float32)).save(tmp_path / "float.tif")
    with pytest.raises(CourseError, match=r"float\.tif: .*floating-point.*; save it"):
        read(tmp_path / "float.tif")
