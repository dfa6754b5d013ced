"""Result files: written whole or not at all, and read with a sentence for all that is wrong."""

import errno
import hashlib
import json
import os
import resource
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from result_factory import make_result, write_made

from cefrbench.cli import main
from cefrbench.contracts.cards import EncoderIdentity
from cefrbench.errors import CacheError, ResultError
from cefrbench.results import io
from cefrbench.results.checked import check_result, read_for_use
from cefrbench.results.io import file_stem, read_predictions_of, read_result, slug, write_result


@pytest.fixture(scope="module")
def made():
    return make_result(texts=15, layers=(1, 2), probes=("ridge",))


@pytest.fixture
def written(made, tmp_path):
    return write_result(*made, tmp_path)


def changed(path, **changes):
    data = json.loads(path.read_text("utf-8")) | changes
    path.write_text(json.dumps(data), "utf-8")
    return path


def test_what_is_read_is_what_was_written(made, written):
    result, predictions = made
    read = read_result(written)
    ours = {"predictions", "checksum"}
    assert read.model_dump(exclude=ours) == result.model_dump(exclude=ours)
    assert read_predictions_of(read, written).equals(predictions)


def test_a_result_lies_under_its_encoder_and_suite(written, tmp_path):
    assert written == tmp_path / "planted" / "cefr-v1.json"
    names = sorted(path.name for path in written.parent.iterdir())
    assert names == ["cefr-v1.json", "cefr-v1.predictions.parquet"]


def test_the_same_result_gives_the_same_bytes(made, written, tmp_path):
    again = write_result(*made, tmp_path / "again")
    for name in (written.name, "cefr-v1.predictions.parquet"):
        assert written.with_name(name).read_bytes() == again.with_name(name).read_bytes()


def test_every_unit_stands_on_a_line_of_its_own(made, written):
    lines = written.read_text("utf-8").splitlines()
    assert sum(line.startswith('  {"protocol"') and '"sums"' in line for line in lines) == len(
        made[0].units
    )


def test_the_checksum_can_be_recomputed_from_its_description(written):
    data = json.loads(written.read_text("utf-8"))
    found = data.pop("checksum")
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode("ascii")).hexdigest() == found


def test_a_written_result_has_the_rights_that_the_umask_gives(written):
    mask = os.umask(0)
    os.umask(mask)
    assert written.stat().st_mode & 0o777 == 0o666 & ~mask


# -- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("minilm", "minilm"),
        ("qwen3-embedding-0.6b", "qwen3-embedding-0.6b"),
        ("hf:intfloat/multilingual-e5-small", "hf--intfloat--multilingual-e5-small"),
        ("hf:Org/Model-1.5", "hf--org--model-1.5-<hash>"),
        ("st:org/model@abc123", "st--org--model--abc123-<hash>"),
        ("../../etc/passwd", "etc--passwd-<hash>"),
        ("/home/me/model", "home--me--model-<hash>"),
    ],
)
def test_slugs_of_names_people_use(name, expected):
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    assert slug(name) == expected.replace("<hash>", digest)


@given(st.text(max_size=300))
def test_no_name_leaves_the_folder_or_fails(name):
    folder = slug(name)
    assert Path(folder).name == folder
    assert 0 < len(folder) <= 90
    assert folder[0] not in ".-"
    assert set(folder) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-")


@pytest.mark.parametrize(
    "names",
    [
        ["…", "日本", "", "..", "con", "x" * 200, "x" * 201],
        ["hf:日本/モデル", "hf:مثال/نموذج", "hf", "hf:"],
        ["hf:Org/Model", "hf:org/model", "hf:ORG/model", "hf--org--model", "hf:org--model"],
        ["hf:a/b", "hf/a:b", "hf:a:b", "hf a b", "hf:a/b/", "-hf:a/b"],
        ["X", "x", slug("X"), slug(slug("X"))],
    ],
)
def test_names_that_differ_keep_apart(names):
    assert len({slug(name) for name in names}) == len(names)


@given(st.lists(st.text("aA-.:/ é", max_size=6), unique=True, max_size=30))
def test_no_two_names_share_a_slug(names):
    assert len({slug(name) for name in names}) == len(names)


