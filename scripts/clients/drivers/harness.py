"""Runs a client's methods through the cases and prints a line of JSON for each: what differed from what was expected, or null."""

import asyncio
import inspect
import json
import os

# The gateway, without a path, and a token for it.
url = os.environ["GATEWAY_URL"]
token = os.environ["GATEWAY_TOKEN"]
models = {"openai": "gpt-5", "anthropic": "claude-sonnet-4-5", "google": "gemini-2.5-flash"}
# A picture of one pixel.
image = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJg"
tool_name = "get_weather"
tool_text = "Weather of a city"
tool_result = "21 degrees"
case_timeout_s = 30


def object_of(**properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


tool_schema = object_of(city={"type": "string"})
structured_schema = object_of(city={"type": "string"}, celsius={"type": "number"})


def run(*modes):
    """Each mode: {mode, dialect, text, stream, first, tools, thinking, image, structured}; a method, plain or async, takes the prompt and
    gives what cases.json expects; one that is missing is something the client can't do."""
    asyncio.run(_run(modes))
    # Some clients keep threads.
    os._exit(0)


async def _run(modes):
    with open(os.environ["CASES_FILE"], encoding="utf-8") as file:
        cases = json.load(file)
    for mode in modes:
        for case in cases:
            method = mode.get(case["method"])
            if method is None or case.get("dialect", mode["dialect"]) != mode["dialect"]:
                continue
            value, error = None, None
            try:
                value = await asyncio.wait_for(_call(method, f"Answer please. case={case['scene']}"), case_timeout_s)
            except Exception as caught:  # Whatever a client raises is what is looked at.
                error = caught
            line = {"mode": mode["mode"], "case": case["name"], "difference": _difference(case, value, error)}
            print(json.dumps(line), flush=True)


async def _call(method, prompt):
    if inspect.iscoroutinefunction(method):
        return await method(prompt)
    return await asyncio.to_thread(method, prompt)


def _difference(case, value, error):
    # Clients tell it as an error of their own, as the model's words, or as an answer without any.
    if "refusal" in case:
        own = error is not None and _status(error) is None and not isinstance(error, asyncio.TimeoutError)
        said = error is None and (value["text"] or "") in ("", case["refusal"])
        return None if own or said else _told(error) if error is not None else json.dumps(value)
    if error is not None:
        status = _status(error)
        if "status" in case:
            return None if status == case["status"] else f"status {status} in place of {case['status']}: {_told(error)}"
        # A 4xx blames the caller: it is not the break that the case asks for.
        refused = status is not None and 400 <= status < 500
        return None if case.get("fails") and not refused and not isinstance(error, asyncio.TimeoutError) else _told(error)
    if "expect" not in case:
        return f"no error, but {json.dumps(value, ensure_ascii=False)}"
    if value == case["expect"]:
        return None
    return f"{json.dumps(value, ensure_ascii=False)} in place of {json.dumps(case['expect'], ensure_ascii=False)}"


def _status(error, depth=0):
    """Clients wrap errors in errors."""
    if error is None or depth == 5:
        return None
    for name in ("status_code", "code"):
        status = getattr(error, name, None)
        if isinstance(status, int):
            return status
    return _status(error.__cause__ or error.__context__, depth + 1)


def _told(error):
    if isinstance(error, asyncio.TimeoutError):
        return f"no end within {case_timeout_s} s"
    return f"{type(error).__name__}: {error}"
