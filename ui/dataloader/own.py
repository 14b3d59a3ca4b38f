"""The part "Your own data": files come in, are read as the visitor wishes, and are forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from data.own.custom import DataError
from data.own.refusals import plain
from data.own.text import ENCODINGS
from data.own.uploads import Files, Outcome, Upload, Wishes, read_upload
from data.sources import DATA_SETS, OWN, default
from language import _
from ui.context import Context
from ui.dataloader import words
from ui.dataloader.data_choice import DataChoice, choices_of_data
from ui.kit.clients import client_address
from ui.kit.events import INTERNAL, UNQUEUED
from ui.kit.own_data import OwnData
from ui.kit.own_secret import OwnSecret, held
from ui.kit.uploads import UploadedFiles

FIELDS = 6
"""What the handlers update: choice of data sets, sentence, button that forgets, label, encoding, skip."""
NOTHING = (gr.skip(),) * (1 + FIELDS)


def on_own(
    own: OwnData, files: Files, wishes: Wishes, before: Any, visit: str = "", address: str = ""
) -> tuple[Any, ...]:
    """Uploaded files, how to read them, secret of the data before, name of the visit, network address ->
    secret, and updates of the FIELDS. Data that was read before stays until other data is read.
    """
    if not files:
        return NOTHING
    outcome = read_upload(files, wishes)
    upload = Upload(outcome, files if outcome.has_choices else ())
    try:
        if outcome.source is not None:
            token = own.keep(outcome.source, visit, address, before, upload)
        elif outcome.has_choices:
            token = own.hold(upload, visit, address, before)
        else:
            return gr.skip(), gr.skip(), outcome.message, *NOTHING[3:]
    except DataError as error:
        return gr.skip(), gr.skip(), str(error), *NOTHING[3:]
    return token, *_fields(outcome)


def on_wishes(
    own: OwnData, wishes: Wishes, before: Any, visit: str = "", address: str = ""
) -> tuple[Any, ...]:
    """The same for the files of the last upload, read in another way."""
    try:
        upload = own.upload(before)
    except DataError as error:
        return gr.skip(), gr.skip(), str(error), *NOTHING[3:]
    return on_own(own, upload.files if upload else (), wishes, before, visit, address)


def on_return(own: OwnData, token: Any, visit: str) -> tuple[Any, ...]:
    """The secret that a reloaded page found, and its visit -> secret, or None, and updates of the FIELDS."""
    try:
        own.join(token, visit)
        upload = own.upload(token)
    except DataError as error:
        return None, gr.skip(), str(error), *NOTHING[3:]
    return (token, *_fields(upload.outcome)) if upload else (token, *NOTHING[1:])


def on_forget(own: OwnData, token: Any) -> tuple[Any, ...]:
    """The secret of a visitor's data -> None and updates of the FIELDS after it has been forgotten."""
    own.drop(token)
    choice = gr.update(choices=choices_of_data(), value=default())
    return None, choice, _("Forgotten."), *(gr.update(visible=False),) * 4


def _fields(outcome: Outcome) -> tuple[Any, ...]:
    """Updates of the FIELDS after an upload."""
    choice = gr.skip()
    if outcome.source is not None:
        choice = gr.update(choices=[*choices_of_data(), (str(DATA_SETS[OWN].title), OWN)], value=OWN)
    columns = [(plain(column), column) for column in outcome.columns]
    encodings = [(f"{language} ({name})", name) for name, language in ENCODINGS.items() if name[:3] != "utf"]
    return (
        choice,
        outcome.message,
        gr.update(visible=True),
        gr.update(visible=bool(columns), choices=columns, value=outcome.label or None),
        gr.update(visible=bool(outcome.encoding), choices=encodings, value=outcome.encoding or None),
        gr.update(visible=outcome.has_title, value=outcome.has_title and outcome.source is not None),
    )


# --- the page -----------------------------------------------------------------------------------------------


def own_part(
    context: Context, dataset: DataChoice, token: OwnSecret, refresh: Callable[[Any], Any]
) -> None:
    """Lay out and wire "Your own data". refresh: shows the new data after an event."""
    gr.Markdown(words.OWN)
    files = UploadedFiles(label=_("Pictures, a zip, or a CSV"), elem_id="batch-files")
    # a plain field: the summary may contain names of the visitor's files
    summary = gr.Textbox(interactive=False, show_label=False, container=False, lines=2, elem_id="batch-own")
    with gr.Row():
        label = DataChoice(
            [], value=None, label=_("Label column"), info=_("What is to be predicted."),
            visible=False, allow_custom_value=True, elem_id="batch-label",
        )  # fmt: skip
        encoding = DataChoice(
            [], value=None, label=_("Encoding"), info=_("Another one, if letters look wrong."),
            visible=False, elem_id="batch-encoding",
        )  # fmt: skip
    skip = gr.Checkbox(
        False, label=_("Skip what stands above the table"), visible=False, elem_id="batch-skip"
    )
    remove = gr.Button(_("Forget my data"), visible=False, elem_id="batch-forget", elem_classes="tp-narrow")
    outputs = [token, dataset, summary, remove, label, encoding, skip]

    def kept(visit: str, answer: tuple[Any, ...]) -> list[Any]:
        secret, *fields = answer
        return [held(secret, visit) if secret is None or isinstance(secret, str) else secret, *fields]

    def uploaded(payload: Any, before: Any, request: gr.Request) -> list[Any]:
        visit = request.session_hash or ""
        return kept(visit, on_own(context.own, payload, Wishes(), before, visit, client_address()))

    def wished(name: Any, codec: Any, title: Any, before: Any, request: gr.Request) -> list[Any]:
        visit, wishes = request.session_hash or "", wishes_of(name, codec, title)
        return kept(visit, on_wishes(context.own, wishes, before, visit, client_address()))

    def returned(secret: Any, request: gr.Request) -> list[Any]:
        visit = request.session_hash or ""
        return kept(visit, on_return(context.own, secret, visit))

    def forgotten(secret: Any, request: gr.Request) -> list[Any]:
        return kept(request.session_hash or "", on_forget(context.own, secret))

    upload = files.upload(uploaded, [files, token], outputs, **INTERNAL)
    refresh(upload).then(lambda: None, None, files, **UNQUEUED)
    changes = [label.input, encoding.input, skip.input]
    refresh(gr.on(changes, wished, [label, encoding, skip, token], outputs, **INTERNAL))
    refresh(token.input(returned, token, outputs, **UNQUEUED))
    remove.click(forgotten, token, outputs, **UNQUEUED)


def wishes_of(label: Any, encoding: Any, skip: Any) -> Wishes:
    """From the values of the fields, untrusted."""
    return Wishes(
        label if isinstance(label, str) else "",
        encoding if isinstance(encoding, str) and encoding in ENCODINGS else "",
        skip is True,
    )
