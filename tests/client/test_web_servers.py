"""One client in the workers of real web servers, forked and spawned, ASGI and WSGI."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

import pytest
import support
from support.servers import free_port
from support.thread_server import accept, server_in_thread

pytest.importorskip("gunicorn", reason="NOT TESTED: gunicorn is not installed")
pytest.importorskip("uvicorn_worker", reason="NOT TESTED: uvicorn-worker is not installed")

REQUESTS = 60
SERVERS = {
    "gunicorn, uvicorn workers, preloaded": (
        *("gunicorn", "support.web_app:asgi", "--preload", "--workers", "2"),
        *("--worker-class", "uvicorn_worker.UvicornWorker", "--bind", "127.0.0.1:{port}"),
    ),
    "gunicorn, uvicorn workers": (
        *("gunicorn", "support.web_app:asgi", "--workers", "2"),
        *("--worker-class", "uvicorn_worker.UvicornWorker", "--bind", "127.0.0.1:{port}"),
    ),
    "gunicorn, a loop per request, preloaded": (
        *("gunicorn", "support.web_app:wsgi", "--preload", "--workers", "2"),
        *("--bind", "127.0.0.1:{port}"),
    ),
    "gunicorn, the synchronous client in threads, preloaded": (
        *("gunicorn", "support.sync_web_app:wsgi", "--preload", "--workers", "2"),
        *("--threads", "4", "--bind", "127.0.0.1:{port}"),
    ),
    "uvicorn": ("uvicorn", "support.web_app:asgi", "--workers", "2", "--port", "{port}"),
}


def fetch(url: str) -> str:
    """Fetch a local page, and wait until a server listens."""
    until = time.monotonic() + 20
    while True:
        try:
            with urlopen(url, timeout=15) as answer:  # noqa: S310 - of this machine
                return str(answer.read().decode())
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize("name", SERVERS)
def test_every_worker_hears_of_its_own_messages(name: str, tmp_path: Path) -> None:
    """Each of sixty concurrent requests gets the id of its own message, without errors logged."""
    port = free_port()
    command = [sys.executable, "-m", *(each.format(port=port) for each in SERVERS[name])]
    folder = Path(support.__path__[0]).parent
    log = tmp_path / "log"
    with server_in_thread(accept) as provider, log.open("wb") as output:
        web = subprocess.Popen(  # noqa: S603 - our own application
            command,
            cwd=tmp_path,
            env={
                **os.environ,
                "HOME": str(tmp_path),
                "PYTHONPATH": str(folder),
                "PROVIDER_URL": provider.url,
            },
            stdout=output,
            stderr=output,
        )
        try:
            pages = [f"http://127.0.0.1:{port}/{number}" for number in range(1, REQUESTS + 1)]
            with ThreadPoolExecutor(8) as pool:
                answers = [each.split() for each in pool.map(fetch, pages)]
        finally:
            web.terminate()
            web.wait(20)

    said = log.read_text()
    assert [f"id-r{number}" for number in range(1, REQUESTS + 1)] == [each[1] for each in answers]
    assert "Traceback" not in said, said
    assert "Unclosed" not in said, said
