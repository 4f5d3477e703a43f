"""What an image built on gold changed of it, over however many layers."""

from __future__ import annotations

from engine.errors import EngineError
from engine.sandbox import images
from engine.sandbox.client import Engine
from engine.sandbox.delta import Layer, Tree
from engine.sandbox.layers import against
from engine.sandbox.manifest import stacked
from engine.sandbox.readers import reader


async def difference(engine: Engine, image: str, gold: str, tree: Tree) -> Layer:
    """The effective delta of `image` against the gold image `gold`, whose filesystem is `tree`.

    Raises:
        EngineError: `image` does not stand on `gold`.
    """
    return against(tree, await filesystem(engine, image, gold, tree), times=True)


async def filesystem(engine: Engine, image: str, gold: str, tree: Tree) -> Tree:
    """The filesystem of `image`; parameters and errors as for `difference`."""
    lower, upper = await images.layers(engine, gold), await images.layers(engine, image)
    if upper[: len(lower)] != lower:
        raise EngineError(f"the image {image} is not built on {gold}")
    return stacked(tree, await reader(engine).above(image, len(upper) - len(lower)))
