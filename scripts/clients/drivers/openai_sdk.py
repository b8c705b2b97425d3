import json

from harness import image, models, run, structured_schema, token, tool_name, tool_result, tool_schema, tool_text, url
from openai import OpenAI

client = OpenAI(api_key=token, base_url=f"{url}/v1", max_retries=0)
model = models["openai"]
chat_tools = [{"type": "function", "function": {"name": tool_name, "description": tool_text, "parameters": tool_schema}}]
tools = [{"type": "function", "name": tool_name, "description": tool_text, "parameters": tool_schema, "strict": True}]
schema = {"name": "weather", "schema": structured_schema, "strict": True}
picture = f"data:image/png;base64,{image}"


def user(content):
    return [{"role": "user", "content": content}]


def ask(content, **more):
    return client.chat.completions.create(model=model, messages=user(content), **more).choices[0].message


def stream(messages, **more):
    with client.chat.completions.stream(model=model, messages=messages, **more) as events:
        return events.get_final_completion().choices[0].message.content


def first(prompt):
    for chunk in client.chat.completions.create(model=model, messages=user(prompt), stream=True):
        if chunk.choices and chunk.choices[0].delta.content:
            return {"text": chunk.choices[0].delta.content}


def tool_turns(prompt):
    message = ask(prompt, tools=chat_tools)
    results = [{"role": "tool", "tool_call_id": call.id, "content": tool_result} for call in message.tool_calls]
    text = stream([*user(prompt), message, *results])
    return {"calls": [json.loads(call.function.arguments) for call in message.tool_calls], "text": text}


def ask_image(prompt):
    content = [{"type": "text", "text": prompt}, {"type": "image_url", "image_url": {"url": picture}}]
    return {"text": ask(content).content}


def ask_structured(prompt):
    return json.loads(ask(prompt, response_format={"type": "json_schema", "json_schema": schema}).content)


def respond(content, **more):
    return client.responses.create(model=model, input=content, store=False, **more)


def respond_stream(content, **more):
    with client.responses.stream(model=model, input=content, store=False, **more) as events:
        return events.get_final_response()


def respond_first(prompt):
    for event in respond(prompt, stream=True):
        if event.type == "response.output_text.delta":
            return {"text": event.delta}


def respond_tools(prompt):
    first = respond_stream(user(prompt), tools=tools)
    calls = [item for item in first.output if item.type == "function_call"]
    sent = [
        {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments} for call in calls
    ]
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": tool_result} for call in calls]
    last = respond([*user(prompt), *sent, *results], tools=tools)
    return {"calls": [json.loads(call.arguments) for call in calls], "text": last.output_text}


def respond_thinking(prompt):
    answer = respond(prompt, reasoning={"summary": "auto"})
    return {"thinking": answer.output[0].summary[0].text, "text": answer.output_text}


def respond_image(prompt):
    content = [{"type": "input_text", "text": prompt}, {"type": "input_image", "image_url": picture, "detail": "auto"}]
    return {"text": respond(user(content)).output_text}


def respond_structured(prompt):
    return json.loads(respond(prompt, text={"format": {"type": "json_schema", **schema}}).output_text)


run(
    {
        "mode": "chat.completions",
        "dialect": "openai",
        "text": lambda prompt: {"text": ask(prompt).content},
        "stream": lambda prompt: {"text": stream(user(prompt))},
        "first": first,
        "tools": tool_turns,
        "image": ask_image,
        "structured": ask_structured,
    },
    {
        "mode": "responses",
        "dialect": "openai",
        "text": lambda prompt: {"text": respond(prompt).output_text},
        "stream": lambda prompt: {"text": respond_stream(prompt).output_text},
        "first": respond_first,
        "tools": respond_tools,
        "thinking": respond_thinking,
        "image": respond_image,
        "structured": respond_structured,
    },
)