def changed_options(**options):
    """A result run with these options, which the encoder took."""
    result, _ = make_result(texts=10, layers=(1,), probes=("ridge",))
    return result.model_copy(
        update={
            "config": result.config.model_copy(update=options),
            "encoder": result.encoder.model_copy(
                update={k: v for k, v in options.items() if k in EncoderIdentity.model_fields}
            ),
        }
    )


def test_a_run_as_the_suite_has_it_is_written_under_the_suites_name():
    assert file_stem(changed_options()) == "cefr-v1"
    assert file_stem(make_result(form="study", texts=10, layers=(1,))[0]) == "paper"


def test_runs_whose_options_change_the_features_never_share_a_file():
    options = [
        {},
        {"pooling": "mean"},
        {"pooling": "cls"},
        {"instruction": "Say: "},
        {"instruction": "Query: "},
        {"max_length": 64},
        {"dtype": "bfloat16"},
    ]
    results = [changed_options(**one) for one in options]
    assert len({file_stem(result) for result in results}) == len(options)
    for result in results[1:]:
        assert file_stem(result) == f"cefr-v1-{result.encoder.digest()[:8]}"


def test_an_option_that_the_encoder_did_not_take_changes_no_name():
    result = changed_options(pooling="mean", dtype="bfloat16", trust_remote_code=True)
    encoder = make_result(texts=10, layers=(1,))[0].encoder
    ignored = encoder.model_copy(update={"pooling": None})
    assert file_stem(result.model_copy(update={"encoder": ignored})) == "cefr-v1"
    own_code = ignored.model_copy(update={"remote_code": True})
    assert file_stem(result.model_copy(update={"encoder": own_code})) != "cefr-v1"


def test_a_hostile_encoder_name_stays_below_the_folder(tmp_path):
    path = write_made(tmp_path / "out", "../../../evil<script>", texts=10, layers=(1,))
    assert (tmp_path / "out") in path.parents
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


# -- writing that fails ---------------------------------------------------------------------------


