"""From a real project to a gold environment: find, fetch, build, observe, mend what is missing, keep."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from engine import clean
from engine.errors import EngineError, GoldError, UsageError
from engine.faults.probe import probe
from engine.gold import baseline, cache, discover, image, recipe, sources, store
from engine.gold.builder import Builder, StepFailed
from engine.gold.inspection import inspect
from engine.gold.model import Gold, Recipe, TestCommand
from engine.gold.repair import Remedy, remedy
from engine.gold.requirements import Requirement, normalise
from engine.gold.settings import settings
from engine.gold.tree import ProjectTree
from engine.gold.wheels import (
    Project,
    Wheelhouse,
    further_wheels,
    overlay,
    project_wheel,
    released_wheel,
    wheelhouse,
)
from engine.sandbox import images
from engine.sandbox.client import Engine
from engine.sandbox.manifest import manifest, pack
from engine.suite.run import Suite

ROUNDS = 3
"""Times the recipe is mended after a look at the tests' complaints."""

REPOSITORY = "cligym-gold"


async def build(
    engine: Engine,
    source: str,
    *,
    name: str = "",
    recipe_path: Path | None = None,
    progress: Callable[[str], None],
    fresh: bool = False,
) -> Gold:
    """Make a gold environment, observe it and keep it.

    Args:
        engine: where its image is built and run.
        source: a directory, or `name==version`.
        name: what to call it; without one, as the project is called.
        recipe_path: a `gold.toml`; without one, that of the directory, if it has one.
        progress: is told what happens, a line at a time.
        fresh: whether to leave aside what earlier builds have fetched and made.

    Raises:
        UsageError: the source, the name or the recipe is wrong.
        GoldError: the project does not become a gold environment; nothing is left of it.
        EngineError: Docker failed.
    """
    came_from = sources.resolve(source)
    given = recipe.read(path) if (path := recipe_path or came_from.recipe()) else {}
    if name:
        store.valid_name(name)
    base = recipe.merged(Recipe(), given).base
    known = await images.inspect(engine, base)
    if known is None:
        raise UsageError(
            f"the engine has no image {base}",
            f"run scripts/setup for the default one, or `docker pull {base}`",
        )

    def say(text: str) -> None:
        progress(clean.line(text, 500))

    work = _Work(engine, came_from, given, base, str(known["Id"]), say, fresh)
    try:
        return await work.gold(name)
    except BaseException:
        await asyncio.shield(work.clear())
        raise


