"""transformers' side of `npm run bench -- decoding`: greedy, with its cache.

Takes one task as JSON (bench/decoding/tasks.ts) and prints one answer as JSON.
The loop is written out so that each token has its time; the cache, attention
and products are the library's own.
"""

import json
import re
import sys
import time

import torch
import transformers
from transformers import AutoModelForCausalLM


def memory(line):
    with open("/proc/self/status") as status:
        kilobytes = re.search(rf"^{line}:\s+(\d+) kB$", status.read(), re.M)
    return int(kilobytes.group(1)) / 2**20


def main(task):
    dtype = getattr(torch, task["dtype"])
    model = AutoModelForCausalLM.from_pretrained(task["folder"], dtype=dtype)
    model.eval()
    loading = memory("VmHWM")
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")  # sets the peak back to what is held now
    tokens, at, cache = [], [], None
    given = torch.tensor([task["prompt"]])
    with torch.inference_mode():
        for _ in range(task["nNew"]):
            out = model(given, past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache = out.past_key_values
            given = out.logits[:, -1].argmax(-1, keepdim=True)
            tokens.append(given.item())
            at.append(time.perf_counter())
    generating = memory("VmHWM")
    versions = f"transformers {transformers.__version__}, PyTorch {torch.__version__}"
    return {
        "description": f"{versions}, CPU, {torch.get_num_threads()} threads",
        "tokens": tokens,
        "times": [1000 * (b - a) for a, b in zip(at, at[1:])],
        "parameters": sum(p.numel() for p in model.parameters()),
        "peakGiB": max(loading, generating),
        "generatingGiB": generating,
    }


print(json.dumps(main(json.loads(sys.argv[1]))))
