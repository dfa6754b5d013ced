"""From a corpus to its essays: raw rows are checked, cleaned, levelled, and counted."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

from cefrbench.contracts.cards import CorpusCard
from cefrbench.contracts.corpus import Access, Corpus, Row, Rows, Skip
from cefrbench.corpora.files import known_files, read_rows
from cefrbench.corpora.licences import stricter
from cefrbench.corpora.questions import kind_of, row_faults
from cefrbench.doors import writable
from cefrbench.errors import CorpusError, UserError, contained
from cefrbench.essays import CleaningReport, Essays
from cefrbench.levels import Level, ParsedLevel, parse_level
from cefrbench.mapped import keep_texts

#: Offending values kept for the report, by reason.
EXAMPLES = 3
NO_ACCESS = Access()


def load_essays(
    corpus: Corpus,
    *,
    sample: bool = False,
    data_dir: Path | None = None,
    access: Access = NO_ACCESS,
    limit: int | None = None,
    seed: int = 42,
    read_level: Callable[[object], ParsedLevel] = parse_level,
) -> Essays:
    """Load one corpus and clean it; what is dropped is counted by reason.

    Parameters
    ----------
    corpus : Corpus
    sample : bool
        Take the invented rows that the corpus ships.
    data_dir : Path, optional
        Read ``DIR/<name>.json`` or the files in ``DIR/<name>`` where they are, instead of
        asking the corpus for its rows.
    access : Access
        How the corpus may reach its data.
    limit : int, optional
        Most rows to keep: a choice by ``seed`` among the usable ones, in the order of the source.
    seed : int
    read_level : callable
        What makes a level of a row's ``cefr_level``.

    Raises
    ------
    CorpusError
        When the rows can't be reached, a row is malformed, or none is usable.
    """
    paths = () if sample or data_dir is None else known_files(data_dir, corpus.name)
    if paths:
        # What a file holds is anybody's guess: the sieve checks every row.
        opened = Rows(cast("Iterable[Row]", read_rows(*paths)))
        where = ", ".join(repr(str(path)) for path in paths[:2]) + ", …" * (len(paths) > 2)
    else:
        opened, where = _open(corpus, sample, data_dir, access)
    essays = clean_rows(corpus, opened, where, limit=limit, seed=seed, read_level=read_level)
    if sample:
        # Samples are ours to give away, whatever the licence of the corpus is.
        return replace(essays, card=corpus.card, source="sample")
    return replace(essays, source="file" if paths or corpus.card.hub is None else "hub")


def raw_rows(corpus: Corpus, access: Access) -> Iterator[Row]:
    """Give the rows of a corpus as its own source has them.

    Raises
    ------
    CorpusError
        When they can't be reached, or the plugin fails.
    """
    try:
        with contained():
            yield from corpus.rows(access).rows
    except UserError:
        raise
    except Exception as error:
        raise _broken_plugin(corpus, error) from error


def _open(corpus: Corpus, sample: bool, data_dir: Path | None, access: Access) -> tuple[Rows, str]:
    """Have the corpus open its rows, and say where they come from."""
    try:
        with contained():
            rows = corpus.sample() if sample else corpus.rows(access)
    except UserError as error:
        if data_dir is None or sample:
            raise
        raise CorpusError(
            f"There is no file of {corpus.name!r} in {str(data_dir)!r}, and its own source fails: "
            f"{error}"
        ) from error
    except Exception as error:
        raise _broken_plugin(corpus, error) from error
    if rows is None:
        raise CorpusError(
            f"Corpus {corpus.name!r} ships no sample: leave it out, or give --data-dir."
        )
    return rows, f"the sample of {corpus.name!r}" if sample else f"corpus {corpus.name!r}"


def clean_rows(
    corpus: Corpus,
    source: Rows,
    where: str,
    *,
    limit: int | None = None,
    seed: int = 42,
    read_level: Callable[[object], ParsedLevel] = parse_level,
) -> Essays:
    """Clean rows by a corpus's rules; the card then knows the licence of the rows.

    Raises
    ------
    CorpusError
        When a row is malformed, or none is usable.
    """
    sieve = _Sieve(corpus, where, read_level)
    try:
        with contained():
            for number, row in enumerate(source.rows, start=1):
                sieve.take(number, row)
    except UserError:
        raise
    except Exception as error:
        raise _broken_plugin(corpus, error) from error
    if limit is not None:
        sieve.limit(limit, seed)
    return replace(sieve.essays(source.revision), card=sieve.card())


def _broken_plugin(corpus: Corpus, error: Exception) -> CorpusError:
    return CorpusError(
        f"Corpus {corpus.name!r} failed while it gave its rows ({type(error).__name__}: {error}): "
        "that is a fault of its plugin; `cefrbench plugins` names where it comes from."
    )


#: Fields of a row that results repeat.
_NAMED = ("cefr_level", "lang", "license", "title")


class _Sieve:
    """Collects the rows of one corpus that have a text and a level; counts the others."""

    def __init__(
        self, corpus: Corpus, where: str, read_level: Callable[[object], ParsedLevel]
    ) -> None:
        self._corpus = corpus
        self._where = where
        self._read_level = read_level
        self._rows = 0
        #: Text, level, language, author, task and title of each row that is kept.
        self._kept: list[tuple[str, Level, str, str | None, str | None, str | None]] = []
        self._dropped: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}
        self._licences: set[str] = set()

    def take(self, number: int, raw: object) -> None:
        """Keep one row of the source, or count why not."""
        self._rows += 1
        row = self._corpus.clean(self._checked(number, raw))
        if isinstance(row, Skip):
            self._dropped[row.reason] += 1
            return
        for field in _NAMED:
            if isinstance(value := row.get(field), str) and not writable(value):
                raise CorpusError(
                    f"The field {field!r} of row {number} of {self._where} has the value "
                    f"{ascii(value)[:80]} with half a surrogate pair, which is no text: write "
                    "it in UTF-8."
                )
        text, level = row["text"], self._read_level(row["cefr_level"])
        if not isinstance(text, str) or not text.strip():
            self._dropped["empty text"] += 1
        elif not writable(text):
            self._dropped["broken Unicode"] += 1
        elif level.level is None:
            self._drop_level(level.reason, row["cefr_level"])
        else:
            author = self._name("author", self._corpus.author(row), number)
            task = self._name("task", self._corpus.task(row), number)
            title = row.get("title")
            title = sys.intern(title) if isinstance(title, str) else None
            language = sys.intern(str(row["lang"]))
            self._kept.append((text, level.level, language, author, task, title))
            if isinstance(licence := row.get("license"), str) and licence:
                self._licences.add(licence)

    def _name(self, what: str, value: object, number: int) -> str | None:
        """Read an author's or a task's name; numbers are names, an empty string is none."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        name = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(name, str) or not writable(name):
            raise CorpusError(
                f"The {what} of row {number} of {self._where} is {kind_of(value)} "
                f"({ascii(value)[:40]}): it must be a name, or null where there is none."
            )
        return sys.intern(name.strip())

    def _checked(self, number: int, row: object) -> Row:
        for fault in row_faults(row):
            value = f" ({fault.value})" if fault.value else ""
            raise CorpusError(f"Row {number} of {self._where} {fault.what}{value}: {fault.need}.")
        return cast("Row", row)

    def _drop_level(self, reason: str, value: object) -> None:
        self._dropped[reason] += 1
        examples = self._examples.setdefault(reason, [])
        if len(examples) < EXAMPLES and (shown := str(value)[:40]) not in examples:
            examples.append(shown)

    def limit(self, most: int, seed: int) -> None:
        """Choose ``most`` of the rows that were kept."""
        over = len(self._kept) - most
        if over > 0:
            chosen = sorted(random.Random(seed).sample(range(len(self._kept)), most))
            self._kept = [self._kept[i] for i in chosen]
            self._dropped["over the limit"] = over

    def essays(self, revision: str | None) -> Essays:
        """Close the sieve."""
        if not self._kept:
            raise CorpusError(
                f"No row of {self._where} is usable: of {self._rows} rows, {self._reasons()}; "
                "texts with levels from A1 to C2 were expected."
            )
        report = CleaningReport(
            rows=self._rows,
            kept=len(self._kept),
            dropped=dict(sorted(self._dropped.items())),
            examples={reason: tuple(found) for reason, found in sorted(self._examples.items())},
        )
        texts, levels, languages, authors, tasks, titles = zip(*self._kept, strict=True)
        return Essays(
            card=self._corpus.card,
            texts=keep_texts(texts),
            levels=levels,
            languages=languages,
            authors=authors,
            tasks=tasks,
            titles=titles,
            report=report,
            revision=revision,
        )

    def card(self) -> CorpusCard:
        """The card, with licence and languages of the rows where it doesn't know them yet."""
        card = _with_row_licence(self._corpus.card, self._licences)
        spoken = tuple(sorted({row[2] for row in self._kept}))
        if card.languages != ("und",) or not spoken:
            return card
        return card.model_copy(update={"languages": spoken})

    def _reasons(self) -> str:
        if not self._dropped:
            return "none was given"
        return ", ".join(
            f"{count} dropped for {reason!r}" + _shown(self._examples.get(reason))
            for reason, count in self._dropped.most_common()
        )


def _with_row_licence(card: CorpusCard, found: Iterable[str]) -> CorpusCard:
    licences = sorted(found)
    if not licences or card.licence_rows is not None:
        return card
    effective: str | None = card.licence
    for licence in licences:
        effective = stricter(effective, licence)
    update = {"licence": effective, "licence_rows": ", ".join(licences)}
    return card.model_copy(update=update)


def _shown(examples: list[str] | None) -> str:
    return f" ({', '.join(repr(e) for e in examples)})" if examples else ""
