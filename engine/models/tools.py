"""How a tool is described to a model."""

from __future__ import annotations

from typing import Any


def tool(name: str, description: str, **properties: dict[str, Any]) -> dict[str, Any]:
    """A definition as the Messages API takes it, all of whose arguments have to be given."""
    return {
        "name": name,
        "description": description,
        "strict": True,
        "input_schema": {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        },
    }


def text(description: str, **more: Any) -> dict[str, Any]:
    """An argument that is a text."""
    return {"type": "string", "description": description, **more}
