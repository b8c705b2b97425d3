import base64
import json

from google import genai
from google.genai import types
from harness import image, models, run, structured_schema, token, tool_name, tool_result, tool_schema, tool_text, url

model = models["google"]
tools = [{"function_declarations": [{"name": tool_name, "description": tool_text, "parameters_json_schema": tool_schema}]}]
config = {"tools": tools, "automatic_function_calling": {"disable": True}}


def methods(**options):
    client = genai.Client(api_key=token, http_options={"base_url": url, **options})

    def ask(contents, config=None):
        return client.models.generate_content(model=model, contents=contents, config=config)

    def stream(prompt):
        text, finish = "", None
        for part in client.models.generate_content_stream(model=model, contents=prompt):
            text += part.text or ""
            finish = finish or part.candidates[0].finish_reason
        # This SDK leaves it to its caller to see that an answer is whole.
        if finish is None:
            raise RuntimeError("no finish reason")
        return {"text": text}

    def first(prompt):
        for part in client.models.generate_content_stream(model=model, contents=prompt):
            if part.text:
                return {"text": part.text}

    def tool_turns(prompt):
        first = ask(prompt, config)
        calls = first.function_calls
        results = [types.Part.from_function_response(name=call.name, response={"result": tool_result}) for call in calls]
        user = types.Content(role="user", parts=[types.Part(text=prompt)])
        last = ask([user, first.candidates[0].content, types.Content(role="user", parts=results)], config)
        return {"calls": [call.args for call in calls], "text": last.text}

    def thinking(prompt):
        answer = ask(prompt, {"thinking_config": {"include_thoughts": True}})
        return {"thinking": answer.candidates[0].content.parts[0].text, "text": answer.text}

    def ask_image(prompt):
        return {"text": ask([prompt, types.Part.from_bytes(data=base64.b64decode(image), mime_type="image/png")]).text}

    def structured(prompt):
        wanted = {"response_mime_type": "application/json", "response_json_schema": structured_schema}
        return json.loads(ask(prompt, wanted).text)

    return {
        "text": lambda prompt: {"text": ask(prompt).text},
        "stream": stream,
        "first": first,
        "tools": tool_turns,
        "thinking": thinking,
        "image": ask_image,
        "structured": structured,
    }


run(
    {"mode": "generateContent", "dialect": "google", **methods()},
    {"mode": "generateContent, v1beta", "dialect": "google", **methods(api_version="v1beta")},
)
