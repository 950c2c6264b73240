"""Random numbers that are the same on every machine.

NumPy guarantees the raw stream of PCG64, but not what its distributions make of it from one version to the next, and
`exp`, `sin` or `normal` may differ in their last bit between processors. So everything here is built from the raw
64-bit words with exact arithmetic alone.
"""

import math

import numpy as np

_UNIT = 2.0**-24


class RandomSource:
    """A stream of random numbers.

    Args:
        *key: integers >= 0, e.g. `(seed, split, index)`. Equal keys give equal streams, others independent ones.
    """

    def __init__(self, *key: int):
        self._bits = np.random.PCG64(np.random.SeedSequence(key))
        self._pool: list[float] = []

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """A number in [low, high)."""
        if not self._pool:
            self._pool = ((self._bits.random_raw(1024) >> np.uint64(40)) * _UNIT).tolist()
        return low + (high - low) * self._pool.pop()

    def bell(self, mean: float, spread: float) -> float:
        """A number around `mean` with standard deviation `spread`: a sum of four uniform ones (Irwin-Hall)."""
        return mean + spread * math.sqrt(3) * (sum(self.uniform() for _ in range(4)) - 2)

    def integer(self, low: int, high: int) -> int:
        """An integer in low..high, both included."""
        return low + int(self.uniform() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        return self.uniform() < probability

    def pick(self, options):
        """One of a sequence."""
        return options[int(self.uniform() * len(options))]

    def weighted(self, options):
        """One of `[(option, weight), ...]`, with probability in proportion to its weight."""
        at = self.uniform(0, sum(weight for _, weight in options))
        for option, weight in options:
            at -= weight
            if at < 0:
                return option
        return options[-1][0]

    def noise(self, *shape: int) -> np.ndarray:
        """Bell-shaped integer noise, int16 of the given shape: mean 0, standard deviation about 148.

        Each value is the sum of four uniform bytes (Irwin-Hall), so it stays exact.
        """
        count = math.prod(shape)
        octets = self._bits.random_raw((count + 1) // 2).astype("<u8").view(np.uint8)[: 4 * count].reshape(4, count)
        total = octets[0].astype(np.int16)
        for part in octets[1:]:
            total += part
        return (total - 510).reshape(shape)
