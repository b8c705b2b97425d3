from harness import image, models, run, structured_schema, token, tool_name, tool_result, tool_schema, tool_text, url
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI

tools = [{"type": "function", "function": {"name": tool_name, "description": tool_text, "parameters": tool_schema}}]
schema = {"title": "weather", "description": "Weather of a city", **structured_schema}


def text_of(message):
    return message.text if isinstance(message.text, str) else message.text()


def methods(model):
    def ask(content):
        return {"text": text_of(model.invoke([HumanMessage(content=content)]))}

    def stream(prompt):
        return {"text": "".join(text_of(chunk) for chunk in model.stream(prompt))}

    def first(prompt):
        return {"text": next(text_of(chunk) for chunk in model.stream(prompt) if text_of(chunk))}

    def tool_turns(prompt):
        bound = model.bind_tools(tools)
        first = None
        for chunk in bound.stream([HumanMessage(prompt)]):
            first = chunk if first is None else first + chunk
        results = [ToolMessage(tool_result, tool_call_id=call["id"]) for call in first.tool_calls]
        last = bound.invoke([HumanMessage(prompt), first, *results])
        return {"calls": [call["args"] for call in first.tool_calls], "text": text_of(last)}

    def ask_image(prompt):
        picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}}
        return ask([{"type": "text", "text": prompt}, picture])

    def structured(prompt):
        return model.with_structured_output(schema).invoke(prompt)

    return {
        "text": ask,
        "stream": stream,
        "first": first,
        "tools": tool_turns,
        "image": ask_image,
        "structured": structured,
    }


def thinking(prompt):
    answer = ChatAnthropic(**anthropic, max_tokens=16_000, thinking={"type": "enabled", "budget_tokens": 10_000}).invoke(prompt)
    return {"thinking": answer.content[0]["thinking"], "text": text_of(answer)}


openai = {"model": models["openai"], "api_key": token, "base_url": f"{url}/v1", "max_retries": 0}
anthropic = {"model": models["anthropic"], "api_key": token, "base_url": url, "max_retries": 0}
responses = ChatOpenAI(**openai, use_responses_api=True, store=False, output_version="responses/v1")

run(
    {"mode": "ChatOpenAI", "dialect": "openai", **methods(ChatOpenAI(**openai))},
    {"mode": "ChatOpenAI, use_responses_api", "dialect": "openai", **methods(responses)},
    {"mode": "ChatAnthropic", "dialect": "anthropic", **methods(ChatAnthropic(**anthropic)), "thinking": thinking},
)
