"""Decoding and augmentation, image by image and against TensorFlow's own PNG decoder, in one run.

python benchmarks/data_pipeline.py CAMVID_DIR
"""

import argparse
import time

from course_utils import datasets
from course_utils.backend import tf
from course_utils.datasets.augmentation import Augmentation
from course_utils.datasets.pipeline import training_batches


def measured(what, iterator, count):
    """Run through `count` elements; print and return images per second of wall time."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _, _ in zip(range(count), iterator, strict=False):
        pass
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{what:44} {count / wall:7.1f} images/s   {1000 * cpu / count:6.2f} CPU ms per image")
    return count / wall


def plain_tensorflow(frames):
    """The same files through `tf.io`, without any check."""

    def decode(image, label):
        image = tf.io.decode_png(tf.io.read_file(image), 3)
        return tf.cast(image, tf.float32) / 255, tf.io.decode_png(tf.io.read_file(label), 1)[..., 0]

    paths = [str(frame.image) for frame in frames], [str(frame.label) for frame in frames]
    return tf.data.Dataset.from_tensor_slices(paths).map(decode, num_parallel_calls=tf.data.AUTOTUNE)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("camvid", help="root of CamVid")
    root = parser.parse_args().camvid
    start = time.perf_counter()
    train = datasets.load("camvid", "train", root)
    count = len(train)
    print(f"load, {count} pairs checked: {time.perf_counter() - start:.2f} s")
    theirs = plain_tensorflow(train.frames)
    for name in ("first", "second"):
        ours_speed = measured(f"load, {name} round", iter(train), count)
        their_speed = measured(f"tf.io.decode_png, {name} round", iter(theirs), count)
        print(f"ratio {ours_speed / their_speed:.2f}")
    for what, augmentation in (
        ("training batches from memory", None),
        ("the same, scale and crop 256x352", Augmentation((256, 352), (0.6, 1.6))),
        ("the same, flip and colour too", Augmentation((256, 352), (0.6, 1.6), True, 0.3)),
    ):
        batches = iter(training_batches(train, 1, seed=0, augmentation=augmentation))
        for _ in range(count):
            next(batches)
        measured(what, batches, count)


if __name__ == "__main__":
    main()
