"""Systems with further outputs: their losses, and their training from `course train` to prediction."""

import inspect
import json

import numpy as np
import pytest

from course_utils import models
from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.models.encoders import ENCODERS
from course_utils.tools.cli import main
from course_utils.training import (
    Budget,
    Run,
    SegmentationCrossEntropy,
    TotalLoss,
    compile_model,
    confusion_on,
    fit,
    objective,
    objectives,
    prediction_network,
)
from course_utils.training.recipe import machine_defaults

SYSTEMS = [name for name in models.__all__ if name[0].isupper()]
WITH_OUTPUTS = [name for name in SYSTEMS if "auxiliary" in inspect.signature(getattr(models, name)).parameters]
SLIM = {"encoder": "slim", "width": 1 / 8}


def batch(classes=3):
    generator = np.random.default_rng(0)
    images = generator.uniform(size=(2, 32, 48, 3)).astype(np.float32)
    return tf.constant(images), tf.constant(generator.integers(0, classes, (2, 32, 48)), tf.uint8)


@pytest.mark.parametrize("name", WITH_OUTPUTS)
def test_every_output_has_a_loss_and_every_loss_an_output(name):
    model = getattr(models, name)(3, auxiliary=True, **SLIM)
    terms = objective(name, [1.0, 2.0, 3.0])
    assert terms.keys() == model.output.keys()
    images, labels = batch()
    outputs = model(images, training=True)
    for output, (loss, weight) in terms.items():
        assert weight > 0 and np.isfinite(loss(labels, outputs[output])), output


def test_only_systems_with_further_outputs_are_registered():
    assert set(objectives.OBJECTIVES) <= set(WITH_OUTPUTS)
    assert set(objective("SegNet")) == {"logits"}


@pytest.mark.parametrize("loss", objectives.LOSSES)
def test_the_loss_of_the_logits_can_be_chosen(loss):
    labels = batch()[1]
    term, weight = objective("SegNet", None, loss)["logits"]
    perfect = 100 * tf.one_hot(labels, 3)
    assert weight == 1 and float(term(labels, perfect)) == pytest.approx(0, abs=1e-6)
    with pytest.raises(CourseError, match="choose one of cross-entropy"):
        objective("SegNet", None, "crossentropy")


def test_a_term_for_the_logits_comes_on_top(monkeypatch):
    further = {"Net": lambda class_weights: {"logits": (SegmentationCrossEntropy(class_weights), 0.5)}}
    monkeypatch.setattr(objectives, "OBJECTIVES", further)
    labels = batch()[1]
    logits = tf.random.stateless_normal([2, 32, 48, 3], [0, 1])
    loss, weight = objective("Net")["logits"]
    assert isinstance(loss, TotalLoss)
    assert weight * float(loss(labels, logits)) == pytest.approx(
        1.5 * float(SegmentationCrossEntropy()(labels, logits))
    )


def test_the_training_loss_is_the_weighted_sum():
    keras.utils.set_random_seed(0)
    model = models.PSPNet(3, auxiliary=True, dropout=0.0, **SLIM)
    weights = [1.0, 2.0, 3.0]
    compile_model(model, objective=objective("PSPNet", weights))
    images, labels = batch()
    outputs = model(images, training=True)
    loss = SegmentationCrossEntropy(weights)
    expected = float(loss(labels, outputs["logits"])) + 0.4 * float(loss(labels, outputs["auxiliary"]))
    batches = tf.data.Dataset.from_tensors((images, labels)).repeat()
    assert fit(model, batches, Budget(steps=1), learning_rate=0.0)[0] == pytest.approx(expected, 1e-3)


def test_an_output_without_a_loss_is_named():
    with pytest.raises(CourseError, match="PSPNet has outputs without a loss: auxiliary"):
        compile_model(models.PSPNet(3, auxiliary=True, **SLIM))


def test_the_prediction_network_shares_the_weights():
    model = models.PSPNet(3, auxiliary=True, **SLIM)
    network = prediction_network(model)
    images, labels = batch()
    for _ in range(2):
        np.testing.assert_array_equal(network(images), model(images)["logits"])
        model.get_layer("logits_scores").bias.assign_add([1.0, 0.0, -2.0])
    assert prediction_network(network) is network
    assert not any("auxiliary" in layer.name for layer in network.layers)
    counted = [confusion_on(which, [(images, labels)], 3).matrix for which in (model, network)]
    np.testing.assert_array_equal(*counted)


def test_a_run_trains_all_outputs_resumes_and_predicts_by_the_logits(tiny_streets, tmp_path, capsys):
    output = tmp_path / "run"
    command = ["train", "PSPNet", "--dataset", "toy_streets", "--data-dir", str(tiny_streets), "--output", str(output)]
    recipe = ["--encoder", "slim", "--option", "width=0.125", "--image-size", "32x64", "--batch-size", "2"]
    assert main([*command, *recipe, "--loss", "lovasz", "--epochs", "1"]) == 0
    assert main([*command, "--resume", "--epochs", "3"]) == 0
    run = Run(output)
    assert run.config["model_options"] == {"encoder": "slim", "width": 0.125} and run.config["loss"] == "lovasz"
    assert [row["epoch"] for row in run.log] == [1, 2, 3]
    model, _ = run.restore()
    assert model.output.keys() == {"logits", "auxiliary"}
    assert {type(loss) for loss in model.loss.values()} == {TotalLoss, SegmentationCrossEntropy}
    assert not any("auxiliary" in layer.name for layer in run.load_model().layers)
    capsys.readouterr()
    assert main(["evaluate", str(output), "--json"]) == 0
    best = max(row["val_mean_iou"] for row in run.log)
    assert json.loads(capsys.readouterr().out)["mean_iou"] == pytest.approx(best, abs=1e-5)
    assert main(["evaluate", str(output), "--json", "--flip", "--scales", "0.75,1", "--window", "24x48"]) == 0
    assert 0 <= json.loads(capsys.readouterr().out)["mean_iou"] <= 1


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_system_has_a_setting_for_laptops(name):
    options = machine_defaults("toy_streets", name, gpu=False)["model_options"]
    model = getattr(models, name)(19, **options)
    assert model.count_params() < 10e6
    assert options.get("encoder") in (None, *ENCODERS)
    assert machine_defaults("toy_streets", name, gpu=True)["model_options"] == {"width": 1.0}
