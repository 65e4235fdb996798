"""Weights that follow from their names, the same as bench/engine/weights.ts."""

import numpy as np


# Numbers that are drawn before they come again.
PERIOD = 2**18


def noise(shape, seed, scale):
    n = int(np.prod(shape))
    i = np.arange(1, 1 + min(n, PERIOD), dtype=np.float64)
    wave = 43758.5453 * np.sin(12.9898 * i + 78.233 * seed)
    drawn = (scale * (2 * (wave - np.floor(wave)) - 1)).astype(np.float32)
    return np.resize(drawn, n).reshape(shape)


def draw(name, *shape):
    seed = 7
    for letter in name:
        seed = (31 * seed + ord(letter)) % 65_521
    return noise(shape, seed, 0.05)
