"""The estimate of tokens against a real tokenizer that runs here: the demo model's."""

import pytest

from bots.embedded.demo_model import demo_model
from core.drun.calls import ChatRequest, Sampling
from core.drun.client import ModelClient, http_client
from core.drun.endpoints import Deployment, Endpoint
from core.estimate import UNKNOWN, raw_prompt
from tests.core.recorded_usage import PROMPTS


@pytest.mark.demo
async def test_the_demo_model_reports_what_was_recorded_and_the_estimate_meets_it() -> None:
    reported: list[int] = []
    calibration, off = UNKNOWN, []
    async with demo_model() as demo, http_client() as http:
        client = ModelClient(http)
        endpoint = Endpoint(Deployment.DEMO, demo.base_url, demo.api_key, demo.context_tokens)
        for messages, _ in PROMPTS:
            request = ChatRequest(demo.model, messages, Sampling(max_tokens=1))
            [usage] = [delta.usage async for delta in client.stream(endpoint, request) if delta.usage]
            reported.append(usage.prompt_tokens)
            off.append(abs(calibration.tokens(raw_prompt(messages)) / usage.prompt_tokens - 1))
            calibration = calibration.learned(raw_prompt(messages), usage.prompt_tokens)
    assert reported == [recorded for _, recorded in PROMPTS]
    assert max(off[2:4]) < 0.10, "English and code, from the third prompt on"
    assert min(off[4:]) > 0.30, "Chinese, which this model does not know: docs/usage.md says so"
