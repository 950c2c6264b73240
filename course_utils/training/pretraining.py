"""A small classification task, for encoders that cannot have ImageNet weights.

The networks of the lecture start from an encoder that was trained to classify photographs. Where those weights cannot
be had, the course trains an encoder itself: small crops, each labelled with the one class at its centre. Like ImageNet
labels, and unlike label maps, such a label says what but not where.
"""

from course_utils.backend import tf
from course_utils.labels import VOID


def crop_batches(dataset, batch_size: int, *, crop: int = 32, seed: int = 0):
    """Random crops and the class at their centre, every class of an image being equally likely.

    Args:
        dataset: images float32 `[H, W, 3]` and labels uint8 `[H, W]`, unbatched.
        batch_size: crops in a batch.
        crop: height and width of a crop in pixels.
        seed: decides images, classes and places.

    Returns:
        an endless `tf.data.Dataset` of crops float32 `[batch_size, crop, crop, 3]` and classes int32 `[batch_size]`.
    """

    def cut(image, label, key):
        half = crop // 2
        present = tf.unique(tf.reshape(label, [-1]))[0]
        present = tf.boolean_mask(present, present != VOID)
        wanted = present[_pick(tf.size(present), key)]
        pixels = tf.where(label == wanted)
        row, column = tf.unstack(tf.cast(pixels[_pick(tf.shape(pixels)[0], key + 1)], tf.int32))
        padded = tf.pad(image, [[half, half], [half, half], [0, 0]], "REFLECT")
        return tf.ensure_shape(padded[row : row + crop, column : column + crop], [crop, crop, 3]), tf.cast(
            wanted, tf.int32
        )

    keys = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=False).batch(2, drop_remainder=True)
    examples = dataset.filter(lambda image, label: tf.reduce_any(label != VOID))
    examples = examples.cache().shuffle(1024, seed=seed).repeat()
    crops = tf.data.Dataset.zip(examples, keys).map(
        lambda example, key: cut(*example, key), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
    )
    return crops.batch(batch_size, drop_remainder=True).prefetch(2)


def _pick(size, key):
    """A uniform index below `size`."""
    return tf.random.stateless_uniform([], key, maxval=size, dtype=tf.int32)
