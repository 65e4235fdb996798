"""PyTorch's side of `npm run bench -- encoders`: the same networks, plainly.

Says its version on the first line; answers each task, a line of JSON, with a
line of JSON. Weights come from the formula of bench/encoders/networks.ts by
the official names; operations are PyTorch's own fused ones where it has them.
"""

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F


def wave(shape, middle, spread):
    size = torch.Size(shape).numel()
    i = torch.arange(1, size + 1, dtype=torch.float64)
    return (middle + spread * torch.sin(12.9898 * i)).float().view(shape)


def matrix(*shape):
    fan_in = torch.Size(shape).numel() / shape[0]
    return wave(shape, 0, (2 / fan_in) ** 0.5)


def linear(inputs, outputs):
    return matrix(outputs, inputs), wave((outputs,), 0, 0.05)


def norm(width):
    return (width,), wave((width,), 1, 0.05), wave((width,), 0, 0.05)


def block(width, mlp_width, qkv):
    return {
        "norm1": norm(width),
        "qkv": qkv,
        "out": linear(width, width),
        "norm2": norm(width),
        "up": linear(width, mlp_width),
        "down": linear(mlp_width, width),
    }


def attend(x, block, heads, bias=None):
    B, M, E = x.shape
    q, k, v = F.linear(x, *block["qkv"]).view(B, M, 3, heads, E // heads).permute(2, 0, 3, 1, 4)
    z = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
    return F.linear(z.transpose(1, 2).reshape(B, M, E), *block["out"])


def mlp(x, block):
    return F.linear(F.gelu(F.linear(x, *block["up"])), *block["down"])


class Sslam:
    shape, middle, spread = (1024, 128), 0, 0.7

    def __init__(self, width=768, layers=12, heads=12, patch=16, eps=1e-6):
        self.heads, self.patch, self.eps = heads, patch, eps
        self.conv = matrix(width, 1, patch, patch), wave((width,), 0, 0.05)
        # All stored positions: a matrix's spread depends on its size.
        self.positions = matrix(1, 768 * 8, width)
        self.cls = matrix(1, 1, width)
        self.norm = norm(width)
        self.blocks = [block(width, 4 * width, linear(width, 3 * width)) for _ in range(layers)]

    def __call__(self, mel):
        x = F.conv2d(mel[:, None], *self.conv, stride=self.patch).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), -1, -1), x + self.positions[:, : x.shape[1]]], 1)
        x = F.layer_norm(x, *self.norm, self.eps)
        for b in self.blocks:
            x = F.layer_norm(x + attend(x, b, self.heads), *b["norm1"], self.eps)
            x = F.layer_norm(x + mlp(x, b), *b["norm2"], self.eps)
        return x[:, 1:]


class Htsat:
    shape, middle, spread = (1001, 64), -30, 20

    def __init__(self, width=128, depths=(2, 2, 12, 2), heads=(4, 8, 16, 32), patch=4, window=8, eps=1e-5):
        self.heads, self.patch, self.window, self.eps = heads, patch, window, eps
        L = self.shape[1]
        mean, var = wave((L,), 0, 0.05), wave((L,), 100, 0.05)
        self.batch_norm = mean, var, wave((L,), 1, 0.05), wave((L,), 0, 0.05)
        self.conv = matrix(width, 1, patch, patch), wave((width,), 0, 0.05)
        self.patch_norm = norm(width)
        self.stages = []
        for s, depth in enumerate(depths):
            grid = 256 // patch // 2**s
            stage = {"blocks": [], "merge": None}
            for b in range(depth):
                weight, bias = linear(width, width)
                one = block(width, 4 * width, (torch.cat([weight] * 3), torch.cat([bias] * 3)))
                one["shift"] = window // 2 if b % 2 and grid > window else 0
                one["bias"] = self.bias(heads[s], grid, one["shift"])
                stage["blocks"].append(one)
            if s < len(depths) - 1:
                stage["merge"] = norm(4 * width), matrix(2 * width, 4 * width)
                width *= 2
            self.stages.append(stage)
        self.norm = norm(width)

    def bias(self, heads, grid, shift):
        w = self.window
        table = matrix((2 * w - 1) ** 2, heads)
        row, column = torch.arange(w * w) // w, torch.arange(w * w) % w
        rows, columns = row[:, None] - row + w - 1, column[:, None] - column + w - 1
        bias = table[rows * (2 * w - 1) + columns].permute(2, 0, 1)[None]
        if shift == 0:
            return bias
        region = torch.zeros(grid)
        region[-w:] = 1
        region[-shift:] = 2
        region = self.cut((3 * region[:, None] + region)[None, :, :, None]).view(-1, w * w)
        apart = (region[:, :, None] != region[:, None, :]).float() * -100
        return bias + apart[:, None]

    def cut(self, x):
        B, G, _, E = x.shape
        n, w = G // self.window, self.window
        return x.view(B, n, w, n, w, E).transpose(2, 3).reshape(B * n * n, w * w, E)

    def join(self, x, B, G):
        n, w = G // self.window, self.window
        return x.view(B, n, n, w, w, -1).transpose(2, 3).reshape(B, G, G, -1)

    def run_block(self, x, b, heads):
        B, G, _, _ = x.shape
        shift = b["shift"]
        z = F.layer_norm(x, *b["norm1"], self.eps)
        z = self.cut(torch.roll(z, (-shift, -shift), (1, 2)) if shift else z)
        bias = b["bias"].repeat(B, 1, 1, 1) if shift else b["bias"]
        z = self.join(attend(z, b, heads, bias), B, G)
        x = x + (torch.roll(z, (shift, shift), (1, 2)) if shift else z)
        return x + mlp(F.layer_norm(x, *b["norm2"], self.eps), b)

    def __call__(self, mel):
        B = len(mel)
        x = F.batch_norm(mel.transpose(1, 2), *self.batch_norm, eps=self.eps).transpose(1, 2)
        x = F.interpolate(x[:, None], (1024, 64), mode="bicubic", align_corners=True)
        x = x.view(B, 4, 256, 64).transpose(2, 3).reshape(B, 1, 256, 256)
        x = F.conv2d(x, *self.conv, stride=self.patch).permute(0, 2, 3, 1)
        x = F.layer_norm(x, *self.patch_norm, self.eps)
        for stage, heads in zip(self.stages, self.heads):
            for b in stage["blocks"]:
                x = self.run_block(x, b, heads)
            if stage["merge"]:
                merge_norm, weight = stage["merge"]
                x = torch.cat([x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]], -1)
                x = F.linear(F.layer_norm(x, *merge_norm, self.eps), weight)
        return F.layer_norm(x, *self.norm, self.eps)


def answer(task, model):
    mel = wave((task["B"], *model.shape), model.middle, model.spread)
    times = []
    for _ in range(task["runs"]):
        start = time.perf_counter()
        features = model(mel)
        times.append(1000 * (time.perf_counter() - start))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"times": times, "mean": features.abs().mean().item(), "peak": peak}


def main():
    threads = torch.get_num_threads()
    print(json.dumps({"version": f"PyTorch {torch.__version__}, CPU, {threads} threads"}), flush=True)
    with torch.inference_mode():
        model = {"sslam": Sslam, "htsat": Htsat}[sys.argv[1]]()
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line), model)), flush=True)


main()
