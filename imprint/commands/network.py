"""``--allow-network``: the hosts whose pictures a command may fetch."""

from __future__ import annotations

from collections.abc import Sequence

import click


def _named(
    context: click.Context, parameter: click.Parameter, hosts: Sequence[str]
) -> tuple[str, ...]:
    from imprint.fetching import named_host

    for host in hosts:
        try:
            named_host(host)
        except ValueError as fault:
            raise click.BadParameter(f"{fault}.") from None
    return tuple(sorted(set(hosts)))


allow_network = click.option(
    "--allow-network",
    "network",
    metavar="HOST",
    multiple=True,
    callback=_named,
    help="Fetch pictures from this host, such as example.org; may be given several times.",
)
