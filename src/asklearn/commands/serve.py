"""``asklearn serve``: people label in a browser while a worker trains."""

from __future__ import annotations

from pathlib import Path

import click

from asklearn.commands.shared import in_project, plural
from asklearn.errors import BadInput

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command(short_help="Label in a browser, while a worker trains.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8321, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on."
)
@click.option("--name", "names", multiple=True, metavar="HOST", help="Name by which others call this server.")
@click.option("--overlap", default=0.0, show_default=True, type=click.FloatRange(0, 1),
              help="Share of the items about which several people are asked.")  # fmt: skip
@click.option("--people", default=2, show_default=True, type=click.IntRange(2), help="How many people, then.")
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 64),
              help="Server processes; several need a journal in PostgreSQL.")  # fmt: skip
@click.option("--no-worker", is_flag=True, help="Serve only; another process trains.")
@in_project
def serve(
    host: str, port: int, names: tuple[str, ...], overlap: float, people: int, processes: int,
    no_worker: bool, folder: Path,
) -> None:  # fmt: skip
    """Serve the project's pages: label, and see the progress. Ctrl-C ends it; nothing is lost.

    On this machine alone everybody may label, without signing in. To let others in, listen on another
    address, and give each a token by asklearn invite.

    \b
    Examples:
      asklearn serve
      asklearn serve --host 0.0.0.0 --name labels.example.org
    """
    from asklearn.server.serving import Serving
    from asklearn.server.serving import serve as run

    if host not in LOOPBACK and not names:
        raise BadInput("A server that others reach must know its name: --name labels.example.org.")
    serving = Serving(folder=str(folder), names=names, people=people, share=overlap, worker=not no_worker)
    run(serving, host=host, port=port, processes=processes, said=click.echo)


@click.command(short_help="Let somebody label, by a token.")
@click.argument("name")
@click.option("--progress", is_flag=True, help="May see the progress, too.")
@click.option(
    "--days", default=30.0, show_default=True, type=click.FloatRange(0.01), help="How long it is valid."
)
@click.option("--skill", "skills", multiple=True, help="What they can label; may be given several times.")
@click.option("--revoke", is_flag=True, help="End every token of that name.")
@in_project
def invite(
    name: str, progress: bool, days: float, skills: tuple[str, ...], revoke: bool, folder: Path
) -> None:
    """Make a token for NAME, which is shown once. Only its hash is kept.

    \b
    Examples:
      asklearn invite ann --days 7 --skill German
      asklearn invite ann --revoke
    """
    from asklearn.project import Project
    from asklearn.server.people import People

    people = People(Project(folder).folder)
    if revoke:
        click.echo(f"{plural(people.revoke(name), 'token')} of {name} ended.")
        return
    token = people.invite(name, ["label", "progress"] if progress else ["label"], days=days, skills=skills)
    click.echo(f"Token of {name}, valid for {days:g} days, shown only here:\n{token}")
    click.echo("As a link: the server's address, followed by #token= and the token.")
