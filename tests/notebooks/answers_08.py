"""Answers to the exercises of notebook 08: right ones of another shape, and wrong ones."""

import numpy as np
from scipy import spatial, special

from course_utils.backend import tf


def nothing(*arguments):
    return None


def kernel_by_loops(image, alpha, beta, roots=True, diagonal=0.0, square=True, flip=False, late=False, channels=None):
    height, width, _ = image.shape
    n = height * width
    g = np.zeros((n, n))
    colors = image[..., :channels]
    for i in range(n):
        for j in range(n):
            p, q = ((k % height, k // height) if flip else (k // width, k % width) for k in (i, j))
            far, unlike = (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2, np.sum((colors[p] - colors[q]) ** 2)
            far, unlike = (far, unlike) if square else (np.sqrt(far), np.sqrt(unlike))
            g[i, j] = np.exp(-far / (2 * alpha**2) - unlike / (2 * beta**2))
    if late:
        np.fill_diagonal(g, 0)
    sums = g.sum(axis=1)
    g = g / np.sqrt(sums[:, None] * sums) if roots else g / sums[:, None]
    np.fill_diagonal(g, np.diag(g) * diagonal)
    return g


def kernel_by_scipy(image, alpha, beta):
    height, width, channels = image.shape
    rows, columns = np.mgrid[:height, :width]
    x = np.c_[rows.ravel() / alpha, columns.ravel() / alpha, image.reshape(-1, channels) / beta]
    g = np.exp(-spatial.distance.cdist(x, x, "sqeuclidean") / 2)
    d = np.diag(g.sum(axis=0) ** -0.5)
    g = d @ g @ d
    return g - np.diag(np.diag(g))


def kernel_in_place(image, alpha, beta):
    found = kernel_by_loops(image, alpha, beta)
    image /= beta
    return found


def energy_by_loops(x, z, k, mu, sign=-1, pairs=lambda i, n: range(i + 1, n), cost=lambda mu, a, b: mu[a, b]):
    total = sum(sign * z[i, label] for i, label in enumerate(x))
    for i in range(len(x)):
        for j in pairs(i, len(x)):
            total += k[i, j] * cost(mu, x[i], x[j])
    return float(total)


def energy_by_one_hot(x, z, k, mu):
    chosen = np.eye(z.shape[1])[x]
    return -np.sum(chosen * z) + np.sum(np.triu(k) * (chosen @ mu @ chosen.T))


def energy_in_place(x, z, k, mu):
    result = energy_by_one_hot(x, z, k, mu)
    k *= 0.5
    return result


def step_by_loops(q, z, k, mu, sign=-1, self_too=0.0, transpose=False):
    result = np.zeros_like(z)
    for i in range(len(z)):
        message = sum((k[i, j] + self_too * (i == j)) * (mu @ q[j]) for j in range(len(z)))
        result[i] = special.softmax(z[i] + sign * message)
    return result.T if transpose else result


def step_by_tensorflow(q, z, k, mu):
    return tf.nn.softmax(z - tf.einsum("ij,jm,lm->il", k, q, mu))


def step_in_turns(q, z, k, mu):
    q = q.copy()
    for i in range(len(q)):
        q[i] = special.softmax(z[i] - k[i] @ q @ mu)
    return q


def step_in_place(q, z, k, mu):
    q[:] = step_by_loops(q, z, k, mu)
    return q


def settled(z, k, mu, sweeps, order=lambda n: range(n), start=lambda z: special.softmax(z, axis=1), at_once=False):
    q = start(z)
    for _ in range(sweeps):
        heard = q.copy() if at_once else q
        for i in order(len(q)):
            q[i] = special.softmax(z[i] - k[i] @ heard @ mu)
    return q


def settled_by_messages(z, k, mu, sweeps):
    q = special.softmax(z, axis=1)
    message = k @ q @ mu
    for _ in range(sweeps):
        for i in range(len(q)):
            new = special.softmax(z[i] - message[i])
            message = message + np.outer(k[:, i], (new - q[i]) @ mu)
            q[i] = new
    return q


def settled_in_place(z, k, mu, sweeps):
    q = settled(z, k, mu, sweeps)
    z[:] = q
    return q


def settled_by_damping(z, k, mu, sweeps):
    q = special.softmax(z, axis=1)
    for _ in range(sweeps):
        q = (q + special.softmax(z - k @ q @ mu, axis=1)) / 2
    return q


def settled_without_care(z, k, mu, sweeps):
    q = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    for _ in range(sweeps):
        for i in range(len(q)):
            x = np.exp(z[i] - k[i] @ q @ mu)
            q[i] = x / x.sum()
    return q


def kernel_of_factors(image, alpha, beta):
    """Positions along each axis and colours as factors of their own, in single precision."""
    height, width, _ = image.shape
    n = height * width
    rows, columns = (
        np.exp(-(np.subtract.outer(i, i) ** 2) / (2 * alpha**2)) for i in (np.arange(height), np.arange(width))
    )
    apart = image.reshape(n, 1, -1) - image.reshape(1, n, -1)
    g = (np.kron(rows, columns) * np.exp(-np.square(apart).sum(-1) / beta**2 / 2)).astype(np.float32)
    strength = 1 / np.sqrt(g.sum(axis=1))
    return np.where(np.eye(n, dtype=bool), 0, g * strength * strength[:, None])


def energy_of_probabilities(x, z, k, mu):
    """The unary term is -log softmax instead of -logit."""
    return energy_by_one_hot(x, special.log_softmax(z, axis=1), k, mu)


def step_by_logarithms(q, z, k, mu):
    x = z - np.einsum("ij,jm,ml->il", k, q, mu)
    return np.exp(x - special.logsumexp(x, axis=1, keepdims=True)).tolist()


def settled_by_lists(z, k, mu, sweeps):
    q = [special.softmax(row) for row in z]
    for number in range(sweeps * len(q)):
        i = number % len(q)
        heard = sum(k[i, j] * (q[j] @ mu) for j in range(len(q)))
        q[i] = special.softmax(z[i] - heard)
    return q


RIGHT = [
    ("kernel", kernel_by_loops),
    ("kernel", kernel_by_scipy),
    ("kernel", lambda image, a, b: tf.constant(kernel_by_scipy(image, a, b))),
    ("energy", energy_by_loops),
    ("energy", energy_by_one_hot),
    ("energy", lambda x, z, k, mu: tf.constant(energy_by_one_hot(x, z, k, mu))),
    ("step", step_by_loops),
    ("step", step_by_tensorflow),
    ("step", lambda q, z, k, mu: special.softmax(z - k @ (q @ mu), axis=1)),
    ("settle", settled),
    ("settle", settled_by_messages),
    ("settle", lambda *given: settled(*given).tolist()),
    ("kernel", kernel_of_factors),
    ("energy", lambda x, z, k, mu: np.float32([energy_by_loops(x, z, k, mu)])[0]),
    ("step", step_by_logarithms),
    ("settle", settled_by_lists),
]
PARTLY = [
    ("kernel", lambda image, a, b: kernel_by_loops(image, a, b, channels=1), 1),
    ("step", lambda q, z, k, mu: np.exp(z - k @ q @ mu) / np.exp(z - k @ q @ mu).sum(1, keepdims=True), 1.5),
]
WRONG = [
    ("kernel", nothing),
    ("kernel", lambda image, a, b: np.array([[0, 1], [1, 0]]) * np.exp(-0.625) / (1 + np.exp(-0.625))),
    ("kernel", lambda image, a, b: kernel_by_loops(image, b, a)),
    ("kernel", lambda image, a, b: kernel_by_loops(image, a, b, roots=False)),
    ("kernel", lambda image, a, b: kernel_by_loops(image, a, b, diagonal=1.0)),
    ("kernel", lambda image, a, b: kernel_by_loops(image, a, b, late=True)),
    ("kernel", lambda image, a, b: kernel_by_loops(image, a, b, square=False)),
    ("kernel", lambda image, a, b: kernel_by_loops(image, a, 1e9)),
    ("kernel", lambda image, a, b: kernel_by_loops(image.swapaxes(0, 1), a, b)),
    ("kernel", lambda image, a, b: kernel_by_loops(image, a * 2**0.5, b * 2**0.5)),
    ("kernel", kernel_in_place),
    ("energy", nothing),
    ("energy", lambda x, z, k, mu: -3.0),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, k, mu, sign=1)),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, k, mu, pairs=lambda i, n: range(n))),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, k, mu, pairs=lambda i, n: range(i + 1, min(i + 2, n)))),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, k, mu, cost=lambda mu, a, b: a != b)),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, k, mu, cost=lambda mu, a, b: (a != b) * mu[a, b])),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, k, mu, cost=lambda mu, a, b: 1 - mu[a, b])),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, k, mu, cost=lambda mu, a, b: abs(int(a) - int(b)))),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, k, mu, cost=lambda mu, a, b: mu[0, 1])),
    ("energy", lambda x, z, k, mu: energy_by_loops(x[:-1], z, k, mu)),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, 0 * k, mu)),
    ("energy", energy_in_place),
    ("step", nothing),
    ("step", lambda q, z, k, mu: special.softmax([[1.0, 0.0], [0.0, 0.0]], axis=1)),
    ("step", lambda q, z, k, mu: special.softmax(z, axis=1)),
    ("step", lambda q, z, k, mu: step_by_loops(q, z, k, mu, sign=1)),
    ("step", lambda q, z, k, mu: step_by_loops(q, z, k, mu, self_too=1.0)),
    ("step", lambda q, z, k, mu: step_by_loops(q, z, k, mu, transpose=True)),
    ("step", lambda q, z, k, mu: step_by_loops(q, z, k, 1 - np.eye(len(mu)))),
    ("step", lambda q, z, k, mu: step_by_loops(z, q, k, mu)),
    ("step", lambda q, z, k, mu: special.softmax(z - k @ q @ mu, axis=0)),
    ("step", lambda q, z, k, mu: special.softmax(z - k @ q @ mu)),
    ("step", lambda q, z, k, mu: special.softmax(q - k @ q @ mu, axis=1)),
    ("step", lambda q, z, k, mu: z - k @ q @ mu),
    ("step", step_in_turns),
    ("step", step_in_place),
    ("settle", nothing),
    ("settle", lambda z, k, mu, sweeps: special.softmax(z, axis=1)),
    ("settle", lambda *given: settled(*given, at_once=True)),
    ("settle", lambda *given: settled(*given, order=lambda n: range(n)[::-1])),
    ("settle", lambda *given: settled(*given, start=lambda z: np.full(z.shape, 1 / z.shape[1]))),
    ("settle", lambda z, k, mu, sweeps: settled(z, k, mu, 1)),
    ("settle", lambda z, k, mu, sweeps: settled(z, k, mu, sweeps + 1)),
    ("settle", lambda z, k, mu, sweeps: settled(z, k, 1 - np.eye(len(mu)), sweeps)),
    ("settle", lambda z, k, mu, sweeps: settled(z, -k, mu, sweeps)),
    ("settle", settled_by_damping),
    ("settle", settled_without_care),
    ("settle", settled_in_place),
    ("kernel", lambda image, a, b: kernel_by_loops(image, a**0.5, b**0.5)),
    ("energy", energy_of_probabilities),
    ("step", lambda q, z, k, mu: special.softmax(np.log(q + 1e-12) - k @ q @ mu, axis=1)),
    ("settle", lambda *given: settled(*given, order=lambda n: [*range(0, n, 2), *range(1, n, 2)])),
]
