"""Pooling with indices and its inverse as plain loops: slow, independent of TensorFlow, and readable."""

import numpy as np


def max_pool(features, pool_size):
    """The maxima of the windows, and their indices in the window."""
    batch, height, width, channels = features.shape
    shape = (batch, -(-height // pool_size), -(-width // pool_size), channels)
    values, indices = np.zeros(shape, features.dtype), np.zeros(shape, np.uint8)
    for b, row, column, channel in np.ndindex(shape):
        best = None
        for i in range(pool_size):
            for j in range(pool_size):
                y, x = row * pool_size + i, column * pool_size + j
                if y < height and x < width and (best is None or features[b, y, x, channel] > best):
                    best = values[b, row, column, channel] = features[b, y, x, channel]
                    indices[b, row, column, channel] = i * pool_size + j
    return values, indices


def scatter(values, indices, pool_size, height, width):
    """Puts values where the indices point: unpooling, and the gradient of pooling."""
    spread = np.zeros((values.shape[0], height, width, values.shape[3]), values.dtype)
    for b, row, column, channel in np.ndindex(values.shape):
        i, j = divmod(int(indices[b, row, column, channel]), pool_size)
        spread[b, row * pool_size + i, column * pool_size + j, channel] = values[b, row, column, channel]
    return spread


def gather(features, indices, pool_size):
    """The elements that the indices point at: the gradient of unpooling."""
    picked = np.zeros(indices.shape, features.dtype)
    for b, row, column, channel in np.ndindex(indices.shape):
        i, j = divmod(int(indices[b, row, column, channel]), pool_size)
        picked[b, row, column, channel] = features[b, row * pool_size + i, column * pool_size + j, channel]
    return picked
