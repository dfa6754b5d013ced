"""Models of stanza, trained in seconds on two sentences: `python tiny_stanza.py FOLDER`."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

#: Form, part of speech, head, relation; a sentence each.
SENTENCES = (
    "The/DET/2/det dog/NOUN/3/nsubj sleeps/VERB/0/root ./PUNCT/3/punct",
    "A/DET/2/det cat/NOUN/3/nsubj sees/VERB/0/root the/DET/5/det dog/NOUN/3/obj ./PUNCT/3/punct",
)
WORDS = [[word.split("/") for word in sentence.split()] for sentence in SENTENCES] * 8
FILES = {
    "tokenize": "en_tiny_nocharlm_tokenizer.pt",
    "pos": "en_tiny_nopretrain_tagger.pt",
    "lemma": "en_tiny_nocharlm_lemmatizer.pt",
    "depparse": "en_tiny_nopretrain_parser.pt",
}
_SMALL = "--hidden_dim 16 --word_emb_dim 8 --transformed_dim 8 --char_hidden_dim 8 --char_emb_dim 4"
_NET = (
    f"--no_pretrain --max_steps 120 --eval_interval 40 --lr 0.02 --tag_emb_dim 4 "
    f"--deep_biaff_hidden_dim 8 {_SMALL}"
)


def write_treebank() -> None:
    """Write the sentences as a treebank, as text, and as marks of where words end."""
    lines, marks, text = [], [], []
    for words in WORDS:
        for place, (form, upos, head, deprel) in enumerate(words, start=1):
            row = (place, form, form.lower(), upos, upos, "_", head, deprel, "_", "_")
            lines.append("\t".join(map(str, row)))
            marks.append("0" * (len(form) - 1) + ("2" if place == len(words) else "1") + "0")
            text.append(form)
        lines.append("")
    Path("t.conllu").write_text("\n".join(lines) + "\n", "utf-8")
    Path("t.txt").write_text(" ".join(text), "utf-8")
    Path("t.toklabels").write_text("".join(marks)[:-1], "utf-8")
    Path("mwt.json").write_text("[]", "utf-8")


def train() -> None:
    """Train the four models that a parse needs."""
    from stanza.models import lemmatizer, parser, tagger, tokenizer

    where = "--save_dir models --shorthand en_tiny --mode train --cpu"
    trees = "--train_file t.conllu --eval_file t.conllu --output_file out.conllu"
    tokenizer.main(
        f"{where} --lang en --txt_file t.txt --label_file t.toklabels --dev_txt_file t.txt "
        "--dev_label_file t.toklabels --dev_conll_gold t.conllu --conll_file out.conllu "
        "--mwt_json_file mwt.json --steps 200 --eval_steps 100 --max_seqlen 60 --hidden_dim 16 "
        "--emb_dim 8 --lr0 0.02".split()
    )
    tagger.main(f"{where} --lang en {trees} {_NET} --composite_deep_biaff_hidden_dim 8".split())
    parser.main(f"{where} --lang en {trees} {_NET}".split())
    lemmatizer.main(f"{where} {trees} --dict_only --num_epoch 1".split())


def main(folder: Path) -> None:
    """Make a folder that stanza takes for its resources."""
    work = folder / "work"
    work.mkdir(parents=True)
    os.chdir(work)
    write_treebank()
    train()
    for processor, file in FILES.items():
        (folder / "en" / processor).mkdir(parents=True)
        shutil.copy(work / "models" / file, folder / "en" / processor / "tiny.pt")
    packages = dict.fromkeys(FILES, "tiny")
    english = {"lang_name": "English", "packages": {"default": packages}}
    english |= {processor: {"tiny": {"md5": ""}} for processor in FILES}
    (folder / "resources.json").write_text(json.dumps({"en": english}), "utf-8")
    shutil.rmtree(work)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
