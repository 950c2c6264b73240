"""DeepLabV2: dense features by atrous convolution, atrous spatial pyramid pooling on class scores, a dense CRF.

Chen, Papandreou, Kokkinos, Murphy and Yuille, "DeepLab: semantic image segmentation with deep convolutional nets,
atrous convolution, and fully connected CRFs", PAMI 2018, sections 3.1 to 3.3 and 4.1.
"""

from course_utils.backend import keras
from course_utils.layers import BatchNormalization, DenseCRF, ResizeBy, ResizeLike
from course_utils.models.blocks import fitting_rates, image_input
from course_utils.models.encoders import deepest, encode
from course_utils.models.system_card import SLIM_HALF, System

CRF = {"iterations": 10, "method": "permutohedral"}
"""Options of the dense CRF: DeepLab's ten iterations, and its filter."""

RATES = (6, 12, 18, 24)
"""Of the four convolutions, at an output stride of 8."""


def DeepLabV2(
    num_classes,
    image_shape=(None, None, 3),
    encoder="resnet101",
    width=1.0,
    output_stride=8,
    rates=RATES,
    scales=(1.0,),
    crf=False,
    name="DeepLabV2",
):
    """The network as a functional Keras model, for images of any size.

    ASPP-L: four 3x3 atrous convolutions look at the features beside each other, each straight to class scores, and
    their scores are summed.

    The CRF is off at first because the paper trains the network without it and puts it behind the trained one, and
    because it costs more than a slim network. There it needs no training: see `with_crf`. With `crf` it is part of the
    model, and its two kernel weights are trained with the network, as in CRF-RNN.

    Args:
        num_classes: number of classes, void not counted.
        image_shape: `(height, width, 3)`, None for any.
        encoder: name of an encoder (see `course_utils.models.encoders`).
        width: multiplier of the encoder's channel counts.
        output_stride: image pixels between two features, 8 as published.
        rates: of the four convolutions.
        scales: of the image; each goes through the same weights, and a class's score is the largest of any. The paper's
            multi-scale version has (0.5, 0.75, 1.0), with a loss at each scale too.
        crf: refine the resized scores by a dense CRF; True, or a dictionary of options of `DenseCRF`.
        name: name of the model.

    Returns:
        `keras.Model` from images `[batch, height, width, 3]` in 0..1 to logits `[batch, height, width, num_classes]`,
        float32.

    Raises:
        CourseError: unknown encoder or output stride.
    """
    images, normalized = image_input(image_shape)

    def scores(x):
        x = deepest(encode(x, encoder, width, output_stride=output_stride))
        branches = [
            keras.layers.Conv2D(num_classes, 3, padding="same", dilation_rate=rate, name=f"pyramid_rate{rate}")(x)
            for rate in rates
        ]
        return keras.layers.Add(name="pyramid_sum")(branches)

    last = "unrefined" if crf else "logits"
    resize = ResizeLike(dtype="float32", name=f"{last}_resize" if len(scales) > 1 else last)
    x = [resize([x, images]) for x in at_scales(scores, normalized, scales)]
    x = keras.layers.Maximum(dtype="float32", name=last)(x) if len(x) > 1 else x[0]
    return keras.Model(images, refine(x, images, crf) if crf else x, name=name)


def at_scales(build, images, scales):
    """What the network that `build` makes computes on the image at each scale: a list of its outputs.

    Convolutions are shared. Each scale has a batch normalisation of its own, because pixels are not distributed alike
    at all scales: shared moving averages would fit none of them (Yu et al., "Slimmable neural networks", ICLR 2019, on
    networks of several widths).

    Args:
        build: from images to features, once for the first scale.
        images: normalised.
        scales: factors on height and width.
    """
    scaled = [
        images if scale == 1 else ResizeBy(scale, name=f"scale{number}")(images)
        for number, scale in enumerate(scales, start=1)
    ]
    outputs = [build(scaled[0])]
    for number, x in enumerate(scaled[1:], start=2):

        def own_normalization(layer, prefix=f"scale{number}_"):
            if not isinstance(layer, BatchNormalization):
                return layer
            return BatchNormalization.from_config({**layer.get_config(), "name": prefix + layer.name})

        network = keras.Model(scaled[0], outputs[0])
        # `call` applies the layers one by one: they are then found by name in the model that is built.
        outputs.append(keras.models.clone_model(network, clone_function=own_normalization).call(x))
    return outputs


def refine(logits, images, crf, name="logits"):
    """Logits refined by a dense CRF over the image's pixels; `crf` is True or a dictionary of its options."""
    options = CRF if crf is True else CRF | dict(crf)
    return DenseCRF(**options, dtype="float32", name=name)([logits, images])


def with_crf(model):
    """A trained network with the dense CRF behind it, as the paper has it; the CRF needs no training."""
    return keras.Model(model.input, DenseCRF(**CRF)([model.output, model.input]))


def fit_rates(image_size, output_stride=8, **options):
    """Rates for images of a size, as `System.fit` gives them."""
    return {"rates": fitting_rates(RATES, image_size, output_stride)}


DEEPLAB_V2_CARD = System(
    DeepLabV2, "Chen et al., PAMI 2018", laptop=SLIM_HALF, fit=fit_rates, refinements={"CRF": with_crf}
)
