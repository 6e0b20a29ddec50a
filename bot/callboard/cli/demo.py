"""``callboard demo``: all of it, offline."""

from __future__ import annotations

import click


@click.command(short_help="See the whole story on this machine, offline.")
@click.option("--serve", is_flag=True, help="Stay up, so that you can be the reviewer in a browser.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="With --serve: the forge's port.  [default: any free one]",
)
def demo(serve: bool, port: int | None) -> None:
    """Play the whole story on this machine: no network, no account, nothing left behind.

    A sandbox forge (GitHub's API over real git) and a sandbox catalog (Backstage's API) are started on
    loopback. The example models become pull requests, a reviewer approves, they are merged, registered and
    confirmed; a second run from a fresh clone shows that it writes nothing. Ends with 1 if anything of that
    did not happen.
    """
    import signal

    from callboard.sandbox.demo import serve_demo, tell_demo

    # However it is told to end, and whatever the shell that started it made of Ctrl-C, it tidies up.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    if port is not None and not serve:
        raise click.UsageError("--port goes with --serve.")
    if serve:
        serve_demo(port or 0, click.echo)
    elif not tell_demo(click.echo):
        raise click.exceptions.Exit(1)
