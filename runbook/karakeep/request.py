"""The request that Karakeep sends to Ollama for one bookmark, from version 0.30 on.

It goes to `/api/generate` as a stream, with a prompt of a role, rules, the content between marks and the instruction
about JSON last; with two options only; with nothing about thinking, so the server decides that. The prompt here has
Karakeep's shape and size in our own words.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from runbook.parameters import Parameters

KEEP_ALIVE = "5m"

TAGS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"tags": {"type": "array", "items": {"type": "string"}}},
    "required": ["tags"],
    "additionalProperties": False,
    "$schema": "http://json-schema.org/draft-07/schema#",
}

ROLE = "You choose the tags under which saved pages are kept in somebody's bookmark library."
RULES: tuple[str, ...] = (
    "Write the tags in english.",
    "Keep a tag short, one to three words, with no comment and no hash sign.",
    "Name the subject: products, technologies, standards, fields, ideas; leave out what is only the page around it.",
    "Prefer what stays true of the subject over single facts, examples and names of sections.",
    (
        "Choose no tags at all, and give an empty list, where the content is mostly one of these:\n"
        "    - an error, or a page that is missing, forbidden, unavailable or out of time\n"
        "    - a check whether the visitor is human, or anything else that stands before the page\n"
        "    - a login wall, a cookie notice, a menu, or nothing at all"
    ),
    "Leave the list empty as well where no tag fits.",
)
TEXT_TASK = "Read TEXT_CONTENT and choose tags for its themes and main ideas. Follow these rules:"
TEXT_COUNT = "Choose 3 to 5 tags."
TEXT_FORM = 'Answer in JSON: an object with the key "tags", whose value is an array of strings.'
IMAGE_TASK = "Look at the image and choose tags for its themes and main ideas. Follow these rules:"
IMAGE_COUNT = "Choose 10 to 15 tags."
IMAGE_FORM = 'Answer in valid JSON with the key "tags" and a list of tags, outside of any code block.'


def tagging_request(parameters: Parameters, text: str) -> dict[str, Any]:
    """The body of the request that tags a text: exactly the keys that Karakeep sends.

    Args:
        parameters: The target; its output schema, context and longest answer are the consumer's own.
        text: The content of the bookmark.
    """
    content = re.sub(r"\s{10,}", lambda blanks: blanks[0][-1], text)
    prompt = f"{_instructions(TEXT_TASK, TEXT_COUNT)}\n\n<TEXT_CONTENT>\n{content}\n</TEXT_CONTENT>\n{TEXT_FORM}"
    return _request(parameters, parameters.text_model, prompt)


def image_request(parameters: Parameters, image: bytes) -> dict[str, Any]:
    """The body of the request that tags an image: the same keys, and `images`.

    Args:
        parameters: The target.
        image: The file as it is, PNG or JPEG.

    Raises:
        ValueError: The target has no vision model.
    """
    if parameters.vision_model is None:
        raise ValueError("the target has no vision model")
    prompt = f"{_instructions(IMAGE_TASK, IMAGE_COUNT)}\n{IMAGE_FORM}"
    return {
        **_request(parameters, parameters.vision_model, prompt),
        "images": [base64.b64encode(image).decode("ascii")],
    }


def consumer_options(parameters: Parameters) -> dict[str, int]:
    """The only options that Karakeep sends; another `num_ctx` than these would load the model again."""
    return {"num_ctx": parameters.context_length, "num_predict": parameters.max_output_tokens}


def _instructions(task: str, count: str) -> str:
    return "\n".join((ROLE, task, *(f"- {rule}" for rule in (*RULES, count))))


def _request(parameters: Parameters, model: str, prompt: str) -> dict[str, Any]:
    forms: dict[str, Any] = {"structured": TAGS_SCHEMA, "json": "json"}
    form = {"format": forms[parameters.output_schema]} if parameters.output_schema in forms else {}
    return {
        "model": model,
        "prompt": prompt,
        **form,
        "stream": True,
        "keep_alive": KEEP_ALIVE,
        "options": consumer_options(parameters),
    }
