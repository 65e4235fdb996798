"""PyTorch's side of `npm run bench -- train`: steps of a training on demand.

Takes one task as JSON (bench/train/tasks.ts); then each line of input asks for
steps, `{"steps": 5}`, and is answered with a line: times, losses and memory.
Weights, batches, rates and optimizer are those of bench/train/training.ts.
Eager, or through `torch.compile`, as the task's mode says.
"""

import json
import math
import sys
import time

import torch

from design import Places, block, loss_of, noise, start


class Batches:
    """Rows of two batches, from which each step's batch is made."""

    def __init__(self, task):
        self.B, self.answer = task["B"], task["answer"]
        T, rows = task["T"], 2 * task["B"]
        ids = [(i * i * 31 + i * 7) % 499 for i in range(rows * T)]
        self.tokens = torch.tensor(ids).view(rows, T)
        self.features = [
            noise((rows, cells_of(encoder), encoder["width"]), 1000 + e, 1)
            for e, encoder in enumerate(task["config"]["encoders"])
        ]

    def at(self, step):
        begin = step % 2 * self.B
        rows = slice(begin, begin + self.B)
        tokens = self.tokens[rows].clone()
        return {
            "tokens": tokens,
            "targets": tokens[:, -self.answer :].flatten(),
            "features": [x[rows].clone() for x in self.features],
        }


def cells_of(encoder):
    return encoder["grid"]["steps"] * encoder["grid"]["bands"]


def adamw_of(weights, adamw):
    groups = [
        {
            "params": [w for w in weights if w.dim() > 1],
            "weight_decay": adamw["weightDecay"],
        },
        {"params": [w for w in weights if w.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        betas=(adamw["beta1"], adamw["beta2"]),
        eps=adamw["epsilon"],
        fused=True,
    )


def rate_at(schedule, step):
    progress = step / schedule["steps"]
    return schedule["peakLearningRate"] / 2 * (1 + math.cos(math.pi * progress))


class Trainer:
    def __init__(self, task):
        self.task, self.step = task, 0
        self.model, self.weights = start(task)
        self.adamw = adamw_of(self.weights, task["adamw"])
        self.batches = Batches(task)
        self.places = Places(task["config"], task["T"])
        self.loss_of, self.block = loss_of, block
        if task["mode"] == "torch.compile":
            self.loss_of = torch.compile(loss_of, dynamic=False)
        if task["mode"] == "torch.compile, layers":
            self.block = torch.compile(block, dynamic=False)

    def next(self):
        rate = rate_at(self.task["schedule"], self.step)
        for group in self.adamw.param_groups:
            group["lr"] = rate
        batch = self.batches.at(self.step)
        self.adamw.zero_grad()
        loss = self.loss_of(self.model, batch, self.task, self.places, self.block)
        loss.backward()
        longest = self.task["adamw"]["maxGradientNorm"]
        torch.nn.utils.clip_grad_norm_(self.weights, longest)
        self.adamw.step()
        self.step += 1
        return loss.item()


def memory(line):
    """A line of the process's status, in MiB."""
    with open("/proc/self/status") as status:
        for found in status:
            if found.startswith(line):
                return int(found.split()[1]) / 1024
    raise RuntimeError(f"train.py: expected {line} in status, got none")


def answer(trainer, steps):
    times, processor, losses = [], [], []
    for _ in range(steps):
        began, used = time.perf_counter(), time.process_time()
        losses.append(trainer.next())
        times.append((time.perf_counter() - began) * 1000)
        processor.append((time.process_time() - used) * 1000)
    return {
        "times": times,
        "processor": processor,
        "losses": losses,
        "peakMiB": memory("VmHWM"),
        "heldMiB": memory("VmRSS"),
    }


def main():
    torch.set_num_threads(2)
    # As TensorFlow does: weights that attention leaves near 0 are slow else.
    torch.set_flush_denormal(True)
    threads = torch.get_num_threads()
    known = {
        "description": f"PyTorch {torch.__version__}, CPU, {threads} threads",
        "startMiB": memory("VmRSS"),
    }
    trainer = Trainer(json.loads(sys.argv[1]))
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")  # sets the peak back to what is held now
    for line in sys.stdin:
        told = answer(trainer, json.loads(line)["steps"])
        print(json.dumps({**known, **told}), flush=True)


if __name__ == "__main__":
    main()
