"""Weights that follow from their names, the same as bench/engine/weights.ts."""

import numpy as np


def noise(shape, seed, scale):
    i = np.arange(1, 1 + int(np.prod(shape)), dtype=np.float64)
    wave = 43758.5453 * np.sin(12.9898 * i + 78.233 * seed)
    return (scale * (2 * (wave - np.floor(wave)) - 1)).astype(np.float32).reshape(shape)


def draw(name, *shape):
    seed = 7
    for letter in name:
        seed = (31 * seed + ord(letter)) % 65_521
    return noise(shape, seed, 0.05)
