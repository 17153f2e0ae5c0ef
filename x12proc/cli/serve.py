"""``x12proc serve``: the HTTP service."""

from __future__ import annotations

import contextlib
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

import click

from x12proc.cli.app import config_option
from x12proc.errors import ConfigError

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default="x12proc-data",
    show_default=True,
    envvar="X12PROC_DATA",
    help="The data folder, also set by X12PROC_DATA.",
)


@contextlib.contextmanager
def service_extra() -> Iterator[None]:
    """Raise ConfigError with the extra to install when a library of the service is missing."""
    try:
        yield
    except ImportError as error:
        if (error.name or "").startswith("x12proc"):
            raise
        raise ConfigError(f"{error.name} is missing: pip install 'x12proc[service]'") from None


@click.group(invoke_without_command=True)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; the default is local only."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8370, show_default=True)
@data_option
@config_option
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Files scrubbed in parallel."
)
@click.option(
    "--queue", type=click.IntRange(0, 10_000), default=16, show_default=True, help="Files that may wait."
)
@click.option(
    "--max-mb", type=click.IntRange(1, 10_000), default=256, show_default=True, help="Limit of a file, in MB."
)
@click.option(
    "--upload-seconds", type=click.IntRange(1), default=300, show_default=True, help="Limit to receive a file."
)
@click.option(
    "--job-seconds", type=click.IntRange(1), default=600, show_default=True, help="Limit to scrub a file."
)
@click.option(
    "--keep-days",
    type=click.IntRange(0),
    default=30,
    show_default=True,
    help="Delete runs after this many days; 0: never.",
)
@click.option("--tls-cert", type=click.Path(path_type=Path), metavar="FILE", help="Certificate chain, PEM.")
@click.option("--tls-key", type=click.Path(path_type=Path), metavar="FILE", help="Private key, PEM.")
@click.pass_context
def command(
    ctx: click.Context,
    host: str,
    port: int,
    data: Path,
    config: Path | None,
    workers: int,
    queue: int,
    max_mb: int,
    upload_seconds: int,
    job_seconds: int,
    keep_days: int,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> None:
    """Run the HTTP service, with the worklist for browsers.

    Create a key first (x12proc keys create). Everything except /healthz requires one: programs send it with each
    request, users sign in with it.

    \b
    x12proc keys create ann --scope scrub,read,edit,bypass
    x12proc serve                                      http://127.0.0.1:8370
    x12proc serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem
    x12proc serve purge --older-than 7                 delete old runs now
    """
    if ctx.invoked_subcommand is not None:
        return
    with service_extra():
        import uvicorn  # noqa: PLC0415 - an optional extra

        from x12proc.service.app import make_app  # noqa: PLC0415 - an optional extra
        from x12proc.service.options import MEBIBYTE, ServiceOptions  # noqa: PLC0415 - an optional extra
        from x12proc.service.server import listen, server_config  # noqa: PLC0415 - an optional extra
    _check_tls(tls_cert, tls_key)
    options = ServiceOptions(
        data=data,
        config=config,
        workers=workers,
        queue=queue,
        most_bytes=max_mb * MEBIBYTE,
        upload_seconds=upload_seconds,
        job_seconds=job_seconds,
        keep_days=keep_days,
    )
    with listen(host, port) as listener:
        app = make_app(options)
        if tls_cert is None and not _is_loopback(host):
            click.echo(f"Warning: {host} is served without TLS; use a TLS proxy or --tls-cert", err=True)
        click.echo(f"Serving {'https' if tls_cert else 'http'}://{host}:{port}, data in {data}", err=True)
        uvicorn.Server(server_config(app, host, port, tls_cert, tls_key)).run([listener])


@command.command()
@click.option("--older-than", type=click.IntRange(0), required=True, metavar="DAYS", help="0 deletes all.")
@data_option
def purge(older_than: int, data: Path) -> None:
    """Delete runs older than DAYS with their files, claims and edits."""
    with service_extra():
        from x12proc.service.db.store import Store  # noqa: PLC0415 - an optional extra
    with contextlib.closing(Store(data)) as store:
        click.echo(f"{store.purge(older_than)} runs deleted")


def _check_tls(cert: Path | None, key: Path | None) -> None:
    """Check that certificate and key can be loaded. Raises ConfigError."""
    if (cert is None) != (key is None):
        raise ConfigError("--tls-cert and --tls-key go together")
    if cert is None or key is None:
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"--tls-cert {cert}, --tls-key {key}: can't be used: {error.strerror}") from None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
