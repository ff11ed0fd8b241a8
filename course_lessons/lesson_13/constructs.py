"""Code of older documents beside today's: one table of constructs, each with its outcome in the tested versions.

`CONSTRUCTS` says for each construct its old form, what that form does today (the error, or what it gives), the modern
form, and the cell of the last lesson that shows both. `outcome` runs a form, `changed_constructs` compares the whole
table with the versions that are installed here. The old forms are short programs of the course's own; they run in
this process, without a network.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from course_utils.checkpoints import pocket_folder
from course_utils.messages import shorten, text

TESTED_WITH = {"transformers": "5.24.0", "datasets": "5.2.0"}
"""The versions whose outcomes `CONSTRUCTS` holds."""

RUNS = "runs"
"""The outcome of a form that raises nothing."""

LONGEST = 110
"""Characters of an error that are kept."""


@dataclass(frozen=True)
class Construct:
    """Something that older documents write and that no longer does what it did.

    Attributes:
        key: a short name, unique; also the key of its explanation, `then_and_now.why.KEY`.
        old: the old form; it may use the names of `bench`.
        outcome: the class of today's error, or "runs".
        says: how today's message begins, or how the result of a form that runs begins.
        new: today's form.
        section: section of the last lesson that shows it.
        cell: the cell that does.
        items: items of the documents it stands in; empty if it is met elsewhere.
        lesson: number of the lesson that teaches today's form, such as "08".
        marks: facts (`code_reader.facts`) by which it is recognised in a text; `*` stands for anything.
        telling: which line of the old form stands for it, counted as Python counts; by default the last.
    """

    key: str
    old: str
    outcome: str
    says: str
    new: str
    section: int
    cell: str
    items: tuple[str, ...] = ()
    lesson: str = ""
    marks: tuple[str, ...] = ()
    telling: int = -1

    @property
    def line(self) -> str:
        """The line of the old form that stands for it.

        >>> construct("adamw").line
        'from transformers import AdamW'
        """
        return self.old.splitlines()[self.telling]

    @property
    def why(self) -> str:
        """What became of it, in a sentence or two, in the learner's language."""
        return text(f"then_and_now.why.{self.key}")


@dataclass(frozen=True)
class Outcome:
    """What running a form gave: the class of the error, or "runs"; and its message, or the result as text."""

    kind: str
    says: str

    def __str__(self) -> str:
        """Both in one line.

        >>> print(Outcome("KeyError", "no such task"))
        KeyError: no such task
        """
        return f"{self.kind}: {self.says}" if self.says else self.kind


@dataclass(frozen=True)
class Change:
    """A construct whose outcome here is not the one of the tested versions."""

    construct: Construct
    now: Outcome

    def __str__(self) -> str:
        """In words: which construct, what it did in the tested version, what it does here."""
        was = f"{self.construct.outcome}: {self.construct.says}"
        return text("then_and_now.change", line=self.construct.line, was=was, now=self.now, tested=versions_stated())


