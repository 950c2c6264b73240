"""The two linear maps behind max pooling with indices, `gather` and `scatter`, and the pooling itself.

An index says where in its window the maximum was found: 0 to `k * k - 1`, row by row. Two bits would do for a 2x2
window (SegNet paper, section 3); a byte is the smallest type that TensorFlow computes with, an eighth of the int64
positions that `tf.nn.max_pool_with_argmax` gives, and nothing in it depends on the size of the image.

For fixed indices `gather` picks one element of each window, and `scatter` puts one element into each window and zeros
around it. They are each other's transpose, so each is the gradient of the other: pooling is differentiated by
`scatter`, unpooling by `gather`.

Everything is plain array arithmetic, so that it runs on any device, in any float type, eagerly, in graphs and under XLA
(which has no kernel for `max_pool_with_argmax`). `benchmarks/layers.py` compares its speed with the alternatives.
"""

from course_utils.backend import tf


def shape_of(tensor):
    """The shape of `tensor` as a list: Python ints where they are known, scalar tensors elsewhere."""
    dynamic = tf.shape(tensor)
    return [dynamic[axis] if size is None else size for axis, size in enumerate(tensor.shape)]


def _windows(features, pool_size):
    """Splits `[B, H, W, C]` into the `k * k` places of its windows, each `[B, ceil(H / k), ceil(W / k), C]`.

    Bottom and right are padded with minus infinity where the windows do not fit: a padded element never wins, not
    even against minus infinity, since it comes after a real one.
    """
    batch, height, width, channels = shape_of(features)
    rows, columns = -(-height // pool_size), -(-width // pool_size)
    bottom, right = rows * pool_size - height, columns * pool_size - width
    if not (isinstance(bottom, int) and isinstance(right, int) and bottom == right == 0):
        paddings = [[0, 0], [0, bottom], [0, right], [0, 0]]
        features = tf.pad(features, paddings, constant_values=tf.constant(float("-inf"), features.dtype))
    # Neighbours in a row lie side by side in memory: splitting the last axis copies whole runs, which is several times
    # faster than the strided slices features[:, i::k, j::k].
    lines = tf.reshape(features, [batch * rows, pool_size, columns, pool_size * channels])
    places = []
    for line in tf.unstack(lines, axis=1):
        places += tf.split(line, pool_size, axis=-1)
    return [tf.reshape(place, [batch, rows, columns, channels]) for place in places]


def max_pool(features, pool_size):
    """Maxima of the windows of `[B, H, W, C]` and their indices (uint8), both `[B, ceil(H / k), ceil(W / k), C]`.

    The first of equal values wins. The value is always the element that the index names.
    """

    @tf.custom_gradient
    def pool(features):
        # A knock-out tournament between neighbours: the later one must be greater to win, so that the first stays.
        players = [(place, index) for index, place in enumerate(_windows(features, pool_size))]
        while len(players) > 1:
            winners = [_winner(first, second) for first, second in zip(players[::2], players[1::2], strict=False)]
            players = winners + players[2 * len(winners) :]
        values, indices = players[0]
        if isinstance(indices, int):  # windows of one element
            indices = tf.zeros_like(values, tf.uint8)

        def gradient(values_gradient, _):
            return scatter(values_gradient, indices, pool_size, *shape_of(features)[1:3])

        return (values, indices), gradient

    return pool(features)


def _winner(first, second):
    (value, index), (other_value, other_index) = first, second
    greater = other_value > value
    if isinstance(index, int) and isinstance(other_index, int):
        other = tf.cast(greater, tf.uint8) * tf.constant(other_index - index, tf.uint8) + tf.constant(index, tf.uint8)
    else:
        other = tf.where(
            greater, tf.constant(other_index, tf.uint8) if isinstance(other_index, int) else other_index, index
        )
    return tf.where(greater, other_value, value), other


def gather(features, indices, pool_size):
    """The elements of `features` `[B, H, W, C]` that `indices` name, in the shape of `indices`."""

    @tf.custom_gradient
    def forward(features):
        first, *others = _windows(features, pool_size)
        picked = first
        for index, place in enumerate(others, start=1):
            picked = tf.where(tf.equal(indices, tf.constant(index, tf.uint8)), place, picked)

        def gradient(picked_gradient):
            return scatter(picked_gradient, indices, pool_size, *shape_of(features)[1:3])

        return picked, gradient

    return forward(features)


def scatter(values, indices, pool_size, height, width):
    """`[B, height, width, C]` with `values` at the places that `indices` name, and zeros elsewhere."""

    @tf.custom_gradient
    def forward(values):
        batch, rows, columns, channels = shape_of(values)
        window = [1, pool_size, 1, pool_size, 1]
        each = [batch * rows, 1, columns, 1, channels]
        places = tf.reshape(tf.constant(list(range(pool_size**2)), tf.uint8), window)
        chosen = tf.equal(tf.reshape(indices, each), places)
        spread = tf.where(chosen, tf.reshape(values, each), tf.zeros([], values.dtype))
        spread = tf.reshape(spread, [batch, rows * pool_size, columns * pool_size, channels])

        def gradient(spread_gradient):
            return gather(spread_gradient, indices, pool_size)

        return spread[:, :height, :width], gradient

    return forward(values)
