"""PyTorch's side of `npm run bench -- step`: the same designs and step, eager.

Takes one task as JSON (bench/step/tasks.ts) and prints one answer as JSON.
Weights, batch and optimizer are those of bench/step/child.ts; frozen weights
ask for no gradient, and AdamW is PyTorch's fused one.
"""

import json
import sys
import time

import torch

from design import Places, loss_of, noise, start


def batch_of(task):
    B, T = task["B"], task["T"]
    [encoder] = task["config"]["encoders"]
    P = encoder["grid"]["steps"] * encoder["grid"]["bands"]
    tokens = torch.tensor([(i * i * 31 + i * 7) % 50 for i in range(B * T)]).view(B, T)
    return {
        "tokens": tokens,
        "targets": tokens[:, -task["answer"] :].flatten(),
        "features": [noise((B, P, encoder["width"]), 1000, 1)],
    }


def adamw_of(weights):
    groups = [
        {"params": [w for w in weights if w.dim() > 1], "weight_decay": 0.01},
        {"params": [w for w in weights if w.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=1e-3,
        betas=(0.9, 0.98),
        eps=1e-8,
        fused=True,
    )


def train(task):
    model, weights = start(task)
    adamw = adamw_of(weights)
    batch = batch_of(task)
    places = Places(task["config"], task["T"])
    times, losses = [], []
    for _ in range(task["warmUp"] + task["steps"]):
        began = time.perf_counter()
        adamw.zero_grad()
        loss = loss_of(model, batch, task, places)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        adamw.step()
        losses.append(loss.item())
        times.append((time.perf_counter() - began) * 1000)
    return {"times": times[task["warmUp"] :], "losses": losses[:2]}


def main():
    torch.set_num_threads(2)
    # As TensorFlow does: weights that attention leaves near 0 are slow else.
    torch.set_flush_denormal(True)
    answer = train(json.loads(sys.argv[1]))
    threads = torch.get_num_threads()
    description = f"PyTorch {torch.__version__}, CPU, {threads} threads"
    print(json.dumps({"description": description, **answer}))


if __name__ == "__main__":
    main()
