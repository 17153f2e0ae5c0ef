"""``x12proc reference fetch`` from a folder and from a server of its own, over TLS."""

from __future__ import annotations

import http.server
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.downloads import package_txt, product_txt, zipped
from test_importing import ZYXOMAB, ZYXOMAB_VIAL

from x12proc.cli import reference_fetch
from x12proc.cli.reference import command
from x12proc.errors import ConfigError
from x12proc.runner.settings import load_reference

NDC = "99998012301"


def run(*arguments: str | Path, answer: str | None = None) -> Result:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments], input=answer)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "product.txt").write_bytes(product_txt(ZYXOMAB))
    (folder / "package.txt").write_bytes(package_txt(ZYXOMAB_VIAL))
    (folder / "ndc.zip").write_bytes(
        zipped({"product.txt": product_txt(ZYXOMAB), "package.txt": package_txt(ZYXOMAB_VIAL)})
    )
    return folder


class _Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/leaves":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1/ndc.zip")
            self.end_headers()
            return
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def server(downloads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if shutil.which("openssl") is None:
        assert os.environ.get("CI") != "true"
        pytest.skip("needs openssl")
    private, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        str(private),
        "-out",
        str(cert),
    ]
    request += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(request, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, private)
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(downloads)))
    running.socket = context.wrap_socket(running.socket, server_side=True)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    yield f"https://localhost:{running.server_port}"
    running.shutdown()
    running.server_close()
    thread.join()


def test_from_a_folder(downloads: Path, tmp_path: Path) -> None:
    (downloads / "ndc.zip").unlink()
    into = tmp_path / "mine"
    result = run("fetch", downloads, "--into", into, "--yes")
    assert "products: 1 added, 0 removed, 0 changed" in result.output
    product = load_reference(into).product(NDC)
    assert product is not None
    assert product.generic == "zyxomab-abcd"


def test_nobody_is_asked_and_nothing_is_taken_without_a_terminal(downloads: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="add --yes"):
        run("fetch", downloads, "--into", tmp_path / "mine", answer="y\n")
    assert not (tmp_path / "mine").exists()


def test_a_no_changes_nothing(downloads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (downloads / "ndc.zip").unlink()
    monkeypatch.setattr(reference_fetch, "_can_ask", lambda: True)
    result = run("fetch", downloads, "--into", tmp_path / "mine", answer="n\n")
    assert "products: 1 added" in result.output
    assert result.exit_code != 0
    assert not (tmp_path / "mine").exists()
    assert run("fetch", downloads, "--into", tmp_path / "mine", answer="y\n").exit_code == 0
    assert (tmp_path / "mine" / "edition.toml").is_file()


def test_from_a_url(server: str, tmp_path: Path) -> None:
    into = tmp_path / "mine"
    result = run("fetch", f"{server}/ndc.zip", "--into", into, "--yes")
    assert "products: 1 added" in result.output
    assert load_reference(into).product(NDC) is not None


@pytest.mark.parametrize(
    ("path", "words"),
    [("/gone.zip", "the server answers 404"), ("/leaves", "redirects to an address without https")],
)
def test_what_cannot_be_fetched(server: str, path: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=words):
        run("fetch", server + path, "--into", tmp_path / "mine", "--yes")
    assert not (tmp_path / "mine").exists()


def test_a_server_without_a_known_certificate(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(ConfigError, match=r"can't be fetched: .*CERTIFICATE_VERIFY_FAILED"):
        run("fetch", f"{server}/ndc.zip", "--into", tmp_path / "mine", "--yes")


def test_a_download_has_a_limit(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference_fetch, "LARGEST_DOWNLOAD", 100)
    with pytest.raises(ConfigError, match="is larger than 100 bytes"):
        run("fetch", f"{server}/ndc.zip", "--into", tmp_path / "mine", "--yes")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("http://localhost/ndc.zip", "only https URLs"),
        ("https://localhost/", "only https URLs of one file"),
        ("file:///etc/passwd", "only https URLs"),
        ("nowhere", "this is no folder and no https URL"),
    ],
)
def test_other_sources_are_refused(source: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=words):
        run("fetch", source, "--into", tmp_path / "mine", "--yes")


def test_a_broken_file_changes_nothing(downloads: Path, tmp_path: Path) -> None:
    (downloads / "product.txt").write_bytes(b"not a table")
    with pytest.raises(ConfigError, match="Nothing was changed"):
        run("fetch", downloads, "--into", tmp_path / "mine", "--yes")
    assert not (tmp_path / "mine").exists()