CONSTRUCTS = (
    # --- names that are gone ---------------------------------------------------------------------------------
    Construct(
        "adamw",
        "from transformers import AdamW",
        "ImportError",
        "cannot import name 'AdamW' from 'transformers'",
        "from torch.optim import AdamW\n\noptimizer = AdamW(model.parameters(), lr=5e-5, weight_decay=0.0)",
        1,
        "first-errors",
        ("004-91", "004-92"),
        "08",
        ("import transformers.AdamW",),
    ),
    Construct(
        "create-optimizer",
        "from transformers import create_optimizer",
        "ImportError",
        "cannot import name 'create_optimizer' from 'transformers'",
        "from torch.optim import AdamW\nfrom transformers import get_scheduler\n\n"
        "optimizer = AdamW(model.parameters(), lr=5e-5)\n"
        'schedule = get_scheduler("linear", optimizer, num_warmup_steps=0, num_training_steps=steps)',
        6,
        "tensorflow-names",
        (),
        "08",
        ("import transformers.create_optimizer", "import transformers.AdamWeightDecay"),
    ),
    Construct(
        "load-metric",
        "from datasets import load_metric",
        "ImportError",
        "cannot import name 'load_metric' from 'datasets'",
        "from sklearn.metrics import accuracy_score, f1_score",
        3,
        "metrics-gone",
        (),
        "07",
        ("import datasets.load_metric",),
    ),
    Construct(
        "evaluate-load",
        'import evaluate\nevaluate.load("glue", "mrpc")',
        "ModuleNotFoundError",
        "No module named 'evaluate'",
        "from sklearn.metrics import accuracy_score, f1_score",
        3,
        "metrics-gone",
        (),
        "07",
        ("import evaluate", "import evaluate.*"),
    ),
    Construct(
        "encode-plus",
        "tokenizer.encode_plus(sentence)",
        "AttributeError",
        "BertTokenizer has no attribute encode_plus",
        "tokenizer(sentence)",
        3,
        "methods-gone",
        (),
        "04",
        ("attribute encode_plus",),
    ),
    Construct(
        "batch-encode-plus",
        "tokenizer.batch_encode_plus([sentence, sentence])",
        "AttributeError",
        "BertTokenizer has no attribute batch_encode_plus",
        "tokenizer([sentence, sentence])",
        3,
        "methods-gone",
        (),
        "04",
        ("attribute batch_encode_plus",),
    ),
    Construct(
        "prepare-for-model",
        "ids = tokenizer.convert_tokens_to_ids(tokenizer.tokenize(sentence))\ntokenizer.prepare_for_model(ids)",
        "AttributeError",
        "BertTokenizer has no attribute prepare_for_model",
        "tokenizer(sentence)",
        3,
        "methods-gone",
        (),
        "04",
        ("attribute prepare_for_model", "attribute build_inputs_with_special_tokens"),
    ),
    Construct(
        "trainer-tokenizer",
        "from transformers import Trainer\nTrainer(model=classifier, tokenizer=tokenizer)",
        "TypeError",
        "Trainer.__init__() got an unexpected keyword argument 'tokenizer'",
        "Trainer(model=classifier, processing_class=tokenizer)",
        3,
        "arguments-gone",
        (),
        "07",
        ("keyword Trainer.tokenizer",),
    ),
    Construct(
        "evaluation-strategy",
        'from transformers import TrainingArguments\nTrainingArguments("runs", evaluation_strategy="epoch")',
        "TypeError",
        "TrainingArguments.__init__() got an unexpected keyword argument 'evaluation_strategy'",
        'TrainingArguments("runs", eval_strategy="epoch")',
        3,
        "arguments-gone",
        (),
        "07",
        ("keyword *.evaluation_strategy",),
    ),
    Construct(
        "no-cuda",
        'from transformers import TrainingArguments\nTrainingArguments("runs", no_cuda=True)',
        "TypeError",
        "TrainingArguments.__init__() got an unexpected keyword argument 'no_cuda'",
        'TrainingArguments("runs", use_cpu=True)',
        3,
        "more-arguments",
        (),
        "07",
        ("keyword *.no_cuda",),
    ),
    Construct(
        "group-by-length",
        'from transformers import TrainingArguments\nTrainingArguments("runs", group_by_length=True)',
        "TypeError",
        "TrainingArguments.__init__() got an unexpected keyword argument 'group_by_length'",
        'TrainingArguments("runs", train_sampling_strategy="group_by_length")',
        3,
        "more-arguments",
        (),
        "06",
        ("keyword *.group_by_length",),
    ),
    Construct(
        "warmup-ratio",
        'from transformers import TrainingArguments\nTrainingArguments("runs", warmup_ratio=0.1)',
        "TypeError",
        "TrainingArguments.__init__() got an unexpected keyword argument 'warmup_ratio'",
        'TrainingArguments("runs", warmup_steps=0.1)',
        3,
        "more-arguments",
        (),
        "07",
        ("keyword *.warmup_ratio",),
    ),
    Construct(
        "overwrite-output-dir",
        'from transformers import TrainingArguments\nTrainingArguments("runs", overwrite_output_dir=True)',
        "TypeError",
        "TrainingArguments.__init__() got an unexpected keyword argument 'overwrite_output_dir'",
        'TrainingArguments("runs")',
        3,
        "more-arguments",
        (),
        "07",
        ("keyword *.overwrite_output_dir",),
    ),
    Construct(
        "load-glue",
        'from datasets import load_dataset\nload_dataset("glue", "mrpc")',
        "ConnectionError",
        "Couldn't reach 'glue' on the Hub",
        'load_dataset("csv", data_files="pairs.csv")  # a table of your own\n'
        'load_dataset("nyu-mll/glue", "mrpc")  # with a network',
        3,
        "data-gone",
        ("004-93",),
        "06",
        ("call load_dataset glue",),
    ),
    # --- the same call, another answer -----------------------------------------------------------------------
    Construct(
        "column",
        'tokenizer(rows["sentence1"])',
        "ValueError",
        "text input must be of type `str`",
        'tokenizer(rows[:]["sentence1"])\ntokenizer(list(rows["sentence1"]))',
        4,
        "column-refused",
        ("004-96", "004-98"),
        "06",
        ("column given to a tokenizer",),
    ),
    Construct(
        "map-batch",
        "rows.map(tokenize, batch=True)",
        "TypeError",
        "Dataset.map() got an unexpected keyword argument 'batch'",
        "rows.map(tokenize, batched=True)",
        2,
        "slips-mended",
        ("004-100",),
        "06",
        ("keyword map.batch",),
    ),
    Construct(
        "cache-item",
        "gpt(**opening).past_key_values[0][0]",
        "TypeError",
        "'DynamicCache' object is not subscriptable",
        "gpt(**opening).cache.layers[0].keys  # before version 5.24: past_key_values",
        4,
        "cache-refused",
        ("000-07",),
        "11",
        ("item past_key_values",),
    ),
    Construct(
        "cache-tuple",
        "cache = gpt(**opening).past_key_values\n"
        "old_cache = tuple((layer.keys, layer.values) for layer in cache.layers)\n"
        "gpt(next_id, past_key_values=old_cache)",
        "AttributeError",
        "'tuple' object has no attribute 'get_seq_length'",
        "from transformers import DynamicCache\n\ncache = DynamicCache()\n"
        "for number, (keys, values) in enumerate(old_cache):\n    cache.update(keys, values, number)\n"
        "gpt(next_id, cache=cache)  # before version 5.24: past_key_values=cache",
        4,
        "cache-refused",
        (),
        "11",
        ("attribute to_legacy_cache", "attribute from_legacy_cache"),
    ),
    Construct(
        "cache-name",
        '"past_key_values" in list(gpt(**opening))',
        RUNS,
        "False",
        "from transformers import DynamicCache\n\noutput = gpt(**opening)\n"
        "name = next(field for field, value in output.items() if isinstance(value, DynamicCache))\n"
        "gpt(next_id, **{name: output[name]})",
        4,
        "cache-name",
        ("000-07",),
        "11",
        ("attribute past_key_values", "keyword *.past_key_values"),
    ),
    Construct(
        "attentions",
        "len(body(**inputs, output_attentions=True).attentions)",
        RUNS,
        "0",
        'AutoModel.from_pretrained(name, attn_implementation="eager")',
        4,
        "attentions-empty",
        ("000-04",),
        "11",
        ("keyword *.output_attentions",),
    ),
    Construct(
        "decode-spaces",
        'tokenizer.decode(tokenizer(sentence)["input_ids"])',
        RUNS,
        '"[CLS] i \' ve been waiting for a huggingface course my whole life. [SEP]"',
        'tokenizer.decode(tokenizer(sentence)["input_ids"], clean_up_tokenization_spaces=True)',
        4,
        "spaces-left",
        ("004-88",),
        "04",
    ),
    Construct(
        "one-axis",
        'body(torch.tensor(tokenizer(sentence)["input_ids"]))',
        "ValueError",
        "not enough values to unpack (expected 2, got 1)",
        'body(torch.tensor([tokenizer(sentence)["input_ids"]]))',
        4,
        "one-axis",
        ("004-72",),
        "05",
    ),
    Construct(
        "mask-token",
        'fill("The capital of France is [MASK].")',
        "PipelineException",
        "No mask_token (<mask>) found on the input",
        'fill(f"The capital of France is {fill.tokenizer.mask_token}.")',
        4,
        "mask-refused",
        ("002-05",),
        "00",
        ("text *[[]MASK]*",),
    ),
    Construct(
        "weights-file",
        "body.save_pretrained(folder, safe_serialization=False)\nsorted(os.listdir(folder))",
        RUNS,
        "['config.json', 'model.safetensors']",
        "body.save_pretrained(folder)",
        4,
        "files-written",
        ("001-24", "004-53"),
        "03",
        ("keyword *.safe_serialization", "text *pytorch_model.bin*"),
        telling=0,
    ),
    Construct(
        "tokenizer-files",
        "tokenizer.save_pretrained(folder)\nsorted(os.listdir(folder))",
        RUNS,
        "['tokenizer.json', 'tokenizer_config.json']",
        "tokenizer.save_pretrained(folder)",
        4,
        "files-written",
        ("004-66",),
        "04",
        ("text *vocab.txt*", "text *special_tokens_map.json*"),
        telling=0,
    ),
    Construct(
        "all-scores",
        "len(classify(sentence, return_all_scores=True))",
        RUNS,
        "1",
        "classify(sentence, top_k=None)",
        4,
        "switches",
        (),
        "10",
        ("keyword *.return_all_scores",),
    ),
    Construct(
        "grouped-entities",
        "name_entities(sentence, grouped_entities=True)",
        "TypeError",
        "TokenClassificationPipeline._sanitize_parameters() got an unexpected keyword argument 'grouped_entities'",
        'name_entities(sentence, aggregation_strategy="simple")',
        4,
        "switches",
        (),
        "00",
        ("keyword *.grouped_entities",),
    ),
    # --- pipelines that are gone -----------------------------------------------------------------------------
    Construct(
        "question-answering",
        'from transformers import pipeline\npipeline("question-answering")',
        "KeyError",
        "The task question-answering has been removed from transformers",
        "from transformers import AutoModelForQuestionAnswering\n\n"
        "model = AutoModelForQuestionAnswering.from_pretrained(name)\n"
        "output = model(**tokenizer(question, context, return_tensors='pt'))\n"
        "output.start_logits, output.end_logits",
        5,
        "tasks-gone",
        ("004-06",),
        "00",
        ("call pipeline question-answering", "import transformers.QuestionAnsweringPipeline"),
    ),
    Construct(
        "summarization",
        'from transformers import pipeline\npipeline("summarization")',
        "KeyError",
        "The task summarization has been removed from transformers",
        "from transformers import AutoModelForSeq2SeqLM\n\n"
        "model = AutoModelForSeq2SeqLM.from_pretrained(name)\n"
        "ids = model.generate(**tokenizer(text, return_tensors='pt'), max_new_tokens=60)\n"
        "tokenizer.batch_decode(ids, skip_special_tokens=True)",
        5,
        "tasks-gone",
        ("004-04",),
        "00",
        ("call pipeline summarization", "import transformers.SummarizationPipeline"),
    ),
    Construct(
        "translation",
        'from transformers import pipeline\npipeline("translation_en_to_fr")',
        "KeyError",
        "The task translation_en_to_fr has been removed from transformers",
        "from transformers import AutoModelForSeq2SeqLM\n\n"
        "model = AutoModelForSeq2SeqLM.from_pretrained(name)\n"
        "ids = model.generate(**tokenizer(text, return_tensors='pt'), max_new_tokens=60)\n"
        "tokenizer.batch_decode(ids, skip_special_tokens=True)",
        5,
        "tasks-gone",
        ("002-03", "004-04"),
        "00",
        ("call pipeline translation*", "import transformers.TranslationPipeline"),
    ),
    Construct(
        "text2text",
        'from transformers import pipeline\npipeline("text2text-generation")',
        "KeyError",
        "The task text2text-generation has been removed from transformers",
        "from transformers import AutoModelForSeq2SeqLM\n\n"
        "model = AutoModelForSeq2SeqLM.from_pretrained(name)\n"
        "ids = model.generate(**tokenizer(text, return_tensors='pt'), max_new_tokens=60)\n"
        "tokenizer.batch_decode(ids, skip_special_tokens=True)",
        5,
        "tasks-gone",
        (),
        "00",
        ("call pipeline text2text-generation", "import transformers.Text2TextGenerationPipeline"),
    ),
    # --- TensorFlow ------------------------------------------------------------------------------------------
    Construct(
        "tf-model",
        "from transformers import TFAutoModel",
        "ImportError",
        "cannot import name 'TFAutoModel' from 'transformers'",
        "from transformers import AutoModel",
        6,
        "tensorflow-names",
        ("004-10",),
        "01",
        ("import transformers.TF*", "import transformers.Flax*"),
    ),
    Construct(
        "tf-tensors",
        'tokenizer("Hello world!", return_tensors="tf")',
        "ValueError",
        "tf is not a valid TensorType",
        'tokenizer("Hello world!", return_tensors="pt")',
        6,
        "tensorflow-names",
        ("004-10", "004-86", "001-05"),
        "01",
        ("keyword *.return_tensors=tf",),
    ),
    Construct(
        "tf-collator",
        "from transformers import DataCollatorWithPadding\n"
        'collate = DataCollatorWithPadding(tokenizer, return_tensors="tf")\n'
        "collate([tokenizer(sentence)])",
        "ValueError",
        "tf is not a valid TensorType",
        "DataCollatorWithPadding(tokenizer)",
        6,
        "tf-collator",
        ("004-103", "004-105"),
        "06",
        ("keyword DataCollatorWithPadding.return_tensors=tf",),
        telling=1,
    ),
    Construct(
        "tf-dataset",
        'rows.to_tf_dataset(columns=["label"], batch_size=2)',
        "ImportError",
        "Called a Tensorflow-specific function but Tensorflow is not installed",
        "from torch.utils.data import DataLoader\n\nDataLoader(rows, batch_size=8, shuffle=True, collate_fn=collate)",
        6,
        "tf-dataset",
        ("004-106",),
        "06",
        ("attribute to_tf_dataset", "attribute prepare_tf_dataset"),
    ),
    Construct(
        "keras-compile",
        'classifier.compile(optimizer="adam", loss="sparse_categorical_crossentropy")',
        "TypeError",
        "compile() got an unexpected keyword argument",
        "Trainer(model, args, train_dataset=rows, processing_class=tokenizer)  # or a loop",
        6,
        "keras-fit",
        ("004-106",),
        "07",
        ("keyword compile.loss", "keyword compile.optimizer", "import tensorflow*", "import keras*"),
    ),
    Construct(
        "keras-fit",
        "classifier.fit(rows)",
        "AttributeError",
        "'BertForSequenceClassification' object has no attribute 'fit'",
        "Trainer(model, args, train_dataset=rows, processing_class=tokenizer).train()",
        6,
        "keras-fit",
        ("004-106",),
        "07",
        ("keyword fit.validation_data", "keyword fit.epochs"),
    ),
)
"""All constructs, in the order of the lesson's sections where that serves the reader."""


