"""The page of `course evaluate --html`."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from course_utils import datasets
from course_utils.datasets import toy_streets
from course_utils.evaluation import compare, score_folder, spread_of_trainings
from course_utils.evaluation.measures.distance import CROP_RULE, FACTORS
from course_utils.labels import CITYSCAPES
from course_utils.tools.reports.evaluation import ShownSystem, evaluation_page, frame_examples

EVIL = 'a <b onmouseover="x()">&amp; b'


class Reader(HTMLParser):
    """Collects tags, attributes and text, and checks that what is opened is closed."""

    VOID = ("meta", "img")

    def __init__(self, page):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.text += text if self.open[-1:] != ["style"] else ""

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def streets(tmp_path_factory):
    """Five frames, and two folders of predictions: the truth moved by 1 and by 3 pixels, the last also void."""
    root = tmp_path_factory.mktemp("streets")
    toy_streets.generate(root / "data", size=(64, 128), counts={"val": 5})
    frames = datasets.open("toy_streets", root / "data").frames("val")
    for step in (1, 3):
        (root / str(step)).mkdir()
        for frame in frames:
            ids = np.roll(np.array(Image.open(frame.label)), step, axis=1)
            ids[:2] = 0 if step == 3 else ids[:2]
            Image.fromarray(ids).save(root / str(step) / f"{frame.name}_labelIds.png")
    return root, frames


def shown(streets, step, name="plain", **options):
    root, frames = streets
    scores = score_folder(root / str(step), frames, CITYSCAPES, **options)

    def predict(some):
        for frame in some:
            yield CITYSCAPES.to_train_ids(np.array(Image.open(root / str(step) / f"{frame.name}_labelIds.png")))

    return ShownSystem(name, scores, *frame_examples(scores, frames, CITYSCAPES, predict, number=2))


def page_of(systems, comparison=None):
    return evaluation_page(systems, comparison, CITYSCAPES, dataset="toy_streets", split="val")


@pytest.fixture(scope="module")
def page(streets):
    return page_of([shown(streets, 1, EVIL, tolerances=(3,))])


def test_it_is_one_file_that_needs_no_network(page):
    reader = Reader(page)
    assert page.startswith("<!DOCTYPE html>")
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in reader.tags}
    assert "http" not in re.sub(r'base64,[^"]*|http-equiv', "", page) and "@import" not in page and "url(" not in page
    sources = [image["src"] for image in reader.all("img")]
    assert len(sources) == 2 + 4 * 4 and all(re.match("data:image/(png|jpeg);base64,", source) for source in sources)
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in reader.all("meta")


def test_every_picture_has_a_text_and_names_are_escaped(page):
    reader = Reader(page)
    alts = [image["alt"] for image in reader.all("img")]
    assert all(len(alt) > 20 for alt in alts) and len(set(alts)) == len(alts)
    assert EVIL in reader.text and "<b onmouseover" not in page
    assert not any("onmouseover" in attributes for _, attributes in reader.tags)
    assert reader.all("html") == [{"lang": "en"}] and len(reader.all("h1")) == 1


def test_it_says_what_the_scores_say(streets, page):
    system = shown(streets, 1)
    text = re.sub(r"\s+", " ", Reader(page).text)
    assert f"{100 * system.scores.mean_iou:.1f} mean IoU" in text
    for name in CITYSCAPES.names:
        assert name in text
    for example in [*system.best, *system.worst]:
        assert f"{example.counts.name} Mean IoU {100 * example.counts.confusion.mean_iou():.1f} %" in text
    low, high = system.scores.intervals["images"].mean_iou
    assert f"{100 * low:.1f} … {100 * high:.1f}" in text and "Boundary F" in text
    assert "Boundary F" not in page_of([system])


def test_best_frames_are_better_than_worst(streets):
    system = shown(streets, 3)
    best, worst = ([e.counts.confusion.mean_iou() for e in part] for part in (system.best, system.worst))
    assert len(best) == len(worst) == 2 and min(best) >= max(worst)
    assert best == sorted(best, reverse=True) and worst == sorted(worst)


def test_two_systems(streets):
    systems = [shown(streets, 1, "one"), shown(streets, 3, "three")]
    comparison = compare(systems[0].scores, systems[1].scores, resamples=200)
    text = re.sub(r"\s+", " ", Reader(page_of(systems, comparison)).text)
    assert "one against three on toy_streets val" in text and "5 frames, paired." in text
    assert f"{100 * comparison.mean_iou.difference:+.1f}" in text


def test_what_was_left_out_is_said(streets, tmp_path):
    root, frames = streets
    for frame in frames[1:]:
        name = f"{frame.name}_labelIds.png"
        (tmp_path / name).write_bytes((root / "1" / name).read_bytes())
    scores = score_folder(tmp_path, frames, CITYSCAPES, partial=True)
    reader = Reader(page_of([ShownSystem("part", scores)]))
    assert "PARTIAL: scored 4 of 5 frames" in reader.text and len(reader.all("p")) > 2
    assert frames[0].name in reader.text


def test_one_frame_alone(streets):
    root, frames = streets
    scores = score_folder(root / "1", frames[:1], CITYSCAPES, partial=True)
    Reader(page_of([ShownSystem("alone", scores)]))


def test_curves_towards_the_vanishing_point_come_with_their_rule(streets):
    systems = [shown(streets, step, str(step), factors=FACTORS) for step in (1, 3)]
    reader = Reader(page_of(systems[:1]))
    text = re.sub(r"\s+", " ", reader.text)
    assert CROP_RULE in text and "class at crop factor" in text
    mean = systems[0].scores.distance.mean_iou()[300]
    assert f"{100 * mean:.1f} at 300" in " ".join(image["alt"] for image in reader.all("img"))
    both = Reader(page_of(systems, compare(systems[0].scores, systems[1].scores, resamples=200)))
    told = [image["alt"] for image in both.all("img") if "crop factor" in image["alt"]]
    assert len(told) == 3 and all(f"{name} " in told[0] for name in ("1", "3"))
    assert CROP_RULE not in re.sub(r"\s+", " ", Reader(page_of([shown(streets, 1)])).text)


def test_the_spread_over_seeds_is_shown(streets):
    systems = [shown(streets, step) for step in (1, 3)]
    spread = spread_of_trainings([system.scores for system in systems], resamples=100)
    page = evaluation_page(systems[:1], None, CITYSCAPES, dataset="toy_streets", split="val", spread=spread)
    text = re.sub(r"\s+", " ", Reader(page).text)
    assert "mean of 2 seeds" in text and f"{100 * spread.mean_iou.mean:.1f}" in text


def test_intervals_over_few_images_come_with_a_caution(streets, page):
    assert "CAUTION: 5 images are too few" in Reader(page).text
