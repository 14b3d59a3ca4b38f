"""Torch Playground: the page. `python app.py`, then open the address that it prints."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path

if __name__ == "__main__" and not {"-h", "--help"}.intersection(sys.argv):
    # the imports take most of the time
    print("Torch Playground is starting. This takes some seconds.", flush=True)

import ui.stubless  # noqa: F401  before Gradio itself

# isort: split
import gradio as gr
import torch
from gradio.utils import get_upload_folder
from starlette.middleware import Middleware

import settings
from data import fashion
from language import _
from training.desk.folders import OwnedFolder
from ui import classify, conv, dataloader, patterns, theme, train
from ui.context import Context
from ui.kit import frontend
from ui.kit.download import DownloadLine
from ui.kit.events import INTERNAL
from ui.language import Languages
from ui.serving.connections import impatient
from ui.serving.frontend import Frontend
from ui.serving.gate import Gate
from ui.serving.page import Page
from ui.serving.shared import SharedAnswers
from ui.serving.uploads import Uploads

TABS = (classify, patterns, dataloader, conv, train)
"""The tabs in order; each is known by the name of its package, as in ?tab=patterns."""

TITLE = "Torch Playground"
PRIVATE_NETWORKS = "127.0.0.1,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"
"""The addresses of a Space's proxies; no visitor has one."""
QUEUE_SECONDS = 0.01
"""Seconds between polls of the event queue."""
HEADER = '<header class="tp-head"><h1 translate="no"><b>Torch</b> Playground</h1><p>{}</p></header>'
MOTTO = _("See how PyTorch looks at a picture, and how it learns.")


KEEP_TAB = """() => {
    const url = new URL(location);
    if ((url.searchParams.get("tab") ?? "%s") === "%s") return;
    url.searchParams.set("tab", "%s");
    history.replaceState(history.state, "", url);
}"""
"""Puts a tab into the address when it opens: a reload keeps it, and the address can be passed on."""


def tab_ids() -> list[str]:
    """The names of the tabs in ?tab=, in their order."""
    return [tab.__name__.rsplit(".", 1)[-1] for tab in TABS]


def build(context: Context) -> Page:
    """The whole page, not yet launched."""
    with Page(context.own.leave, title=TITLE, analytics_enabled=False) as page:
        gr.HTML(HEADER.format(MOTTO), padding=False)
        line = None if fashion.available(settings.data_folder()) else DownloadLine(context.download)
        with gr.Tabs() as tabs:
            panels, parts = {}, {}
            for tab_id, tab in zip(tab_ids(), TABS, strict=True):
                with gr.Tab(tab.TITLE, id=tab_id) as panels[tab]:
                    parts[tab] = tab.build(context)
                panels[tab].select(None, js=KEEP_TAB % (tab_ids()[0], tab_id, tab_id), **INTERNAL)
        if line is not None:
            parts[dataloader].arrive(line.submit)
        # Train learns from the visitor's own pictures in DataLoader
        on_own = partial(train.on_own, context)
        own = parts[dataloader].token.render()
        gr.on([panels[train].select, own.input], on_own, own, parts[train].run, **INTERNAL)
        # a run of Train answers in Classify, too
        parts[classify].use(parts[train].runs.submit, parts[train].runs, tabs)
    return page


def launch(page: Page, host: str | None = None, port: int | None = None) -> str:
    """Start to serve; returns the address, which answers by then. Visitors' files are in GRADIO_TEMP_DIR.

    Without `host` and `port`, Gradio's own GRADIO_SERVER_NAME and GRADIO_SERVER_PORT apply, which Spaces set.
    Raises OSError when the port is in use.
    """
    uploads = Uploads(Path(get_upload_folder()), page.upload_file_set)
    threading.Thread(target=uploads.keep_tidy, daemon=True).start()
    address = page.launch(
        server_name=host,
        server_port=port,
        share=False,
        quiet=True,
        prevent_thread_lock=True,
        theme=theme.theme(),
        head=f'<link rel="stylesheet" href="{frontend.root()}/styles.css">',
        footer_links=["api", "settings"],
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        run_history=False,
        enable_monitoring=False,
        max_file_size=max(settings.MAX_PICTURE_BYTES, settings.MAX_ARCHIVE_BYTES),
        app_kwargs={
            "middleware": [
                Middleware(Languages),
                Middleware(Gate, page=page, uploads=uploads),
                Middleware(SharedAnswers),
                Middleware(Frontend),
            ],
        },
    )[1]
    config = page.server.config
    config.http_protocol_class = impatient(config.http_protocol_class)
    # Gradio polls a thousand times a second, and interrupts a training on all cores each time
    page._queue.sleep_when_free = max(page._queue.sleep_when_free, QUEUE_SECONDS)
    return address


