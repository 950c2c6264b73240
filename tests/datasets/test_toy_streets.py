"""Toy Streets: the layout of Cityscapes, its official tools, its class shares; the same pixels everywhere."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image
from whole_streets import is_generated

from course_utils.datasets import toy_streets
from course_utils.datasets.toy_streets import scene, writer
from course_utils.errors import CourseError
from course_utils.labels import CITYSCAPES, VOID

# Share of each class among the labelled, evaluated pixels of the fine annotations of Cityscapes; read off the figure of
# class frequencies in Cordts et al., The Cityscapes Dataset (CVPR 2016), so good to about a tenth of each value.
CITYSCAPES_SHARES = {
    "road": 0.369, "building": 0.228, "vegetation": 0.159, "car": 0.070, "sidewalk": 0.061, "sky": 0.040,
    "pole": 0.0123, "person": 0.0122, "terrain": 0.0116, "fence": 0.0088, "wall": 0.0066, "traffic sign": 0.0055,
    "bicycle": 0.0041, "truck": 0.0027, "bus": 0.0024, "train": 0.0023, "traffic light": 0.0021, "rider": 0.0014,
    "motorcycle": 0.0010,
}  # fmt: skip
COUNTS = {"train": 3, "val": 4, "test": 2}
SIZE = (64, 128)


def digest(folder) -> dict:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def annotate(seed, index, size, split):
    """Label ids alone, without the photograph."""
    sketch = scene.compose(scene.RandomSource(seed, toy_streets.SPLITS.index(split), index, 0))
    return scene.annotation(sketch, *size)[0]


@pytest.fixture(scope="module")
def streets(tmp_path_factory):
    root = tmp_path_factory.mktemp("toy") / "streets"
    return toy_streets.generate(root, SIZE, COUNTS, seed=5, workers=1, progress=False)


@pytest.fixture(scope="module")
def pixel_counts():
    """Pixels of each train id in each image: {split: int64 [images, 256]}."""
    return {
        split: np.stack(
            [
                np.bincount(CITYSCAPES.to_train_ids(annotate(0, index, (128, 256), split)).ravel(), minlength=256)
                for index in range(count)
            ]
        )
        for split, count in (("train", 160), ("val", 100), ("test", 100))
    }


def official(module, *arguments, cwd, **environment):
    """Run an official script in a process of its own."""
    code = (
        f"import sys; sys.argv = ['x', *{list(map(str, arguments))!r}]\nimport {module} as m\n"
        "m.main(*([sys.argv[1:]] if m.main.__code__.co_argcount else []))"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**os.environ, **environment},
        text=True,
        capture_output=True,
        check=True,
    )


def test_layout_is_that_of_cityscapes(streets):
    from cityscapesscripts.helpers.csHelpers import getCsFileInfo

    images = sorted(streets.glob("leftImg8bit/*/*/*.png"))
    assert len(images) == sum(COUNTS.values())
    expected = {toy_streets.MANIFEST}
    for image in images:
        split, city = image.parts[-3:-1]
        info = getCsFileInfo(image.name)
        assert (info.city, info.type, info.ext) == (city, "leftImg8bit", "png")
        assert info.sequenceNb.isdigit() and len(info.sequenceNb) == 6
        name = image.name.removesuffix("_leftImg8bit.png")
        expected.add(f"leftImg8bit/{split}/{city}/{image.name}")
        for ending in ("labelIds.png", "instanceIds.png", "color.png", "polygons.json"):
            expected.add(f"gtFine/{split}/{city}/{name}_gtFine_{ending}")
    assert set(digest(streets)) == expected


def test_files_have_the_official_pixel_formats(streets):
    for path in streets.glob("leftImg8bit/*/*/*.png"):
        with Image.open(path) as image:
            assert (image.mode, image.size) == ("RGB", (128, 64))
    for ending, mode in (("labelIds", "L"), ("instanceIds", "I;16"), ("color", "RGBA")):
        for path in streets.glob(f"gtFine/*/*/*_{ending}.png"):
            with Image.open(path) as image:
                assert (image.mode, image.size) == (mode, (128, 64))


def test_no_city_is_in_two_splits():
    cities = [city for split in toy_streets.SPLITS for city in toy_streets.CITIES[split]]
    assert len(cities) == len(set(cities))
    assert all(len(toy_streets.CITIES[split]) > 1 for split in toy_streets.SPLITS)
    names = [toy_streets.frame_name(split, index) for split in toy_streets.SPLITS for index in range(500)]
    assert len(names) == len(set(names))


def test_official_converters_make_our_files_from_our_polygons(streets, tmp_path):
    from cityscapesscripts.helpers.annotation import Annotation
    from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
    from cityscapesscripts.preparation.json2labelImg import json2labelImg

    for polygons in streets.glob("gtFine/*/*/*_polygons.json"):
        for encoding, ending in (("ids", "labelIds"), ("color", "color")):
            json2labelImg(str(polygons), str(tmp_path / "x.png"), encoding)
            ours = np.asarray(Image.open(str(polygons).replace("polygons.json", f"{ending}.png")))
            np.testing.assert_array_equal(ours, np.asarray(Image.open(tmp_path / "x.png")))
        annotation = Annotation()
        annotation.fromJsonFile(str(polygons))
        # Not `json2instanceImg` itself: it saves an image of mode "I" as PNG, which Pillow 13 refuses.
        ours = np.asarray(Image.open(str(polygons).replace("polygons.json", "instanceIds.png")))
        np.testing.assert_array_equal(ours, np.asarray(createInstanceImage(annotation, "ids")))


def test_official_train_ids_are_ours(streets, tmp_path):
    copy = shutil.copytree(streets, tmp_path / "copy")
    official("cityscapesscripts.preparation.createTrainIdLabelImgs", cwd=tmp_path, CITYSCAPES_DATASET=str(copy))
    made = sorted(copy.glob("gtFine/*/*/*_labelTrainIds.png"))
    assert len(made) == sum(COUNTS.values())
    for path in made:
        label_ids = np.asarray(Image.open(str(path).replace("labelTrainIds", "labelIds")))
        np.testing.assert_array_equal(CITYSCAPES.to_train_ids(label_ids), np.asarray(Image.open(path)))


def test_official_annotation_class_reads_the_polygons(streets):
    from cityscapesscripts.helpers.annotation import Annotation
    from cityscapesscripts.helpers.labels import name2label

    for path in streets.glob("gtFine/*/*/*_polygons.json"):
        annotation = Annotation()
        annotation.fromJsonFile(str(path))
        assert (annotation.imgHeight, annotation.imgWidth) == SIZE
        for thing in annotation.objects:
            assert thing.label in name2label
            xs, ys = np.array(thing.polygon).T
            assert xs.min() >= -1 and ys.min() >= -1 and xs.max() <= SIZE[1] and ys.max() <= SIZE[0]


def test_official_evaluation_of_perfect_predictions_gives_one(streets, tmp_path):
    results = tmp_path / "results"
    results.mkdir()
    for path in streets.glob("gtFine/val/*/*_labelIds.png"):
        shutil.copy(path, results / path.name.replace("gtFine_labelIds", "pred"))
    official(
        "cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling",
        cwd=tmp_path,
        CITYSCAPES_DATASET=str(streets),
        CITYSCAPES_RESULTS=str(results),
        CITYSCAPES_EXPORT_DIR=str(tmp_path),
    )
    scores = json.loads((tmp_path / "resultPixelLevelSemanticLabeling.json").read_text())
    seen = [value for value in scores["classScores"].values() if not np.isnan(value)]
    assert len(seen) >= 12
    assert set(seen) == {1.0} and scores["averageScoreClasses"] == 1.0 and scores["averageScoreInstClasses"] == 1.0


def test_viewer_finds_cities_and_ground_truth(streets):
    # What cityscapesViewer does: list the cities of a split, then exchange the ending of each image's name.
    for split in toy_streets.SPLITS:
        cities = [path.name for path in streets.glob(f"leftImg8bit/{split}/*")]
        assert cities and set(cities) <= set(toy_streets.CITIES[split])
        for city in cities:
            for image in streets.glob(f"leftImg8bit/{split}/{city}/*_leftImg8bit.png"):
                name = image.name.replace("_leftImg8bit.png", "_gtFine_polygons.json")
                assert (streets / "gtFine" / split / city / name).is_file()


def test_instance_ids_follow_the_convention():
    by_id = {label.id: label for label in CITYSCAPES.labels}
    for index in range(6):
        drawn = toy_streets.render(1, index, SIZE)
        label_ids = drawn.label_ids.astype(int)
        many = np.array([by_id[k].has_instances if k in by_id else False for k in range(256)])[label_ids]
        np.testing.assert_array_equal(drawn.instance_ids[~many], label_ids[~many])
        np.testing.assert_array_equal(drawn.instance_ids[many] // 1000, label_ids[many])


@pytest.mark.parametrize("split", toy_streets.SPLITS)
def test_a_hundred_images_hold_all_classes_and_void(pixel_counts, split):
    seen = pixel_counts[split][:100].sum(0) > 0
    assert seen[: CITYSCAPES.num_classes].all() and seen[VOID]


def test_class_shares_are_near_those_of_cityscapes(pixel_counts):
    total = sum(counts.sum(0) for counts in pixel_counts.values())[: CITYSCAPES.num_classes]
    shares = dict(zip(CITYSCAPES.names, total / total.sum(), strict=True))
    commonest = sorted(CITYSCAPES_SHARES, key=CITYSCAPES_SHARES.get, reverse=True)
    for name in commonest[:10]:
        assert 0.5 < shares[name] / CITYSCAPES_SHARES[name] < 2, name
    for name in commonest[10:]:
        assert 0.25 < shares[name] / CITYSCAPES_SHARES[name] < 4, name


def test_colour_alone_does_not_tell_the_class():
    """Naive Bayes on colour, fitted and scored on the same scenes, leaves most of the classes unexplained."""
    scenes = [toy_streets.render(2, index, SIZE) for index in range(30)]
    train_ids = np.concatenate([CITYSCAPES.to_train_ids(drawn.label_ids).ravel() for drawn in scenes]).astype(int)
    colors = np.concatenate([drawn.image.reshape(-1, 3) for drawn in scenes]).astype(int) // 32
    cells = (colors[:, 0] * 8 + colors[:, 1]) * 8 + colors[:, 2]
    known = train_ids != VOID
    table = np.zeros((512, CITYSCAPES.num_classes))
    np.add.at(table, (cells[known], train_ids[known]), 1)
    guess = table.argmax(1)[cells[known]]
    truth = train_ids[known]
    ious = [
        ((guess == k) & (truth == k)).sum() / max(1, ((guess == k) | (truth == k)).sum())
        for k in range(CITYSCAPES.num_classes)
    ]
    assert np.mean(ious) < 0.3


def test_objects_of_a_class_differ_in_colour():
    means = {name: [] for name in ("car", "person", "building", "sky", "road", "vegetation")}
    for index in range(40):
        drawn = toy_streets.render(3, index, SIZE)
        for name, values in means.items():
            label = next(label for label in CITYSCAPES.labels if label.name == name)
            mask = drawn.label_ids == label.id
            if mask.sum() > 20:
                values.append(drawn.image[mask].mean(0))
    for name, values in means.items():
        assert np.std(values, axis=0).max() > 12, name


def test_equal_arguments_give_equal_scenes_in_any_order():
    first = [toy_streets.render(7, index, SIZE, "val") for index in (0, 1, 2)]
    second = [toy_streets.render(7, index, SIZE, "val") for index in (2, 1, 0)][::-1]
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.instance_ids, other.instance_ids)
    assert not np.array_equal(first[0].image, first[1].image)
    assert not np.array_equal(first[0].image, toy_streets.render(7, 0, SIZE, "test").image)
    assert not np.array_equal(first[0].image, toy_streets.render(8, 0, SIZE, "val").image)


def test_pixels_are_the_same_on_every_machine():
    """A digest pinned on one machine (x86-64); a generator whose pixels change on purpose raises `VERSION`."""
    state = hashlib.sha256()
    for index in range(3):
        drawn = toy_streets.render(0, index, (64, 128))
        state.update(drawn.image.tobytes() + drawn.label_ids.tobytes() + drawn.instance_ids.astype("<i4").tobytes())
    assert (toy_streets.VERSION, state.hexdigest()[:16]) == (1, "07466be52085b5e3")


def test_two_workers_write_what_one_writes(streets, tmp_path):
    other = toy_streets.generate(tmp_path / "two", SIZE, COUNTS, seed=5, workers=2, progress=False)
    assert digest(other) == digest(streets)


def test_images_do_not_depend_on_the_counts(streets, tmp_path):
    fewer = toy_streets.generate(tmp_path / "few", SIZE, {"val": 2}, seed=5, workers=1, progress=False)
    ours, all_of_them = digest(fewer), digest(streets)
    del ours[toy_streets.MANIFEST]
    assert len(ours) == 10 and ours.items() <= all_of_them.items()


def test_failing_workers_are_made_up_for(streets, tmp_path, monkeypatch):
    monkeypatch.setattr(writer.sys, "executable", str(tmp_path / "no-python"))
    other = toy_streets.generate(tmp_path / "alone", SIZE, COUNTS, seed=5, workers=2, progress=False)
    assert digest(other) == digest(streets)


@pytest.mark.parametrize("size", [(128, 256), (256, 512)])
def test_scene_is_the_same_at_every_size(size):
    agree = []
    for index in range(5):
        small, large = (toy_streets.render(0, index, shape) for shape in (SIZE, size))
        assert [label for label, _ in small.polygons] == [label for label, _ in large.polygons]
        assert small.vanishing_point == large.vanishing_point
        step = size[0] // SIZE[0]
        agree.append((small.label_ids == large.label_ids[step // 2 :: step, step // 2 :: step]).mean())
        large_image = np.asarray(Image.fromarray(large.image).reduce(step)).astype(float)
        assert np.abs(large_image - small.image).mean() < 12
    assert np.mean(agree) > 0.9


def test_largest_size():
    drawn = toy_streets.render(0, 0, (1024, 2048))
    assert drawn.image.shape == (1024, 2048, 3) and drawn.label_ids.shape == (1024, 2048)


def test_thin_things_stay_visible():
    """A pole or a sign in the annotation is at least one pixel wide, and most are seen in the picture's labels."""
    for index in range(5):
        drawn = toy_streets.render(0, index)
        for label, polygon in drawn.polygons:
            if label in ("pole", "traffic sign", "traffic light"):
                image = Image.new("L", (256, 128))
                scene.ImageDraw.Draw(image).polygon([tuple(corner) for corner in polygon], fill=1)
                assert np.asarray(image).any()