def construct(key: str) -> Construct:
    """The construct with this key; a KeyError where there is none.

    >>> construct("encode-plus").new
    'tokenizer(sentence)'
    """
    return {each.key: each for each in CONSTRUCTS}[key]


def versions_stated() -> str:
    """The versions of `TESTED_WITH` in words.

    >>> versions_stated()
    'transformers 5.24.0, datasets 5.2.0'
    """
    return ", ".join(f"{package} {number}" for package, number in TESTED_WITH.items())


def installed() -> str:
    """The installed versions of the same packages in words.

    >>> "transformers" in installed()
    True
    """
    found = []
    for package in TESTED_WITH:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} ?")
    return ", ".join(found)


def said(error: BaseException) -> str:
    """The first line of an error's message, without quotes around it and without places of this machine.

    >>> said(KeyError("no such task"))
    'no such task'
    >>> said(ImportError("cannot import name 'x' from 'y' (/somewhere/y.py)"))
    "cannot import name 'x' from 'y'"
    """
    words = error.args[0] if isinstance(error, KeyError) and error.args else error
    words = words.msg if isinstance(words, SyntaxError) else words
    lines = str(words).strip().splitlines() or [""]
    return _cut(re.sub(r"\s*\((?:[A-Za-z]:)?[\\/][^)]*\)", "", lines[0]))


