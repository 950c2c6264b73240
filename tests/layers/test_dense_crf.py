"""The fully connected CRF: mean field against brute force, limits, the free energy, and its two filters."""

import itertools

import numpy as np
import pytest
from layer_checks import check_saving

from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.layers import DenseCRF

SCALES = {"position_scale": 4.0, "color_scale": 0.3, "smoothness_scale": 1.5}
WEIGHTS = {"appearance_weight": 1.5, "smoothness_weight": 0.5}
OPTIONS = SCALES | WEIGHTS
METHODS = ("exact", "permutohedral")


def example(height=8, width=8, classes=3, batch=2, seed=0):
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(batch, height, width, classes)).astype("float32")
    return [logits, generator.uniform(size=(batch, height, width, 3)).astype("float32")]


def softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def brute_force_pairs(image, options):
    """The weighted, normalised kernels between any two pixels, by loops: `[pixels, pixels]`."""
    height, width, _ = image.shape
    places = list(itertools.product(range(height), range(width)))
    kernels = np.zeros((2, len(places), len(places)))
    for i, p in enumerate(places):
        for j, q in enumerate(places):
            distance = (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2
            color = np.sum((image[p].astype("float64") - image[q]) ** 2)
            kernels[0, i, j] = np.exp(
                -distance / (2 * options["position_scale"] ** 2) - color / (2 * options["color_scale"] ** 2)
            )
            kernels[1, i, j] = np.exp(-distance / (2 * options["smoothness_scale"] ** 2))
    for kernel in kernels:
        sums = kernel.sum(1)
        kernel /= np.sqrt(sums[:, np.newaxis] * sums)
        np.fill_diagonal(kernel, 0)
    return options["appearance_weight"] * kernels[0] + options["smoothness_weight"] * kernels[1]


def brute_force_mean_field(logits, image, compatibility, iterations, options):
    pairs, unary = brute_force_pairs(image, options), logits.reshape(-1, logits.shape[-1]).astype("float64")
    marginals = softmax(unary)
    for _ in range(iterations):
        updated = np.zeros_like(marginals)
        for i in range(len(unary)):
            costs = sum(pairs[i, j] * compatibility @ marginals[j] for j in range(len(unary)))
            updated[i] = softmax(unary[i] - costs)
        marginals = updated
    return marginals.reshape(logits.shape)


def test_mean_field_equals_brute_force():
    logits, images = example()
    refined = DenseCRF(3, **OPTIONS)([logits, images])
    for index in range(2):
        expected = brute_force_mean_field(logits[index], images[index], 1 - np.eye(3), 3, OPTIONS)
        np.testing.assert_allclose(softmax(refined.numpy()[index]), expected, rtol=1e-4, atol=1e-6)


def test_a_learnt_compatibility_is_used_symmetrically():
    logits, images = example(5, 4)
    layer = DenseCRF(2, **OPTIONS, learn_compatibility=True)
    layer.build([logits.shape, images.shape])
    matrix = np.random.default_rng(5).normal(size=(3, 3))
    layer.compatibility.assign(matrix)
    expected = brute_force_mean_field(logits[0], images[0], (matrix + matrix.T) / 2, 2, OPTIONS)
    np.testing.assert_allclose(softmax(layer([logits, images]).numpy()[0]), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_without_kernel_weights_the_logits_stay(method):
    inputs = example(9, 13)
    outputs = DenseCRF(appearance_weight=0.0, smoothness_weight=0.0, method=method)(inputs)
    np.testing.assert_array_equal(outputs, inputs[0])


@pytest.mark.parametrize("method", METHODS)
def test_classes_have_no_order(method):
    logits, images = example(9, 13, classes=4)
    layer, order = DenseCRF(**OPTIONS, method=method), [2, 0, 3, 1]
    expected = layer([logits, images]).numpy()[..., order]
    np.testing.assert_allclose(layer([logits[..., order], images]), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_mean_field_lowers_the_free_energy(method):
    inputs = example(12, 10)
    energies = []
    for iterations in range(1, 6):
        layer = DenseCRF(iterations, **OPTIONS, method=method)
        if iterations == 1:
            layer.build([tensor.shape for tensor in inputs])
            energies.append(layer.free_energy(tf.nn.softmax(inputs[0]), inputs).numpy())
        energies.append(layer.free_energy(tf.nn.softmax(layer(inputs)), inputs).numpy())
    steps = np.diff(energies, axis=0)
    assert (steps <= 1e-3).all() and (steps[0] < -0.1).all(), steps


def test_free_energy_bounds_the_partition_function_and_is_a_labellings_energy():
    """On 2x3 pixels and two classes, all 64 labellings."""
    logits, images = example(2, 3, classes=2, batch=1)
    layer = DenseCRF(20, **OPTIONS)
    marginals = tf.nn.softmax(layer([logits, images]))
    pairs, unary = brute_force_pairs(images[0], OPTIONS), logits.reshape(6, 2)
    energies = []
    for labels in itertools.product((0, 1), repeat=6):
        energy = -sum(unary[i, label] for i, label in enumerate(labels))
        energy += sum(pairs[i, j] for i, j in itertools.combinations(range(6), 2) if labels[i] != labels[j])
        energies.append(energy)
        one_hot = np.eye(2, dtype="float32")[list(labels)].reshape(logits.shape)
        np.testing.assert_allclose(layer.free_energy(one_hot, [logits, images]), [energy], rtol=1e-4, atol=1e-5)
    least = -np.log(np.sum(np.exp(-np.array(energies))))
    actual = layer.free_energy(marginals, [logits, images]).numpy()[0]
    assert least < actual < least + 0.5


@pytest.mark.parametrize("method", METHODS)
def test_gradients_are_finite_differences(method):
    inputs = [tf.constant(tensor) for tensor in example(6, 7)]
    layer = DenseCRF(2, **OPTIONS, learn_compatibility=True, method=method)
    target = example(6, 7, seed=9)[0]
    layer.build([tensor.shape for tensor in inputs])

    def loss():
        return tf.reduce_sum(target * tf.nn.softmax(layer(inputs)))

    with tf.GradientTape() as tape:
        tape.watch(inputs[0])
        value = loss()
    variables = [weight.value for weight in layer.trainable_weights]
    assert len(variables) == 2
    *gradients, into_logits = tape.gradient(value, [*variables, inputs[0]])
    for weight, gradient in zip(layer.trainable_weights, gradients, strict=True):
        before, direction = weight.numpy(), np.random.default_rng(1).normal(size=weight.shape)
        values = []
        for sign in (1, -1):
            weight.assign(before + sign * 1e-2 * direction)
            values.append(float(loss()))
        weight.assign(before)
        np.testing.assert_allclose((values[0] - values[1]) / 2e-2, np.sum(gradient * direction), rtol=2e-2)
    direction = tf.constant(example(6, 7, seed=4)[0])
    logits, values = inputs[0], []
    for sign in (1, -1):
        inputs[0] = logits + sign * 1e-2 * direction
        values.append(float(loss()))
    np.testing.assert_allclose((values[0] - values[1]) / 2e-2, np.sum(into_logits * direction), rtol=2e-2)


def test_affinities_are_the_kernels():
    logits, images = example(5, 6)
    layer = DenseCRF(**OPTIONS)
    layer([logits, images])
    expected = brute_force_pairs(images[0], OPTIONS)[2 * 6 + 3].reshape(5, 6)
    np.testing.assert_allclose(layer.affinities(images, 2, 3)[0], expected, rtol=1e-4, atol=1e-6)


def noisy_scene(size):
    """A disc on a shaded, noisy background, and logits for it that are blurred, shifted and noisy."""
    generator = np.random.default_rng(2)
    rows, columns = np.mgrid[:size, :size] / size
    truth = ((rows - 0.5) ** 2 + (columns - 0.45) ** 2 < 0.09).astype(int)
    image = np.array([[0.3, 0.5, 0.3], [0.6, 0.4, 0.4]])[truth] + 0.1 * rows[..., np.newaxis]
    image = np.clip(image + generator.normal(0, 0.03, image.shape), 0, 1)
    blurred = 3 * (np.roll(truth, size // 16, 1) - 0.5) + generator.normal(0, 2, truth.shape)
    logits = np.stack([-blurred, blurred], -1) / 2
    return truth, logits[np.newaxis].astype("float32"), image[np.newaxis].astype("float32")


def test_the_permutohedral_field_is_nearly_the_exact_one():
    truth, logits, images = noisy_scene(48)
    options = {"position_scale": 15.0, "color_scale": 0.1}
    exact, near = (softmax(DenseCRF(**options, method=method)([logits, images]).numpy())[0] for method in METHODS)
    assert np.mean(exact.argmax(-1) == near.argmax(-1)) > 0.998
    assert np.abs(exact - near).mean() < 0.004
    before = np.mean(logits[0].argmax(-1) == truth)
    for marginals in (exact, near):
        assert np.mean(marginals.argmax(-1) == truth) > 0.98 > before


def test_the_permutohedral_field_refines_large_images():
    """On 128x128 pixels, where all pairs would take a GiB."""
    truth, logits, images = noisy_scene(128)
    refined = DenseCRF(position_scale=30.0, color_scale=0.1, method="permutohedral")([logits, images])
    before = np.mean(logits[0].argmax(-1) == truth)
    assert np.mean(refined.numpy()[0].argmax(-1) == truth) > 0.98 > before


def test_the_kernels_weights_are_learnt():
    """They start too weak to remove the noise; they grow, and the loss falls."""
    truth, logits, images = noisy_scene(24)
    layer = DenseCRF(2, position_scale=8.0, color_scale=0.1, appearance_weight=0.1, smoothness_weight=0.1)
    layer.build([logits.shape, images.shape])
    optimizer, losses = keras.optimizers.SGD(1.0), []
    for _ in range(10):
        with tf.GradientTape() as tape:
            refined = layer([logits, images])
            losses.append(tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(truth[np.newaxis], refined)))
        weights = [weight.value for weight in layer.trainable_weights]
        optimizer.apply(tape.gradient(losses[-1], weights), layer.trainable_weights)
    assert (layer.kernel_weights.numpy() > 0.1).all()
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("method", METHODS)
def test_every_execution_gives_the_same(method, tmp_path):
    inputs = example(9, 7)
    symbols = [keras.Input((None, None, 3)), keras.Input((None, None, 3))]
    model = keras.Model(symbols, DenseCRF(2, **OPTIONS, learn_compatibility=True, method=method)(symbols))
    assert model.output_shape == (None, None, None, 3)
    expected = model(inputs)
    check_saving(model, inputs, tmp_path / "model.keras")
    np.testing.assert_allclose(model.predict(inputs, verbose=0), expected, rtol=1e-5, atol=1e-5)
    tensors = [tf.constant(tensor) for tensor in inputs]

    @tf.function(jit_compile=True, autograph=False)
    def compiled(tensors):
        with tf.GradientTape() as tape:
            outputs = model(tensors)
            loss = tf.reduce_sum(outputs**2)
        return outputs, tape.gradient(loss, [weight.value for weight in model.trainable_weights])

    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(tensors) ** 2)
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    if method == "permutohedral":  # the number of lattice points is not known beforehand
        assert not model.layers[-1].supports_jit
        compiled = tf.function(compiled.python_function, autograph=False)
    outputs, compiled_gradients = compiled(tensors)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-4)
    for one, other in zip(compiled_gradients, gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)
    for policy in ("mixed_float16", "mixed_bfloat16"):
        mixed = DenseCRF(2, **OPTIONS, method=method, dtype=policy)(inputs)
        assert mixed.dtype == policy.removeprefix("mixed_")
        np.testing.assert_allclose(tf.cast(mixed, "float32"), expected, rtol=0.1, atol=0.1)


@pytest.mark.parametrize("options", [{"iterations": 0}, {"color_scale": 0.0}, {"method": "lattice"}])
def test_impossible_fields_are_refused(options):
    with pytest.raises(CourseError, match=r"iteration|exact, permutohedral"):
        DenseCRF(**options)