@contextmanager
def largest_file(size):
    """Let no file grow past ``size``: what a full disk does, for real."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 3000])
def test_a_full_disk_leaves_the_old_pair_and_nothing_else(made, written, size):
    before = {path.name: path.read_bytes() for path in written.parent.iterdir()}
    other = make_result(skill=0.3, texts=15, layers=(1, 2), probes=("ridge",))
    with largest_file(size), pytest.raises(CacheError, match="can't be written"):
        write_result(*other, written.parent.parent)
    assert {path.name: path.read_bytes() for path in written.parent.iterdir()} == before


def test_a_disk_with_room_for_the_result_but_not_for_its_predictions_leaves_the_old_pair(tmp_path):
    options = {"texts": 400, "layers": (1,), "probes": ("ridge",)}
    path = write_made(tmp_path, **options)
    before = {path.name: path.read_bytes() for path in path.parent.iterdir()}
    sizes = sorted(map(len, before.values()))
    assert sizes[0] == len(before["cefr-v1.json"]) < 0.8 * sizes[1]
    with largest_file((sizes[0] + sizes[1]) // 2), pytest.raises(CacheError, match="can't be"):
        write_result(*make_result(skill=0.3, **options), tmp_path)
    assert {path.name: path.read_bytes() for path in path.parent.iterdir()} == before


#: What writing a pair asks of the system, in order.
STEPS = (
    *("make the result's part", "sync it", "make the predictions' part", "sync it"),
    *("name the predictions", "sync the result again", "name the result"),
)


@pytest.fixture
def failing(monkeypatch):
    """Let the so-many-th of those steps fail; tells how many were taken."""
    taken = []

    def fail_at(number):
        def watched(function):
            def step(*arguments, **named):
                taken.append(function)
                if len(taken) == number:
                    raise OSError(errno.EIO, "Input/output error")
                return function(*arguments, **named)

            return step

        for module, name in ((tempfile, "mkstemp"), (os, "fsync"), (os, "replace")):
            monkeypatch.setattr(module, name, watched(getattr(module, name)))
        return taken

    return fail_at


def test_the_steps_of_a_write_are_these(made, tmp_path, failing):
    taken = failing(0)
    write_result(*made, tmp_path)
    assert len(taken) == len(STEPS)


@pytest.mark.parametrize("step", range(1, 6), ids=STEPS[:5])
def test_a_step_that_fails_leaves_the_old_pair_and_nothing_else(made, written, failing, step):
    before = {path.name: path.read_bytes() for path in written.parent.iterdir()}
    failing(step)
    other = make_result(skill=0.3, texts=15, layers=(1, 2), probes=("ridge",))
    with pytest.raises(CacheError, match="Input/output error"):
        write_result(*other, written.parent.parent)
    assert {path.name: path.read_bytes() for path in written.parent.iterdir()} == before


@pytest.mark.parametrize("step", [6, 7], ids=STEPS[5:])
def test_a_result_is_never_read_with_predictions_of_another(made, written, failing, step):
    """The predictions have their name and the result could not take its own."""
    failing(step)
    other = make_result(skill=0.3, texts=15, layers=(1, 2), probes=("ridge",))
    with pytest.raises(CacheError, match="Input/output error"):
        write_result(*other, written.parent.parent)
    assert [path.name for path in written.parent.iterdir() if path.suffix == ".part"] == []
    with pytest.raises(ResultError, match="is not the predictions file of"):
        read_predictions_of(read_result(written), written)


def test_a_folder_that_cant_be_made_is_said_so(made, tmp_path):
    (tmp_path / "out").write_text("a file where the folder should be")
    with pytest.raises(CacheError, match="out"):
        write_result(*made, tmp_path / "out")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_never_written(made, tmp_path, value):
    result, predictions = made
    summary = result.summary[0].model_copy(update={"chosen_qwk_sd": value})
    broken = result.model_copy(update={"summary": (summary,)})
    with pytest.raises(ResultError, match="not finite"):
        write_result(broken, predictions, tmp_path)
    assert list(tmp_path.rglob("*.*")) == []


# -- reading what is wrong ------------------------------------------------------------------------


def test_too_old_too_new_and_not_ours_are_three_messages(written):
    with pytest.raises(ResultError, match=r"too old \(schema 0.9, this version reads 2.x\)"):
        read_result(changed(written, schema_version="0.9"))
    with pytest.raises(ResultError, match=r"too new \(schema 3.0, this version reads up to 2.2\)"):
        read_result(changed(written, schema_version="3.0"))
    with pytest.raises(ResultError, match="not a result of cefrbench"):
        read_result(changed(written, kind="other"))


def test_a_newer_minor_version_is_too_new_rather_than_full_of_unknown_fields(written):
    with pytest.raises(ResultError, match="too new"):
        read_result(changed(written, schema_version="2.99", calibration={}))


def of_schema_1(written, **changes):
    """The file as cefrbench 0.1 wrote it, as far as a reader looks."""
    data = json.loads(written.read_text("utf-8"))
    for name in ("scores", "references"):
        del data[name]
    for name in ("penalties", "every_layer", "refits", "references"):
        del data["config"][name]
    data |= {"schema_version": "1.1", "summary": [{"validation": 1}]} | changes
    written.write_text(json.dumps(data), "utf-8")
    return written


def test_a_result_of_schema_1_is_refused_with_the_command_that_runs_it_again(written):
    command = f"run it again with `cefrbench run --config {written}`"
    with pytest.raises(ResultError) as caught:
        read_result(of_schema_1(written))
    assert "too old (schema 1.1, this version reads 2.x)" in str(caught.value)
    assert command in str(caught.value)


@pytest.mark.parametrize(
    "words",
    [
        "show {}",
        "compare {} {}",
        "results check {}",
        "results export {} --format csv",
        "results merge {} --output {}.merged.json",
    ],
)
def test_every_command_refuses_a_result_of_schema_1_in_that_sentence(written, capsys, words):
    path = str(of_schema_1(written))
    assert main([word.replace("{}", path) for word in words.split()]) == 1
    said = capsys.readouterr()
    text = " ".join((said.out + said.err).split())
    assert "too old (schema 1.1, this version reads 2.x)" in text
    assert "cefrbench run --config" in text
    assert "Traceback" not in text


@pytest.mark.parametrize("version", [None, 1, "1", "one", "1.0.0", "9999999.0"])
def test_a_version_that_is_none_is_not_ours(written, version):
    with pytest.raises(ResultError, match="has the schema version"):
        read_result(changed(written, schema_version=version))


@pytest.mark.parametrize("text", ["[]", "3", '"cefrbench-result"', "null", "{}", '{"kind": []}'])
def test_other_json_is_not_ours(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ResultError, match="not a result of cefrbench"):
        read_result(tmp_path / "x.json")


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_truncated_result_is_said_so(written, share):
    data = written.read_bytes()
    written.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ResultError, match="no valid JSON or a truncated file"):
        read_result(written)


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_refused(written, literal):
    text = written.read_text("utf-8")
    written.write_text(text.replace('"seconds": 1.5', f'"seconds": {literal}'), "utf-8")
    with pytest.raises(ResultError, match=r"no valid JSON|finite number"):
        read_result(written)


def test_a_number_beyond_the_doubles_is_refused_where_any_value_may_stand(written):
    text = written.read_text("utf-8")
    assert '"device": "cpu"' in text
    written.write_text(text.replace('"device": "cpu"', '"device": 1e999'), "utf-8")
    assert "not finite" in check_result(written)[0].found


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff\xfe{}", "is not UTF-8"),
        (b"[" * 200_000, "nested deeper than 64"),
        (b"1" * 10_000, "more than 40 digits"),
        (b'{"a":' * 90_000, "nested deeper than 64"),
    ],
)
def test_bytes_that_are_no_text_or_nested_without_end_are_refused(tmp_path, data, why):
    (tmp_path / "x.json").write_bytes(data)
    with pytest.raises(ResultError, match=why):
        read_result(tmp_path / "x.json")


def test_a_deep_value_inside_a_result_is_refused(written):
    text = written.read_text("utf-8")
    deep = '"device": ' + "[" * 900 + "]" * 900
    written.write_text(text.replace('"device": "cpu"', deep), "utf-8")
    with pytest.raises(ResultError):
        read_result(written)


def test_a_file_far_too_large_is_refused_unread(tmp_path):
    with (tmp_path / "x.json").open("wb") as file:
        file.truncate(io.MAX_BYTES + 1)
    with pytest.raises(ResultError, match="has 268,435,456 at most"):
        read_result(tmp_path / "x.json")


def test_unknown_fields_are_refused_at_any_depth(written):
    data = json.loads(written.read_text("utf-8"))
    data["units"][0]["note"] = "hello"
    changed(written, **data)
    with pytest.raises(ResultError, match=r"units.0.note: Extra inputs are not permitted"):
        read_result(written)


@pytest.mark.parametrize("value", ["8", 8.5, True, None])
def test_types_are_not_converted(written, value):
    data = json.loads(written.read_text("utf-8"))
    data["units"][0]["n"] = value
    changed(written, **data)
    with pytest.raises(ResultError, match=r"units.0.n: Input should be a valid integer"):
        read_result(written)


def test_a_missing_file_or_a_folder_is_said_so(tmp_path):
    with pytest.raises(ResultError, match="No such file"):
        read_result(tmp_path / "none.json")
    with pytest.raises(ResultError, match="is a folder"):
        read_result(tmp_path)


@pytest.mark.parametrize("name", ["../other.parquet", "/etc/passwd", "..", "", "a/b", ".hidden"])
def test_predictions_outside_the_results_folder_are_refused(written, name):
    data = json.loads(written.read_text("utf-8"))
    result = read_result(changed(written, predictions=data["predictions"] | {"file": name}))
    with pytest.raises(ResultError, match="in the same folder"):
        read_predictions_of(result, written)


def test_another_results_predictions_are_refused(written, tmp_path):
    other = write_made(tmp_path / "other", skill=0.3, texts=15, layers=(1, 2), probes=("ridge",))
    beside = written.with_name("cefr-v1.predictions.parquet")
    beside.write_bytes(other.with_name(beside.name).read_bytes())
    with pytest.raises(ResultError, match="is not the predictions file of"):
        read_predictions_of(read_result(written), written)


# -- names and bounds, one at a time ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("x" * 80, True),
        ("x" * 81, False),
        ("hf:a/b/c", True),
        ("com1", False),
        ("com1.txt", False),
        ("lpt9", False),
        ("aux", False),
        ("com", True),
        ("com12", True),
        ("console", True),
        ("a-01234567", False),
        ("a-0123456g", True),
        ("a-0123456", True),
        ("a_b.c-d", True),
        ("", False),
        ("-a", False),
        ("a.", False),
    ],
)
def test_a_name_stays_as_it_is_where_it_can(name, kept):
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    plain = name.replace(":", "--").replace("/", "--")
    if kept:
        assert slug(name) == plain
    else:
        assert slug(name) == f"{plain[:80].strip('.-') or 'encoder'}-{digest}"


def test_what_a_slug_loses_is_its_end_and_no_sign_before_the_hash():
    name = "x" * 78 + "--y" * 5
    assert slug(name) == "x" * 78 + "-" + hashlib.sha256(name.encode()).hexdigest()[:8]
    half = "\ud800"
    digest = hashlib.sha256(half.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    assert slug(half) == f"encoder-{digest}"


def test_each_option_counts_where_the_encoder_took_it():
    """And where its own value is another than the suite's."""
    base = changed_options()
    others = {
        "pooling": "mean", "instruction": "Say: ", "max_length": 64, "dtype": "bfloat16",
        "trust_remote_code": True,
    }  # fmt: skip
    for name, value in others.items():
        config = base.config.model_copy(update={name: value})
        untaken = base.model_copy(
            update={
                "config": config,
                "encoder": base.encoder.model_copy(
                    update={"max_length": None, "remote_code": False, "instruction": None}
                ),
            }
        )
        assert file_stem(untaken) == "cefr-v1", name
        field = "remote_code" if name == "trust_remote_code" else name
        # A model's positions may cut the length that was asked for.
        own = 32 if name == "max_length" else value
        taken = untaken.model_copy(
            update={"encoder": untaken.encoder.model_copy(update={field: own})}
        )
        assert file_stem(taken) == f"cefr-v1-{taken.encoder.digest()[:8]}", name
        same = taken.model_copy(update={"config": base.config})
        assert file_stem(same) == "cefr-v1", name


