"""The taps of `interpolation_kernel` against the framework's impulse responses and the properties of each kernel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.backend import tf
from course_utils.layers import interpolation_kernel
from course_utils.layers.upsampling.interpolation_kernels import METHODS, frequency_response, kernel_function

methods = st.sampled_from(METHODS)
factors = st.integers(1, 12)
KEEP_SAMPLES = ("nearest", "area", "bilinear", "bicubic", "lanczos3", "lanczos5")


def test_the_methods_are_those_of_the_framework():
    assert set(METHODS) == set(vars(tf.image.ResizeMethod)[n] for n in dir(tf.image.ResizeMethod) if n.isupper())


@settings(max_examples=60, deadline=None)
@given(method=methods, factor=factors)
def test_taps_are_symmetric_and_every_phase_sums_to_one(method, factor):
    taps = interpolation_kernel(method, factor)
    assert taps.dtype == np.float64 and taps.ndim == 1
    assert (len(taps) - factor) % 2 == 0
    np.testing.assert_allclose(taps, taps[::-1], atol=1e-15)
    np.testing.assert_allclose([taps[phase::factor].sum() for phase in range(factor)], 1)


@settings(max_examples=40, deadline=None)
@given(method=methods, factor=st.integers(1, 9))
def test_taps_are_the_impulse_response_of_the_framework(method, factor):
    taps = interpolation_kernel(method, factor)
    impulse = np.zeros((1, 25, 1), np.float32)  # long enough that no kernel reaching the impulse reaches the border
    impulse[0, 12] = 1
    response = tf.image.resize(impulse, (1, 25 * factor), method)[0, :, 0].numpy()
    start = 12 * factor - (len(taps) - factor) // 2
    # The framework's coordinates, up to 25 * factor, are float32.
    rounding = 25 * factor * np.finfo(np.float32).eps
    np.testing.assert_allclose(response[start : start + len(taps)], taps, atol=5e-6 + rounding)
    response[start : start + len(taps)] = 0
    np.testing.assert_allclose(response, 0, atol=5e-6 + rounding)  # no tap is missing


@settings(max_examples=40, deadline=None)
@given(method=methods, factor=st.integers(2, 12))
def test_constants_leave_no_image(method, factor):
    taps = interpolation_kernel(method, factor)
    np.testing.assert_allclose(frequency_response(taps, np.arange(1, factor) / factor), 0, atol=1e-10)
    assert frequency_response(taps, [0.0])[0] == pytest.approx(factor)


@pytest.mark.parametrize("method", KEEP_SAMPLES)
@pytest.mark.parametrize("factor", [1, 3, 5, 7])
def test_odd_factors_keep_the_samples(method, factor):
    taps = interpolation_kernel(method, factor)
    at_samples = taps[len(taps) // 2 % factor :: factor]
    np.testing.assert_allclose(np.sort(at_samples), [0] * (len(at_samples) - 1) + [1], atol=1e-12)


@pytest.mark.parametrize("method", ["gaussian", "mitchellcubic"])
def test_smoothing_kernels_do_not_keep_the_samples(method):
    taps = interpolation_kernel(method, 3)
    assert taps[len(taps) // 2] < 0.95


@pytest.mark.parametrize("factor", [2, 4, 8, 512])
def test_the_table_of_bicubic_is_exact_for_powers_of_two(factor):
    taps = interpolation_kernel("bicubic", factor)
    distance = (np.arange(len(taps)) - (len(taps) - 1) / 2) / factor
    np.testing.assert_allclose(taps, kernel_function("bicubic")(distance), atol=1e-14)


@pytest.mark.parametrize("factor", [3, 5, 6, 7])
def test_the_table_of_bicubic_moves_taps_by_less_than_a_thousandth(factor):
    taps = interpolation_kernel("bicubic", factor)
    distance = (np.arange(len(taps)) - (len(taps) - 1) / 2) / factor
    difference = np.abs(taps - kernel_function("bicubic")(distance)).max()
    assert 1e-5 < difference < 1e-3


def test_frequency_response_is_the_fourier_transform():
    taps = interpolation_kernel("lanczos3", 3)
    padded = np.zeros(64)
    padded[: len(taps)] = taps
    expected = np.fft.rfft(padded)
    actual = frequency_response(taps, np.fft.rfftfreq(64))
    np.testing.assert_allclose(np.abs(actual), np.abs(expected), atol=1e-12)


def test_area_is_nearest():
    for factor in range(1, 9):
        np.testing.assert_array_equal(interpolation_kernel("area", factor), np.ones(factor))
        np.testing.assert_array_equal(interpolation_kernel("nearest", factor), np.ones(factor))


@pytest.mark.parametrize("factor", [0, -1, 2.0, "2", True, None])
def test_impossible_factors_are_refused(factor):
    with pytest.raises(ValueError, match="factor must be a whole number"):
        interpolation_kernel("bilinear", factor)


@pytest.mark.parametrize("method", ["Bilinear", "linear", None])
def test_unknown_methods_are_refused(method):
    with pytest.raises(ValueError, match=r"choose one of nearest, bilinear"):
        interpolation_kernel(method, 2)
