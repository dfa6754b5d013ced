"""What leaves: nothing that a terminal obeys, that can't be seen, or that a spreadsheet runs."""

import ast
import csv
import io
import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from result_factory import make_result, write_made
from rich.table import Table
from rich.text import Text

from cefrbench.border import cell, console, plain, plain_json, plain_lines
from cefrbench.cli import main
from cefrbench.results.export import to_corpus_csv, to_csv, to_means_csv
from cefrbench.results.markup import escape_latex, escape_markdown

ROOT = Path(__file__).resolve().parent.parent
#: Colours and title of a terminal, C1's own escape, writing turned around, marks without width.
HOSTILE = "evil\x1b[31m\x9b2J\x1b]0;title\x07\u202egpj\u2066\ufeff\u200b\x00"
ANYTHING = st.text(st.characters(exclude_categories=()))


def unseen(text):
    """Signs of a text that a terminal may obey or that can't be seen, but for ends of lines."""
    return [sign for sign in text if unicodedata.category(sign)[0] == "C" and sign != "\n"]


@given(ANYTHING)
def test_a_plain_text_is_one_line_of_signs_that_are_seen(text):
    made = plain(text)
    assert not unseen(made)
    assert "\n" not in made
    assert len(made.splitlines()) <= 1
    assert plain(made) == made


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"])))
def test_all_that_is_seen_stays(text):
    assert plain(text) == plain_lines(text) == plain_json(text) == text


@given(st.dictionaries(ANYTHING, ANYTHING | st.integers()))
def test_json_keeps_its_values(value):
    made = plain_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert not unseen(made)
    assert json.loads(made) == value
    made.encode()


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", "＋1", "－1", "＠SUM",
            "﹦1", "﹢1", "﹣1", "﹫A", "\ufeff=1+1", "\u200b=1", " \t=1",
            "\u202e=1", "\r\n=1", "\u00a0=1", "\x00\ufeff ＝1"]  # fmt: skip


@pytest.mark.parametrize("name", FORMULAS)
def test_no_name_is_a_formula_in_any_csv(name):
    assert cell(name).startswith("'")
    result, _ = make_result(name, texts=8, layers=(1,), probes=("ridge",))
    for make in (to_csv, to_corpus_csv, to_means_csv):
        text = make([result])
        assert {row["encoder"][0] for row in csv.DictReader(io.StringIO(text))} == {"'"}
        assert not unseen(text)


@given(ANYTHING)
def test_a_cell_never_begins_like_a_formula(text):
    made = cell(text)
    assert not unicodedata.normalize("NFKC", made).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert not unseen(made)


@given(ANYTHING)
def test_markdown_and_latex_have_nothing_unseen(text):
    assert not unseen(escape_markdown(text))
    assert not unseen(escape_latex(text))
    assert not re.search(r"[<>@]", escape_markdown(text))


def test_a_console_lets_nothing_pass_but_its_own_styles():
    table = Table(HOSTILE, title=HOSTILE)
    table.add_row(Text(HOSTILE))
    for colours in (None, "standard"):
        out = io.StringIO()
        made = console(file=out, width=200, color_system=colours, force_terminal=bool(colours))
        made.print(table)
        made.print(Text(HOSTILE, style="red"))
        made.print(HOSTILE, markup=False)
        text = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()) if colours else out.getvalue()
        assert not unseen(text)
        assert "evil" in text
        assert ("\x1b[31m" in out.getvalue()) is bool(colours)


def told(capsys):
    captured = capsys.readouterr()
    assert not unseen(captured.out), ascii(captured.out)[:400]
    assert not unseen(captured.err), ascii(captured.err)[:400]
    return captured


@pytest.mark.parametrize(
    "options",
    [
        ["show"], ["show", "--json"], ["results", "check"], ["compare"], ["compare", "--json"],
        ["compare", "--markdown"], ["explain"], ["explain", "--json"],
        *(["results", "export", "--format", kind]
          for kind in ("csv", "corpora", "means", "analyses", "latex", "markdown")),
    ],
)  # fmt: skip
def test_a_results_names_are_not_obeyed(tmp_path, capsys, options):
    small = {"texts": 15, "layers": (1,), "probes": ("ridge",)}
    paths = [write_made(tmp_path, name, **small) for name in (HOSTILE, f"b{HOSTILE}")]
    several = options[0] in ("compare", "results")
    replicates = ["--replicates", "200"] if options[0] in ("compare", "explain") else []
    assert main([*options, *map(str, paths if several else paths[:1]), *replicates]) == 0
    assert "evil" in "".join(told(capsys)) or options == ["results", "check"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", f"{HOSTILE[:-1]}.json"], [HOSTILE[:-1]], ["show", f"--{HOSTILE[:-1]}"],
        ["list", HOSTILE[:-1]], ["run", "--probe", HOSTILE[:-1]], ["run", "--layers", HOSTILE[:-1]],
        ["run", "--encoder", HOSTILE[:-1]], ["check", HOSTILE[:-1]], ["compare", HOSTILE[:-1]],
        ["corpora", "describe", HOSTILE[:-1]], ["cache", "list", "--cache-dir", HOSTILE[:-1]],
    ],
)  # fmt: skip
def test_arguments_are_not_obeyed_in_errors(capsys, arguments):
    main(arguments)
    told(capsys)


def test_an_error_is_one_line_whatever_it_repeats(tmp_path, capsys):
    assert main(["show", str(tmp_path / "a\nResult: accepted")]) == 1
    assert told(capsys).err.count("\n") == 1


PLUGIN = f"""
from cefrbench import EncoderCard, EncoderSpec, hookimpl

def broken(name, options):
    raise RuntimeError({HOSTILE!r})

@hookimpl
def register_encoders(register):
    register(EncoderSpec(EncoderCard(name="evil", description={HOSTILE!r}), broken))
"""


@pytest.mark.parametrize(
    "arguments",
    [["list", "encoders"], ["list", "encoders", "--json"], ["plugins"], ["plugins", "--json"],
     ["run", "--suite", "quickstart", "--encoder", "evil", "--quiet"], ["check", "evil"],
     ["check", "evil", "--json"],
     ["check", "evil", "--markdown", "-"]],
)  # fmt: skip
@pytest.mark.parametrize("broken", [False, True])
def test_a_plugins_words_are_not_obeyed(tmp_path, capsys, monkeypatch, arguments, broken):
    monkeypatch.chdir(tmp_path)
    text = f"raise ValueError({HOSTILE!r})" if broken else PLUGIN
    (tmp_path / "my_plugin.py").write_text(text, "utf-8")
    main(["--plugins-dir", str(tmp_path), *arguments])
    assert "evil" in "".join(told(capsys))


def test_the_border_is_in_one_place():
    """All else prints through it: a new command can't forget it."""
    allowed = {"cefrbench/border.py", "cefrbench/cli/shared.py", "cefrbench/cli/__init__.py"}
    for folder in ("cefrbench", "leaderboard"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            calls = {
                ast.unparse(node.func)
                for node in ast.walk(ast.parse(path.read_text("utf-8")))
                if isinstance(node, ast.Call)
            }
            if place not in allowed:
                assert not calls & {"click.echo", "click.secho", "Console", "sys.stdout.write"}, (
                    place
                )


def test_spaces_are_one_kind_in_latex_but_the_narrow_one_that_does_not_break():
    assert escape_latex("1\u00a0000\u2009a\u202f%") == "1 000 a\\,\\%"