def test_the_checksum_is_of_sorted_ascii_json_without_itself():
    data = {"b": "é", "a": [1, {"z": None, "y": 2.5}], "checksum": "x"}
    plain = b'{"a":[1,{"y":2.5,"z":null}],"b":"\\u00e9"}'
    assert io.canonical({k: v for k, v in data.items() if k != "checksum"}) == plain
    assert io.checksum(data) == hashlib.sha256(plain).hexdigest()
    with pytest.raises(ResultError) as caught:
        io.checksum({"a": float("inf")})
    assert str(caught.value) == (
        "The result holds a number that is not finite: where a probe or protocol gave it, leave "
        "that out; where a file was changed, copy it again."
    )


def test_a_result_that_cannot_be_written_is_named_with_its_suite(made):
    result, _ = made
    summary = (result.summary[0].model_copy(update={"optimism": float("nan")}),)
    with pytest.raises(ResultError, match=r"^'planted' under 'cefr-v1': The result holds a number"):
        io.dump(result.model_copy(update={"summary": summary}))


def test_lists_and_tables_stand_an_item_a_line_and_empty_ones_on_theirs(made):
    result, _ = made
    changes = {"failures": (), "analyses": (), "analysis_notes": (), "commitments": ()}
    text = io.dump(result.model_copy(update=changes))
    data = json.loads(text)
    lines = text.splitlines()
    assert (lines[0], lines[1], lines[-1], text[-1]) == (
        "{", '"kind": "cefrbench-result",', "}", "\n",
    )  # fmt: skip
    assert '"failures": [],' in lines
    place = lines.index('"scale": [')
    assert lines[place + 1 : place + 7] == [
        *(f'  "{name}",' for name in data["scale"][:-1]), f'  "{data["scale"][-1]}"', "],",
    ]  # fmt: skip
    place = lines.index('"encoder": {')
    assert lines[place + 1] == '  "name": "planted",'
    assert lines[-2] == f'"checksum": "{data["checksum"]}"'