def _cut(words: str) -> str:
    """A long message cut to its whole sentences, or where the first is long itself, to its whole words."""
    if len(words) <= LONGEST:
        return words
    kept = words[:LONGEST]
    if ". " in kept:
        return kept[: kept.rindex(". ") + 1]
    return kept.rsplit(" ", 1)[0] + " …"


@contextlib.contextmanager
def told(name: str) -> Iterator[None]:
    """Run a block; whether it raises or not, print one line: the name, the class of the error, its message.

    Warnings are left out: which of them come depends on the version of the library.

    >>> with told("AdamW"):
    ...     from transformers import AdamW
    AdamW | ImportError | cannot import name 'AdamW' from 'transformers'
    >>> with told("sum"):
    ...     total = 1 + 1
    sum | runs
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Exception as error:  # whatever the old form raises is what the reader should see
        print(f"{name} | {type(error).__name__} | {said(error)}")
    else:
        print(f"{name} | {RUNS}")


def outcome(code: str, names: Mapping[str, Any] | None = None) -> Outcome:
    """Run a piece of code as a cell would, quietly, and say what came of it.

    Only for code that you know: it is run, not just read.

    Args:
        code: Python; the value of a last expression is the result.
        names: what the code may use; it sees a copy.
    Returns:
        The class of the error and the beginning of its message, or "runs" and the result as text.

    >>> print(outcome("40 + 2"))
    runs: 42
    >>> print(outcome("from transformers import BertConig"))
    ImportError: cannot import name 'BertConig' from 'transformers'
    >>> print(outcome("print('unfinished)"))
    SyntaxError: unterminated string literal (detected at line 1)
    """
    space: dict[str, Any] = dict(names or {})
    quiet = io.StringIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "<old form>", "exec"), space)
            result = None
            if isinstance(last, ast.Expr):
                result = eval(compile(ast.Expression(last.value), "<old form>", "eval"), space)
    except Exception as error:  # any error is an answer here
        return Outcome(type(error).__name__, said(error))
    return Outcome(RUNS, "" if result is None else shorten(repr(result).splitlines()[0], LONGEST))


@cache
def bench() -> Mapping[str, Any]:
    """What the old forms work on: the pocket tokenizer, a table of four rows, and tiny models with random weights.

    Made once. Names: tokenizer, sentence, inputs, rows, tokenize, body, classifier, gpt, opening, next_id, fill,
    classify, name_entities, torch, os.

    >>> bench()["rows"].column_names
    ['sentence1', 'sentence2', 'label']
    """
    import os

    import torch
    from datasets import ClassLabel, Dataset, Features, Value
    from transformers import (
        AutoTokenizer,
        BertConfig,
        BertForMaskedLM,
        BertForSequenceClassification,
        BertForTokenClassification,
        BertModel,
        GPT2Config,
        GPT2LMHeadModel,
        pipeline,
    )

    folder = str(pocket_folder("pocket-bert-uncased"))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    sentence = "I've been waiting for a HuggingFace course my whole life."
    first = ["A dog sleeps.", "It rains again.", "She sings.", "The film was long."]
    second = ["A dog is asleep.", "The sun is out.", "She is singing.", "The film was short."]
    features = Features(
        {
            "sentence1": Value("string"),
            "sentence2": Value("string"),
            "label": ClassLabel(names=["not_equivalent", "equivalent"]),
        }
    )
    rows = Dataset.from_dict({"sentence1": first, "sentence2": second, "label": [1, 0, 1, 0]}, features=features)
    state = torch.random.get_rng_state()
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    small = BertConfig(**sizes)
    other_mask = AutoTokenizer.from_pretrained(folder, mask_token="<mask>")
    body = BertModel(small).eval()
    classifier = BertForSequenceClassification(small).eval()
    filler = BertForMaskedLM(BertConfig(vocab_size=len(other_mask), **sizes)).eval()
    namer = BertForTokenClassification(small).eval()
    decoder = GPT2Config(
        vocab_size=tokenizer.vocab_size, n_embd=32, n_layer=2, n_head=2, bos_token_id=101, eos_token_id=102
    )
    gpt = GPT2LMHeadModel(decoder).eval()
    torch.random.set_rng_state(state)
    return {
        "tokenizer": tokenizer,
        "sentence": sentence,
        "inputs": tokenizer(sentence, return_tensors="pt"),
        "rows": rows,
        "tokenize": lambda row: tokenizer(row["sentence1"]),
        "body": body,
        "classifier": classifier,
        "gpt": gpt,
        "opening": {"input_ids": tokenizer("a long film", add_special_tokens=False, return_tensors="pt")["input_ids"]},
        "next_id": torch.tensor([[2003]]),
        "fill": pipeline("fill-mask", model=filler, tokenizer=other_mask, device="cpu"),
        "classify": pipeline("text-classification", model=classifier, tokenizer=tokenizer, device="cpu"),
        "name_entities": pipeline("token-classification", model=namer, tokenizer=tokenizer, device="cpu"),
        "torch": torch,
        "os": os,
    }


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Nothing inside the block asks the Hub, whatever the mode of the course; afterwards all is as before.

    >>> import datasets
    >>> with offline():
    ...     datasets.config.HF_HUB_OFFLINE
    True
    """
    import datasets
    from huggingface_hub import constants

    places = ((constants, "HF_HUB_OFFLINE"), (datasets.config, "HF_HUB_OFFLINE"))
    before = [getattr(place, name) for place, name in places]
    for place, name in places:
        setattr(place, name, True)
    try:
        yield
    finally:
        for (place, name), value in zip(places, before, strict=True):
            setattr(place, name, value)


