"""SegNet and SegNetBasic: the published counts, any size, and learning."""

import numpy as np
import pytest

from course_utils.backend import keras
from course_utils.errors import CourseError
from course_utils.models import SegNet, SegNetBasic, encoder_layers
from course_utils.models.segnet_basic import DECODERS


def count(weights):
    return sum(int(np.prod(weight.shape)) for weight in weights)


def vgg_mirrored(classes):
    """Weights of SegNet's convolutions, and channels that are normalised, from the figure in the paper."""
    down = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    up = [*down[-2::-1], classes]
    inputs = [3, *down, *up[:-1]]
    kernels = [9 * before * after for before, after in zip(inputs, [*down, *up], strict=True)]
    return sum(kernels[:13]), sum(kernels[13:]), sum(down), sum(up[:-1])


def test_full_segnet_has_the_published_parameters():
    encoder_kernels, decoder_kernels, encoder_channels, decoder_channels = vgg_mirrored(11)
    model = SegNet(11)

    encoder = [weight for layer in encoder_layers(model) for weight in layer.weights]
    kernels = [weight for weight in encoder if weight.name == "kernel"]
    assert len(kernels) == 13
    assert count(kernels) == encoder_kernels
    # keras.applications' VGG16 without its dense layers has the same kernels, and biases where we normalise.
    assert (
        keras.applications.VGG16(weights=None, include_top=False).count_params() == encoder_kernels + encoder_channels
    )

    # Two learnt numbers a normalised channel, and eleven biases in front of the softmax.
    trainable = encoder_kernels + decoder_kernels + 2 * (encoder_channels + decoder_channels) + 11
    assert count(model.trainable_weights) == trainable
    # What is stored: two averages a channel more.
    assert model.count_params() == trainable + 2 * (encoder_channels + decoder_channels)

    # The published rounded figures: 14.7 M in the encoder, 29.5 M in all.
    assert round(count(kernels) / 1e6, 1) == 14.7
    assert round(model.count_params() / 1e6, 1) == 29.5


def test_basic_segnet_has_the_published_parameters():
    model = SegNetBasic(11)
    kernels = 49 * 3 * 64 + 7 * 49 * 64 * 64 + 64 * 11
    assert count(weight for weight in model.weights if weight.name == "kernel") == kernels
    assert count(model.trainable_weights) == kernels + 2 * 8 * 64 + 11
    # Table 1 says 1.425 M; all its figures are multiples of 0.025 M.
    assert round(count(model.trainable_weights) / 25e3) * 25 == 1425


def test_decoders_have_the_published_parameters():
    """Table 1: as many weights in "Bilinear" as in the encoder, 0.625 M; and 0.8 M in SegNet-Basic's decoder."""
    counts = {decoder: count(SegNetBasic(11, decoder=decoder).trainable_weights) for decoder in DECODERS}
    assert round(counts["none"] / 25e3) * 25 == 625
    assert counts["bilinear"] == counts["indices"]
    assert counts["transposed"] - counts["indices"] == 4 * 4 * 4 * 64 * 64
    assert counts["indices"] - counts["none"] == 4 * (49 * 64 * 64 + 2 * 64)


def test_dropout_is_bayesian_segnets():
    model = SegNet(3, width=1 / 16, dropout=0.5)
    found = {layer.name for layer in model.layers if isinstance(layer, keras.layers.Dropout)}
    assert found == {f"encoder_vgg16_block{i}_dropout" for i in (3, 4, 5)} | {
        f"decoder_block{i}_dropout" for i in (3, 4, 5)
    }
    assert not any(isinstance(layer, keras.layers.Dropout) for layer in SegNet(3, width=1 / 16).layers)


def test_unknown_encoder_is_a_course_error():
    with pytest.raises(CourseError, match="vgg16"):
        SegNet(3, encoder="vgg17")


def test_kernel_size_is_that_of_all_convolutions_but_the_last():
    convolutions = [layer for layer in SegNetBasic(3, kernel_size=5).layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.kernel_size for layer in convolutions] == [(5, 5)] * 8 + [(1, 1)]


def test_unknown_decoder_is_a_course_error():
    with pytest.raises(CourseError, match="bilinear"):
        SegNetBasic(3, decoder="nearest")