def test_vanishing_point_is_where_the_kerbs_meet():
    for index in range(8):
        sketch = scene.compose(scene.RandomSource(0, 0, index, 0))
        road = next(polygon for label, polygon in sketch.objects if label == "road")
        far = sorted(road, key=lambda corner: corner[1])[:2]
        u, v = sketch.camera.u0, sketch.camera.v0
        assert 0 < far[0][1] - v < 0.02
        assert min(far)[0] < u < max(far)[0] and max(far)[0] - min(far)[0] < 0.15
        vanishing = toy_streets.render(0, index, SIZE).vanishing_point
        assert vanishing == (u, 2 * v)


def test_weather_and_light_vary():
    drawn = [toy_streets.render(4, index, SIZE) for index in range(60)]
    assert len({one.weather for one in drawn}) >= 5
    assert np.std([one.image.mean() for one in drawn]) > 8
    warmth = [one.image[..., 0].mean() - one.image[..., 2].mean() for one in drawn]
    assert np.std(warmth) > 5


def test_far_objects_lie_behind_near_ones():
    """Painter's order: of two cars that overlap, the one whose wheels stand lower in the picture is on top."""
    found = 0
    for index in range(12):
        drawn = toy_streets.render(6, index)
        cars = [np.array(polygon) for label, polygon in drawn.polygons if label == "car"]
        for first, polygon in enumerate(cars):
            for other in cars[first + 1 :]:
                apart = other[:, 1].max() - polygon[:, 1].max()
                if np.abs(polygon[:, 0].mean() - other[:, 0].mean()) < 8 and abs(apart) > 3:
                    assert apart > 0
                    found += 1
    assert found > 5


