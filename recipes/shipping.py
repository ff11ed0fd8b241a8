"""Writing a checkpoint the way the Hub holds one: config.json, model.safetensors in float16, tokenizer, model card."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer, PreTrainedModel


def ship(model: PreTrainedModel, tokenizer_from: Path, folder: Path, longest: int = 512) -> None:
    """Write ``model`` and the tokenizer found in ``tokenizer_from`` into ``folder``.

    Weights are stored in float16; ``"dtype": "float32"`` in config.json lets every loader make them float32 again.
    ``longest`` is how many tokens the tokenizer cuts at when it is asked to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.detach() for name, value in model.state_dict().items()}
    tied = set(getattr(model, "all_tied_weights_keys", None) or ())
    kept = {
        name: value.to(torch.float16).contiguous().clone()
        for name, value in state.items()
        if name not in tied and value.is_floating_point()
    }
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    config = json.loads(model.config.to_json_string(use_diff=False))
    keep = set(json.loads(model.config.to_json_string(use_diff=True)))
    shape = {
        "vocab_size",
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
        "hidden_act",
    }
    shape |= {
        "max_position_embeddings",
        "type_vocab_size",
        "hidden_dropout_prob",
        "attention_probs_dropout_prob",
    }
    shape |= {"bos_token_id", "eos_token_id"} if model.config.model_type != "bert" else set()
    shape |= {"n_positions", "n_embd", "n_layer", "n_head", "n_inner", "activation_function", "layer_norm_epsilon"}
    shape |= {"layer_norm_eps", "initializer_range", "pad_token_id", "model_type", "id2label", "label2id"}
    written = {key: value for key, value in config.items() if key in keep | shape and value is not None}
    if "ForSequenceClassification" not in type(model).__name__:
        written.pop("id2label", None)
        written.pop("label2id", None)
    written.update(architectures=[type(model).__name__], dtype="float32")
    written.pop("_name_or_path", None)
    described = json.dumps(written, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / "config.json").write_text(described + "\n", encoding="utf8")
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_from)
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.model_max_length = longest
    tokenizer.save_pretrained(folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf8"))
    keep = ("do_lower_case", "cls_token", "sep_token", "pad_token", "mask_token", "unk_token")
    keep += ("bos_token", "eos_token", "add_prefix_space", "errors", "model_input_names")
    keep += ("model_max_length", "tokenizer_class", "strip_accents", "tokenize_chinese_chars", "backend")
    settings = {key: value for key, value in settings.items() if key in keep}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf8")
    for path in folder.iterdir():
        if path.suffix not in {".json", ".safetensors", ".md", ".jsonl"} or path.name == "special_tokens_map.json":
            path.unlink()
