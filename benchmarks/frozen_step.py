"""What a training step of SegNet costs with a frozen encoder, as a share of a full step: notebook 05 counts time by it.

    python benchmarks/frozen_step.py

Processor time, medians of 25 rounds in which the two take turns, compiling left out.
"""

import statistics
import time

import numpy as np

from course_utils import models, training
from course_utils.backend import keras
from course_utils.training.optimization.optimizers import muon
from course_utils.training.optimization.precision import building, machine_precision
from course_utils.training.phases import freeze_encoder, unfreeze_encoder

CLASSES, BATCH, SIZE, ROUNDS = 19, 4, (64, 128), 25

random = np.random.default_rng(0)
images = random.random((BATCH, *SIZE, 3), dtype=np.float32)
labels = random.integers(0, CLASSES, (BATCH, *SIZE)).astype(np.uint8)
with building(machine_precision(gpu=False)):
    model = models.SegNet(CLASSES, width=0.25)
ways = {"frozen": freeze_encoder, "full": unfreeze_encoder}
networks, times = {}, {way: [] for way in ways}
for turn in range(1 + ROUNDS):
    for way, prepare in ways.items():
        prepare(model)
        if way not in networks:
            networks[way] = keras.Model(model.inputs, model.outputs)
            training.compile_model(networks[way], optimizer=muon)
        began = time.process_time()
        networks[way].train_on_batch(images, labels)
        if turn:
            times[way].append(time.process_time() - began)
frozen, full = (statistics.median(times[way]) for way in ("frozen", "full"))
print(f"a step of {BATCH} images of {SIZE[0]}x{SIZE[1]}: frozen {1000 * frozen:.0f} ms, full {1000 * full:.0f} ms")
print(f"share: {frozen / full:.2f}")