@pytest.mark.parametrize("size", [(128, 128), (100, 256), (32, 64), (2048, 4096), (0, 0)])
def test_wrong_sizes_are_refused(size, tmp_path):
    with pytest.raises(CourseError, match="2048"):
        toy_streets.render(0, 0, size)
    with pytest.raises(CourseError):
        toy_streets.generate(tmp_path / "x", size, COUNTS, progress=False)
    assert not list(tmp_path.iterdir())


def test_other_wrong_arguments_are_refused(tmp_path):
    with pytest.raises(CourseError, match="'night'"):
        toy_streets.render(0, 0, SIZE, "night")
    with pytest.raises(CourseError, match="'night'"):
        toy_streets.generate(tmp_path / "x", SIZE, {"night": 2}, progress=False)
    with pytest.raises(CourseError):
        toy_streets.render(-1, 0, SIZE)
    with pytest.raises(CourseError):
        toy_streets.generate(tmp_path / "x", SIZE, {"train": 0}, progress=False)


def test_what_is_there_already_is_kept_and_other_arguments_replace_it(tmp_path):
    root = tmp_path / "set"
    toy_streets.generate(root, SIZE, {"train": 1}, progress=False)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*.png")}
    toy_streets.generate(root, SIZE, {"train": 1}, progress=False)
    assert before == {path: path.stat().st_mtime_ns for path in root.rglob("*.png")}
    toy_streets.generate(root, SIZE, {"train": 2}, progress=False)
    assert is_generated(root, SIZE, {"train": 2})
    assert len(list(root.glob("leftImg8bit/train/*/*.png"))) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_something_else_is_never_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("two years of work")
    with pytest.raises(CourseError, match="something other than Toy Streets"):
        toy_streets.generate(tmp_path, SIZE, {"train": 1}, progress=False)
    with pytest.raises(CourseError, match="is a file"):
        toy_streets.generate(tmp_path / "thesis.txt", SIZE, {"train": 1}, progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_interruption_leaves_nothing(tmp_path, monkeypatch):
    written = []

    def interrupted(*arguments):
        written.append(arguments)
        if len(written) == 2:
            raise KeyboardInterrupt
        return write_scene(*arguments)

    write_scene = writer.write_scene
    monkeypatch.setattr(writer, "write_scene", interrupted)
    with pytest.raises(KeyboardInterrupt):
        toy_streets.generate(tmp_path / "set", SIZE, {"train": 3}, workers=1, progress=False)
    assert len(written) == 2 and not list(tmp_path.iterdir())


def test_generators_of_the_same_folder_do_not_disturb_each_other(tmp_path):
    results = []

    def work():
        results.append(toy_streets.generate(tmp_path / "set", SIZE, {"val": 3}, seed=5, workers=1, progress=False))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [tmp_path / "set"] * 4
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    alone = toy_streets.generate(tmp_path / "alone", SIZE, {"val": 3}, seed=5, workers=1, progress=False)
    assert digest(tmp_path / "set") == digest(alone)


def test_progress_is_a_plain_line_away_from_a_terminal(tmp_path, capsys):
    toy_streets.generate(tmp_path / "set", SIZE, {"train": 1}, workers=1)
    assert capsys.readouterr().err.splitlines() == [
        "Drawing Toy Streets, 64x128 ...",
        "Drawing Toy Streets, 64x128: 1 image",
    ]


def test_progress_is_a_bar_on_a_terminal(tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    toy_streets.generate(tmp_path / "set", SIZE, {"train": 2}, workers=1)
    assert "2/2" in terminal.getvalue()


def test_tensorflow_is_not_imported():
    code = "import sys, course_utils.datasets.toy_streets; print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert result.stdout.strip() == "[]"