def options() -> argparse.ArgumentParser:
    """The options of `python app.py`."""
    parser = argparse.ArgumentParser(
        prog="python app.py",
        description="Opens Torch Playground, a page that shows how PyTorch learns.",
        epilog="The variables of Gradio and of Spaces keep their meaning where no option is given.",
    )
    parser.add_argument(
        "--host", help="address to listen on; 0.0.0.0 for the whole network (default: 127.0.0.1)"
    )
    parser.add_argument(
        "--port", type=_port, help="port to listen on (default: the first free one from 7860)"
    )
    parser.add_argument("--device", help="cpu, cuda, mps, ... (default: the accelerator if there is one)")
    parser.add_argument("--data", help="folder of the data sets (default: a cache folder of yours)")
    parser.add_argument(
        "--offline", action="store_true", help="fetch nothing: without Fashion-MNIST, draw garments instead"
    )
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, not {text!r}")
    return int(text)


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C; returns the exit status."""
    parser = options()
    values = parser.parse_args(arguments)
    if values.device:
        os.environ["TORCH_PLAYGROUND_DEVICE"] = values.device
    if values.data:
        os.environ["TORCH_PLAYGROUND_DATA"] = values.data
    if values.offline:
        os.environ["TORCH_PLAYGROUND_OFFLINE"] = "1"
    if os.environ.get("SPACE_ID"):  # the proxies of a Space forward the visitor's address
        os.environ.setdefault("FORWARDED_ALLOW_IPS", PRIVATE_NETWORKS)
    signal.signal(signal.SIGTERM, _end)
    files = OwnedFolder("files", os.environ.get("GRADIO_TEMP_DIR"))
    try:
        context = Context()
        files.remove_left()
        os.environ["GRADIO_TEMP_DIR"] = str(files.new("gradio"))
    except (ValueError, OSError) as error:
        parser.error(str(error))
    try:
        return _serve(context, values.host, values.port)
    finally:
        context.download.close()
        context.desk.close()
        files.close()


def _serve(context: Context, host: str | None, port: int | None) -> int:
    # several visitors are answered at once: more threads than cores would slow all of them down
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // 2))
    try:
        address = launch(page := build(context), host, port)
    except OSError as error:
        ports = port or os.environ.get("GRADIO_SERVER_PORT", "7860 and those after it")
        print(
            f"Port {ports} cannot be used: {_first_line(error)} Try another one with --port.", file=sys.stderr
        )
        return 1
    context.download.start()
    threading.Thread(target=_warm, args=(context,), daemon=True).start()
    print(f"{TITLE} is open at {address} (Ctrl-C ends it)", flush=True)
    page.block_thread()
    return 0


def _warm(context: Context) -> None:
    """Do once what takes seconds at its first use, one thing after the other: together they would delay the
    first visitor, who comes at once.
    """
    for tab in TABS:
        if warm := getattr(tab, "warm", None):
            warm(context)
    context.desk.warm()


def _end(number: int, frame: object) -> None:
    """End as on Ctrl-C, which removes the temporary folders."""
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _first_line(error: Exception) -> str:
    return str(error).split(". ")[0].rstrip(".") + "."


if __name__ == "__main__":
    status: object = 1
    try:
        status = main()
    except SystemExit as end:
        status = end.code
    finally:
        # a thread that still computes in C++ would abort the process while Python shuts down
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)
