import base64

from anthropic import AsyncAnthropic
from harness import image, models, run, token, tool_name, tool_result, tool_text, url
from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider


class Weather(BaseModel):
    city: str
    celsius: float


def methods(model):
    async def text(prompt):
        return {"text": (await Agent(model()).run(prompt)).output}

    async def stream(prompt):
        async with Agent(model()).run_stream(prompt) as result:
            return {"text": await result.get_output()}

    async def first(prompt):
        async with Agent(model()).run_stream(prompt) as result:
            async for text in result.stream_text(delta=True, debounce_by=None):
                return {"text": text}

    async def tool_turns(prompt):
        calls = []
        agent = Agent(model())

        @agent.tool_plain(name=tool_name, description=tool_text)
        def weather(city: str) -> str:
            calls.append({"city": city})
            return tool_result

        result = await agent.run(prompt)
        # They run side by side.
        return {"calls": sorted(calls, key=lambda call: call["city"], reverse=True), "text": result.output}

    async def ask_image(prompt):
        picture = BinaryContent(data=base64.b64decode(image), media_type="image/png")
        return {"text": (await Agent(model()).run([prompt, picture])).output}

    async def structured(prompt):
        return (await Agent(model(), output_type=Weather).run(prompt)).output.model_dump()

    return {
        "text": text,
        "stream": stream,
        "first": first,
        "tools": tool_turns,
        "image": ask_image,
        "structured": structured,
    }


def openai():
    return OpenAIProvider(openai_client=AsyncOpenAI(api_key=token, base_url=f"{url}/v1", max_retries=0))


def anthropic():
    return AnthropicProvider(anthropic_client=AsyncAnthropic(api_key=token, base_url=url, max_retries=0))


def google():
    return GoogleProvider(api_key=token, base_url=url)


run(
    {
        "mode": "openai-responses",
        "dialect": "openai",
        **methods(lambda: OpenAIResponsesModel(models["openai"], provider=openai())),
    },
    {"mode": "openai-chat", "dialect": "openai", **methods(lambda: OpenAIChatModel(models["openai"], provider=openai()))},
    {
        "mode": "anthropic",
        "dialect": "anthropic",
        **methods(lambda: AnthropicModel(models["anthropic"], provider=anthropic())),
    },
    {"mode": "google", "dialect": "google", **methods(lambda: GoogleModel(models["google"], provider=google()))},
)
