"""Weights that follow from their names, the same as bench/engine/weights.ts."""

import torch


def noise(shape, seed, scale):
    i = torch.arange(1, 1 + torch.Size(shape).numel(), dtype=torch.float64)
    wave = 43758.5453 * torch.sin(12.9898 * i + 78.233 * seed)
    return (scale * (2 * (wave - wave.floor()) - 1)).float().view(shape)


def draw(name, *shape):
    seed = 7
    for letter in name:
        seed = (31 * seed + ord(letter)) % 65_521
    return noise(shape, seed, 0.05)
