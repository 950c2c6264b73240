"""Systems with further outputs: their losses, and their training from `course train` to prediction."""

import json

import numpy as np
import pytest

from course_utils import models
from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.losses import LOSSES
from course_utils.models import SYSTEMS, System
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
    prediction_network,
)

WITH_OUTPUTS = [name for name, card in SYSTEMS.items() if card.auxiliary]
SLIM = {"encoder": "slim", "width": 1 / 8}


def batch(classes=3):
    generator = np.random.default_rng(0)
    images = generator.uniform(size=(2, 32, 48, 3)).astype(np.float32)
    return tf.constant(images), tf.constant(generator.integers(0, classes, (2, 32, 48)), tf.uint8)


@pytest.mark.parametrize("name", WITH_OUTPUTS)
def test_every_output_has_a_loss_and_every_loss_an_output(name):
    model = SYSTEMS[name].network(3, training=True, **SLIM)
    terms = objective(name, [1.0, 2.0, 3.0])
    assert terms.keys() == model.output.keys()
    images, labels = batch()
    outputs = model(images, training=True)
    for output, (loss, weight) in terms.items():
        assert weight > 0 and np.isfinite(loss(labels, outputs[output])), output


def test_a_card_has_losses_if_and_only_if_its_system_has_further_outputs():
    assert [name for name, card in SYSTEMS.items() if "auxiliary" in card.options] == WITH_OUTPUTS
    assert set(objective("SegNet")) == {"logits"}


def test_cards_and_functions_do_for_names():
    further = System(models.SegNet, auxiliary=lambda class_weights: {"edges": (sum, len(class_weights))})
    terms = objective(further, [1.0, 2.0], loss=lambda class_weights: ("mine", class_weights))
    assert terms == {"logits": (("mine", [1.0, 2.0]), 1.0), "edges": (sum, 2)}


@pytest.mark.parametrize("loss", LOSSES)
def test_the_loss_of_the_logits_can_be_chosen(loss):
    labels = batch()[1]
    term, weight = objective("SegNet", None, loss)["logits"]
    perfect = 100 * tf.one_hot(labels, 3)
    assert weight == 1 and float(term(labels, perfect)) == pytest.approx(0, abs=1e-6)
    with pytest.raises(CourseError, match="choose one of cross-entropy"):
        objective("SegNet", None, "crossentropy")


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
    checkpoint = keras.models.load_model(run.path / "checkpoints" / "0003" / "model.keras")
    assert checkpoint.output.keys() == {"logits", "auxiliary"}
    assert {type(loss) for loss in checkpoint.loss.values()} == {TotalLoss, SegmentationCrossEntropy}
    assert not any("auxiliary" in layer.name for layer in run.load_model().layers)
    capsys.readouterr()
    assert main(["evaluate", str(output), "--json"]) == 0
    best = max(row["val_mean_iou"] for row in run.log)
    assert json.loads(capsys.readouterr().out)["mean_iou"] == pytest.approx(best, abs=1e-5)
    assert main(["evaluate", str(output), "--json", "--flip", "--scales", "0.75,1", "--window", "24x48"]) == 0
    assert 0 <= json.loads(capsys.readouterr().out)["mean_iou"] <= 1
