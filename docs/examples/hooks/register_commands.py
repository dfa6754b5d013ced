import click

from cefrbench import hookimpl


@click.command()
@click.argument("text")
def words(text):
    """Count the words of a text."""
    click.echo(len(text.split()))


@hookimpl
def register_commands(cli):
    cli.add_command(words)
