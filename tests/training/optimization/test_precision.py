"""16 bits: where, and only there."""

import numpy as np
import pytest

from course_utils import machine
from course_utils.backend import keras
from course_utils.models import SYSTEMS
from course_utils.training.optimization.precision import FASTER, building, for_this_machine, in_32_bits


def test_networks_built_inside_have_the_policy_and_others_do_not():
    with pytest.raises(KeyError), building(FASTER):
        assert keras.layers.Conv2D(1, 1).compute_dtype == "bfloat16"
        raise KeyError
    assert keras.layers.Conv2D(1, 1).compute_dtype == "float32"


@pytest.mark.parametrize("name", ["SegNet", "DeepLabV3Plus", "GSCNN"])
def test_a_network_in_16_bits_predicts_the_same_in_32(name):
    with building(FASTER):
        network = SYSTEMS[name].network(5, **{**SYSTEMS[name].laptop, "width": 0.1})
    twin = in_32_bits(network)
    assert all(layer.compute_dtype == "float32" for layer in twin._flatten_layers(include_self=False))
    images = np.random.default_rng(0).random((1, 64, 64, 3), np.float32)
    expected, found = (keras.ops.convert_to_numpy(net(images)) for net in (network, twin))
    assert np.corrcoef(expected.ravel(), found.ravel())[0, 1] > 0.95
    assert not np.array_equal(expected, found)


@pytest.mark.parametrize("fast", [True, False])
def test_only_a_slow_machine_gets_32_bits(fast, monkeypatch):
    monkeypatch.setattr(machine, "fast_bfloat16", lambda: fast)
    with building(FASTER):
        inputs = keras.Input((4, 4, 1))
        network = keras.Model(inputs, keras.layers.Conv2D(1, 1)(inputs))
    assert (for_this_machine(network) is network) == fast
    plain = in_32_bits(network)
    assert for_this_machine(plain) is plain
