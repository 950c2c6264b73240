"""Picture files: what Pillow reads, damage that Pillow does not see, and one form of message for whatever is wrong."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from course_utils.errors import CourseError
from course_utils.images import ids_size, image_size, read_ids, read_image, read_photo


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


def test_no_changed_byte_of_the_ids_goes_unseen(tmp_path):
    """Pillow reads some of these files, and other ids than were written."""
    ids = np.zeros((40, 60), np.uint8)
    ids[10:30, 20:50] = 7
    file = tmp_path / "ids.png"
    Image.fromarray(ids).save(file)
    whole = file.read_bytes()
    for place in range(8, len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        file.write_bytes(damaged)
        try:
            read = read_ids(file)
        except CourseError as error:
            assert str(file) in str(error) and "\n" not in str(error)
        else:
            assert np.array_equal(read, ids), f"byte {place} changed the ids unseen"


def test_no_file_cut_off_within_its_ids_is_read(tmp_path):
    file = tmp_path / "ids.png"
    Image.fromarray(_ids(np.uint8)).save(file)
    whole = file.read_bytes()
    for length in range(len(whole) - 12):  # the last chunk is only a mark
        file.write_bytes(whole[:length])
        with pytest.raises(CourseError, match=r"ids\.png: .*; .*copy or download it again\.$"):
            read_ids(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "the file is empty"), (b"GIF89a" * 9, "cannot be|cut off|not a picture")],
    ids=["0", "GIF"],
)
def test_what_is_no_png(content, message, tmp_path):
    (tmp_path / "ids.png").write_bytes(content)
    with pytest.raises(CourseError, match=message):
        read_ids(tmp_path / "ids.png")


def test_a_header_of_an_immense_size_takes_no_memory(tmp_path):
    file = tmp_path / "ids.png"
    Image.fromarray(_ids(np.uint8)).save(file)
    data = bytearray(file.read_bytes())
    data[16:24] = (200_000).to_bytes(4, "big") * 2
    file.write_bytes(data)
    with pytest.raises(CourseError, match="copy or download it again"):
        read_ids(file)


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


def test_the_camera_s_orientation_is_honoured_in_photographs_alone(tmp_path):
    """A data set's label map fits to the pixels as they are stored."""
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show the stored picture turned clockwise by 90 degrees
    Image.fromarray(GREY).save(tmp_path / "photo.jpg", exif=exif, quality=100)
    photo, stored = read_photo(tmp_path / "photo.jpg"), read_image(tmp_path / "photo.jpg")
    np.testing.assert_allclose(photo[..., 0].astype(int), np.rot90(GREY, -1), atol=4)
    np.testing.assert_allclose(stored[..., 0].astype(int), GREY, atol=4)
    assert image_size(tmp_path / "photo.jpg") == GREY.shape


@pytest.mark.parametrize("read", [read_image, read_photo])
def test_floating_point_pixels_are_refused(read, tmp_path):
    Image.fromarray(GREY.astype(np.float32)).save(tmp_path / "float.tif")
    with pytest.raises(CourseError, match=r"float\.tif: .*floating-point.*; save it"):
        read(tmp_path / "float.tif")
