"""A Gradio page with one textbox, to compare Torch Playground with: `python app.py --port 7861`."""

from __future__ import annotations

import argparse

import gradio as gr


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", help="ignored: there are no data sets here")
    options = parser.parse_args()
    with gr.Blocks(title="Empty page", analytics_enabled=False) as page:
        box = gr.Textbox(label="text")
        box.submit(lambda text: text, box, box, api_name="answer", concurrency_limit=None)
    _app, address, _share = page.launch(
        server_port=options.port,
        share=False,
        quiet=True,
        prevent_thread_lock=True,
        footer_links=["api", "settings"],
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        run_history=False,
        enable_monitoring=False,
    )
    print(f"Empty page is open at {address}", flush=True)
    page.block_thread()


if __name__ == "__main__":
    main()
