"""Colours, type and spacing of the page: paper and ink, one warm accent, the same in light and dark.

No font is fetched: the page works offline and contacts no other host.
"""

from __future__ import annotations

import gradio as gr
from gradio.themes.utils import colors

# the accent: glowing coal, dark enough at 600 and below for white text on it (4.5 : 1)
EMBER = colors.Color(
    name="ember",
    c50="#fff4ee", c100="#ffe6d9", c200="#fecbb3", c300="#fba884", c400="#f67f50", c500="#e65f2b",
    c600="#c2410c", c700="#a2350a", c800="#82300f", c900="#6a2a11", c950="#3a1306",
)  # fmt: skip
SLATE = colors.Color(
    name="slate",
    c50="#f7f6f3", c100="#efeeea", c200="#e0dfda", c300="#c7c7c5", c400="#9699a4", c500="#6b7080",
    c600="#525868", c700="#3a4050", c800="#252b3a", c900="#181d29", c950="#10141d",
)  # fmt: skip
SANS = ("Inter", "ui-sans-serif", "system-ui", "Segoe UI", "Helvetica Neue", "Arial", "sans-serif")
MONO = ("ui-monospace", "SF Mono", "Cascadia Code", "Consolas", "Liberation Mono", "monospace")


def theme() -> gr.themes.Base:
    """The theme of the page."""
    base = gr.themes.Base(
        primary_hue=EMBER,
        secondary_hue=SLATE,
        neutral_hue=SLATE,
        text_size="md",
        radius_size="md",
        font=SANS,
        font_mono=MONO,
    )
    return base.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="#1c2436",
        body_text_color_dark="#e9e7e1",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="#a9adb9",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_100",
        background_fill_secondary_dark="*neutral_800",
        border_color_primary="*neutral_200",
        border_color_primary_dark="#343a49",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="#a9adb9",
        block_title_text_color="#1c2436",
        block_title_text_color_dark="#e9e7e1",
        block_title_text_weight="600",
        block_padding="0px",
        input_background_fill="#ffffff",
        input_background_fill_dark="*neutral_800",
        input_border_color="*neutral_300",
        input_border_color_dark="#454c5c",
        input_border_width="1px",
        input_border_color_focus="*primary_500",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_700",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="#454c5c",
        button_border_width="1px",
        checkbox_label_background_fill="#ffffff",
        checkbox_label_background_fill_dark="*neutral_800",
        checkbox_label_background_fill_selected="*primary_50",
        checkbox_label_background_fill_selected_dark="*primary_950",
        checkbox_label_border_color="*neutral_300",
        checkbox_label_border_color_dark="#454c5c",
        checkbox_label_border_width="1px",
        checkbox_background_color_selected="*primary_600",
        checkbox_background_color_selected_dark="*primary_600",
        checkbox_border_color="*neutral_400",
        checkbox_border_color_dark="*neutral_500",
        checkbox_border_color_selected="*primary_600",
        checkbox_border_color_selected_dark="*primary_600",
        link_text_color="*primary_600",
        link_text_color_dark="*primary_300",
        code_background_fill="*neutral_100",
        code_background_fill_dark="*neutral_800",
    )
