from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, function_tool, set_tracing_disabled
from harness import models, run, token, tool_name, tool_result, tool_text, url
from openai import AsyncOpenAI
from pydantic import BaseModel

set_tracing_disabled(True)
client = AsyncOpenAI(api_key=token, base_url=f"{url}/v1", max_retries=0)


class Weather(BaseModel):
    city: str
    celsius: float


def methods(model):
    def agent(**more):
        return Agent(name="matrix", instructions="Be short.", model=model(model=models["openai"], openai_client=client), **more)

    async def text(prompt):
        return {"text": (await Runner.run(agent(), prompt)).final_output}

    async def stream(prompt):
        result = Runner.run_streamed(agent(), prompt)
        async for _ in result.stream_events():
            pass
        return {"text": result.final_output}

    async def first(prompt):
        async for event in Runner.run_streamed(agent(), prompt).stream_events():
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                return {"text": event.data.delta}

    async def tool_turns(prompt):
        calls = []

        @function_tool(name_override=tool_name, description_override=tool_text)
        def weather(city: str) -> str:
            calls.append({"city": city})
            return tool_result

        result = await Runner.run(agent(tools=[weather]), prompt)
        # They run side by side.
        return {"calls": sorted(calls, key=lambda call: call["city"], reverse=True), "text": result.final_output}

    async def structured(prompt):
        return (await Runner.run(agent(output_type=Weather), prompt)).final_output.model_dump()

    return {"text": text, "stream": stream, "first": first, "tools": tool_turns, "structured": structured}


run(
    {"mode": "responses", "dialect": "openai", **methods(OpenAIResponsesModel)},
    {"mode": "chat_completions", "dialect": "openai", **methods(OpenAIChatCompletionsModel)},
)
