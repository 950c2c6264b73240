"""Reading PNG files of ids: what Pillow reads, and damage that Pillow does not see."""

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from course_utils.errors import CourseError
from course_utils.evaluation.files.id_files import read_ids


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
    with pytest.raises(CourseError, match=rf"is a picture \({mode}\)"):
        read_ids(tmp_path / "colours.png")


def test_a_picture_of_two_values_is_no_map_of_ids(tmp_path):
    Image.fromarray(np.eye(3, dtype=bool)).save(tmp_path / "ids.png")
    with pytest.raises(CourseError, match=r"ids\.png holds bool"):
        read_ids(tmp_path / "ids.png")


def test_sixteen_bits_are_refused_unless_asked_for(tmp_path):
    Image.fromarray(_ids(np.uint16)).save(tmp_path / "wide.png")
    with pytest.raises(CourseError, match="has 16 bits a pixel"):
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
        with pytest.raises(CourseError, match=r"Cannot read .*ids.png: .*\. Write or download it again\."):
            read_ids(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "it is empty"), (b"GIF89a" * 9, "cannot be read|damaged|not a PNG")],
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
    with pytest.raises(CourseError, match="Cannot read"):
        read_ids(file)


def test_no_file(tmp_path):
    with pytest.raises(CourseError, match="there is no such file"):
        read_ids(tmp_path / "none.png")