def outcome_of(old: Construct) -> Outcome:
    """What the old form of a construct does in the versions installed here; without a network, and quick.

    >>> print(outcome_of(construct("batch-encode-plus")))
    AttributeError: BertTokenizer has no attribute batch_encode_plus
    """
    with offline(), tempfile.TemporaryDirectory() as folder:
        return outcome(old.old, {**bench(), "folder": folder})


def as_stated(old: Construct, now: Outcome) -> bool:
    """Whether an outcome is the one that the table states.

    >>> as_stated(construct("encode-plus"), Outcome("runs", "{'input_ids': [101, 102]}"))
    False
    """
    return now.kind == old.outcome and now.says.startswith(old.says)


def all_outcomes() -> list[tuple[Construct, Outcome]]:
    """Every construct with what its old form does here, in the order of the table. Takes a second or two."""
    return [(each, outcome_of(each)) for each in CONSTRUCTS]


def changed_constructs(outcomes: Sequence[tuple[Construct, Outcome]] | None = None) -> list[Change]:
    """The constructs that behave otherwise in the installed versions than in the tested ones; empty where none does.

    Args:
        outcomes: what `all_outcomes` gave, where it is at hand; by default all old forms are run now.

    >>> now = [(construct("encode-plus"), Outcome("runs", "{'input_ids': [101, 102]}"))]
    >>> print(changed_constructs(now)[0])  # doctest: +ELLIPSIS
    tokenizer.encode_plus(sentence) gave, with transformers 5.24.0, datasets 5.2.0: AttributeError: ...
    """
    tried = all_outcomes() if outcomes is None else outcomes
    return [Change(old, now) for old, now in tried if not as_stated(old, now)]
