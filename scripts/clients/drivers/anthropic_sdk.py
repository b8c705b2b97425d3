import json

from anthropic import Anthropic
from harness import image, models, run, structured_schema, token, tool_name, tool_result, tool_schema, tool_text, url

client = Anthropic(api_key=token, base_url=url, max_retries=0)
# What clients of today ask for: more than many of them write.
more = {"model": models["anthropic"], "max_tokens": 32_000}
tools = [{"name": tool_name, "description": tool_text, "input_schema": tool_schema}]


def user(content):
    return [{"role": "user", "content": content}]


def stream(messages, **rest):
    with client.messages.stream(messages=messages, **more, **rest) as events:
        return events.get_final_message()


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


def first(prompt):
    for event in client.messages.create(messages=user(prompt), **more, stream=True):
        if event.type == "content_block_delta":
            return {"text": event.delta.text}


def ask(prompt):
    return client.messages.create(**{**more, "max_tokens": 8_192}, messages=user(prompt))


def tool_turns(prompt):
    first = stream(user(prompt), tools=tools)
    calls = [block for block in first.content if block.type == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": tool_result} for call in calls]
    last = stream([*user(prompt), {"role": "assistant", "content": first.content}, *user(results)], tools=tools)
    return {"calls": [call.input for call in calls], "text": text_of(last)}


def thinking(prompt):
    answer = stream(user(prompt), thinking={"type": "enabled", "budget_tokens": 10_000})
    return {"thinking": answer.content[0].thinking, "text": text_of(answer)}


def ask_image(prompt):
    source = {"type": "base64", "media_type": "image/png", "data": image}
    return {"text": text_of(stream(user([{"type": "text", "text": prompt}, {"type": "image", "source": source}])))}


def structured(prompt):
    config = {"format": {"type": "json_schema", "schema": structured_schema}}
    return json.loads(text_of(stream(user(prompt), output_config=config)))


run(
    {
        "mode": "messages",
        "dialect": "anthropic",
        "text": lambda prompt: {"text": text_of(ask(prompt))},
        "stream": lambda prompt: {"text": text_of(stream(user(prompt)))},
        "first": first,
        "tools": tool_turns,
        "thinking": thinking,
        "image": ask_image,
        "structured": structured,
    }
)