def test_a_field_that_does_not_keep_to_the_schema_is_named_with_their_number(written):
    data = json.loads(written.read_text("utf-8"))
    data["units"][1]["n"] = "8"
    data["units"][2]["n"] = "8"
    changed(written, **data)
    with pytest.raises(ResultError) as caught:
        read_result(written)
    assert str(caught.value) == (
        f"{str(written)!r} doesn't keep to schema 2.2: units.1.n: Input should be a valid integer "
        "(2 such errors); it was changed by hand or damaged."
    )


@pytest.mark.parametrize(("digits", "read"), [(40, True), (41, False)])
def test_an_integer_has_forty_digits_at_most(written, digits, read):
    text = written.read_text("utf-8").replace('"cpu_cores": 2', f'"cpu_cores": {"7" * digits}')
    written.write_text(text, "utf-8")
    if read:
        assert read_result(written).provenance.hardware["cpu_cores"] == int("7" * digits)
        return
    with pytest.raises(ResultError, match="more than 40 digits"):
        read_result(written)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("2.2", None),
        ("2.1", None),
        ("2.0", None),
        ("2.3", "is too new (schema 2.3, this version reads up to 2.2): update with "
                "`pip install --upgrade cefrbench`."),
        ("3.0", "is too new (schema 3.0, this version reads up to 2.2): update with "
                "`pip install --upgrade cefrbench`."),
        ("1.999999", "is too old (schema 1.999999, this version reads 2.x): run it again with "
                     "`cefrbench run --config {}`, which repeats its configuration."),
        ("02.2", None),
        ("2.1000000", "has the schema version '2.1000000'; expected one such as '2.2': it is not a "
                      "result that cefrbench wrote."),
        ("2.2\n", "has the schema version '2.2\\n'; expected one such as '2.2': it is not a result "
                  "that cefrbench wrote."),
    ],
)  # fmt: skip
def test_versions_that_are_read_and_those_that_are_not(written, version, said):
    changed(written, schema_version=version)
    if said is None:
        assert read_result(written).schema_version == version
        return
    with pytest.raises(ResultError) as caught:
        read_result(written)
    assert str(caught.value) == f"{str(written)!r} {said.format(written)}"


