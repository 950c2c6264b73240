"""Bases for the patches of a score map: cosines under a tent, or principal components of a data set's segments.

Ghiasi and Fowlkes, "Laplacian pyramid reconstruction and refinement for semantic segmentation", ECCV 2016, section 3.
"""

import numpy as np

from course_utils.errors import CourseError


def cosine_bases(num_classes, num_bases=10, size=8):
    """The same patches for every class: bilinear interpolation first, then finer and finer detail.

    Patch `(u, v)` is the product of the bilinear kernel (a tent that falls to zero where neighbouring patches end) and
    a cosine with `u` half-waves down and `v` across; patches are ordered by `u**2 + v**2`. With the first one alone the
    reconstruction is bilinear upsampling. Use these bases for networks that have not seen a data set's segments yet.

    Example:

    ```python
    cosine_bases(3).shape  # (8, 8, 3, 10)
    ```

    Args:
        num_bases: patches per class, at most `size**2`.
        size: rows and columns of a patch, twice the upsampling factor.

    Returns:
        float32 `[size, size, num_classes, num_bases]`, values in -1..1.
    """
    places = (np.arange(size) + 0.5) / size
    waves = np.cos(np.pi * np.outer(np.arange(size), places)) * (1 - np.abs(2 * places - 1))
    order = sorted(np.ndindex(size, size), key=lambda wave: wave[0] ** 2 + wave[1] ** 2)[:num_bases]
    patches = np.stack([np.outer(waves[down], waves[across]) for down, across in order], axis=-1)
    return np.repeat(patches[:, :, np.newaxis], num_classes, axis=2).astype("float32")


def segment_bases(labels, num_classes, num_bases=10, size=8, patch_size=32, patches=2000, seed=0):
    """The principal components of each class's segments, seen through small windows.

    Windows are centred on random pixels of the class and hold 1 where the class is and 0 elsewhere. The bases are the
    singular vectors of the windows minus their mean, times the square roots of the singular values, averaged down to
    `size`. (The singular values are first divided by the square root of the number of windows, so that the bases do
    not grow with it; the authors' code does not divide, and resizes with Matlab's imresize.) If a class has too few
    windows for all its components, cosine bases take the remaining places.

    Example:

    ```python
    segment_bases([np.eye(40, dtype="uint8")], 2, num_bases=4).shape  # (8, 8, 2, 4)
    ```

    Args:
        labels: integer label maps `[height, width]`, each side at least `patch_size`; any iterable, read once.
        num_classes: classes are 0..num_classes - 1, other values are void.
        num_bases: components to keep; 10 in the authors' code.
        size: rows and columns of a basis.
        patch_size: rows and columns of a window in pixels, a multiple of `size`; 32 in the authors' code.
        patches: at most this many windows per class (10,000 in the authors' code); each map gives its share.
        seed: seed for choosing the windows.

    Returns:
        float32 `[size, size, num_classes, num_bases]`.

    Raises:
        CourseError: `patch_size` is not a multiple of `size`, or a map is smaller than a window.
    """
    if patch_size % size:
        raise CourseError(
            f"Windows of {patch_size} pixels cannot be averaged down to {size}: make patch_size a multiple of size."
        )
    labels = [np.asarray(label) for label in labels]
    if any(min(label.shape) < patch_size for label in labels):
        raise CourseError(
            f"Every label map must have at least {patch_size} rows and columns, as many as a window; "
            "pass larger maps or a smaller patch_size."
        )
    bases, generator = cosine_bases(num_classes, num_bases, size), np.random.default_rng(seed)
    for number in range(num_classes):
        windows = _windows([label == number for label in labels], patch_size, patches, generator)
        if len(windows) < 2:
            continue
        # The squared singular values of the windows are the eigenvalues of their covariance: faster to compute.
        variances, vectors = np.linalg.eigh(np.cov(windows, rowvar=False, bias=True))
        variances, vectors = variances[: -num_bases - 1 : -1], vectors[:, : -num_bases - 1 : -1]
        kept = int(np.sum(variances > 1e-9))
        components = (variances[:kept] ** 0.25 * vectors[:, :kept]).T
        step = patch_size // size
        components = components.reshape(kept, size, step, size, step).mean(axis=(2, 4))
        bases[:, :, number, :kept] = np.moveaxis(components, 0, -1)
    return bases


def _windows(masks, patch_size, patches, generator):
    """Windows around random pixels of the class, of which it fills at least 2 %: `[n, pixels]`.

    The authors' code draws windows anywhere and keeps those above the same limit, which takes more tries.
    """
    masks = [mask for mask in masks if mask.any()]
    share, windows = -(-patches // max(1, len(masks))), []
    for mask in masks:
        rows, columns = np.nonzero(mask)
        for pixel in generator.choice(len(rows), min(share, len(rows)), replace=False):
            corner = (rows[pixel] - patch_size // 2, columns[pixel] - patch_size // 2)
            top, left = np.clip(corner, 0, np.array(mask.shape) - patch_size)
            window = mask[top : top + patch_size, left : left + patch_size]
            if window.mean() >= 0.02:
                windows.append(window.ravel())
    return np.array(windows[:patches], dtype="float32")
