import numpy as np

from course_utils.backend import tf
from course_utils.labels import VOID
from course_utils.training import crop_batches


def striped(void_rows=2):
    """Two images whose colour encodes the class; class 9 is a single pixel."""
    labels = np.full((2, 20, 40), VOID, np.uint8)
    labels[:, void_rows:, :30], labels[:, void_rows:, 30:] = 2, 7
    labels[1, 10, 10] = 9
    images = np.repeat(labels[..., None].astype(np.float32) / 255, 3, axis=-1)
    return tf.data.Dataset.from_tensor_slices((images, labels))


def test_the_class_of_a_crop_is_the_one_at_its_centre_and_never_void():
    crops, classes = next(iter(crop_batches(striped(), 256, crop=8)))
    assert crops.shape == (256, 8, 8, 3)
    np.testing.assert_allclose(crops[:, 4, 4, 0] * 255, classes, atol=1e-4)
    assert VOID not in classes.numpy()


def test_rare_classes_are_as_likely_as_common_ones():
    _, classes = next(iter(crop_batches(striped(), 2048, crop=8, seed=3)))
    counts = np.bincount(classes.numpy(), minlength=10) / 2048
    # Image one has classes 2 and 7, image two has 2, 7 and 9: 5/12, 5/12 and 2/12.
    np.testing.assert_allclose(counts[[2, 7, 9]], [5 / 12, 5 / 12, 2 / 12], atol=0.05)


def test_the_seed_decides_the_crops():
    first, again, other = (next(iter(crop_batches(striped(), 64, crop=8, seed=s)))[0].numpy() for s in (0, 0, 1))
    assert (first == again).all() and (first != other).any()


def test_images_of_nothing_but_void_are_passed_over():
    void = np.full((1, 20, 40), VOID, np.uint8)
    mixed = striped().concatenate(tf.data.Dataset.from_tensor_slices((np.zeros((1, 20, 40, 3), np.float32), void)))
    _, classes = next(iter(crop_batches(mixed, 64, crop=8)))
    assert VOID not in classes.numpy()
