"""transformers' side of `npm run pal -- parity --llm FOLDER`.

Takes one task as JSON (bench/parity/whole-llm.ts), writes tensors to
`io.safetensors` and everything else to `texts.json` in the task's folder.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer


def texts_of(tokenizer, task):
    def ids(text):
        return tokenizer(text, add_special_tokens=False).input_ids

    def decoded(tokens):
        return tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False)

    rendered = [
        tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        for messages in task["chats"]
    ]
    strings = [ids(text) for text in task["strings"]]
    return {
        "version": f"transformers {transformers.__version__}, PyTorch {torch.__version__}",
        "strings": [{"ids": tokens, "decoded": decoded(tokens)} for tokens in strings],
        "chats": [{"text": text, "ids": ids(text)} for text in rendered],
    }


def tensors_of(model, prompts, n_new):
    """Greedy tokens in float32, as users have them; streams and scores in
    float64, which float32 rounds in its own way on each side."""
    found = {}
    for i, prompt in enumerate(prompts):
        given = torch.tensor([prompt])
        with torch.inference_mode():
            made = model.generate(
                given,
                attention_mask=torch.ones_like(given),
                do_sample=False,
                max_new_tokens=n_new,
                min_new_tokens=n_new,
                pad_token_id=0,
            )
        found[f"{i}.generated"] = made[:, given.shape[1] :]
    model.double()
    for i, prompt in enumerate(prompts):
        with torch.inference_mode():
            out = model(torch.tensor([prompt]), output_hidden_states=True)
        found[f"{i}.logits"] = out.logits.float()
        for layer, hidden in enumerate(out.hidden_states):
            found[f"{i}.hidden_{layer}"] = hidden.float()
    return {name: tensor.contiguous() for name, tensor in found.items()}


def main(task):
    tokenizer = AutoTokenizer.from_pretrained(task["model"])
    texts = texts_of(tokenizer, task)
    model = AutoModelForCausalLM.from_pretrained(
        task["model"], dtype=torch.float32, attn_implementation="eager"
    ).eval()
    model.generation_config.eos_token_id = None  # as many tokens as are asked for
    prompts = [chat["ids"] for chat in texts["chats"]]
    folder = Path(task["folder"])
    save_file(tensors_of(model, prompts, task["nNew"]), folder / "io.safetensors")
    (folder / "texts.json").write_text(json.dumps(texts))


main(json.loads(Path(sys.argv[1]).read_text()))
