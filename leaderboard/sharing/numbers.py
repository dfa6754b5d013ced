"""All numbers as one tidy table: ``scores.csv``, a row an observation.

Rows of one result are made once and kept in the store; only those of boards are made in every
build. Floats are written in full, so that rounding them gives what pages show.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cefrbench import border
from cefrbench_leaderboard.boards import Board
from cefrbench_leaderboard.entry import Cell, Entry, Estimate
from cefrbench_leaderboard.figures import GAP_NAME
from cefrbench_leaderboard.published import Published

#: Columns and what they hold, in order.
COLUMNS: Mapping[str, str] = {
    "kind": "what the row is: corpus, score, gap, transfer, shift, price, place, difference, mean "
    "or reported",
    "suite": "suite that was run",
    "encoder": "name of the encoder",
    "slug": "the encoder in addresses; with the suite, one result",
    "role": "candidate, reference or control; only candidates are ranked",
    "complete": "yes where the result covers all of its suite",
    "cohort": "equal for results that were asked one question, on equal texts and splits",
    "parameters": "number of weights",
    "width": "numbers in one feature vector",
    "depth": "index of the last layer",
    "licence": "of the weights",
    "form": "standard, or study where layers are the oracle’s",
    "probe": "probe that the number is of",
    "favoured": "yes where it is the probe that stands for the result",
    "protocol": "how texts were split; empty for the gap",
    "distribution": "in (seen corpora) or out (unseen ones)",
    "corpus": "scored corpus or group; empty for the mean over corpora",
    "counted": "yes where the corpus is in the mean; groups are not",
    "languages": "of the corpus",
    "trained_on": "the one corpus of training, of transfers",
    "corpora": "of a shift: the corpora that it is the mean over",
    "labels": "of a price: labelled texts of each unseen corpus",
    "board": "of a place or difference: the board’s probe, or favoured",
    "section": "of a place: full, or the table of partial results",
    "claim": "of a place: rungs of the claim ladder passed",
    "claim_of": "of how many rungs",
    "main": "of a place: yes where the protocol ranks the board",
    "against": "of a difference: the reference that is taken away",
    "texts": "scored texts; of a corpus, its texts",
    "qwk": "quadratic weighted kappa; of a gap, in less out; of a difference, less the reference; "
    "of a mean, over candidates, in, out and the gap",
    "qwk_low": "low end of the 95 % interval",
    "qwk_high": "high end",
    "spearman": "rank correlation of the continuous score",
    "recut": "QWK of that score cut at the corpus’s own shares of levels",
    "macro_f1": "mean F1 over levels",
    "mae": "mean absolute error in levels",
    "r2": "share of variance explained",
    "accuracy": "share of exact levels",
    "adjacent": "share within one level",
    "layer_0_qwk": "QWK at the embedding output, which no choice may take",
    "oracle_qwk": "QWK had layer and penalty been chosen on the scored texts",
    "optimism": "how far the oracle lies above the choice",
    "layer_mean_qwk": "mean QWK over layers",
    "layers": "layers chosen, ascending",
    "penalties": "penalties chosen, ascending",
    "refits": "fits on resampled training texts behind the interval; 0: fits are held fixed",
    "rank": "one more than the number of entries shown to be better",
    "rank_low": "low end of the rank’s 95 % set",
    "rank_high": "high end",
    "page": "page of the result, below the root of the site",
}
_PLAIN = ("macro_f1", "mae", "r2", "accuracy", "adjacent", "spearman", "recut")

Row = dict[str, str | int | float | None]


def head() -> str:
    """First line of the table."""
    return _csv([], header=True)


def result_rows(entry: Entry) -> str:
    """Lines of one result: its corpora, scores, gaps and transfers."""
    return _csv(_of_result(entry))


def board_rows(boards: Iterable[Board], published: Published | None) -> str:
    """Lines of what depends on several results: places, ranks, differences; and reported ones."""
    rows = [row for board in boards for row in (*_of_board(board), *_means(board))]
    return _csv([*rows, *(_reported(published) if published else ())])


def _csv(rows: Iterable[Row], *, header: bool = False) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    if header:
        writer.writerow(COLUMNS)
    writer.writerows([_cell(row.get(name)) for name in COLUMNS] for row in rows)
    return out.getvalue()


def _cell(value: str | float | None) -> str:
    if value is None:
        return ""
    return border.cell(value) if isinstance(value, str) else repr(value)


# -- one result --------------------------------------------------------------------------------


def _of_result(entry: Entry) -> Iterator[Row]:
    base = _base(entry)
    for record in entry.corpora:
        languages = " ".join(record.card.languages)
        place: Row = {"corpus": record.card.name, "languages": languages, "texts": record.texts}
        yield {**base, "kind": "corpus", **place}
    sides = {card.name: card.distribution for card in entry.protocols}
    for cell in entry.cells:
        where: Row = {"protocol": cell.protocol, "distribution": sides[cell.protocol]}
        for row in _of_cell(cell):
            yield {**base, **_of_probe(entry, cell.probe), "kind": "score", **where, **row}
    for probe, gap in entry.gaps.items():
        yield {**base, **_of_probe(entry, probe), "kind": GAP_NAME, **_qwk(gap)}
    for one in entry.transfers:
        pair: Row = {"protocol": "pairwise", "trained_on": one.trained, "corpus": one.scored}
        own = _of_probe(entry, entry.favoured)
        yield {**base, **own, "kind": "transfer", **pair, "qwk": one.qwk}
    own = _of_probe(entry, entry.favoured)
    for rung in entry.shifts:
        where = {"protocol": rung.protocol, "corpora": " ".join(rung.corpora)}
        yield {**base, **own, "kind": "shift", **where, **_qwk(rung.qwk)}
    for price in entry.prices:
        yield {**base, **own, "kind": "price", "labels": price.labels, "qwk": price.qwk}


def _base(entry: Entry) -> Row:
    return {
        "suite": entry.suite,
        "encoder": entry.encoder,
        "slug": entry.slug,
        "role": entry.role,
        "complete": _yes(entry.complete),
        "cohort": entry.cohort,
        "parameters": entry.parameters,
        "width": entry.width,
        "depth": entry.depth,
        "licence": entry.licence,
        "form": entry.form,
        "page": entry.page,
    }


def _of_probe(entry: Entry, probe: str) -> Row:
    return {"probe": probe, "favoured": _yes(probe == entry.favoured)}


def _of_cell(cell: Cell) -> Iterator[Row]:
    """The mean over corpora, then each corpus."""
    record = cell.record
    yield {
        **_qwk(cell.qwk),
        **{name: getattr(cell.scores, name) for name in _PLAIN},
        "layer_0_qwk": cell.embedding,
        "oracle_qwk": record.oracle_qwk,
        "optimism": record.optimism,
        "layer_mean_qwk": record.layer_mean.qwk,
        "layers": _joined(cell.layers),
        "penalties": _joined(record.chosen_penalties),
    }
    for part in cell.corpora:
        yield {
            "corpus": part.corpus,
            "counted": _yes(part.corpus in record.corpora),
            "texts": part.n,
            **_qwk(part.qwk),
            "spearman": part.spearman,
            "recut": part.recut,
            "layer_0_qwk": part.embedding,
        }


def _qwk(it: Estimate) -> Row:
    return {"qwk": it.value, "qwk_low": it.low, "qwk_high": it.high, "refits": it.refits}


def _joined(values: Sequence[float]) -> str:
    return " ".join(map(repr, values))


def _yes(it: bool) -> str:
    return "yes" if it else "no"


# -- several results ---------------------------------------------------------------------------


def _of_board(board: Board) -> Iterator[Row]:
    for section in board.sections:
        for line in section.lines:
            place = {**_base(line.entry), **_of_probe(line.entry, line.probe)}
            place |= {"board": board.probe, "section": section.key}
            for protocol in line.cells:
                row = {**place, "kind": "place", "protocol": protocol}
                row["main"] = _yes(protocol == board.main)
                if line.claim is not None:
                    row |= {"claim": line.claim.height, "claim_of": len(line.claim.rungs)}
                rank = line.standings.get(protocol)
                if rank is not None:
                    row |= {"rank": rank.rank, "rank_low": rank.low, "rank_high": rank.high}
                yield row
            for reference, it in line.above.items():
                row = {**place, "kind": "difference", "protocol": board.main}
                yield {**row, "against": reference, **_qwk(it)}


def _means(board: Board) -> Iterator[Row]:
    """Means over candidates, as the headline says them."""
    for section in board.sections:
        mean = section.overall
        if mean is not None:
            place: Row = {"kind": "mean", "suite": board.suite, "board": board.probe}
            place["section"] = section.key
            yield {**place, "distribution": "in", **_qwk(mean.inside)}
            yield {**place, "distribution": "out", **_qwk(mean.outside)}
            yield {**place, **_qwk(mean.gap)}


def _reported(published: Published) -> Iterator[Row]:
    for row in published.rows:
        place: Row = {"kind": "reported", "encoder": row.encoder, "role": row.role}
        place |= {"suite": "paper", "probe": row.probe, "form": "study"}
        yield {**place, "distribution": "in", "qwk": row.iid, "layer_mean_qwk": row.iid_mean}
        yield {**place, "distribution": "out", "qwk": row.ood, "layer_mean_qwk": row.ood_mean}
