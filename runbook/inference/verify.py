"""Verifying a deployed server as its consumer would find it: text, images, and a model that stays loaded."""

from __future__ import annotations

import base64
import time

from runbook.checks import Check
from runbook.errors import AnswerFailed
from runbook.inference.asking import answer_check, patience_s, question
from runbook.inference.contract import verify_contract
from runbook.inference.picture import sunny_field
from runbook.karakeep import KEEP_ALIVE, consumer_options, in_request
from runbook.ollama import LoadedModel, Ollama, context_of, find_loaded
from runbook.parameters import Parameters

TEXT_QUESTION = "Classify this text into 3 tags: Kubernetes is a container orchestration platform"
IMAGE_QUESTION = "Describe this image."

TEXT_ANSWERS = "Text model answers"
IMAGE_ANSWERS = "Vision model answers about an image"
IS_LOADED = "Model is loaded after a request"
CONTEXT_AS_ASKED = "Model is loaded with the consumer's context"
STAYS = "Model stays loaded for the consumer's keep_alive"
GOES = "Model is unloaded after its keep_alive"

# The server's clock in the answer's header has full seconds, and an answer takes its time.
EXPIRY_TOLERANCE_S = 5.0
SETTLES_WITHIN_S = 1.0
# Long enough to be seen, short enough to wait for; the runner then needs a moment to end.
SHORT_STAY_S = 2
GOES_WITHIN_S = 15.0


def verify_text(ollama: Ollama, parameters: Parameters) -> tuple[Check, ...]:
    """The plan's question is answered, and the consumer gets its tags.

    Raises:
        OllamaError: The server does not have the model.
        OllamaUnreachable: The server does not answer.
    """
    asked = question(ollama, parameters, parameters.text_model, TEXT_QUESTION)
    answers = answer_check(TEXT_ANSWERS, ollama, asked, within_s=patience_s(parameters))
    return (answers, *verify_contract(ollama, parameters))


def verify_vision(ollama: Ollama, parameters: Parameters) -> tuple[Check, ...]:
    """A question about an image is answered; skipped where the target has no vision model.

    Raises:
        OllamaError: The server does not have the model.
        OllamaUnreachable: The server does not answer.
    """
    if parameters.vision_model is None:
        return (Check.skipped(IMAGE_ANSWERS, f"the target {parameters.target} names no vision model"),)
    capabilities = ollama.show(parameters.vision_model).get("capabilities") or ()
    if "vision" not in capabilities:
        evidence = f"{parameters.vision_model} takes no images: {', '.join(capabilities) or 'no capability is listed'}"
        return (Check.that(IMAGE_ANSWERS, False, evidence, "Name a vision model in the target, such as moondream."),)
    images = [base64.b64encode(sunny_field()).decode("ascii")]
    asked = question(ollama, parameters, parameters.vision_model, IMAGE_QUESTION, images=images)
    return (answer_check(IMAGE_ANSWERS, ollama, asked, within_s=patience_s(parameters)),)


def verify_loaded(ollama: Ollama, parameters: Parameters) -> tuple[Check, ...]:
    """After a request the text model is in memory, with the consumer's context, for as long as it asks.

    Raises:
        OllamaError: The server does not have the model.
        OllamaUnreachable: The server does not answer.
    """
    model, options = parameters.text_model, consumer_options(parameters)
    keep_s = in_request(KEEP_ALIVE).seconds or 0.0
    try:
        ollama.load(model, options, KEEP_ALIVE)
    except AnswerFailed as failure:
        return (Check.that(IS_LOADED, False, f"{failure.what} {failure.why}", failure.next),)
    loaded = _settled(ollama, model, keep_s)
    if loaded is None:
        return (Check.that(IS_LOADED, False, "/api/ps does not list it", "Look at the server's log."),)
    expected = context_of(ollama.show(model), request=parameters.context_length)
    return (
        Check.that(IS_LOADED, True, f"{loaded.name}, {loaded.size_bytes:,} bytes by /api/ps"),
        Check.that(
            CONTEXT_AS_ASKED,
            loaded.context_length == expected.tokens,
            f"{loaded.context_length:,} tokens; {parameters.context_length:,} were asked for, "
            f"{expected.tokens:,} expected by {expected.source}",
            "Let the consumer and the server agree on one num_ctx: another one loads the model again.",
        ),
        Check.that(
            STAYS,
            abs(loaded.expires_in_s - keep_s) <= EXPIRY_TOLERANCE_S,
            f"unloads in {loaded.expires_in_s:.0f} s, {keep_s:.0f} s were asked for",
            "See whether another client asks with its own keep_alive.",
        ),
    )


def verify_unloaded(ollama: Ollama, parameters: Parameters) -> tuple[Check, ...]:
    """A model that was asked to stay for a moment only is gone after it: seen with a short one.

    Raises:
        OllamaError: The server does not have the model.
        OllamaUnreachable: The server does not answer.
    """
    model = parameters.text_model
    try:
        ollama.load(model, consumer_options(parameters), f"{SHORT_STAY_S}s")
    except AnswerFailed as failure:
        return (Check.that(GOES, False, f"{failure.what} {failure.why}", failure.next),)
    began = time.monotonic()
    while find_loaded(model, ollama.ps()) and time.monotonic() - began < SHORT_STAY_S + GOES_WITHIN_S:
        time.sleep(0.1)
    waited_s = time.monotonic() - began
    gone = find_loaded(model, ollama.ps()) is None
    evidence = f"{'gone' if gone else 'still listed'} {waited_s:.1f} s after a request that kept it {SHORT_STAY_S} s"
    hint = "See whether another client asks at the same time, with a keep_alive of its own."
    return (Check.that(GOES, gone, evidence, hint),)


def _settled(ollama: Ollama, model: str, keep_s: float) -> LoadedModel | None:
    """The loaded model, once the server has noted that the request is over, which comes a moment after its end."""
    deadline = time.monotonic() + SETTLES_WITHIN_S
    while True:
        loaded = find_loaded(model, ollama.ps())
        settled = loaded is not None and abs(loaded.expires_in_s - keep_s) <= EXPIRY_TOLERANCE_S
        if settled or time.monotonic() > deadline:
            return loaded
        time.sleep(0.1)
