"""The plugin host: order, isolation, collisions, misspelt hooks, loose files."""

import json
import subprocess
import sys
import textwrap

import pytest
from click.testing import CliRunner

from cefrbench.cli import cli
from cefrbench.errors import PluginError, UserError
from cefrbench.plugins import PluginHost

PROBE = """
from cefrbench import hookimpl
from cefrbench.contracts.cards import ProbeCard
from cefrbench.contracts.probe import ProbeSpec

@hookimpl
def register_probes(register):
    register(ProbeSpec(ProbeCard(name="{name}", description="", kind="regressor"), lambda o: None))
"""


@pytest.fixture
def folder(tmp_path):
    def write(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
        return tmp_path

    return write


def test_a_loose_file_registers_beside_the_built_ins(folder):
    host = PluginHost(folder(mine=PROBE.format(name="mine")))
    assert host.get_probe("mine").name == "mine"
    assert host.probes.owners["mine"] == "mine.py"
    assert host.broken() == []


def test_no_built_in_is_broken_and_none_collides():
    host = PluginHost(load="")
    assert host.broken() == []
    assert host.collisions() == []


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        ("raise SystemExit(5)", "SystemExit"),
        ("raise type('Own', (BaseException,), {})(5)", "it raised Own(5)"),
        ("x = (", "SyntaxError"),
        (
            "from cefrbench import hookimpl\n@hookimpl\ndef register_probes(register): 1 / 0",
            "ZeroDiv",
        ),
        (
            "from cefrbench import hookimpl\n@hookimpl\ndef register_probes(register): register(5)",
            "ProbeSpec",
        ),
        ("x = 1", "implements no hook"),
        (
            "from cefrbench import hookimpl\n@hookimpl\ndef register_prbes(register): pass",
            "did you mean 'register_probes'",
        ),
        (
            "from cefrbench import hookimpl\n@hookimpl\ndef register_probes(regster): pass",
            "regster",
        ),
    ],
)
def test_a_plugin_that_breaks_breaks_alone_and_says_why(folder, text, cause):
    host = PluginHost(folder(bad=text, good=PROBE.format(name="good")), built_ins=False)
    assert host.get_probe("good")
    (broken,) = host.broken()
    assert broken.name == "bad.py"
    assert cause in broken.error


def test_a_misspelt_hook_does_not_hide_behind_a_second_one(folder):
    text = "from cefrbench import hookimpl\n@hookimpl\ndef register_prbes(register): pass\n"
    host = PluginHost(folder(a=text, b=text), built_ins=False)
    assert [plugin.name for plugin in host.broken()] == ["a.py", "b.py"]


def test_a_name_registered_twice_is_an_error_that_names_both_plugins(folder):
    host = PluginHost(folder(one=PROBE.format(name="same"), two=PROBE.format(name="same")))
    with pytest.raises(PluginError, match=r"'same'.*'one\.py'.*'two\.py'"):
        host.check_names()


def test_plugins_still_works_with_a_collision_and_a_broken_plugin(folder):
    path = folder(one=PROBE.format(name="same"), two=PROBE.format(name="same"), bad="1/0")
    runner = CliRunner()
    shown = runner.invoke(cli, ["--plugins-dir", str(path), "plugins"])
    assert shown.exit_code == 0
    assert "ZeroDivisionError" in shown.stdout
    assert "registered twice" in shown.stderr
    listed = runner.invoke(cli, ["--plugins-dir", str(path), "list", "probes"])
    assert isinstance(listed.exception, PluginError)


def test_the_order_is_by_name_whatever_the_file_system_says(folder):
    names = ["zeta", "alpha", "mid"]
    host = PluginHost(folder(**{n: PROBE.format(name=n) for n in names}), built_ins=False, load="")
    assert [plugin.name for plugin in host.plugins] == ["alpha.py", "mid.py", "zeta.py"]


def test_the_environment_names_the_folder(folder, monkeypatch):
    monkeypatch.setenv("CEFRBENCH_PLUGINS_DIR", str(folder(mine=PROBE.format(name="mine"))))
    assert PluginHost(built_ins=False).get_probe("mine")


def test_a_plugins_folder_that_is_none_is_one_sentence(tmp_path):
    with pytest.raises(PluginError, match="no folder"):
        PluginHost(tmp_path / "none").broken()


def test_a_plugin_adds_a_command(folder):
    path = folder(
        hello="""
        import click
        from cefrbench import hookimpl

        @hookimpl
        def register_commands(cli):
            @cli.command()
            def hello():
                "Say hello."
                click.echo("hello from a plugin")
        """
    )
    runner = CliRunner()
    assert "Say hello." in runner.invoke(cli, ["--plugins-dir", str(path), "--help"]).output
    assert "from a plugin" in runner.invoke(cli, ["--plugins-dir", str(path), "hello"]).output


def test_a_plugin_can_not_take_the_name_of_a_command(folder):
    text = """
    import click
    from cefrbench import hookimpl

    @hookimpl
    def register_commands(cli):
        cli.add_command(click.Command("run"))
    """
    shown = CliRunner().invoke(cli, ["--plugins-dir", str(folder(thief=text)), "plugins", "--json"])
    errors = {entry["name"]: entry["error"] for entry in json.loads(shown.stdout)["plugins"]}
    assert "a command 'run'" in errors["thief.py"]


@pytest.mark.parametrize(
    ("getter", "name", "near"),
    [
        ("get_encoder", "minilmm", "minilm"),
        ("get_corpus", "merlin-dd", "merlin-de"),
        ("get_probe", "rigde", "ridge"),
        ("get_protocol", "locco", "loco"),
    ],
)
def test_an_unknown_name_comes_with_the_nearest(getter, name, near):
    with pytest.raises(UserError, match=f"did you mean .*'{near}'"):
        getattr(PluginHost(), getter)(name)


def test_what_is_light_stays_light():
    code = """
    import sys
    from click.testing import CliRunner
    from cefrbench.cli import cli
    kinds = ("encoders", "corpora", "probes")
    for words in (["--help"], ["plugins"], *(["list", kind] for kind in kinds)):
        assert CliRunner().invoke(cli, words).exit_code == 0, words
    heavy = {"torch", "transformers", "sklearn", "datasets", "pandas", "pyarrow"} & set(sys.modules)
    assert not heavy, heavy
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)