@pytest.mark.parametrize(
    ("name", "sound"),
    [
        *(("a.b-c_d", True), ("a", True), ("-a", False), ("a b", False), (".a", False)),
        *(("a/b", False), ("../a", False), ("", False), ("a" * 255, True), ("a" * 256, False)),
        *(("é" * 127, True), ("é" * 128, False)),
    ],
)
def test_predictions_have_a_plain_name(written, name, sound):
    data = json.loads(written.read_text("utf-8"))
    result = read_result(changed(written, predictions=data["predictions"] | {"file": name}))
    with pytest.raises(ResultError) as caught:
        read_predictions_of(result, written)
    assert ("No such file" in str(caught.value)) == sound
    said = (
        f"The result {str(written)!r} names {name!r} as its predictions; expected the name of a "
        "file in the same folder."
    )
    assert sound or str(caught.value) == said
    # A reader of figures alone does without predictions, but beside the checksum says of a name
    # that it is none.
    read = read_for_use(written, unchecked=True, alone=True)
    assert read.predictions is None
    assert ("and 1 more" in read.doubt) != sound


def test_predictions_of_another_hash_are_told_with_both(written):
    data = json.loads(written.read_text("utf-8"))
    own = data["predictions"]["sha256"]
    result = read_result(changed(written, predictions=data["predictions"] | {"sha256": "f" * 64}))
    with pytest.raises(ResultError) as caught:
        read_predictions_of(result, written)
    beside = written.with_name("cefr-v1.predictions.parquet")
    assert str(caught.value) == (
        f"{str(beside)!r} is not the predictions file of 'cefr-v1.json' (SHA-256 {own[:12]}…, "
        f"expected {'f' * 12}…): put the file of the same run there."
    )
