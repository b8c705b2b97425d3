import instructor
from anthropic import Anthropic
from harness import models, run, token, url
from openai import OpenAI
from pydantic import BaseModel

openai = OpenAI(api_key=token, base_url=f"{url}/v1", max_retries=0)
anthropic = Anthropic(api_key=token, base_url=url, max_retries=0)


class Weather(BaseModel):
    city: str
    celsius: float


def structured(client, **more):
    def ask(prompt):
        messages = [{"role": "user", "content": prompt}]
        return client.chat.completions.create(response_model=Weather, messages=messages, max_retries=0, **more).model_dump()

    return ask


def of_openai(mode):
    return structured(instructor.from_openai(openai, mode=mode), model=models["openai"])


of_anthropic = structured(instructor.from_anthropic(anthropic), model=models["anthropic"], max_tokens=8_192)

run(
    {"mode": "openai, TOOLS", "dialect": "openai", "structured": of_openai(instructor.Mode.TOOLS)},
    {"mode": "openai, JSON_SCHEMA", "dialect": "openai", "structured": of_openai(instructor.Mode.JSON_SCHEMA)},
    {"mode": "anthropic", "dialect": "anthropic", "structured": of_anthropic},
)