@dataclass
class _Work:
    """One build under way."""

    engine: Engine
    source: sources.Source
    given: Mapping[str, Any]
    base: str
    base_image: str
    say: Callable[[str], None]
    fresh: bool
    made: list[str] = field(default_factory=list)
    """Images built so far, last one last."""

    async def gold(self, name: str) -> Gold:
        apt = recipe.merged(Recipe(), self.given).apt
        async with Builder(self.engine, self.base_image, self.say, apt) as builder:
            tree = await self.source.files(builder)
            if "test_args" not in self.given:
                discover.require_tests(tree, self.source.label)
            key = cache.key(tree.digest, self.base_image, dict(self.given))
            built = None if self.fresh else await self._again(key)
            made, parts = built or await self._prepare(builder, tree, key)
            first, made, parts = await self._mended(builder, tree, key, made, parts)
        label = self.source.label
        observed = await baseline.observe(self.engine, made.image, first, self.say, label)
        if observed.test != first.test or first.stalled:
            asked = msgspec.structs.replace(made.recipe, test_args=observed.test.args)
            made = msgspec.structs.replace(made, recipe=asked, stalled=observed.stalled)
            cache.keep(key, made, parts)
        seen = await inspect(self.engine, made.image)
        gold = Gold(
            name=store.valid_name(name) if name else store.suggested_name(made.project or self.source.name),
            source=label,
            project=made.project or self.source.name,
            version=made.version,
            image=made.image,
            tag="",
            recipe=made.recipe,
            test=observed.test,
            baseline=observed.tests,
            quarantined=observed.quarantined,
            versions=seen.versions,
            python=seen.python,
            base_image=self.base_image,
            pip_check=seen.pip_check,
            remarks=made.remarks,
            suite_seconds=observed.seconds,
            created=time.time(),
        )
        return await self._keep(gold, parts)

    async def _again(self, key: str) -> tuple[cache.Made, dict[str, bytes]] | None:
        """What an earlier build of the same made, its image built anew if the engine has lost it."""
        found = cache.load(key)
        if found is None:
            return None
        made, parts = found
        if await images.exists(self.engine, made.image):
            self.say("the image is there from an earlier build")
            return made, parts
        made = await self._image(made, parts)
        cache.keep(key, made, parts)
        return made, parts

    async def _prepare(
        self, builder: Builder, tree: ProjectTree, key: str
    ) -> tuple[cache.Made, dict[str, bytes]]:
        """The first image, from what the project's files say."""
        await builder.sandbox()
        project, remarks = await self._wheel(builder, tree)
        python = builder.base.python
        found = discover.discover(tree, project.metadata, python, self.base)
        self.say(f"requirements of the tests: {found.because}")
        asked = recipe.merged(found.recipe, self.given)
        made = cache.Made(
            image="",
            recipe=msgspec.structs.replace(asked, apt=builder.packages),
            project=project.name,
            version=project.version,
            python=python,
            metadata=project.metadata,
            remarks=remarks,
        )
        made, parts = await self._house(builder, tree, project, made, loosen="pip" not in self.given)
        made = await self._image(made, parts)
        cache.keep(key, made, parts)
        return made, parts

    async def _wheel(self, builder: Builder, tree: ProjectTree) -> tuple[Project, tuple[str, ...]]:
        """The project's wheel, and what is to be remarked of it.

        A release that cannot be built here, for want of a library's headers maybe, is on the index as a
        wheel of the same version that others have built.
        """
        try:
            return await project_wheel(builder, tree, self.source.vcs(), self.source.version), ()
        except StepFailed as error:
            if isinstance(self.source, sources.Sdist):
                with contextlib.suppress(GoldError):
                    project = await released_wheel(builder, self.source.project, self.source.release)
                    remark = clean.line(f"{error}: the index's own wheel is taken", 300)
                    self.say(remark)
                    return project, (remark,)
            raise

    async def _house(
        self, builder: Builder, tree: ProjectTree, project: Project, made: cache.Made, *, loosen: bool
    ) -> tuple[cache.Made, dict[str, bytes]]:
        """The context of an image with the wheels that the recipe of `made` asks for."""
        asked = made.recipe
        house = await wheelhouse(builder, project, asked.pip, asked.extras, loosen=loosen)
        args = asked.test_args
        if "test_args" not in self.given:
            args = discover.settled_args(args, settings(tree), house.versions)
        asked = msgspec.structs.replace(asked, pip=house.pip, extras=house.extras, test_args=args)
        parts = image.context(asked, tree.with_members(overlay(tree, project)), house, builder.debs)
        made = msgspec.structs.replace(made, recipe=asked, remarks=(*made.remarks, *house.remarks))
        return made, parts

    async def _image(self, made: cache.Made, parts: Mapping[str, bytes]) -> cache.Made:
        built = await image.build(self.engine, parts, self.say)
        self.made.append(built)
        return msgspec.structs.replace(made, image=built)

    async def _mended(
        self, builder: Builder, tree: ProjectTree, key: str, made: cache.Made, parts: dict[str, bytes]
    ) -> tuple[baseline.First, cache.Made, dict[str, bytes]]:
        """The first observation, after what it misses was added as often as that helps.

        Of the rounds that came to their end the one with the most passing tests counts: what is added may
        do harm.
        """
        found = discover.discover(tree, made.metadata, made.python, self.base)
        best: tuple[baseline.First, cache.Made, dict[str, bytes]] | None = None
        failure: baseline.Unsettled | None = None
        for left in reversed(range(ROUNDS + 1)):
            self.say("running the tests")
            try:
                first = await baseline.first(
                    self.engine, made.image, test_command(made.recipe), self.say, made.stalled
                )
                report = first.report
                if best is None or baseline.passed(report) > baseline.passed(best[0].report):
                    best = first, made, parts
            except baseline.Unsettled as error:
                report, failure = error.report, error
            wanted = self._allowed(remedy(report, found.known, found.settings, _installed(parts)), made)
            mended = await self._answered(builder, tree, made, parts, wanted) if wanted and left else None
            if mended is None:
                break
            made, parts = mended
            cache.keep(key, made, parts)
        if best is None:
            assert failure
            raise failure
        first, kept, parts = best
        if kept is not made:
            self.say("what was added last does not help: it is left out again")
            kept = msgspec.structs.replace(kept, tried=made.tried)
        first, kept, parts = await self._richer(builder, found.optional, first, kept, parts)
        if kept != made:
            cache.keep(key, kept, parts)
        return first, kept, parts

    async def _richer(
        self,
        builder: Builder,
        optional: Iterable[Requirement],
        first: baseline.First,
        made: cache.Made,
        parts: dict[str, bytes],
    ) -> tuple[baseline.First, cache.Made, dict[str, bytes]]:
        """The observation with what the project can do without where more tests pass with it, else as given.

        All of it is dropped when anything is refused: what cannot be had easily is not worth a failure.
        """
        installed = _installed(parts)
        wanted = [item for item in optional if item.name not in installed and item.text not in made.tried]
        passed, ran = baseline.passed(first.report), len(first.report.results)
        # An image and a run more are much to have for one test in fifty.
        if not wanted or "pip" in self.given or ran - passed <= ran // 50:
            return first, made, parts
        texts = tuple(item.text for item in wanted)
        made = msgspec.structs.replace(made, tried=(*made.tried, *texts))
        try:
            wheels = await further_wheels(builder, wanted, installed)
            remark = f"the project can use it: adding {', '.join(texts)}"[:300]
            asked = msgspec.structs.replace(made.recipe, pip=(*made.recipe.pip, *texts))
            more = msgspec.structs.replace(made, recipe=asked, remarks=(*made.remarks, remark))
            context = image.with_wheels(parts, asked, wheels)
            more = await self._image(more, context)
            self.say("running the tests")
            second = await baseline.first(self.engine, more.image, first.test, self.say, first.stalled)
        except GoldError as error:
            self.say(f"that cannot be: {error}")
            return first, made, parts
        if baseline.passed(second.report) <= passed:
            self.say("no more tests pass with it: it is left out again")
            return first, made, parts
        return second, more, context

    async def _answered(
        self, builder: Builder, tree: ProjectTree, made: cache.Made, parts: dict[str, bytes], wanted: Remedy
    ) -> tuple[cache.Made, dict[str, bytes]] | None:
        """The image made anew with as much of a remedy in it as can be had; None when that is nothing.

        The image that is there is worth more than the remedy: no failure of this ends the build.
        """
        for line in wanted.because:
            self.say(line)
        each = wanted.each()
        for remedies in [(wanted,), each] if len(each) > 1 else [each]:
            had = made, parts
            for one in remedies:
                try:
                    had = await self._with(builder, tree, *had, one)
                except GoldError as error:
                    self.say(f"{', '.join([*one.pip, *one.apt, *one.args])[:200]} cannot be: {error}")
            more, context = had
            if more is made:
                continue
            # A remedy that was refused is not to be asked for in the next round.
            more = msgspec.structs.replace(more, tried=(*made.tried, *wanted.pip, *wanted.apt, *wanted.args))
            if (more.recipe.pip, more.recipe.apt) == (made.recipe.pip, made.recipe.apt):
                return more, context
            try:
                return await self._image(more, context), context
            except GoldError as error:
                self.say(f"that cannot be: {error}")
        return None

    def _allowed(self, wanted: Remedy, made: cache.Made) -> Remedy:
        """The part of a remedy that was not tried yet, and that no person has decided otherwise."""
        pip = {text: why for text, why in wanted.pip.items() if text not in made.tried}
        apt = {name: why for name, why in wanted.apt.items() if name not in made.tried}
        again = set(wanted.args) <= {*made.recipe.test_args, *made.tried}
        return Remedy(
            pip,
            {} if "apt" in self.given else apt,
            {} if again or "test_args" in self.given else wanted.args,
        )

    async def _with(
        self,
        builder: Builder,
        tree: ProjectTree,
        made: cache.Made,
        parts: dict[str, bytes],
        wanted: Remedy,
    ) -> tuple[cache.Made, dict[str, bytes]]:
        """The context of an image from a recipe with more in it, and nothing looser than before."""
        asked = msgspec.structs.replace(
            made.recipe,
            pip=(*made.recipe.pip, *wanted.pip),
            apt=(*made.recipe.apt, *wanted.apt),
            test_args=(*made.recipe.test_args, *wanted.args),
        )
        made = msgspec.structs.replace(
            made,
            recipe=asked,
            remarks=(*made.remarks, *wanted.because),
        )
        if not wanted.pip and not wanted.apt:
            return made, {**parts, recipe.FILE: recipe.write(asked).encode()}
        project = _project(made, parts)
        await builder.sandbox()
        if set(asked.apt) <= set(builder.packages):
            return await self._house(builder, tree, project, made, loosen=False)
        # What packages depend on is told by a builder that has none of them.
        async with Builder(self.engine, self.base_image, self.say, asked.apt) as other:
            return await self._house(other, tree, project, made, loosen=False)

    async def _keep(self, gold: Gold, parts: Mapping[str, bytes]) -> Gold:
        self.say("reading the image")
        packed = pack(await manifest(self.engine, gold.image))
        self.say("learning what each test uses")
        facts = msgspec.msgpack.encode(await probe(self.engine, gold, Suite(self.engine, gold.test)))
        tag = await image.name(self.engine, gold.image, f"{REPOSITORY}/{gold.name}")
        gold = msgspec.structs.replace(
            gold, tag=tag, manifest=cache.digest(packed), facts=cache.digest(facts)
        )
        store.save(gold, parts, (packed, facts))
        self.made = [made for made in self.made if made != gold.image]
        await self.clear()
        self.say(f"{gold.name}: {len(gold.baseline)} tests in the baseline, {len(gold.quarantined)} left out")
        return gold

    async def clear(self) -> None:
        """Remove the images that came to nothing."""
        for made in self.made:
            with contextlib.suppress(EngineError):
                await images.remove(self.engine, made)


def test_command(asked: Recipe) -> TestCommand:
    """The test command of a recipe."""
    return TestCommand(args=asked.test_args, user=asked.user, env=asked.env, timeout=asked.timeout)


def _installed(parts: Mapping[str, bytes]) -> dict[str, str]:
    """Versions of the distributions whose wheels are in a context, by normalised name."""
    return Wheelhouse({path[7:]: b"" for path in parts if path.endswith(".whl")}, (), ()).versions


def _project(made: cache.Made, parts: Mapping[str, bytes]) -> Project:
    """The project's wheel, as it lies in a context."""
    for path, data in parts.items():
        name = path.removeprefix("wheels/")
        if made.project and name != path and normalise(name.split("-")[0]) == made.project:
            return Project(name, data, made.metadata)
    return Project()
